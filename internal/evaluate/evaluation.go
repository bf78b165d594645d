package evaluate

import (
	"slices"
	"time"

	"probity/internal/alert"
)

// Evaluation says how good rules are over one force or several, pooled. It holds no person and no record.
type Evaluation struct {
	Forces     []ForceScore    `json:"forces"`
	Figures    []Figure        `json:"figures"` // the few that one reads first
	Typologies []TypologyScore `json:"typologies"`
	Rules      []RuleFigures   `json:"rules"`
	Severities []SeverityCount `json:"severities"`
	Delays     []Delay         `json:"delays"`
	Disparity  []Comparison    `json:"disparity,omitempty"`
}

// Figure is one number: a share with its interval, or a rate a week.
type Figure struct {
	Name   string   `json:"name"`
	Share  *Share   `json:"share,omitempty"`
	Rate   *float64 `json:"rate,omitempty"`
	Spread *Spread  `json:"spread,omitempty"` // between forces
}

// ForceScore is one force's line.
type ForceScore struct {
	Name         string   `json:"name"`
	Staff        int      `json:"staff,omitempty"`
	Days         int      `json:"days,omitempty"`
	Planted      int      `json:"planted"`
	Lookalikes   int      `json:"lookalikes"`
	Recall       Share    `json:"recall"`
	Interrupting Share    `json:"interrupting"` // alerts, and those of them that are true
	Rate         *float64 `json:"interrupting_rate,omitempty"`
}

// TypologyScore is one kind of misuse, beside the legitimate acts that resemble it.
type TypologyScore struct {
	Name       string         `json:"name"`
	Recall     []VariantShare `json:"recall"`
	Precision  Share          `json:"precision"`           // true alerts among those about it or about its look-alikes
	Lookalikes Share          `json:"lookalikes"`          // that were alerted on
	Rules      []string       `json:"rules,omitempty"`     // that found some of it
	Resembled  []string       `json:"resembled,omitempty"` // that alerted on look-alikes
}

// VariantShare is how much of one variant was found.
type VariantShare struct {
	Variant string `json:"variant"`
	Found   Share  `json:"found"`
	Told    Share  `json:"told"` // found by an alert that somebody is told of
}

// RuleFigures is one rule that fired.
type RuleFigures struct {
	Rule       string         `json:"rule"`
	Severity   alert.Severity `json:"severity"`
	Apart      bool           `json:"apart"` // about the audit or adding up other alerts: neither true nor false
	Alerts     int            `json:"alerts"`
	Precision  Share          `json:"precision"`
	Recall     Share          `json:"recall"`     // of all planted misuse
	Alone      int            `json:"alone"`      // misuses that no other rule found
	Lookalikes int            `json:"lookalikes"` // acts that resemble misuse and were alerted on
}

// SeverityCount is the alerts of one severity.
type SeverityCount struct {
	Severity  alert.Severity `json:"severity"`
	True      int            `json:"true"`
	False     int            `json:"false"`
	Apart     int            `json:"apart"`
	Rate      *float64       `json:"rate,omitempty"`       // of true and false ones, for 1,000 staff a week
	ApartRate *float64       `json:"apart_rate,omitempty"` // of the others
	per       float64        // weeks of 1,000 staff; 0: not known
}

// Delay is the event time from the first act of misuse to the last that the first alert needed, of what was found.
type Delay struct {
	Variant string        `json:"variant"`
	By      string        `json:"by"` // any alert, or one that somebody is told of
	Planted int           `json:"planted"`
	Found   int           `json:"found"`
	Median  time.Duration `json:"median_ns"`
	P90     time.Duration `json:"p90_ns"`
	Max     time.Duration `json:"max_ns"`
	all     []time.Duration
}

// Pool sums up forces.
func Pool(forces ...Assessed) *Evaluation {
	e := &Evaluation{}
	for i := range forces {
		e.Forces = append(e.Forces, forces[i].score())
	}
	e.Figures = figures(forces)
	e.Typologies = typologyScores(forces)
	e.Rules = ruleFigures(forces)
	e.Severities = severities(forces)
	e.Delays = delays(forces)
	var people []exposed
	for i := range forces {
		people = append(people, forces[i].people...)
	}
	e.Disparity = disparity(people)
	return e
}

