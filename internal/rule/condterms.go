package rule

import (
	"slices"
	"strings"

	"github.com/expr-lang/expr/ast"

	"probity/internal/event"
)

// terms rewrites n and what is below it; see condCompiler.
func (c *condCompiler) terms(n ast.Node) ast.Node {
	if n == nil || c.err != nil {
		return n
	}
	if id, ok := n.(*ast.IdentifierNode); ok && c.made[id] {
		return n
	}
	if path, ok := dotted(n); ok {
		if r, done := c.name(n, path); done {
			return r
		}
	}
	switch n := n.(type) {
	case *ast.CallNode:
		return c.call(n, "")
	case *ast.MemberNode:
		return c.member(n)
	case *ast.ChainNode:
		c.fail(n, "?. would turn a missing field into a value; ask has(field) first")
	case *ast.UnaryNode:
		n.Node = c.terms(n.Node)
	case *ast.BinaryNode:
		if n.Operator == "??" {
			c.fail(n, "?? would turn a missing field into a value; ask has(field) first")
		}
		n.Left, n.Right = c.terms(n.Left), c.terms(n.Right)
	case *ast.BuiltinNode:
		for i := range n.Arguments {
			p, ok := n.Arguments[i].(*ast.PredicateNode)
			if !ok {
				n.Arguments[i] = c.terms(n.Arguments[i])
				continue
			}
			c.predicate(n, p)
		}
	case *ast.PointerNode:
		if len(c.walks) > 0 && c.walks[len(c.walks)-1] && n.Name == "" {
			return c.ident(n, c.set.element())
		}
	case *ast.ConditionalNode:
		n.Cond, n.Exp1, n.Exp2 = c.terms(n.Cond), c.terms(n.Exp1), c.terms(n.Exp2)
	case *ast.ArrayNode:
		for i := range n.Nodes {
			n.Nodes[i] = c.terms(n.Nodes[i])
		}
	case *ast.SliceNode:
		n.Node, n.From, n.To = c.terms(n.Node), c.terms(n.From), c.terms(n.To)
	case *ast.VariableDeclaratorNode, *ast.SequenceNode:
		c.fail(n, "let and ; are not for conditions; use params, or write it out")
	case *ast.MapNode:
		c.fail(n, "a condition needs no map")
	}
	return n
}

// predicate rewrites the body of any(list, …) and its like. Where it is unrolled, # is a term; elsewhere it stays expr's.
func (c *condCompiler) predicate(of *ast.BuiltinNode, p *ast.PredicateNode) {
	if len(c.walks) >= maxPredicates {
		c.fail(p, "predicates nested deeper than %d", maxPredicates)
		return
	}
	c.walks = append(c.walks, unrolled(of))
	p.Node = c.terms(p.Node)
	c.walks = c.walks[:len(c.walks)-1]
}

// unrolled reports whether a predicate is one of any, all, none over a list that is a term.
func unrolled(n *ast.BuiltinNode) bool {
	if !slices.Contains([]string{"any", "all", "none"}, n.Name) || len(n.Arguments) != 2 {
		return false
	}
	_, ok := identTerm(n.Arguments[0])
	return ok
}

// dotted returns the name that a chain of members spells: event.dataset, fields["Extended.Name"].
func dotted(n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.IdentifierNode:
		return n.Value, true
	case *ast.MemberNode:
		prop, ok := n.Property.(*ast.StringNode)
		if !ok || n.Optional {
			return "", false
		}
		if head, ok := dotted(n.Node); ok {
			return head + "." + prop.Value, true
		}
	}
	return "", false
}

// name resolves a field or a parameter. done is false if the path is longer than any name: a method of a field.
func (c *condCompiler) name(n ast.Node, path string) (r ast.Node, done bool) {
	if v, ok := c.params[path]; ok {
		p, err := constant(v)
		if err != nil {
			c.fail(n, "parameter %s: %v", path, err)
			return n, true
		}
		p.SetLocation(n.Location())
		return p, true
	}
	if m, ok := n.(*ast.MemberNode); ok && m.Method {
		return nil, false
	}
	i, err := c.set.fieldTerm(path)
	if err != nil {
		if m, ok := n.(*ast.MemberNode); ok {
			if inner, ok := dotted(m.Node); ok {
				if _, known := c.set.Schema.Field(inner); known {
					return nil, false
				}
			}
		}
		c.fail(n, "%v", err)
		return n, true
	}
	return c.ident(n, i), true
}

