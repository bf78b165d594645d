package rule

import (
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/parser"
)

// Anatomy is what a condition's text shows without an event: for lint, which points at places in it.
type Anatomy struct {
	Bytes, Nodes int
	Comparisons  []Comparison
}

// Comparison is `left op right` as it stands in a condition, both places from 1.
type Comparison struct {
	Left         string // a field, or the text of what is compared
	Op           string
	Values       []string // the texts on the right, parameters filled in; nil if they are not constant
	Line, Column int
}

// The limits of a condition, for those who want to be told before they are reached.
const (
	MaxConditionBytes = maxSourceBytes
	MaxConditionNodes = maxNodes
)

// Dissect reads a condition that has compiled.
func Dissect(c *Cond, params map[string]any) Anatomy {
	a := Anatomy{Bytes: len(c.Source)}
	tree, err := parser.Parse(c.Source)
	if err != nil {
		return a
	}
	ast.Find(tree.Node, func(n ast.Node) bool {
		a.Nodes++
		if b, ok := n.(*ast.BinaryNode); ok {
			if cmp, ok := comparison(b, params); ok {
				cmp.Line, cmp.Column = placeIn(c.Source, start(b.Left))
				a.Comparisons = append(a.Comparisons, cmp)
			}
		}
		return false
	})
	return a
}

func comparison(b *ast.BinaryNode, params map[string]any) (Comparison, bool) {
	switch b.Operator {
	case "==", "!=", "in", "contains", "startsWith", "endsWith", "matches":
	default:
		return Comparison{}, false
	}
	left, ok := dotted(b.Left)
	if !ok {
		left = b.Left.String()
	}
	return Comparison{Left: left, Op: b.Operator, Values: constantTexts(b.Right, params)}, true
}

// constantTexts returns the texts that a constant or a parameter stands for.
func constantTexts(n ast.Node, params map[string]any) []string {
	switch n := n.(type) {
	case *ast.StringNode:
		return []string{n.Value}
	case *ast.ArrayNode:
		out := []string{}
		for _, el := range n.Nodes {
			out = append(out, constantTexts(el, params)...)
		}
		return out
	case *ast.IdentifierNode:
		switch v := params[n.Value].(type) {
		case string:
			return []string{v}
		case []any:
			out := []string{}
			for _, el := range v {
				if s, ok := el.(string); ok {
					out = append(out, s)
				}
			}
			return out
		}
	}
	return nil
}

// start is where the text of n begins: a member's own place is its dot.
func start(n ast.Node) int {
	for {
		switch m := n.(type) {
		case *ast.MemberNode:
			n = m.Node
		case *ast.CallNode:
			if at := m.Callee.Location().From; at < m.Location().From {
				return at
			}
			return m.Location().From
		default:
			return n.Location().From
		}
	}
}

// placeIn turns an offset in runes into line and column, from 1.
func placeIn(source string, at int) (line, column int) {
	before := []rune(source)
	before = before[:min(max(at, 0), len(before))]
	line = 1
	for _, r := range before {
		if column++; r == '\n' {
			line, column = line+1, 0
		}
	}
	return line, column + 1
}

// Clauses writes the parts that a condition joins with and, as it was understood.
func (s *Set) Clauses(c *Cond) []string {
	parts, ok := c.root.(andNode)
	if !ok {
		return []string{s.describe(c.root)}
	}
	out := make([]string, len(parts))
	for i, n := range parts {
		out[i] = s.describe(n)
	}
	return out
}

// Needs are the values of event.dataset, event.action and object.type that a condition can match with; nil means any.
func (s *Set) Needs(c *Cond) (datasets, actions, types []string) {
	n := s.needs(c.root)
	return n[0], n[1], n[2]
}
