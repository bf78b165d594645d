package rule

import "reflect"

// choiceNode is the three parts that condCompiler.skeleton makes of a choice, found again within an or.
type choiceNode orNode

func (n choiceNode) eval(e *Eval) Verdict { return orNode(n).eval(e) }

// choiceOf reads (c and a) or (not c and b) or (a and b) back into c ? a : b.
func choiceOf(n orNode) (parts [3]node, ok bool) {
	if len(n) != 3 {
		return parts, false
	}
	var ands [3]andNode
	for i := range n {
		if ands[i], ok = n[i].(andNode); !ok || len(ands[i]) != 2 {
			return parts, false
		}
	}
	c, a, b := ands[0][0], ands[0][1], ands[1][1]
	ok = reflect.DeepEqual(ands[1][0], negated(c)) && reflect.DeepEqual(ands[2], andNode{a, b})
	return [3]node{c, a, b}, ok
}

// foldChoices finds the choices that were flattened into an or.
func foldChoices(n orNode) []node {
	var out []node
	for i := 0; i < len(n); i++ {
		if i+3 <= len(n) {
			if _, ok := choiceOf(n[i : i+3]); ok {
				out = append(out, choiceNode(n[i:i+3]))
				i += 2
				continue
			}
		}
		out = append(out, n[i])
	}
	return out
}

// negated is the negation of a node, as condCompiler.skeleton writes it.
func negated(n node) node {
	each := func(ns []node) []node {
		out := make([]node, len(ns))
		for i, c := range ns {
			out[i] = negated(c)
		}
		return out
	}
	switch n := n.(type) {
	case constNode:
		return constNode(Verdict(n).not())
	case andNode:
		return orNode(each(n))
	case orNode:
		if c, ok := choiceOf(n); ok {
			a, b := negated(c[1]), negated(c[2])
			return orNode{andNode{c[0], a}, andNode{negated(c[0]), b}, andNode{a, b}}
		}
		return andNode(each(n))
	case atomNode:
		n.neg = !n.neg
		return n
	case hasNode:
		n.neg = !n.neg
		return n
	case eachNode:
		n.all, n.body = !n.all, negated(n.body)
		return n
	}
	return n
}
