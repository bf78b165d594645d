package rule

import (
	"strings"

	"github.com/expr-lang/expr/ast"

	"probity/internal/event"
)

// derive makes of a term's value what is compared in its place.
type derive func(event.Value) event.Value

// derived reads lower(term), upper(term) and len(split(term, constant)), which rules compare often enough to spare them expr's
// machine. typ is what comes of it.
func (s *Set) derived(n ast.Node) (term int, of derive, typ event.Kind, ok bool) {
	b, isCall := n.(*ast.BuiltinNode)
	if !isCall || len(b.Arguments) != 1 {
		return 0, nil, 0, false
	}
	if b.Name == "len" {
		term, sep, ok := s.splitBy(b.Arguments[0])
		return term, func(v event.Value) event.Value { return event.IntValue(int64(strings.Count(v.Str, sep)) + 1) }, event.Int, ok
	}
	term, ok = identTerm(b.Arguments[0])
	if !ok || s.terms[term].typ != event.String {
		return 0, nil, 0, false
	}
	switch b.Name {
	case "lower":
		of = func(v event.Value) event.Value { return event.Value{Kind: event.String, Str: strings.ToLower(v.Str)} }
	case "upper":
		of = func(v event.Value) event.Value { return event.Value{Kind: event.String, Str: strings.ToUpper(v.Str)} }
	}
	return term, of, event.String, of != nil
}

// splitBy reads split(term, "constant"). Between the letters of a text there is no end of separators, so "" is left to expr.
func (s *Set) splitBy(n ast.Node) (term int, sep string, ok bool) {
	b, isCall := n.(*ast.BuiltinNode)
	if !isCall || b.Name != "split" || len(b.Arguments) != 2 {
		return 0, "", false
	}
	term, ok = identTerm(b.Arguments[0])
	c, isText := b.Arguments[1].(*ast.StringNode)
	if !ok || !isText || c.Value == "" || s.terms[term].typ != event.String {
		return 0, "", false
	}
	return term, c.Value, true
}

// specialiseDerived gives an atom that compares something derived a closure: with a constant, or with the like of another term.
func (a *atom) specialiseDerived(s *Set, b *ast.BinaryNode) {
	l, of, typ, ok := s.derived(b.Left)
	if !ok {
		return
	}
	var holds func(*event.Value) bool
	switch r := b.Right.(type) {
	case *ast.StringNode:
		if typ == event.String {
			holds = textConst(b.Operator, r.Value)
			if b.Operator == "matches" {
				holds = pattern(r.Value)
			}
		}
	case *ast.IntegerNode:
		if typ == event.Int {
			holds = intConst(b.Operator, int64(r.Value))
		}
	case *ast.BuiltinNode:
		a.specialiseTwoDerived(s, b.Operator, l, of, typ, r)
		return
	}
	if holds == nil {
		return
	}
	a.dear = true
	a.fast = func(e *Eval) Verdict {
		v, unknown := e.term(l)
		if unknown != event.Known {
			return verdictUnknown(unknown)
		}
		e.left = of(*v)
		verdict := verdictOf(holds(&e.left))
		e.left = event.Value{} // it may be the bytes of a batch
		return verdict
	}
}

func (a *atom) specialiseTwoDerived(s *Set, op string, l int, ofLeft derive, typ event.Kind, right ast.Node) {
	r, ofRight, other, ok := s.derived(right)
	holds := twoTerms(op, typ)
	if !ok || other != typ || holds == nil {
		return
	}
	a.dear = true
	a.fast = func(e *Eval) Verdict {
		v, unknown := e.term(l)
		w, u := e.term(r)
		if u != event.Known && unknown != event.UnknownField {
			unknown = u
		}
		if unknown != event.Known {
			return verdictUnknown(unknown)
		}
		e.left, e.right = ofLeft(*v), ofRight(*w)
		verdict := verdictOf(holds(&e.left, &e.right))
		e.left, e.right = event.Value{}, event.Value{}
		return verdict
	}
}
