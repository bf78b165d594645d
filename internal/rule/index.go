package rule

import (
	"slices"
	"strings"

	"probity/internal/event"
)

// indexed are the fields that rules are found by.
var indexed = [...]event.Field{event.FieldDataset, event.FieldAction, event.FieldObjectType}

// needs holds, for each indexed field, the values that a rule can match with; nil means any.
type needs [len(indexed)][]string

func (n needs) allow(values [len(indexed)]string) bool {
	for i, want := range n {
		if want != nil && !slices.Contains(want, values[i]) {
			return false
		}
	}
	return true
}

// orNone also allows what lacks the field: a link counts where it is unknown. Every event has a dataset.
func (n needs) orNone() needs {
	for i := 1; i < len(n); i++ {
		if n[i] != nil {
			n[i] = append(slices.Clone(n[i]), "")
		}
	}
	return n
}

// needs reads from a skeleton which values it cannot be True without.
func (s *Set) needs(n node) needs {
	var out needs
	for i, f := range indexed {
		out[i] = s.need(n, f)
	}
	return out
}

func (s *Set) need(n node, f event.Field) []string {
	switch n := n.(type) {
	case constNode:
		if Verdict(n) != True {
			return []string{}
		}
	case atomNode:
		eq := s.atoms[n.atom].eq
		if eq != nil && !n.neg && s.terms[eq.term].kind == fieldTerm && s.terms[eq.term].field == f {
			return eq.values
		}
	case andNode:
		var out []string
		for _, c := range n {
			if w := s.need(c, f); w != nil {
				if out == nil {
					out = w
				} else {
					out = slices.DeleteFunc(slices.Clone(out), func(v string) bool { return !slices.Contains(w, v) })
				}
			}
		}
		return out
	case orNode:
		out := []string{}
		for _, c := range n {
			w := s.need(c, f)
			if w == nil {
				return nil
			}
			for _, v := range w {
				if !slices.Contains(out, v) {
					out = append(out, v)
				}
			}
		}
		return out
	}
	return nil
}

// Candidate is a rule that an event may match.
type Candidate struct {
	*Compiled
	Conds []*Cond // its sides', as far as the event's key leaves them open; nil for a side that is False
}

// Whole is the rule as a candidate of which nothing is known.
func (c *Compiled) Whole() Candidate {
	out := Candidate{Compiled: c}
	for i := range c.Sides {
		out.Conds = append(out.Conds, c.Sides[i].Cond)
	}
	return out
}

// Finder finds the rules that an event can match. It belongs to one goroutine.
type Finder struct {
	set   *Set
	known [len(indexed)]map[string]bool // values that some rule names; all others are alike
	found map[key][]Candidate
}

// NewFinder returns a finder over the set's rules.
func (s *Set) NewFinder() *Finder {
	f := &Finder{set: s, found: map[key][]Candidate{}}
	for i := range f.known {
		f.known[i] = map[string]bool{}
	}
	for i := range s.atoms {
		if eq := s.atoms[i].eq; eq != nil && s.terms[eq.term].kind == fieldTerm {
			if i := slices.Index(indexed[:], s.terms[eq.term].field); i >= 0 {
				for _, v := range eq.values {
					f.known[i][v] = true
				}
			}
		}
	}
	return f
}

// Rules returns the rules whose indexed conditions the event meets, in the set's order. What is found is remembered; the
// memory is bounded because values that no rule names count as one.
func (f *Finder) Rules(ev *event.Event) []Candidate {
	k := keyOf(ev)
	for i, v := range k.values {
		if v != "" && !f.known[i][v] {
			k.values[i] = ""
		}
	}
	rules, ok := f.found[k]
	if !ok {
		for i, v := range k.values {
			k.values[i] = strings.Clone(v) // the event's bytes are not ours to keep
		}
		rules = f.candidates(k)
		f.found[k] = rules
	}
	return rules
}

func (f *Finder) candidates(k key) (out []Candidate) {
	for _, r := range f.set.Rules {
		if !r.needs.allow(k.values) {
			continue
		}
		c, open := Candidate{Compiled: r}, false
		for i := range r.Sides {
			cond := *r.Sides[i].Cond
			cond.plan = f.set.given(cond.plan, k)
			if cond.plan == node(constNode(False)) {
				c.Conds = append(c.Conds, nil)
				continue
			}
			c.Conds, open = append(c.Conds, &cond), true
		}
		if open {
			out = append(out, c)
		}
	}
	return out
}
