package rule

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/vm"

	"probity/internal/event"
)

// atom is a comparison or call over terms, kept once for all rules that share it.
type atom struct {
	source string // expr over term names; canonical
	text   string // as rules would write it, for explain
	terms  []int
	// program is the reference. fast, where the atom's form has one, gives the same answer.
	program *vm.Program
	fast    func(e *Eval) Verdict
	dear    bool // fast costs more than remembering what it said

	perActor, perElement, lookups bool // what its value depends on
	eq                            *eqForm
	gate                          *gate // that it is, where it is not negated
}

// eqForm is `field == constant` or `field in [constants]`, for the index.
type eqForm struct {
	term   int
	values []string
}

// internAtom compiles n, whose leaves are terms' identifiers.
func (s *Set) internAtom(n ast.Node) (int, error) {
	source := n.String()
	if i, ok := s.atomIndex[source]; ok {
		return i, nil
	}
	a := atom{source: source, text: source}
	env := map[string]any{}
	ast.Find(n, func(m ast.Node) bool {
		if t, ok := identTerm(m); ok && !slices.Contains(a.terms, t) {
			a.terms = append(a.terms, t)
			env[termIdent(t)] = zero(s.terms[t].typ)
			a.perActor = a.perActor || s.terms[t].perActor
			a.perElement = a.perElement || s.terms[t].perElement
			a.lookups = a.lookups || s.terms[t].kind == lookupTerm
		}
		return false
	})
	byLength := slices.Clone(a.terms)
	slices.Sort(byLength)
	for _, t := range slices.Backward(byLength) {
		a.text = strings.ReplaceAll(a.text, termIdent(t), s.terms[t].name)
	}
	options := []expr.Option{expr.Env(env), expr.AsBool(), expr.WarnOnAny(), expr.MaxNodes(maxNodes)}
	for _, name := range disabled {
		options = append(options, expr.DisableBuiltin(name))
	}
	var err error
	if a.program, err = expr.Compile(source, options...); err != nil {
		return 0, fmt.Errorf("%s: %w", a.text, err)
	}
	a.specialise(s, n)
	s.atoms = append(s.atoms, a)
	s.atomIndex[source] = len(s.atoms) - 1
	return len(s.atoms) - 1, nil
}

func zero(k event.Kind) any {
	switch k {
	case event.String:
		return ""
	case event.Int:
		return 0
	case event.Bool:
		return false
	case event.Time:
		return time.Time{}
	}
	return []string(nil)
}

// specialise gives the atom a closure if its form has one.
func (a *atom) specialise(s *Set, n ast.Node) {
	if t, ok := identTerm(n); ok { // a bool field or lookup alone
		a.fast = s.unary(t, func(v *event.Value) bool { return v.Num != 0 })
		return
	}
	b, ok := n.(*ast.BinaryNode)
	if !ok {
		return
	}
	l, ok := identTerm(b.Left)
	if !ok {
		a.specialiseDerived(s, b)
		return
	}
	typ := s.terms[l].typ
	if r, ok := identTerm(b.Right); ok {
		if holds := twoTerms(b.Operator, typ); holds != nil && typ == s.terms[r].typ {
			a.fast = binary(l, r, holds)
		}
		return
	}
	var holds func(*event.Value) bool
	switch r := b.Right.(type) {
	case *ast.StringNode:
		if typ == event.String {
			holds = textConst(b.Operator, r.Value)
			if b.Operator == "matches" {
				holds, a.dear = pattern(r.Value), true
			}
			a.gate = s.gateOf(l, b.Operator, []string{r.Value}, 0)
			if b.Operator == "==" {
				a.eq = &eqForm{l, []string{r.Value}}
			}
		}
	case *ast.IntegerNode:
		if typ == event.Int {
			holds = intConst(b.Operator, int64(r.Value))
			a.gate = s.gateOf(l, b.Operator, nil, int64(r.Value))
		}
	case *ast.ArrayNode:
		if values, ok := texts(r); ok && typ == event.String && b.Operator == "in" {
			a.eq = &eqForm{l, values}
			a.gate = s.gateOf(l, b.Operator, values, 0)
			holds = oneOf(values)
		}
	}
	if holds != nil {
		a.fast = s.unary(l, holds)
	}
	if a.eq != nil && len(a.eq.values) == 1 && s.terms[l].kind == fieldTerm {
		a.fast = isText(s.terms[l].field, a.eq.values[0])
	}
}