func (c *condCompiler) ident(n ast.Node, term int) ast.Node {
	id := &ast.IdentifierNode{Value: termIdent(term)}
	id.SetLocation(n.Location())
	c.made[id] = true
	return id
}

// member handles person(actor.id).role; every other member stays expr's.
func (c *condCompiler) member(n *ast.MemberNode) ast.Node {
	if n.Optional {
		c.fail(n, "?. would turn a missing field into a value; ask has(field) first")
		return n
	}
	if call, ok := n.Node.(*ast.CallNode); ok {
		if id, ok := call.Callee.(*ast.IdentifierNode); ok {
			if _, ok := c.set.Schema.Lookup(id.Value); ok {
				if prop, ok := n.Property.(*ast.StringNode); ok {
					return c.call(call, prop.Value)
				}
			}
		}
	}
	n.Node, n.Property = c.terms(n.Node), c.terms(n.Property)
	return n
}

// call handles lookups and has; a method call stays expr's.
func (c *condCompiler) call(n *ast.CallNode, column string) ast.Node {
	id, ok := n.Callee.(*ast.IdentifierNode)
	if !ok {
		if m, ok := n.Callee.(*ast.MemberNode); ok && !slices.Contains(methods, memberName(m)) {
			c.fail(n, "method %s is not for conditions; these are: %s", memberName(m), strings.Join(methods, ", "))
			return n
		}
		n.Callee = c.terms(n.Callee)
		for i := range n.Arguments {
			n.Arguments[i] = c.terms(n.Arguments[i])
		}
		return n
	}
	if id.Value == "has" {
		return c.hasCall(n)
	}
	l, ok := c.set.Schema.Lookup(id.Value)
	if !ok {
		c.fail(n, "unknown function %s()%s", id.Value, c.set.suggestLookup(id.Value))
		return n
	}
	args := make([]int, len(n.Arguments))
	for i, a := range n.Arguments {
		if args[i], ok = c.argument(c.terms(a)); !ok {
			if _, element := a.(*ast.PointerNode); element {
				c.fail(a, "%s", lookupInPredicate)
				return n
			}
			c.fail(a, "%s: an argument is a field, a lookup, # or a constant, not %s", l.Name, a.String())
			return n
		}
	}
	t, err := c.set.lookupTerm(l, column, args)
	if err != nil {
		c.fail(n, "%v", err)
		return n
	}
	return c.ident(n, t)
}

// argument returns the term that a rewritten argument is.
func (c *condCompiler) argument(n ast.Node) (int, bool) {
	if i, ok := identTerm(n); ok {
		return i, true
	}
	var v event.Value
	switch n := n.(type) {
	case *ast.StringNode:
		v = event.StringValue(n.Value)
	case *ast.IntegerNode:
		v = event.IntValue(int64(n.Value))
	case *ast.BoolNode:
		v = event.BoolValue(n.Value)
	default:
		return 0, false
	}
	return c.set.intern(term{kind: constTerm, name: n.String(), typ: v.Kind, value: v}), v.Has()
}

func (c *condCompiler) hasCall(n *ast.CallNode) ast.Node {
	if len(n.Arguments) != 1 {
		c.fail(n, "has takes one field")
		return n
	}
	t, ok := identTerm(c.terms(n.Arguments[0]))
	if c.err != nil {
		return n
	}
	if !ok || c.set.terms[t].kind == lookupTerm {
		c.fail(n, "has() asks whether the record carries a field; whether a table knows something is never a reason to alert")
		return n
	}
	id := &ast.IdentifierNode{Value: "has_term"}
	id.SetLocation(n.Location())
	c.has[id], c.made[id] = t, true
	return id
}
