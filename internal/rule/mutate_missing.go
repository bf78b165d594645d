package rule

import "slices"

// ActsOnMissing lists the fields whose absence the rule itself takes for an answer, by has() or not has(): a record without
// one may then alert where a record with it would not. For every other field the third contract holds: what is missing is
// unknown, and unknown never accuses.
func (s *Set) ActsOnMissing(r *Compiled) []string {
	var out []string
	add := func(term int) { out = append(out, s.terms[term].name) }
	var walk func(n node, visit func(hasNode))
	walk = func(n node, visit func(hasNode)) {
		switch n := n.(type) {
		case andNode:
			for _, c := range n {
				walk(c, visit)
			}
		case orNode:
			for _, c := range n {
				walk(c, visit)
			}
		case eachNode:
			walk(n.body, visit)
		case hasNode:
			visit(n)
		}
	}
	for _, side := range r.Sides {
		if side.Link {
			for _, g := range r.GroupBy {
				add(g.Term) // a link that does not say whose it is accounts for nobody's match
			}
		}
		walk(side.Cond.root, func(n hasNode) {
			if n.neg != side.Link { // what accounts for an alert is missed where it has()
				add(n.term)
			}
		})
	}
	for _, x := range r.Exceptions {
		walk(x.Cond.root, func(n hasNode) {
			if !n.neg {
				add(n.term)
			}
		})
	}
	slices.Sort(out)
	return slices.Compact(out)
}
