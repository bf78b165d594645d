package rule

import (
	"maps"
	"math"
	"slices"
)

// What follows asks of skeletons whether any event can satisfy them. An answer of «no» is certain: every alternative asks
// contradictory things of one field. An answer of «yes» may be wrong, where the contradiction lies in what is not looked
// into (lookups, functions, patterns); so a lint built on «no» accuses nobody falsely.

// Logic answers such questions about the conditions of one Set. It belongs to one goroutine.
type Logic struct {
	set   *Set
	forms map[int]*leafForm // by atom; nil: of no form that it looks into
}

// NewLogic returns a Logic over the set's conditions.
func (s *Set) NewLogic() *Logic { return &Logic{set: s, forms: map[int]*leafForm{}} }

func (l *Logic) question() question { return question{Logic: l, left: maxAlternatives} }

// maxAlternatives bounds the search; beyond it the answer is yes.
const maxAlternatives = 10_000

// Never reports whether no event can make all the conditions true, and names a field of which they ask too much ("" if they
// are false as they stand).
func (l *Logic) Never(conds ...*Cond) (field string, never bool) {
	q := l.question()
	todo := make([]node, len(conds))
	for i, c := range conds {
		todo[i] = c.root
	}
	if q.any(todo, nil) {
		return "", false
	}
	if q.conflict > 0 {
		field = l.set.terms[q.conflict-1].name
	}
	return field, true
}

// Always reports whether a condition holds of every event that carries its fields.
func (l *Logic) Always(c *Cond) bool {
	q := l.question()
	return !q.any([]node{negate(c.root)}, nil)
}

// Implies reports whether inner surely holds wherever outer does and inner is known.
func (l *Logic) Implies(outer, inner *Cond) bool {
	q := l.question()
	return !q.any([]node{outer.root, negate(inner.root)}, nil)
}

// Admits reports whether a condition can hold because of what it asks about field, while field has one of the values.
func (l *Logic) Admits(c *Cond, field string, values ...string) bool {
	t, ok := l.set.termIndex[field]
	if !ok {
		return false
	}
	q := l.question()
	q.given = &leafForm{term: t, op: "in", texts: values}
	return q.any([]node{c.root}, nil)
}

// Dead writes the alternatives of a condition that can never hold, beside ones that can.
func (l *Logic) Dead(c *Cond) (out []string) {
	var walk func(n node, around []node)
	walk = func(n node, around []node) {
		switch n := n.(type) {
		case andNode:
			for i, p := range n {
				walk(p, slices.Concat(around, n[:i:i], n[i+1:]))
			}
		case orNode:
			for _, p := range n {
				q := l.question()
				if _, written := p.(constNode); !written && !hasConst(p) && !q.any(append(slices.Clone(around), p), nil) {
					out = append(out, l.set.describe(p))
					continue
				}
				walk(p, around)
			}
		}
	}
	walk(c.root, nil)
	return out
}

// hasConst: a choice with a constant branch (a ? b : false) has dead alternatives that nobody wrote.
func hasConst(n node) bool {
	and, ok := n.(andNode)
	return ok && slices.ContainsFunc(and, func(p node) bool { _, c := p.(constNode); return c || hasConst(p) })
}

// negate is not n, in negation normal form. What it does not know becomes true, which contradicts nothing.
func negate(n node) node {
	switch n := n.(type) {
	case constNode:
		return constNode(Verdict(n).not())
	case andNode:
		out := make(orNode, len(n))
		for i, p := range n {
			out[i] = negate(p)
		}
		return out
	case orNode:
		out := make(andNode, len(n))
		for i, p := range n {
			out[i] = negate(p)
		}
		return out
	case atomNode:
		return atomNode{n.atom, !n.neg}
	case hasNode:
		return hasNode{n.term, !n.neg}
	case eachNode:
		return eachNode{list: n.list, all: !n.all, body: negate(n.body)}
	}
	return constNode(True)
}

// question is one search for an event that satisfies nodes.
type question struct {
	*Logic
	left     int       // alternatives still to be looked at
	given    *leafForm // holds besides
	conflict int       // the term that was asked too much of, +1
}

// any reports whether some alternative of todo goes with the leaves chosen so far.
func (q *question) any(todo, leaves []node) bool {
	for len(todo) > 0 {
		n := todo[0]
		todo = todo[1:]
		switch n := n.(type) {
		case constNode:
			if Verdict(n) != True {
				return false
			}
		case andNode:
			todo = slices.Concat([]node(n), todo)
		case orNode:
			if slices.ContainsFunc(todo, func(m node) bool { _, or := m.(orNode); return !or }) {
				todo = append(slices.Clone(todo), n) // what is certain first: it cuts alternatives
				continue
			}
			for _, alternative := range n {
				if q.left--; q.left < 0 {
					return q.given == nil // too many to tell: then no contradiction, and nobody covered
				}
				if q.any(slices.Concat([]node{alternative}, todo), leaves) {
					return true
				}
			}
			return false
		case eachNode:
			inner := question{Logic: q.Logic, left: q.left}
			if !n.all && !inner.any([]node{n.body}, nil) {
				q.conflict = inner.conflict
				return false
			}
		default:
			leaves = append(slices.Clip(leaves), n)
		}
	}
	return q.consistent(leaves)
}

// consistent reports whether no field is asked two things that exclude each other.
func (q *question) consistent(leaves []node) bool {
	domains := map[int]*domain{}
	of := func(term int) *domain {
		d := domains[term]
		if d == nil {
			d = &domain{low: math.MinInt64, high: math.MaxInt64}
			domains[term] = d
		}
		return d
	}
	if q.given != nil {
		if !slices.ContainsFunc(leaves, q.aboutGiven) {
			return false
		}
		of(q.given.term).add(*q.given, false)
	}
	held := map[int]bool{} // atom → negated
	for _, n := range leaves {
		switch n := n.(type) {
		case hasNode:
			d := of(n.term)
			d.present, d.absent = d.present || !n.neg, d.absent || n.neg
		case atomNode:
			if was, ok := held[n.atom]; ok && was != n.neg {
				if terms := q.set.atoms[n.atom].terms; len(terms) > 0 {
					q.conflict = terms[0] + 1
				}
				return false
			}
			held[n.atom] = n.neg
			for _, t := range q.set.atoms[n.atom].terms {
				of(t).present = true // of what is missing nothing is true
			}
			if f := q.form(n.atom); f != nil {
				of(f.term).add(*f, n.neg)
			}
		}
	}
	for _, t := range slices.Sorted(maps.Keys(domains)) {
		if domains[t].empty() {
			q.conflict = t + 1
			return false
		}
	}
	return true
}

// aboutGiven reports whether a leaf compares the given term with constants.
func (q *question) aboutGiven(n node) bool {
	a, ok := n.(atomNode)
	if !ok {
		return false
	}
	f := q.form(a.atom)
	return f != nil && f.term == q.given.term
}
