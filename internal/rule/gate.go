package rule

import (
	"cmp"
	"math"
	"slices"

	"probity/internal/event"
)

// A gate is something about one field without which a plan is False, whatever else the event has: a text among few, a
// beginning, a least number. Rules are hung up behind their gates, so that an event meets only those whose gate it opens. An
// event that lacks the field opens the gate, too: the rule may be unknown of it, and that is counted; see Lacking.
type gate struct {
	place
	texts []string // one of these, or one of these beginnings
	least int64
}

// place is where gates of one sort stand.
type place struct {
	field event.Field
	sort  gateSort
}

type gateSort uint8

const (
	byText gateSort = iota
	byPrefix
	byLeast
)

// gateOf reads the gate that a comparison of a term with a constant is; nil if it is none.
func (s *Set) gateOf(term int, op string, texts []string, n int64) *gate {
	t := &s.terms[term]
	if t.kind != fieldTerm || t.field == event.FieldUserID || t.field == event.FieldRequestorID {
		return nil // who somebody is, is asked of the tables after the rules are found
	}
	switch {
	case t.typ == event.String && (op == "==" || op == "in"):
		return &gate{place: place{t.field, byText}, texts: texts}
	case t.typ == event.String && op == "startsWith":
		return &gate{place: place{t.field, byPrefix}, texts: texts}
	case t.typ == event.Int && op == ">=":
		return &gate{place: place{t.field, byLeast}, least: n}
	case t.typ == event.Int && op == ">" && n < math.MaxInt64:
		return &gate{place: place{t.field, byLeast}, least: n + 1}
	}
	return nil
}

// gates lists the gates of a plan, each of which it has to pass; at most one for each place.
func (s *Set) gates(n node) []gate {
	switch n := n.(type) {
	case atomNode:
		if g := s.atoms[n.atom].gate; g != nil && !n.neg {
			return []gate{*g}
		}
	case andNode:
		var out []gate
		for _, c := range n {
			for _, g := range s.gates(c) {
				if !slices.ContainsFunc(out, func(h gate) bool { return h.place == g.place }) {
					out = append(out, g)
				}
			}
		}
		return out
	case orNode:
		return s.gatesOfAny(n)
	}
	return nil
}

// gatesOfAny are the gates that each of several ways has, wide enough for all of them.
func (s *Set) gatesOfAny(ways []node) (out []gate) {
	for i, way := range ways {
		gates := s.gates(way)
		if i == 0 {
			out = gates
			continue
		}
		out = slices.DeleteFunc(slices.Clone(out), func(g gate) bool {
			return !slices.ContainsFunc(gates, func(h gate) bool { return h.place == g.place })
		})
		for j, g := range out {
			h := gates[slices.IndexFunc(gates, func(h gate) bool { return h.place == g.place })]
			out[j].texts = slices.Concat(g.texts, h.texts)
			out[j].least = min(g.least, h.least)
		}
	}
	return out
}

// gates are those of a candidate: it is of interest as long as one of its sides is.
func (c *Candidate) gates(s *Set) []gate {
	var sides []node
	for _, cond := range c.Conds {
		if cond != nil {
			sides = append(sides, cond.plan)
		}
	}
	return s.gatesOfAny(sides)
}

// fewest is how many rules a place must have to be worth the looking: one is as soon evaluated. Of two, one look into a map spares
// most events both, and what else these ask where the event lacks the field.
const fewest = 2

// gateway is the candidates behind the gates of one place, by their numbers in their bucket.
type gateway struct {
	place
	lacking  []Lacking          // those behind it, of an event that lacks the field
	judged   []int32            // those of them that have to be judged even so
	texts    map[string][]int32 // byText
	prefixes []prefixes         // byPrefix: one for each length
	bounds   []bound            // byLeast: the smallest first
}

type prefixes struct {
	length int
	texts  map[string][]int32
}

type bound struct {
	least     int64
	candidate int32
}

// hang hangs candidates up, each behind its narrowest gate. Those that have none come back as free.
func hang(s *Set, candidates []Candidate) (ways []gateway, free []int32) {
	gates := make([][]gate, len(candidates))
	different := map[place]map[string]bool{} // the texts that the candidates of a place ask for
	for i := range candidates {
		gates[i] = candidates[i].gates(s)
		for _, g := range gates[i] {
			if different[g.place] == nil {
				different[g.place] = map[string]bool{}
			}
			for _, text := range g.texts {
				different[g.place][text] = true
			}
		}
	}
	// A gate is the narrower the fewer texts it lets through of all that are asked for. Nobody knows this of numbers.
	wide := func(g gate) float64 {
		if g.sort == byLeast {
			return 0.5
		}
		return float64(len(g.texts)) / float64(max(len(different[g.place]), 1))
	}
	behind, chosen := map[place][]int32{}, make([]gate, len(candidates))
	for i := range candidates {
		if len(gates[i]) == 0 {
			free = append(free, int32(i))
			continue
		}
		chosen[i] = slices.MinFunc(gates[i], func(a, b gate) int { return cmp.Compare(wide(a), wide(b)) })
		behind[chosen[i].place] = append(behind[chosen[i].place], int32(i))
	}
	for p, of := range behind {
		if len(of) < fewest {
			free = append(free, of...)
			continue
		}
		w := newGateway(p, of, chosen)
		w.lacking, w.judged = s.lackingBehind(p.field, of, candidates)
		ways = append(ways, w)
	}
	return ways, free
}

func newGateway(p place, behind []int32, chosen []gate) gateway {
	w := gateway{place: p, texts: map[string][]int32{}}
	for _, i := range behind {
		g := &chosen[i]
		if p.sort == byLeast {
			w.bounds = append(w.bounds, bound{g.least, i})
		}
		for _, text := range g.texts {
			texts := w.texts
			if p.sort == byPrefix {
				texts = w.ofLength(len(text))
			}
			texts[text] = append(texts[text], i)
		}
	}
	slices.SortFunc(w.bounds, func(a, b bound) int { return cmp.Compare(a.least, b.least) })
	return w
}

func (w *gateway) ofLength(n int) map[string][]int32 {
	i := slices.IndexFunc(w.prefixes, func(p prefixes) bool { return p.length == n })
	if i < 0 {
		i = len(w.prefixes)
		w.prefixes = append(w.prefixes, prefixes{n, map[string][]int32{}})
	}
	return w.prefixes[i].texts
}

// open marks the candidates that the event has to be judged for, and returns those whose verdict it leaves to what else they
// ask.
func (w *gateway) open(ev *event.Event, found marks) []Lacking {
	v := &ev.Slots[w.field]
	if v.Kind == event.Missing {
		found.add(w.judged)
		return w.lacking
	}
	switch w.sort {
	case byText:
		found.add(w.texts[v.Str])
	case byPrefix:
		for i := range w.prefixes {
			if p := &w.prefixes[i]; len(v.Str) >= p.length {
				found.add(p.texts[v.Str[:p.length]])
			}
		}
	case byLeast:
		for i := range w.bounds {
			if w.bounds[i].least > v.Num {
				break
			}
			found.mark(w.bounds[i].candidate)
		}
	}
	return nil
}

// marks is a set of candidates, a bit for each, so that however they are found they come out in the order of the rules.
type marks []uint64

func (m marks) mark(i int32) { m[i/64] |= 1 << (i % 64) }

func (m marks) add(candidates []int32) {
	for _, i := range candidates {
		m.mark(i)
	}
}
