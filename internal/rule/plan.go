package rule

import (
	"cmp"
	"slices"
)

// A plan is a skeleton as it is evaluated. And and or are minimum and maximum, so their order is ours to choose: what is
// cheap comes first, and what asks a table is asked only of events that the rest leaves open.

// cond makes a condition of a skeleton.
func (s *Set) cond(source string, root node) *Cond {
	plan := s.plan(root)
	return &Cond{Source: source, root: root, plan: plan, check: s.check(plan)}
}

func (s *Set) plan(n node) node {
	switch n := n.(type) {
	case andNode:
		return andNode(s.inOrder(n))
	case orNode:
		return orNode(s.inOrder(n))
	case eachNode:
		n.body = s.plan(n.body)
		return n
	}
	return n
}

func (s *Set) inOrder(children []node) []node {
	out := make([]node, len(children))
	for i, c := range children {
		out[i] = s.plan(c)
	}
	slices.SortStableFunc(out, func(a, b node) int { return cmp.Compare(s.cost(a), s.cost(b)) })
	return out
}

// What evaluating costs, in comparisons of a field. They order; nobody is asked to believe the numbers.
const (
	costOfTerm    = 1
	costOfNative  = 4  // a walk over the native fields
	costOfLookup  = 30 // a table's maps
	costOfProgram = 60 // expr's machine
	costOfElement = 3  // how many times the body of any and all is thought to run
)

func (s *Set) cost(n node) int {
	total := 0
	switch n := n.(type) {
	case andNode:
		for _, c := range n {
			total += s.cost(c)
		}
	case orNode:
		for _, c := range n {
			total += s.cost(c)
		}
	case atomNode:
		a := &s.atoms[n.atom]
		for _, t := range a.terms {
			total += s.costOf(t)
		}
		if a.fast == nil || a.dear {
			total += costOfProgram
		}
	case hasNode:
		total = s.costOf(n.term)
	case eachNode:
		total = s.costOf(n.list) + costOfElement*s.cost(n.body)
	}
	return total
}

func (s *Set) costOf(term int) int {
	switch t := &s.terms[term]; t.kind {
	case nativeTerm:
		return costOfNative
	case lookupTerm:
		total := costOfLookup
		for _, a := range t.args {
			total += s.costOf(a)
		}
		return total
	}
	return costOfTerm
}

// depends reports which of the fields that rules are found by given looks at.
func (s *Set) depends(n node) (asked [len(indexed)]bool) {
	join := func(children []node) {
		for _, c := range children {
			for i, yes := range s.depends(c) {
				asked[i] = asked[i] || yes
			}
		}
	}
	note := func(term int) {
		if i := s.indexed(term); i >= 0 {
			asked[i] = true
		}
	}
	switch n := n.(type) {
	case atomNode:
		if eq := s.atoms[n.atom].eq; eq != nil {
			note(eq.term)
		}
	case hasNode:
		note(n.term)
	case andNode:
		join(n)
	case orNode:
		join(n)
	}
	return asked
}

// given is what is left of a plan for the events that have these values in the fields that rules are found by.
func (s *Set) given(n node, k key) node {
	switch n := n.(type) {
	case atomNode:
		eq := s.atoms[n.atom].eq
		if eq == nil {
			return n
		}
		i := s.indexed(eq.term)
		switch {
		case i < 0:
			return n
		case k.missing[i]:
			return constNode(UnknownField)
		}
		equal := k.values[i] != "" && slices.Contains(eq.values, k.values[i]) // no text is ""
		return constNode(verdictOf(equal != n.neg))
	case hasNode:
		if i := s.indexed(n.term); i >= 0 && k.illegible[i] {
			return constNode(UnknownField)
		} else if i >= 0 {
			return constNode(verdictOf(k.missing[i] == n.neg))
		}
	case andNode:
		switch left, ok := s.allGiven(n, k, True, False); {
		case !ok:
			return constNode(False)
		case len(left) == 0:
			return constNode(True)
		case len(left) == 1:
			return left[0]
		default:
			return andNode(left)
		}
	case orNode:
		switch left, ok := s.allGiven(n, k, False, True); {
		case !ok:
			return constNode(True)
		case len(left) == 0:
			return constNode(False)
		case len(left) == 1:
			return left[0]
		default:
			return orNode(left)
		}
	}
	return n
}

// settled is the verdict of a plan that asks nothing of an event any more; ok is false if it does.
func settled(n node) (v Verdict, ok bool) {
	c, ok := n.(constNode) // of a plan that says one thing of an event, given leaves no more than that
	return Verdict(c), ok
}

// allGiven leaves out the children that change nothing; ok is false if one of them decides.
func (s *Set) allGiven(children []node, k key, neutral, decides Verdict) (left []node, ok bool) {
	for _, c := range children {
		c = s.given(c, k)
		switch c {
		case node(constNode(decides)):
			return nil, false
		case node(constNode(neutral)):
		default:
			left = append(left, c)
		}
	}
	return left, true
}

// key is what an event has in the fields that rules are found by.
type key struct {
	values    [len(indexed)]string // "" for what no rule names, too
	missing   [len(indexed)]bool
	illegible [len(indexed)]bool // missing, but not for want of a field
}
