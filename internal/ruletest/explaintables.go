package ruletest

import (
	"slices"
	"time"

	"probity/internal/rule"
	"probity/internal/table"
)

// TableState is a table that the rule asks, as far as it can answer for the event's time.
type TableState struct {
	Name    string         `json:"name"`
	Version *table.Version `json:"version,omitempty"` // nil: not there
	Answers string         `json:"answers"`           // a plain sentence
}

// tableStates tells of each table that condition, exceptions and facts ask.
func (x *Explainer) tableStates(at int64) (out []TableState) {
	when := time.Unix(0, at)
	for _, name := range x.generation.Rules.Tables(conditions(x.rule)...) {
		s := TableState{Name: name, Answers: "is not there: whatever asks it is undecided"}
		if i := slices.IndexFunc(x.tables, func(v table.Version) bool { return v.Name == name }); i >= 0 {
			v := x.tables[i]
			s.Version = &v
			s.Answers = answers(&v, when)
		}
		out = append(out, s)
	}
	return out
}

// conditions are all that a rule evaluates.
func conditions(r *rule.Compiled) []*rule.Cond {
	out := slices.Clone(r.Facts)
	for _, side := range r.Sides {
		out = append(out, side.Cond)
	}
	for _, x := range r.Exceptions {
		out = append(out, x.Cond)
	}
	return out
}

// answers says what a table that is there can say about an instant.
func answers(v *table.Version, at time.Time) string {
	miss := "; who or what is not in it is undecided"
	if v.Miss == table.MissNo {
		miss = "; it is complete: what is not in it is not so"
	}
	switch maxAge := v.StaleAt.Sub(v.ExportedAt); {
	case !v.CoversFrom.IsZero() && !at.Before(v.CoversFrom) && at.Before(v.CoversTo):
		return "covers the time of the event" + miss
	case at.Sub(v.ExportedAt).Abs() <= maxAge && !v.CoversFrom.IsZero():
		return "does not cover the time of the event: rows with dates do not answer; it was exported within its max_age of it, so others do" + miss
	case at.Sub(v.ExportedAt).Abs() <= maxAge:
		return "was exported within its max_age of the event; rows with dates answer for what it covers only" + miss
	}
	return "does not cover the time of the event: whatever asks it is undecided"
}
