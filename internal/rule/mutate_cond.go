package rule

import (
	"fmt"
	"slices"
	"strings"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/parser"

	"probity/internal/strictyaml"
)

// condMutator changes one condition's syntax tree in one place at a time, prints it and puts the place back.
type condMutator struct {
	*mutator
	path   string
	source string
	root   ast.Node
	set    func(*Rule, string) // puts a printed condition into a rule
}

// conditions makes the mutants of all conditions that decide: when, the steps', what the steps must share, the link whose
// absence is looked for, and the exceptions'.
func (m *mutator) conditions() error {
	r := m.parsed.Rule
	conds := []condMutator{{path: "when", source: r.When, set: func(r *Rule, s string) { r.When = s }}}
	if cor := r.Correlation; cor != nil {
		for i, step := range cor.Steps {
			conds = append(conds, condMutator{path: fmt.Sprintf("correlation.steps.%d.when", i), source: step.When, set: func(r *Rule, s string) { r.Correlation.Steps[i].When = s }})
		}
		conds = append(conds, condMutator{path: "correlation.where", source: cor.Where, set: func(r *Rule, s string) { r.Correlation.Where = s }})
		if cor.Absence != nil {
			conds = append(conds, condMutator{path: "correlation.absence.link", source: cor.Absence.Link, set: func(r *Rule, s string) { r.Correlation.Absence.Link = s }})
		}
	}
	for i, x := range r.Exceptions {
		conds = append(conds, condMutator{path: fmt.Sprintf("exceptions.%d.when", i), source: x.When, set: func(r *Rule, s string) { r.Exceptions[i].When = s }})
	}
	for i := range conds {
		c := &conds[i]
		if strings.TrimSpace(c.source) == "" {
			continue
		}
		c.mutator = m
		config := conf.CreateNew()
		config.MaxNodes = maxNodes
		tree, err := parser.ParseWithConfig(c.source, config)
		if err != nil {
			return fmt.Errorf("%s: %s: %w", m.parsed.File.Name, c.path, exprError(err))
		}
		c.root = tree.Node
		if err := c.prints(); err != nil {
			return err
		}
		c.clause(&c.root, "")
	}
	return nil
}

// prints makes sure that the condition printed back means what was written: otherwise no mutant could be trusted.
func (c *condMutator) prints() error {
	again := c.copy()
	c.set(again.Rule, c.root.String())
	set, problems := again.Compile(c.schema)
	if len(problems) > 0 {
		return fmt.Errorf("%s: %s: printed back it does not load: %w", c.parsed.File.Name, c.path, problems)
	}
	if set.fingerprint() != c.original {
		return fmt.Errorf("%s: %s: printed back it means something else: %s", c.parsed.File.Name, c.path, c.root)
	}
	return nil
}

// try prints the condition with another node in n's place.
func (c *condMutator) try(kind Kind, n *ast.Node, with ast.Node, what string) {
	at := c.place(*n)
	old := *n
	*n = with
	printed := c.root.String()
	*n = old
	c.add(kind, c.path, at, what, c.path != "correlation.where", func(r *Rule) { c.set(r, printed) })
}

// place is where a node begins: some nodes call the place of their operator their own.
func (c *condMutator) place(n ast.Node) strictyaml.Pos {
	from := n.Location().From
	ast.Find(n, func(m ast.Node) bool { from = min(from, m.Location().From); return false })
	before := string([]rune(c.source)[:from])
	line := strings.Count(before, "\n")
	return c.parsed.Doc.Within(c.path, line+1, from-len([]rune(before[:strings.LastIndexByte(before, '\n')+1]))+1)
}

// clause mutates n, a part of the boolean skeleton. within is the operator that n is an operand of, "" for the whole.
func (c *condMutator) clause(n *ast.Node, within string) {
	inner := n
	if u, ok := (*n).(*ast.UnaryNode); ok && isNot(u.Operator) {
		inner = &u.Node
	}
	b, _ := (*inner).(*ast.BinaryNode)
	op := ""
	if b != nil {
		op = joining(b.Operator)
	}
	if op == "" || inner != n || within != "" && within != op { // a and b within a and b and c is no clause
		c.replace(n)
	}
	switch x := (*inner).(type) {
	case *ast.BinaryNode:
		if op == "" {
			c.constants(inner)
			return
		}
		other := *x
		other.Operator = map[string]string{"and": "or", "or": "and"}[op]
		c.try(Flipped, inner, &other, fmt.Sprintf("%s made %s between %s and %s", op, other.Operator, short(x.Left), short(x.Right)))
		c.clause(&x.Left, op)
		c.clause(&x.Right, op)
	case *ast.ConditionalNode:
		for _, part := range []*ast.Node{&x.Cond, &x.Exp1, &x.Exp2} {
			c.clause(part, "?")
		}
	case *ast.BuiltinNode:
		if body, ok := predicate(x); ok {
			c.clause(&body.Node, "#")
			return
		}
		c.constants(inner)
	default:
		c.constants(inner)
	}
}

// replace negates a clause, and puts true and false in its place.
func (c *condMutator) replace(n *ast.Node) {
	text := short(*n)
	if u, ok := (*n).(*ast.UnaryNode); ok && isNot(u.Operator) {
		c.try(Negated, n, u.Node, "not left out before "+short(u.Node))
	} else {
		c.try(Negated, n, &ast.UnaryNode{Operator: "not", Node: *n}, "not put before "+text)
	}
	c.try(MadeTrue, n, &ast.BoolNode{Value: true}, "true in place of "+text)
	c.try(MadeFalse, n, &ast.BoolNode{Value: false}, "false in place of "+text)
}

func isNot(op string) bool { return op == "not" || op == "!" }

// joining names the operators of the skeleton by their words.
func joining(op string) string {
	switch op {
	case "and", "&&":
		return "and"
	case "or", "||":
		return "or"
	}
	return ""
}

// predicate returns the body of an any, all or none.
func predicate(n *ast.BuiltinNode) (*ast.PredicateNode, bool) {
	if !slices.Contains([]string{"any", "all", "none"}, n.Name) || len(n.Arguments) != 2 {
		return nil, false
	}
	body, ok := n.Arguments[1].(*ast.PredicateNode)
	return body, ok
}

// short is a node on one line of bearable length.
func short(n ast.Node) string {
	s := []rune(n.String())
	if len(s) > 80 {
		return string(s[:79]) + "…"
	}
	return string(s)
}