func (a *Assessed) score() ForceScore {
	s := ForceScore{Name: a.name, Staff: a.staff, Days: a.days, Planted: len(a.misuse), Lookalikes: len(a.lookalikes)}
	for _, m := range a.misuse {
		s.Recall.add(m.Found())
	}
	s.Interrupting = a.interrupting()
	if per := a.thousandStaffWeeks(); per > 0 {
		s.Rate = rate(s.Interrupting.Of, per)
	}
	return s
}

// interrupting are the true ones among critical and high alerts about misuse.
func (a *Assessed) interrupting() (s Share) {
	for _, m := range a.alerts {
		if m.kind == ofMisuse && interrupts(m.severity) {
			s.add(m.true)
		}
	}
	return s
}

func rate(n int, per float64) *float64 {
	if per == 0 {
		return nil
	}
	r := round4(float64(n) / per)
	return &r
}

// variants of the forces: those that are usual first, in rising order of care, then others as they come.
func variants(forces []Assessed) []string {
	usual := []string{"obvious", "ordinary", "patient"}
	var there []string
	for i := range forces {
		for _, m := range forces[i].misuse {
			if !slices.Contains(there, m.Variant) {
				there = append(there, m.Variant)
			}
		}
	}
	out := slices.DeleteFunc(slices.Clone(usual), func(v string) bool { return !slices.Contains(there, v) })
	return append(out, slices.DeleteFunc(there, func(v string) bool { return slices.Contains(usual, v) })...)
}

// severities counts all alerts.
func severities(forces []Assessed) []SeverityCount {
	var out []SeverityCount
	per := weeks(forces)
	for _, s := range slices.Backward(alert.Severities) {
		c := SeverityCount{Severity: s, per: per}
		for i := range forces {
			for _, m := range forces[i].alerts {
				switch {
				case m.severity != s:
				case m.kind != ofMisuse:
					c.Apart++
				case m.true:
					c.True++
				default:
					c.False++
				}
			}
		}
		c.Rate, c.ApartRate = rate(c.True+c.False, per), rate(c.Apart, per)
		out = append(out, c)
	}
	return out
}

// weeks is how much there was to watch in all forces, in weeks of 1,000 staff; 0 if one of them does not say.
func weeks(forces []Assessed) (sum float64) {
	for i := range forces {
		w := forces[i].thousandStaffWeeks()
		if w == 0 {
			return 0
		}
		sum += w
	}
	return sum
}

// delays are by variant and for all, of any alert and of those that somebody is told of.
func delays(forces []Assessed) []Delay {
	var out []Delay
	for _, v := range append(variants(forces), all) {
		found, told := Delay{Variant: v, By: byAny}, Delay{Variant: v, By: byTold}
		for i := range forces {
			for _, m := range forces[i].misuse {
				if v != all && m.Variant != v {
					continue
				}
				found.Planted, told.Planted = found.Planted+1, told.Planted+1
				if m.Found() {
					found.all = append(found.all, max(0, m.After)) // a log's times are rounded down
				}
				if m.told {
					told.all = append(told.all, max(0, m.toldAfter))
				}
			}
		}
		out = append(out, found.summed(), told.summed())
	}
	return out
}

// Words of Delay.
const (
	all    = "all"
	byAny  = "any alert"
	byTold = "an alert that is told"
)

func (d Delay) summed() Delay {
	slices.Sort(d.all)
	if d.Found = len(d.all); d.Found > 0 {
		d.Median, d.P90, d.Max = d.quantile(50), d.quantile(90), d.all[d.Found-1]
	}
	return d
}

// quantile is the smallest delay that at least so many per cent do not exceed: a delay that was seen, not one between two.
func (d Delay) quantile(percent int) time.Duration {
	return d.all[(percent*len(d.all)+99)/100-1]
}
