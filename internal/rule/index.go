package rule

import (
	"slices"

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

// Finder finds the rules that an event can match. It belongs to one goroutine.
type Finder struct {
	set   *Set
	known [len(indexed)]map[string]bool // values that some rule names; all others are alike
	found map[[len(indexed)]string][]*Compiled
}

// NewFinder returns a finder over the set's rules.
func (s *Set) NewFinder() *Finder {
	f := &Finder{set: s, found: map[[len(indexed)]string][]*Compiled{}}
	for i := range f.known {
		f.known[i] = map[string]bool{}
		for _, r := range s.Rules {
			for _, v := range r.needs[i] {
				f.known[i][v] = true
			}
		}
	}
	return f
}

// Rules returns the rules whose indexed conditions the event meets, in the set's order. What is found is remembered; the
// memory is bounded because values that no rule names count as one.
func (f *Finder) Rules(ev *event.Event) []*Compiled {
	var key [len(indexed)]string
	for i, field := range indexed {
		if v := ev.Slots[field].Str; f.known[i][v] {
			key[i] = v
		}
	}
	rules, ok := f.found[key]
	if !ok {
		for i := range key {
			key[i] = string([]byte(key[i])) // the event's bytes are not ours to keep
		}
		for _, r := range f.set.Rules {
			if r.needs.allow(key) {
				rules = append(rules, r)
			}
		}
		f.found[key] = rules
	}
	return rules
}