// unary is a closure over one term.
func (s *Set) unary(t int, holds func(*event.Value) bool) func(*Eval) Verdict {
	if s.terms[t].kind == fieldTerm {
		f := s.terms[t].field
		return func(e *Eval) Verdict {
			v := &e.ev.Slots[f]
			if v.Kind == event.Missing {
				return UnknownField
			}
			return verdictOf(holds(v))
		}
	}
	ask := (*Eval).term
	if s.terms[t].kind == lookupTerm {
		ask = (*Eval).lookup
	}
	return func(e *Eval) Verdict {
		v, unknown := ask(e, t)
		if unknown != event.Known {
			return verdictUnknown(unknown)
		}
		return verdictOf(holds(v))
	}
}

// isText is unary for the commonest comparison, of a field with one text.
func isText(f event.Field, text string) func(*Eval) Verdict {
	return func(e *Eval) Verdict {
		v := &e.ev.Slots[f]
		if v.Kind == event.Missing {
			return UnknownField
		}
		return verdictOf(v.Str == text)
	}
}

// binary is a closure over two terms.
func binary(l, r int, holds func(a, b *event.Value) bool) func(*Eval) Verdict {
	return func(e *Eval) Verdict {
		a, unknown := e.term(l)
		b, u := e.term(r)
		if u != event.Known && unknown != event.UnknownField {
			unknown = u
		}
		if unknown != event.Known {
			return verdictUnknown(unknown)
		}
		return verdictOf(holds(a, b))
	}
}

func texts(n *ast.ArrayNode) ([]string, bool) {
	out := make([]string, len(n.Nodes))
	for i, el := range n.Nodes {
		s, ok := el.(*ast.StringNode)
		if !ok {
			return nil, false
		}
		out[i] = s.Value
	}
	return out, true
}

// pattern is what expr does with a constant pattern, too, less its machine; nil for one that expr is left to refuse.
func pattern(text string) func(*event.Value) bool {
	re, err := regexp.Compile(text)
	if err != nil {
		return nil
	}
	if may := beginnings(text); may != nil {
		return func(v *event.Value) bool { return v.Str != "" && may[v.Str[0]] && re.MatchString(v.Str) }
	}
	return func(v *event.Value) bool { return re.MatchString(v.Str) }
}

// oneOf is membership. Short lists are gone through: most differ from the text in their length already.
func oneOf(values []string) func(*event.Value) bool {
	if len(values) <= 16 {
		return func(v *event.Value) bool { return slices.Contains(values, v.Str) }
	}
	set := make(map[string]bool, len(values))
	for _, text := range values {
		set[text] = true
	}
	return func(v *event.Value) bool { return set[v.Str] }
}

func textConst(op, c string) func(*event.Value) bool {
	switch op {
	case "==":
		return func(v *event.Value) bool { return v.Str == c }
	case "!=":
		return func(v *event.Value) bool { return v.Str != c }
	case "contains":
		return func(v *event.Value) bool { return strings.Contains(v.Str, c) }
	case "startsWith":
		return func(v *event.Value) bool { return strings.HasPrefix(v.Str, c) }
	case "endsWith":
		return func(v *event.Value) bool { return strings.HasSuffix(v.Str, c) }
	}
	return nil
}

func intConst(op string, c int64) func(*event.Value) bool {
	switch op {
	case "==":
		return func(v *event.Value) bool { return v.Num == c }
	case "!=":
		return func(v *event.Value) bool { return v.Num != c }
	case "<":
		return func(v *event.Value) bool { return v.Num < c }
	case "<=":
		return func(v *event.Value) bool { return v.Num <= c }
	case ">":
		return func(v *event.Value) bool { return v.Num > c }
	case ">=":
		return func(v *event.Value) bool { return v.Num >= c }
	}
	return nil
}

// twoTerms compares terms of one kind. Lists stay with expr.
func twoTerms(op string, typ event.Kind) func(a, b *event.Value) bool {
	if typ == event.List {
		return nil
	}
	switch op {
	case "==":
		return func(a, b *event.Value) bool { return a.Str == b.Str && a.Num == b.Num }
	case "!=":
		return func(a, b *event.Value) bool { return a.Str != b.Str || a.Num != b.Num }
	}
	if typ != event.Int && typ != event.Time {
		return nil
	}
	switch op {
	case "<":
		return func(a, b *event.Value) bool { return a.Num < b.Num }
	case "<=":
		return func(a, b *event.Value) bool { return a.Num <= b.Num }
	case ">":
		return func(a, b *event.Value) bool { return a.Num > b.Num }
	case ">=":
		return func(a, b *event.Value) bool { return a.Num >= b.Num }
	}
	return nil
}
