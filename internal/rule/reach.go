package rule

import (
	"slices"

	"probity/internal/event"
)

// What follows asks of a condition whether it can become true with the logs and tables at hand, and if not, what it lacks. A
// condition that lacks something can never be true: what is missing is unknown, and unknown never accuses. So a rule that
// lacks something is inactive, and this says so, in place of a silence that looks like good news.

// Answer is what a condition wants of a lookup.
type Answer uint8

// The answers.
const (
	AnyAnswer Answer = iota // known, whatever it is
	Yes
	No
)

// Supply is what there is for events of one dataset.
type Supply struct {
	Dataset string
	Role    Role
	Field   func(name string) bool                                 // whether some source of the dataset fills the field
	Values  func(name string, values []string) bool                // whether it may fill it with one of the values
	Answers func(l *event.Lookup, column string, want Answer) bool // whether the tables can answer so
}

// Lack is one thing that a condition lacks: a field, values of one, or an answer of a lookup.
type Lack struct {
	Field  string
	Values []string // that the field never has, where it has others

	Lookup *event.Lookup
	Column string
	Want   Answer
}

// Reach says how a condition can become true.
type Reach struct {
	Never  bool   // it cannot, whatever there is: it wants another dataset
	Lacks  []Lack // what its nearest way lacks; none: it can
	Beside []Lack // what other ways lack, so that what comes by them is not decided
}

// Reach asks how a condition can become true of events of a dataset.
func (s *Set) Reach(c *Cond, supply Supply) Reach {
	return s.reach(c.root, &supply).tidy()
}

// ReachFalse asks how it can become false.
func (s *Set) ReachFalse(c *Cond, supply Supply) Reach {
	return s.reach(negate(c.root), &supply).tidy()
}

// ReachField asks how a field of a group key, or one that is counted, can be known.
func (s *Set) ReachField(g GroupField, supply Supply) Reach {
	return Reach{Lacks: s.lacks(g.Term, AnyAnswer, &supply)}.tidy()
}

func (r Reach) tidy() Reach {
	r.Lacks = distinct(r.Lacks)
	r.Beside = slices.DeleteFunc(distinct(r.Beside), func(l Lack) bool { return slices.ContainsFunc(r.Lacks, l.is) })
	return r
}

func distinct(lacks []Lack) []Lack {
	var out []Lack
	for _, l := range lacks {
		if !slices.ContainsFunc(out, l.is) {
			out = append(out, l)
		}
	}
	return out
}

func (l Lack) is(other Lack) bool {
	return l.Field == other.Field && slices.Equal(l.Values, other.Values) && l.Lookup == other.Lookup && l.Column == other.Column && l.Want == other.Want
}

func (s *Set) reach(n node, supply *Supply) Reach {
	switch n := n.(type) {
	case constNode:
		return Reach{Never: Verdict(n) != True}
	case andNode:
		return s.reachAll(n, supply)
	case orNode:
		return s.reachOne(n, supply)
	case hasNode:
		if n.neg {
			return Reach{} // a record may always lack it
		}
		return Reach{Lacks: s.lacks(n.term, AnyAnswer, supply)}
	case eachNode:
		r := s.reach(n.body, supply)
		r.Lacks = append(s.lacks(n.list, AnyAnswer, supply), r.Lacks...)
		return r
	case atomNode:
		return s.reachAtom(n, supply)
	}
	return Reach{}
}

func (s *Set) reachAll(parts []node, supply *Supply) (out Reach) {
	for _, p := range parts {
		r := s.reach(p, supply)
		out.Never = out.Never || r.Never
		out.Lacks, out.Beside = append(out.Lacks, r.Lacks...), append(out.Beside, r.Beside...)
	}
	return out
}

// reachOne takes the alternative that lacks least, the first of equals. An alternative to «not has(field)» is no loss where
// the field is never there.
func (s *Set) reachOne(alternatives []node, supply *Supply) Reach {
	out := Reach{Never: true}
	var beside []Lack
	spared := map[string]bool{}
	for _, a := range alternatives {
		if h, ok := a.(hasNode); ok && h.neg && s.terms[h.term].kind != lookupTerm && !supply.Field(s.terms[h.term].name) {
			spared[s.terms[h.term].name] = true
		}
	}
	for _, a := range alternatives {
		r := s.reach(a, supply)
		switch {
		case r.Never, slices.ContainsFunc(r.Lacks, func(l Lack) bool { return spared[l.Field] }):
			continue
		case out.Never:
			out = r
			continue
		case len(distinct(r.Lacks)) < len(distinct(out.Lacks)):
			out, r = r, out
		}
		beside = append(append(beside, r.Lacks...), r.Beside...)
	}
	out.Beside = append(out.Beside, beside...)
	return out
}

func (s *Set) reachAtom(n atomNode, supply *Supply) (out Reach) {
	a := &s.atoms[n.atom]
	if eq := a.eq; eq != nil && s.terms[eq.term].kind == fieldTerm {
		name := s.terms[eq.term].name
		if s.terms[eq.term].field == event.FieldDataset {
			return Reach{Never: slices.Contains(eq.values, supply.Dataset) == n.neg}
		}
		if supply.Field(name) && !n.neg && !supply.Values(name, eq.values) {
			return Reach{Lacks: []Lack{{Field: name, Values: eq.values}}}
		}
	}
	want := AnyAnswer
	if len(a.terms) == 1 && a.source == termIdent(a.terms[0]) { // a bool alone
		if want = Yes; n.neg {
			want = No
		}
	}
	for _, t := range a.terms {
		out.Lacks = append(out.Lacks, s.lacks(t, want, supply)...)
	}
	return out
}

// lacks lists what keeps a term from being known, or a lookup from giving the wanted answer.
func (s *Set) lacks(i int, want Answer, supply *Supply) (out []Lack) {
	t := &s.terms[i]
	switch t.kind {
	case fieldTerm, nativeTerm:
		if !supply.Field(t.name) {
			out = append(out, Lack{Field: t.name})
		}
	case actorTerm:
		if name := supply.Role.field(); !supply.Field(name) {
			out = append(out, Lack{Field: name})
		}
	case lookupTerm:
		for _, a := range t.args {
			out = append(out, s.lacks(a, AnyAnswer, supply)...)
		}
		if len(t.lookup.Tables) > 0 && !supply.Answers(t.lookup, t.column, want) {
			out = append(out, Lack{Lookup: t.lookup, Column: t.column, Want: want})
		}
	}
	return out
}

// field is where a log says who acted in the role.
func (r Role) field() string {
	if r == Requestor {
		return "requestor.name"
	}
	return "user.name"
}
