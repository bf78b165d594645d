package rule

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/checker"
	"github.com/expr-lang/expr/conf"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser"
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
	root   node // as it is written
	plan   node // as it is evaluated
	check  check
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

// configs are expr's, for parsing a condition as it is written and for checking it after it was rewritten. Making them anew
// for each condition would cost as much as parsing it.
func configs() (parsing, checking *conf.Config) {
	parsing, checking = conf.CreateNew(), conf.CreateNew()
	for _, c := range []*conf.Config{parsing, checking} {
		c.MaxNodes = maxNodes
		for _, name := range disabled {
			c.Disabled[name] = true
		}
	}
	for _, name := range disabled {
		delete(checking.Builtins, name)
	}
	checking.Expect, checking.ExpectAny = reflect.Bool, false
	return parsing, checking
}

// Compile compiles one condition with its parameters.
func (s *Set) Compile(source string, params map[string]any) (*Cond, error) {
	c := &condCompiler{set: s, source: source, params: params, has: map[*ast.IdentifierNode]int{}, made: map[*ast.IdentifierNode]bool{}}
	if err := limits(source); err != nil {
		return nil, err
	}
	tree, err := parser.ParseWithConfig(source, s.parsing)
	if err != nil {
		return nil, exprError(err)
	}
	tree.Node = c.terms(tree.Node)
	if c.err != nil {
		return nil, c.err
	}
	s.checking.WithEnv(s.env(tree.Node))
	if _, err := checker.Check(tree, s.checking); err != nil {
		return nil, exprError(s.readable(err))
	}
	root := c.skeleton(tree.Node, false)
	if c.err != nil {
		return nil, c.err
	}
	return s.cond(source, root), nil
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
		return &CondError{max(fe.Line, 1), fe.Column + 1, fe.Message + remedy(fe.Message)}
	}
	msg, _, _ := strings.Cut(err.Error(), "\n")
	return &CondError{1, 1, msg}
}

// remedy says what to do about a message of expr, which only says what it found.
func remedy(msg string) string {
	switch msg {
	case "unexpected token EOF":
		return ": the condition ends too early; close every parenthesis and bracket, and write something after the last operator"
	case `unexpected token Operator("=")`:
		return "; write == to compare"
	case `unexpected token Operator("and")`, `unexpected token Operator("or")`:
		return "; write a clause before it"
	case "literal not terminated":
		return "; close the text with the same quotation mark"
	}
	if word, ok := strings.CutPrefix(msg, `unexpected token Identifier("`); ok {
		if low := strings.ToLower(strings.TrimSuffix(word, `")`)); low == "and" || low == "or" || low == "not" {
			return "; write " + low + " in small letters"
		}
		return "; write and or or between two clauses"
	}
	op, ok := strings.CutPrefix(msg, "invalid operation: ")
	switch {
	case !ok || !strings.Contains(op, "mismatched types"):
		return ""
	case strings.HasPrefix(op, "and ") || strings.HasPrefix(op, "or ") || strings.HasPrefix(op, "&& ") || strings.HasPrefix(op, "|| "):
		return "; what stands beside it must be true or false: compare it with something"
	}
	return "; both sides must be of one type: texts stand in quotes, numbers, true and false do not"
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
