package page

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"probity/internal/alert"
)

// Beside is what is known of an alert beside its revision, as of the moment at which the page was written.
type Beside struct {
	AsOf          Instant
	State         string   // of the case: open, reopened, closed or withdrawn
	Closings      []string // sentences, oldest first
	Reopened      bool
	Budget        string   // "" unless it was beyond the alert budget
	PersonHistory []string // other alerts about the same person, a sentence a rule
	HasPerson     bool     // it is about one person, so there could be others
	RuleHistory   string   // other alerts of the same rule
	RulePrecision string
}

// Tell adds to a view what is known beside the revision.
func (v *View) Tell(b *alert.Background, about alert.Concerned, zone *time.Location) {
	if b == nil {
		return
	}
	v.Beside = &Beside{
		AsOf: instant(b.AsOf, zone), State: show(string(b.State)), Reopened: b.State == alert.Reopened, HasPerson: about.Main != "",
		RuleHistory: tallied(&b.History.Rule, zone), RulePrecision: precision(b.History.Rule.Precision),
	}
	if b.Folded > 0 {
		v.Beside.Budget = "It was beyond the alert budget of its " + whose(b.Over) + fmt.Sprintf(": the %s in seven days.", ordinal(b.Folded))
	}
	for _, d := range b.Closings {
		v.Beside.Closings = append(v.Beside.Closings, decided(d, zone))
	}
	for i := range b.History.Person {
		t := &b.History.Person[i]
		v.Beside.PersonHistory = append(v.Beside.PersonHistory, show(t.Rule)+": "+tallied(t, zone))
	}
	for i := range b.Surroundings {
		s := &b.Surroundings[i]
		k := slices.IndexFunc(v.Records, func(r Record) bool { return r.ID == show(s.Event) })
		if k < 0 {
			continue
		}
		r := &v.Records[k]
		if s.Missing != "" {
			r.Around = "The lines around it could not be kept: " + show(s.Missing) + "."
			continue
		}
		before, after := s.Lines()
		r.Before, r.After, r.Around = showAll(before), showAll(after), "The lines around it are as they stood in the log on "+instant(s.TakenAt, zone).Local+"."
	}
}

func decided(d alert.Decision, zone *time.Location) string {
	by := "a role that is not on record any more"
	if len(d.Roles) > 0 {
		by = "role " + strings.Join(d.Roles, ", ")
	}
	return show(fmt.Sprintf("Closed as %s by %s on %s, of revision %d.", d.Outcome, by, instant(d.At, zone).Local, d.Revision))
}

// tallied says what became of several alerts.
func tallied(t *alert.Tally, zone *time.Location) string {
	if t.Alerts == 0 {
		return "none"
	}
	parts := []string{fmt.Sprintf("%d %s, the last of %s", t.Alerts, plural(t.Alerts, "alert"), t.Last.In(zone).Format("2 Jan 2006"))}
	return strings.Join(append(parts, t.Became()...), "; ")
}

func plural(n int, one string) string {
	if n == 1 {
		return one
	}
	return one + "s"
}

func precision(p *alert.Precision) string {
	if p == nil {
		return ""
	}
	return fmt.Sprintf("Of %d closed %s %.0f %% told of an access without a policing purpose. From so many one can say, with 95 %% confidence: between %.0f %% and %.0f %%.",
		p.N, plural(p.N, "one"), 100*p.Share, 100*p.Low, 100*p.High)
}

// whose says which budget.
func whose(over string) string {
	if over == "" { // of a state folder that did not keep it
		return "rule or person"
	}
	return show(over)
}

func ordinal(n int) string {
	switch {
	case n%100 >= 11 && n%100 <= 13:
		return fmt.Sprintf("%dth", n)
	case n%10 == 1:
		return fmt.Sprintf("%dst", n)
	case n%10 == 2:
		return fmt.Sprintf("%dnd", n)
	case n%10 == 3:
		return fmt.Sprintf("%drd", n)
	}
	return fmt.Sprintf("%dth", n)
}
