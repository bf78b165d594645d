package evaluate

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// Report says what was found. It holds no person and no record.
type Report struct {
	Misuse     []Verdict   `json:"misuse"`     // in the order of the truths
	Typologies []Typology  `json:"typologies"` // in the order in which they first occur
	Rules      []RuleScore `json:"rules"`      // of the rules that fired, by id
}

// Verdict is on one planted misuse.
type Verdict struct {
	Typology string        `json:"typology"`
	Variant  string        `json:"variant"`
	Rules    []string      `json:"rules,omitempty"` // that found it, by id; none: missed
	After    time.Duration `json:"after_ns"`        // event time from the first misuse to the last event that the first find needed
}

// Found reports whether any rule found it.
func (v *Verdict) Found() bool { return len(v.Rules) > 0 }

func (v *Verdict) by(rule string, after time.Duration) {
	if !v.Found() || after < v.After {
		v.After = after
	}
	if i, known := slices.BinarySearch(v.Rules, rule); !known {
		v.Rules = slices.Insert(v.Rules, i, rule)
	}
}

// Typology sums up the misuse of one kind and variant.
type Typology struct {
	Name    string        `json:"name"`
	Variant string        `json:"variant"`
	Planted int           `json:"planted"`
	Found   int           `json:"found"`
	Rules   []string      `json:"rules,omitempty"` // that found some of it
	After   time.Duration `json:"after_ns"`        // the longest among those found
}

// RuleScore counts one rule's open alerts: those about planted misuse, and the others, which are false alarms only as far as
// the truth is complete.
type RuleScore struct {
	Rule   string `json:"rule"`
	Alerts int    `json:"alerts"`
	True   int    `json:"true"`
	Other  int    `json:"other"`
}

func typologies(verdicts []Verdict) []Typology {
	var out []Typology
	for _, v := range verdicts {
		i := slices.IndexFunc(out, func(t Typology) bool { return t.Name == v.Typology && t.Variant == v.Variant })
		if i < 0 {
			i, out = len(out), append(out, Typology{Name: v.Typology, Variant: v.Variant})
		}
		t := &out[i]
		t.Planted++
		if v.Found() {
			t.Found++
			t.After = max(t.After, v.After)
			t.Rules = append(t.Rules, v.Rules...)
		}
	}
	for i := range out {
		slices.Sort(out[i].Rules)
		out[i].Rules = slices.Compact(out[i].Rules)
	}
	return out
}

// Count returns how many misuses were planted and how many of them found.
func (r Report) Count() (planted, found int) {
	for i := range r.Misuse {
		if r.Misuse[i].Found() {
			found++
		}
	}
	return len(r.Misuse), found
}

// WriteText writes the report as two tables.
func (r Report) WriteText(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "PLANTED MISUSE\tVARIANT\tPLANTED\tFOUND\tAFTER\tBY")
	for _, x := range r.Typologies {
		after, by := "-", "missed"
		if x.Found > 0 {
			after, by = Span(x.After), strings.Join(x.Rules, ", ")
		}
		fmt.Fprintf(t, "%s\t%s\t%d\t%d\t%s\t%s\n", x.Name, x.Variant, x.Planted, x.Found, after, by)
	}
	planted, found := r.Count()
	fmt.Fprintf(t, "total\t\t%d\t%d\t\t\n", planted, found)
	fmt.Fprintln(t)
	fmt.Fprintln(t, "ALERTS BY RULE\tALERTS\tABOUT PLANTED MISUSE\tOTHER")
	sum := RuleScore{Rule: "total"}
	for _, s := range r.Rules {
		fmt.Fprintf(t, "%s\t%d\t%d\t%d\n", s.Rule, s.Alerts, s.True, s.Other)
		sum.Alerts, sum.True, sum.Other = sum.Alerts+s.Alerts, sum.True+s.True, sum.Other+s.Other
	}
	fmt.Fprintf(t, "%s\t%d\t%d\t%d\n", sum.Rule, sum.Alerts, sum.True, sum.Other)
	return t.Flush()
}

// Span writes a length of time in its two largest units, as people say it: 3 d 4 h, 12 min, at once.
func Span(d time.Duration) string {
	day := 24 * time.Hour
	two := func(n time.Duration, unit string, rest time.Duration, of string) string {
		if rest == 0 {
			return fmt.Sprintf("%d %s", n, unit)
		}
		return fmt.Sprintf("%d %s %d %s", n, unit, rest, of)
	}
	switch d = d.Round(time.Second); {
	case d <= 0:
		return "at once"
	case d < time.Minute:
		return fmt.Sprintf("%d s", d/time.Second)
	case d < time.Hour:
		return two(d/time.Minute, "min", d%time.Minute/time.Second, "s")
	case d < day:
		return two(d/time.Hour, "h", d%time.Hour/time.Minute, "min")
	}
	return two(d/day, "d", d%day/time.Hour, "h")
}

// Missed lists the verdicts on what nobody found.
func (r Report) Missed() []Verdict {
	return slices.DeleteFunc(slices.Clone(r.Misuse), func(v Verdict) bool { return v.Found() })
}
