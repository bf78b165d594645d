package rule

import (
	"github.com/expr-lang/expr/ast"
)

// skeleton turns the rewritten and checked tree into nodes, negations pushed down.
func (c *condCompiler) skeleton(n ast.Node, neg bool) node {
	switch n := n.(type) {
	case *ast.BoolNode:
		return constNode(verdictOf(n.Value != neg))
	case *ast.UnaryNode:
		if n.Operator == "not" || n.Operator == "!" {
			return c.skeleton(n.Node, !neg)
		}
	case *ast.BinaryNode:
		switch n.Operator {
		case "and", "&&":
			return c.join(n, neg, neg)
		case "or", "||":
			return c.join(n, neg, !neg)
		}
	case *ast.ConditionalNode:
		// The third term makes a choice between equals what they are, also when nobody knows which was chosen; with it the
		// negation of a choice is the choice between the negations.
		a, b := c.skeleton(n.Exp1, neg), c.skeleton(n.Exp2, neg)
		return orNode{andNode{c.skeleton(n.Cond, false), a}, andNode{c.skeleton(n.Cond, true), b}, andNode{a, b}}
	case *ast.BuiltinNode:
		if each, ok := c.each(n, neg); ok {
			return each
		}
	case *ast.IdentifierNode:
		if t, ok := c.has[n]; ok {
			return hasNode{term: t, neg: neg}
		}
	}
	return c.atom(n, neg)
}

// join flattens chains of one operator.
func (c *condCompiler) join(n *ast.BinaryNode, neg, or bool) node {
	l, r := c.skeleton(n.Left, neg), c.skeleton(n.Right, neg)
	if or {
		var out orNode
		for _, x := range []node{l, r} {
			if o, ok := x.(orNode); ok {
				out = append(out, o...)
			} else {
				out = append(out, x)
			}
		}
		return out
	}
	var out andNode
	for _, x := range []node{l, r} {
		if a, ok := x.(andNode); ok {
			out = append(out, a...)
		} else {
			out = append(out, x)
		}
	}
	return out
}

// each unrolls any, all and none over a list that is a term.
func (c *condCompiler) each(n *ast.BuiltinNode, neg bool) (node, bool) {
	body, isPredicate := n.Arguments[len(n.Arguments)-1].(*ast.PredicateNode)
	if !isPredicate || !unrolled(n) {
		return nil, false
	}
	list, _ := identTerm(n.Arguments[0])
	all := n.Name == "all"
	bodyNeg := neg != (n.Name == "none")
	if bodyNeg {
		all = !all
	}
	return eachNode{list: list, all: all, body: c.skeleton(body.Node, bodyNeg)}, true
}

// atom interns what is left as a program over terms.
func (c *condCompiler) atom(n ast.Node, neg bool) node {
	var bad string
	ast.Find(n, func(m ast.Node) bool {
		switch m := m.(type) {
		case *ast.IdentifierNode:
			if _, ok := c.has[m]; ok {
				bad = "has() may only be joined with and, or, not"
			}
		case *ast.BuiltinNode:
			if unrolled(m) {
				bad = "any, all and none over a list field may only be joined with and, or, not"
			}
		case *ast.PredicateNode:
			if c.hasLookup(m) {
				bad = lookupInPredicate
			}
		case *ast.ConditionalNode:
			if c.hasLookup(m) {
				bad = "a lookup within ?: ; write it with and, or"
			}
		}
		return bad != ""
	})
	if bad != "" {
		c.fail(n, "%s", bad)
		return constNode(False)
	}
	i, err := c.set.internAtom(n)
	if err != nil {
		c.fail(n, "%v", err)
		return constNode(False)
	}
	return atomNode{atom: i, neg: neg}
}

const lookupInPredicate = "a lookup within a predicate other than that of any, all and none over a list field; write the condition with any or all"

func (c *condCompiler) hasLookup(n ast.Node) bool {
	return ast.Find(n, func(m ast.Node) bool {
		t, ok := identTerm(m)
		return ok && c.set.terms[t].kind == lookupTerm
	}) != nil
}
