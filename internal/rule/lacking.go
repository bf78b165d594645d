package rule

import (
	"slices"

	"probity/internal/event"
)

// Lacking is rules that an event cannot match because it lacks a field that they compare. Whether each is unknown or False is up
// to what else it asks, and rules that ask the same else are decided as one: a log that never has a field would otherwise pay for
// every rule about it, with every record.
type Lacking struct {
	Else  *Cond   // the rules are False where this is, and otherwise unknown
	Rules []int32 // by index into Set.Rules
}

// lackingBehind groups those candidates behind gates on a field that come to no more than a count when it is missing. The others
// have to be judged even so.
func (s *Set) lackingBehind(f event.Field, behind []int32, candidates []Candidate) (groups []Lacking, judged []int32) {
	byElse := map[string]int{}
	for _, i := range behind {
		c := &candidates[i]
		if !c.onlyCounts() {
			judged = append(judged, i)
			continue
		}
		rest := s.elseThan(c.Conds[0].plan, f)
		text := s.describe(rest)
		at, ok := byElse[text]
		if !ok {
			at = len(groups)
			byElse[text] = at
			groups = append(groups, Lacking{Else: &Cond{plan: rest, check: s.check(rest)}})
		}
		groups[at].Rules = append(groups[at].Rules, int32(c.Index))
	}
	return groups, judged
}

// onlyCounts reports whether an unknown verdict on the candidate is counted and no more, once an event: a new_value remembers
// it, a link may be it, an alert is judged apart, and the requestor is a second one to judge.
func (c *Candidate) onlyCounts() bool {
	return len(c.Sides) == 1 && !c.Sides[0].Link && c.Type != NewValue && !c.OfAlerts && slices.Equal(c.Roles, []Role{Operator})
}

// elseThan is what a plan asks beside comparisons of a field: these are unknown where it is missing.
func (s *Set) elseThan(n node, f event.Field) node {
	parts, ok := n.(andNode)
	if !ok {
		parts = andNode{n}
	}
	return slices.DeleteFunc(slices.Clone(parts), func(part node) bool {
		a, ok := part.(atomNode)
		return ok && slices.ContainsFunc(s.atoms[a.atom].terms, func(t int) bool {
			return s.terms[t].kind == fieldTerm && s.terms[t].field == f
		})
	})
}
