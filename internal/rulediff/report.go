package rulediff

import (
	"maps"
	"slices"

	"probity/internal/alert"
	"probity/internal/ruletest"
)

// Report is what a change of rules does to the alerts on past logs. It names persons in the summaries of its examples only.
type Report struct {
	Base       Counted              `json:"base"`
	Head       Counted              `json:"head"`
	Records    int                  `json:"records"`
	Days       int                  `json:"days"` // of event time in which anything happened
	Changes    []ruletest.Change    `json:"rule_changes"`
	Severities []SeverityDifference `json:"severities"` // from critical down
	Rules      []RuleDifference     `json:"rules"`      // whose alerts or undecided matches differ, by id
	Budget     *Budget              `json:"budget,omitempty"`
	Outcomes   *Outcomes            `json:"outcomes,omitempty"`

	severity map[string][2]alert.Severity // of each rule, before and after
}

// Counted is one side and what it gave.
type Counted struct {
	Name       string `json:"name"`
	Commit     string `json:"commit,omitempty"`
	Rules      int    `json:"rules"`
	Alerts     int    `json:"alerts"`
	Undecided  int    `json:"undecided"`  // matches that wait for newer tables
	Suppressed int    `json:"suppressed"` // matches that an exception holds back
}

// Counts are alerts before and after, and how they came to differ.
type Counts struct {
	Base    int `json:"base"`
	Head    int `json:"head"`
	Added   int `json:"added"`
	Removed int `json:"removed"`
	Altered int `json:"altered"`
}

func (c *Counts) add(n Counts) {
	c.Base, c.Head = c.Base+n.Base, c.Head+n.Head
	c.Added, c.Removed, c.Altered = c.Added+n.Added, c.Removed+n.Removed, c.Altered+n.Altered
}

func (c Counts) same() bool { return c.Added+c.Removed+c.Altered == 0 }

// SeverityDifference sums up the alerts of one severity. An alert whose severity changed is in Base of the one and in Head of
// the other, and altered in the other.
type SeverityDifference struct {
	Severity alert.Severity `json:"severity"`
	Counts
	BasePerWeek float64 `json:"base_per_week"`
	HeadPerWeek float64 `json:"head_per_week"`
}

// RuleDifference is what became of one rule's alerts.
type RuleDifference struct {
	Rule string         `json:"rule"`
	Was  alert.Severity `json:"severity_base,omitempty"` // "" if that side lacks the rule
	Is   alert.Severity `json:"severity_head,omitempty"`
	Counts
	Differs    map[string]int `json:"differs,omitempty"` // altered alerts by the key that differs
	Undecided  [2]int         `json:"undecided"`         // matches, base and head
	Suppressed [2]int         `json:"suppressed"`
	Examples   []Example      `json:"examples,omitempty"`

	RemovedOutcomes map[alert.Outcome]int `json:"removed_outcomes,omitempty"` // removed alerts by how they were closed last
}

// Kind says what became of an alert.
type Kind string

// What can become of an alert.
const (
	AlertAdded   Kind = "added"
	AlertRemoved Kind = "removed"
	AlertAltered Kind = "altered"
)

// Example is one alert that differs.
type Example struct {
	Kind    Kind     `json:"kind"`
	ID      string   `json:"id"`
	Count   int      `json:"count"` // after the change; before it, if removed
	Differs []string `json:"differs,omitempty"`
	Summary string   `json:"summary,omitempty"` // names persons
}

// Budget is how many alerts a week may interrupt somebody: those that are critical or high.
type Budget struct {
	PerWeek int     `json:"per_week"`
	Base    float64 `json:"base_per_week"`
	Head    float64 `json:"head_per_week"`
}

// Exceeded reports whether the rules after the change interrupt more often than they may.
func (b *Budget) Exceeded() bool { return b != nil && b.Head > float64(b.PerWeek) }

// interrupting are the severities that somebody reads the same day.
var interrupting = []alert.Severity{alert.Critical, alert.High}

// Silent lists the rules that mean something else under the version they had.
func (r *Report) Silent() []ruletest.Change {
	return slices.DeleteFunc(slices.Clone(r.Changes), func(c ruletest.Change) bool { return !c.Silent() })
}

// WithoutNames leaves out all that names persons.
func (r *Report) WithoutNames() {
	for i := range r.Rules {
		for k := range r.Rules[i].Examples {
			r.Rules[i].Examples[k].Summary = ""
		}
	}
}

// complete adds what the replays gave.
func (r *Report) complete(rules map[string]*tally, was, is outcome) {
	r.Records, r.Days = is.Records, is.Days
	total := map[alert.Severity]*Counts{}
	for _, s := range alert.Severities {
		total[s] = &Counts{}
	}
	for _, id := range slices.Sorted(maps.Keys(r.severity)) {
		d := r.rule(id, rules[id], was, is)
		r.Base.Alerts, r.Head.Alerts = r.Base.Alerts+d.Base, r.Head.Alerts+d.Head
		r.Base.Undecided, r.Head.Undecided = r.Base.Undecided+d.Undecided[0], r.Head.Undecided+d.Undecided[1]
		r.Base.Suppressed, r.Head.Suppressed = r.Base.Suppressed+d.Suppressed[0], r.Head.Suppressed+d.Suppressed[1]
		if t := rules[id]; t != nil {
			for s, n := range t.counts {
				total[s].add(*n)
			}
		}
		if !d.same() || d.Undecided[0] != d.Undecided[1] || d.Suppressed[0] != d.Suppressed[1] {
			r.Rules = append(r.Rules, d)
		}
	}
	for _, s := range slices.Backward(alert.Severities) {
		r.Severities = append(r.Severities, SeverityDifference{s, *total[s], r.perWeek(total[s].Base), r.perWeek(total[s].Head)})
	}
	if b := r.Budget; b != nil {
		var base, head int
		for _, s := range interrupting {
			base, head = base+total[s].Base, head+total[s].Head
		}
		b.Base, b.Head = r.perWeek(base), r.perWeek(head)
	}
}

func (r *Report) rule(id string, t *tally, was, is outcome) RuleDifference {
	d := RuleDifference{
		Rule: id, Was: r.severity[id][0], Is: r.severity[id][1],
		Undecided:  [2]int{was.undecided[id], is.undecided[id]},
		Suppressed: [2]int{was.suppressed[id], is.suppressed[id]},
	}
	if t == nil {
		return d
	}
	for _, n := range t.counts {
		d.add(*n)
	}
	d.Differs = t.keys
	for _, kind := range []Kind{AlertAdded, AlertRemoved, AlertAltered} {
		for _, e := range t.examples[kind] {
			d.Examples = append(d.Examples, e.Example)
		}
	}
	return d
}

// perWeek is a number of alerts over the time that the logs cover.
func (r *Report) perWeek(alerts int) float64 {
	if r.Days == 0 {
		return 0
	}
	return float64(alerts) * 7 / float64(r.Days)
}
