package alert

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// History is what other alerts say about one: those about the same person, and those of the same rule. What whoever reads it
// may not see is in none of its numbers.
type History struct {
	Person []Tally `json:"person,omitempty"` // by rule, the most first; nil: there is none, or it is not about one person
	Rule   Tally   `json:"rule"`
}

// Tally is what became of several alerts of one rule.
type Tally struct {
	Rule      string          `json:"rule"`
	Alerts    int             `json:"alerts"`
	Open      int             `json:"open"` // or reopened
	Withdrawn int             `json:"withdrawn"`
	Outcomes  map[Outcome]int `json:"outcomes,omitempty"` // of the last closing of each that was ever closed
	Last      time.Time       `json:"last,omitzero"`      // when the last one came
	Precision *Precision      `json:"precision,omitempty"`
}

// Became says in words what became of the alerts.
func (t *Tally) Became() (parts []string) {
	for _, o := range Outcomes {
		if n := t.Outcomes[o]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d closed as %s", n, o))
		}
	}
	if t.Open > 0 {
		parts = append(parts, fmt.Sprintf("%d open", t.Open))
	}
	if t.Withdrawn > 0 {
		parts = append(parts, fmt.Sprintf("%d withdrawn", t.Withdrawn))
	}
	return parts
}

func (t *Tally) add(c *Case, closed Outcome) {
	t.Alerts++
	switch c.State() {
	case Open, Reopened:
		t.Open++
	case Withdrawn:
		t.Withdrawn++
	}
	if closed != "" {
		if t.Outcomes == nil {
			t.Outcomes = map[Outcome]int{}
		}
		t.Outcomes[closed]++
	}
	if c.OpenedAt.After(t.Last) {
		t.Last = c.OpenedAt
	}
}

// Histories gathers the histories of some alerts in one pass over all cases.
type Histories struct {
	of       []Case
	outcomes map[string]Outcome
	tells    func(*Case) bool
	byRule   map[string]*Tally            // without the alerts that are asked about
	byPerson map[string]map[string]*Tally // the same: person, in small letters → rule
	own      map[string]Case              // the alerts that are asked about, if the reader may be told of them
}

// NewHistories begins with the alerts that are asked about. outcomes is how each alert was closed last; tells says whether
// the reader may be told of a case.
func NewHistories(of []Case, outcomes map[string]Outcome, tells func(*Case) bool) *Histories {
	h := &Histories{of: of, outcomes: outcomes, tells: tells, byRule: map[string]*Tally{}, byPerson: map[string]map[string]*Tally{}, own: map[string]Case{}}
	for _, c := range of {
		h.byRule[c.Rule] = &Tally{Rule: c.Rule}
		if c.Main != "" {
			h.byPerson[strings.ToLower(c.Main)] = map[string]*Tally{}
		}
	}
	return h
}

// Add counts a case. Each is to be added once.
func (h *Histories) Add(c Case) {
	rule, sameRule := h.byRule[c.Rule]
	rules, samePerson := h.byPerson[strings.ToLower(c.Main)]
	samePerson = samePerson && c.Main != ""
	if !sameRule && !samePerson || !h.tells(&c) {
		return
	}
	if slices.ContainsFunc(h.of, func(own Case) bool { return own.ID == c.ID }) {
		h.own[c.ID] = c
		return // Of adds it to the histories of the others: none is a part of its own
	}
	if sameRule {
		rule.add(&c, h.outcomes[c.ID])
	}
	if samePerson {
		addTo(rules, &c, h.outcomes[c.ID])
	}
}

func addTo(rules map[string]*Tally, c *Case, closed Outcome) {
	if rules[c.Rule] == nil {
		rules[c.Rule] = &Tally{Rule: c.Rule}
	}
	rules[c.Rule].add(c, closed)
}

// Of is the history of one of the alerts, when all cases were added.
func (h *Histories) Of(of Case) History {
	rule := h.byRule[of.Rule].clone()
	rules := map[string]*Tally{}
	for id, t := range h.byPerson[strings.ToLower(of.Main)] {
		rules[id] = t.clone()
	}
	for id, c := range h.own {
		if id == of.ID {
			continue
		}
		if c.Rule == of.Rule {
			rule.add(&c, h.outcomes[id])
		}
		if of.Main != "" && strings.EqualFold(c.Main, of.Main) {
			addTo(rules, &c, h.outcomes[id])
		}
	}
	rule.Precision = PrecisionOf(rule.Outcomes)
	out := History{Rule: *rule}
	for _, t := range rules {
		out.Person = append(out.Person, *t)
	}
	slices.SortFunc(out.Person, func(a, b Tally) int { return cmp.Or(b.Alerts-a.Alerts, cmp.Compare(a.Rule, b.Rule)) })
	return out
}

func (t *Tally) clone() *Tally {
	out := *t
	out.Outcomes = nil
	for o, n := range t.Outcomes {
		if out.Outcomes == nil {
			out.Outcomes = map[Outcome]int{}
		}
		out.Outcomes[o] = n
	}
	return &out
}
