package rule

import (
	"math/bits"
	"slices"

	"probity/internal/event"
)

// indexed are the fields that rules are found by.
var indexed = [...]event.Field{event.FieldDataset, event.FieldAction, event.FieldObjectType}

// indexed is the number, in indexed, of the field that a term reads; -1 if it is none of them.
func (s *Set) indexed(term int) int {
	if t := &s.terms[term]; t.kind == fieldTerm {
		return slices.Index(indexed[:], t.field)
	}
	return -1
}

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
	Conds      []*Cond    // its sides', as far as the event's key leaves them open; nil for a side that is False
	Exceptions []*Cond    // likewise
	Facts      []OpenFact // those that the key leaves open
	Settled    uint32     // FactBits of the others
}

// OpenFact is one of a rule's facts that has to be judged.
type OpenFact struct {
	Cond *Cond
	N    int // of the rule's
}

// FactBits are the two bits that say how a rule's n-th fact came out: 0 if it is False.
func FactBits(n int, v Verdict) uint32 {
	switch v {
	case True:
		return FactTrue << (2 * n)
	case UnknownField, Undecided:
		return FactUnknown << (2 * n)
	}
	return 0
}

// What the two bits of a fact can be beside 0.
const (
	FactUnknown = 1
	FactTrue    = 2
)

// Whole is the rule as a candidate of which nothing is known.
func (c *Compiled) Whole() Candidate {
	out := Candidate{Compiled: c}
	for i := range c.Sides {
		out.Conds = append(out.Conds, c.Sides[i].Cond)
	}
	for i := range c.Exceptions {
		out.Exceptions = append(out.Exceptions, c.Exceptions[i].Cond)
	}
	for i, f := range c.Facts {
		out.Facts = append(out.Facts, OpenFact{f, i})
	}
	return out
}

// Finder finds the rules that an event can match. It belongs to one goroutine.
//
// The values of the indexed fields that some rule names have numbers; all others are alike. For each combination of them that
// occurs there is a bucket, made when it first occurs, so that there are no more of them than rules' values combine to.
type Finder struct {
	set     *Set
	numbers [len(indexed)]numbers
	buckets map[[len(indexed)]int32]*bucket
	left    map[leftOf]*Cond // what is left of conditions; buckets share it
	marks   marks
	found   []Candidate // of the last event, as are
	lacking []Lacking
}

// leftOf is a condition, and what an event has in those of the indexed fields that it asks for; otherValue in the rest.
type leftOf struct {
	cond *Cond
	at   [len(indexed)]int32
}

// bucket is the rules that events with the same numbers can match.
type bucket struct {
	candidates []Candidate // in the set's order
	ways       []gateway
	free       marks // those without a gate
}

// numbers are those of one field's values. An event tends to have what the one before it had, so that is tried first.
type numbers struct {
	of    map[string]int32
	names []string
	last  int32
}

// What else rules can tell of a field.
const (
	otherValue int32 = iota // one that no rule names
	missingValue
	illegibleValue
	firstNamed
)

func newNumbers() numbers {
	return numbers{of: map[string]int32{}, names: make([]string, firstNamed)}
}

func (n *numbers) name(value string) {
	if _, ok := n.of[value]; !ok {
		n.of[value] = int32(len(n.names))
		n.names = append(n.names, value)
	}
}

func (n *numbers) number(v *event.Value) int32 {
	switch {
	case v.Kind == event.Missing && v.Illegible():
		return illegibleValue
	case v.Kind == event.Missing:
		return missingValue
	case v.Str != n.names[n.last]:
		n.last = n.of[v.Str] // otherValue if it is none of them
	}
	return n.last
}

// NewFinder returns a finder over the set's rules.
func (s *Set) NewFinder() *Finder {
	f := &Finder{set: s, buckets: map[[len(indexed)]int32]*bucket{}, left: map[leftOf]*Cond{}}
	for i := range f.numbers {
		f.numbers[i] = newNumbers()
	}
	for i := range s.atoms {
		eq := s.atoms[i].eq
		if eq == nil {
			continue
		}
		if i := s.indexed(eq.term); i >= 0 {
			for _, v := range eq.values {
				f.numbers[i].name(v)
			}
		}
	}
	return f
}

// Rules returns the rules whose indexed conditions the event meets and whose gate it opens, in the set's order, and those that
// can only be unknown of it; both are good until the next event. It reads nothing of the event that the tables have yet to say.
func (f *Finder) Rules(ev *event.Event) ([]Candidate, []Lacking) {
	var at [len(indexed)]int32
	for i, field := range indexed {
		at[i] = f.numbers[i].number(&ev.Slots[field])
	}
	b := f.buckets[at]
	if b == nil {
		b = f.newBucket(at)
		f.buckets[at] = b
	}
	if len(b.ways) == 0 {
		return b.candidates, nil
	}
	f.marks = append(f.marks[:0], b.free...)
	f.found, f.lacking = f.found[:0], f.lacking[:0]
	for i := range b.ways {
		f.lacking = append(f.lacking, b.ways[i].open(ev, f.marks)...)
	}
	for i, word := range f.marks {
		for ; word != 0; word &= word - 1 {
			f.found = append(f.found, b.candidates[64*i+bits.TrailingZeros64(word)])
		}
	}
	return f.found, f.lacking
}

// key is what the numbers say of an event.
func (f *Finder) key(at [len(indexed)]int32) (k key) {
	for i, n := range at {
		k.values[i] = f.numbers[i].names[n] // "" of what is not named
		k.illegible[i] = n == illegibleValue
		k.missing[i] = n == missingValue || n == illegibleValue
	}
	return k
}

func (f *Finder) newBucket(at [len(indexed)]int32) *bucket {
	b := &bucket{candidates: f.candidates(at)}
	ways, free := hang(f.set, b.candidates)
	b.ways, b.free = ways, make(marks, (len(b.candidates)+63)/64)
	b.free.add(free)
	return b
}

func (f *Finder) candidates(at [len(indexed)]int32) (out []Candidate) {
	k := f.key(at)
	for _, r := range f.set.Rules {
		if !r.needs.allow(k.values) {
			continue
		}
		c, open := Candidate{Compiled: r, Conds: make([]*Cond, len(r.Sides))}, false
		for i := range r.Sides {
			c.Conds[i] = f.leave(r.Sides[i].Cond, at, k)
			open = open || c.Conds[i] != nil
		}
		if !open {
			continue
		}
		for i := range r.Exceptions {
			c.Exceptions = append(c.Exceptions, f.leave(r.Exceptions[i].Cond, at, k))
		}
		for i, fact := range r.Facts {
			left := f.leave(fact, at, k)
			if left == nil {
				continue
			}
			if v, ok := settled(left.plan); ok {
				c.Settled |= FactBits(i, v)
			} else {
				c.Facts = append(c.Facts, OpenFact{left, i})
			}
		}
		out = append(out, c)
	}
	return out
}

// leave returns what is left of a condition for events of a bucket, nil if it is False.
func (f *Finder) leave(cond *Cond, at [len(indexed)]int32, k key) *Cond {
	asks := f.set.depends(cond.plan)
	for i := range at {
		if !asks[i] {
			at[i] = otherValue
		}
	}
	left, known := f.left[leftOf{cond, at}]
	if known {
		return left
	}
	if plan := f.set.given(cond.plan, k); plan != node(constNode(False)) {
		some := *cond
		some.plan, some.check = plan, f.set.check(plan)
		left = &some
	}
	f.left[leftOf{cond, at}] = left
	return left
}
