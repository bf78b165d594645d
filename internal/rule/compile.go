package rule

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/checker"
	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser"

	"probity/internal/event"
	"probity/internal/strictyaml"
)

// The limits of a condition. expr crashes on millions of nested parentheses and has no limit on time.
const (
	maxSourceBytes = 8 << 10
	maxNodes       = 500
	maxNesting     = 64
	maxPredicates  = 2
)

// disabled are expr's built-ins that read a clock or walk a map in random order.
var disabled = []string{"now", "keys", "values", "toPairs", "fromPairs"}

// methods are those of times and lengths of time that a condition may call. None reads the machine's zone; times are UTC, and
// local_hour() and local_weekday() ask the clocks on the wall.
var methods = []string{
	"Add", "After", "Before", "Compare", "Day", "Equal", "Hour", "Hours", "Minute", "Minutes", "Month", "Second", "Seconds", "Sub",
	"Truncate", "Unix", "Weekday", "Year", "YearDay",
}

func memberName(m *ast.MemberNode) string {
	if name, ok := m.Property.(*ast.StringNode); ok {
		return name.Value
	}
	return m.Property.String()
}

// CondError is a fault of a condition at a place in its source, both from 1.
type CondError struct {
	Line, Column int
	What         string
}

func (e *CondError) Error() string { return fmt.Sprintf("%d:%d: %s", e.Line, e.Column, e.What) }

// Cond is a compiled condition of a Set.
type Cond struct {
	Source string
	root   node
}

// condCompiler turns one source into a skeleton. It rewrites the syntax tree bottom up: every term (field, lookup,
// element, parameter) becomes an identifier $N or a constant, so that what is left of an atom is plain expr over terms.
type condCompiler struct {
	set    *Set
	source string
	params map[string]any
	err    error // the first one
	has    map[*ast.IdentifierNode]int
	made   map[*ast.IdentifierNode]bool // by this compiler: expr shares nodes, as of x in 1 < x < 5
	walks  []bool                       // the predicates around a node: is it that of an any, all or none over a term?
}

// termIdent is how term i is called within an atom's program.
func termIdent(i int) string { return "t_" + strconv.Itoa(i) }

func identTerm(n ast.Node) (int, bool) {
	id, ok := n.(*ast.IdentifierNode)
	if !ok || !strings.HasPrefix(id.Value, "t_") {
		return 0, false
	}
	i, err := strconv.Atoi(id.Value[2:])
	return i, err == nil
}

// Compile compiles one condition with its parameters.
func (s *Set) Compile(source string, params map[string]any) (*Cond, error) {
	c := &condCompiler{set: s, source: source, params: params, has: map[*ast.IdentifierNode]int{}, made: map[*ast.IdentifierNode]bool{}}
	if err := limits(source); err != nil {
		return nil, err
	}
	config := conf.CreateNew()
	config.MaxNodes = maxNodes
	for _, name := range disabled {
		config.Disabled[name] = true
	}
	tree, err := parser.ParseWithConfig(source, config)
	if err != nil {
		return nil, exprError(err)
	}
	tree.Node = c.terms(tree.Node)
	if c.err != nil {
		return nil, c.err
	}
	for name := range config.Disabled {
		delete(config.Builtins, name)
	}
	config.WithEnv(s.env())
	config.Expect, config.ExpectAny = reflect.Bool, false
	if _, err := checker.Check(tree, config); err != nil {
		return nil, exprError(s.readable(err))
	}
	root := c.skeleton(tree.Node, false)
	if c.err != nil {
		return nil, c.err
	}
	return &Cond{Source: source, root: root}, nil
}

func limits(source string) error {
	if len(source) > maxSourceBytes {
		return &CondError{1, 1, fmt.Sprintf("condition of %d bytes; keep it under %d", len(source), maxSourceBytes)}
	}
	if strings.TrimSpace(source) == "" {
		return &CondError{1, 1, "empty condition"}
	}
	depth := 0
	for _, r := range source {
		switch r {
		case '(', '[', '{':
			if depth++; depth > maxNesting {
				return &CondError{1, 1, fmt.Sprintf("nested deeper than %d", maxNesting)}
			}
		case ')', ']', '}':
			depth--
		}
	}
	return nil
}

// exprError keeps the place and the first line of an error of expr.
func exprError(err error) error {
	var fe *file.Error
	if errors.As(err, &fe) {
		return &CondError{max(fe.Line, 1), fe.Column + 1, fe.Message}
	}
	msg, _, _ := strings.Cut(err.Error(), "\n")
	return &CondError{1, 1, msg}
}

// readable replaces the names of terms within expr's messages by those that the rule uses.
func (s *Set) readable(err error) error {
	var fe *file.Error
	if !errors.As(err, &fe) {
		return err
	}
	for i := len(s.terms) - 1; i >= 0; i-- {
		fe.Message = strings.ReplaceAll(fe.Message, termIdent(i), s.terms[i].name)
	}
	return fe
}

func (c *condCompiler) fail(n ast.Node, format string, args ...any) {
	if c.err != nil {
		return
	}
	for m, ok := n.(*ast.MemberNode); ok; m, ok = n.(*ast.MemberNode) {
		n = m.Node // a member's own place is its dot
	}
	line, column, at := 1, 1, n.Location().From
	for i, r := range []rune(c.source) {
		if i == at {
			break
		}
		column++
		if r == '\n' {
			line, column = line+1, 1
		}
	}
	c.err = &CondError{line, column, fmt.Sprintf(format, args...)}
}

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

// constant writes a parameter as a node of the syntax tree.
func constant(v any) (ast.Node, error) {
	switch v := v.(type) {
	case string:
		if looksLikeDuration(v) {
			return &ast.BuiltinNode{Name: "duration", Arguments: []ast.Node{&ast.StringNode{Value: goDuration(v)}}}, nil
		}
		return &ast.StringNode{Value: v}, nil
	case int64:
		if v < 0 { // -5 ** 2 is -25
			return &ast.UnaryNode{Operator: "-", Node: &ast.IntegerNode{Value: int(-v)}}, nil
		}
		return &ast.IntegerNode{Value: int(v)}, nil
	case float64:
		if v < 0 {
			return &ast.UnaryNode{Operator: "-", Node: &ast.FloatNode{Value: -v}}, nil
		}
		return &ast.FloatNode{Value: v}, nil
	case bool:
		return &ast.BoolNode{Value: v}, nil
	case []any:
		list := &ast.ArrayNode{}
		for _, el := range v {
			if text, ok := el.(string); ok { // a list holds texts, also those that look like a length of time
				list.Nodes = append(list.Nodes, &ast.StringNode{Value: text})
				continue
			}
			n, err := constant(el)
			if err != nil {
				return nil, err
			}
			list.Nodes = append(list.Nodes, n)
		}
		return list, nil
	}
	return nil, fmt.Errorf("a %T cannot be used in a condition", v)
}

func looksLikeDuration(s string) bool {
	_, err := strictyaml.ParseDuration(s)
	return err == nil && s != "" && s[0] >= '0' && s[0] <= '9' && s != "0"
}

func goDuration(s string) string {
	d, _ := strictyaml.ParseDuration(s)
	return time.Duration(d).String()
}
