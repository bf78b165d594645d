package rule

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/expr-lang/expr/ast"

	"probity/internal/strictyaml"
)

// paramUse is a parameter that a condition uses, and whether as an argument of a call.
type paramUse struct {
	name     string
	argument bool
}

// spoilt is what a text constant gains: no log, table or regular expression's end holds it.
const spoilt = "~"

// constants mutates the constants within an atom and notes the parameters that it uses.
func (c *condMutator) constants(n *ast.Node) { c.constant(n, false) }

func (c *condMutator) constant(n *ast.Node, argument bool) {
	switch x := (*n).(type) {
	case *ast.StringNode:
		c.try(OtherText, n, &ast.StringNode{Value: x.Value + spoilt}, fmt.Sprintf("text %q changed", x.Value))
	case *ast.IntegerNode:
		for _, v := range otherNumbers(int64(x.Value), argument) {
			c.try(numberKind(argument), n, &ast.IntegerNode{Value: int(v)}, fmt.Sprintf("%d made %d", x.Value, v))
		}
	case *ast.IdentifierNode:
		if _, ok := c.parsed.Rule.Params[x.Value]; ok {
			use := paramUse{x.Value, argument}
			if !slices.Contains(c.params, use) {
				c.params = append(c.params, use)
			}
		}
	case *ast.UnaryNode:
		c.constant(&x.Node, argument)
	case *ast.BinaryNode:
		c.constant(&x.Left, argument)
		c.constant(&x.Right, argument)
	case *ast.MemberNode:
		c.constant(&x.Node, argument) // its property is a field's name, not a constant
	case *ast.CallNode:
		for i := range x.Arguments {
			c.constant(&x.Arguments[i], true)
		}
	case *ast.BuiltinNode:
		if c.span(n, x) {
			return
		}
		for i := range x.Arguments {
			c.constant(&x.Arguments[i], argument)
		}
	case *ast.PredicateNode:
		c.constant(&x.Node, argument)
	case *ast.ConditionalNode:
		c.constant(&x.Cond, argument)
		c.constant(&x.Exp1, argument)
		c.constant(&x.Exp2, argument)
	case *ast.ArrayNode:
		for i := range x.Nodes {
			c.constant(&x.Nodes[i], argument)
		}
	}
}

// span mutates duration("…").
func (c *condMutator) span(n *ast.Node, call *ast.BuiltinNode) bool {
	if call.Name != "duration" || len(call.Arguments) != 1 {
		return false
	}
	text, ok := call.Arguments[0].(*ast.StringNode)
	if !ok {
		return false
	}
	d, err := time.ParseDuration(text.Value)
	if err != nil {
		return false
	}
	for _, o := range otherSpans(d) {
		c.try(OtherSpan, n, &ast.BuiltinNode{Name: "duration", Arguments: []ast.Node{&ast.StringNode{Value: o.String()}}}, fmt.Sprintf("%s made %s", d, o))
	}
	return true
}

func otherSpans(d time.Duration) []time.Duration { return []time.Duration{d / 2, 2 * d} }

// otherNumbers are a threshold's neighbours; a number that a lookup is asked with is a length of time (seconds of grace).
func otherNumbers(v int64, argument bool) []int64 {
	if argument {
		return []int64{v / 2, v * 2}
	}
	return []int64{v - 1, v + 1}
}

func numberKind(argument bool) Kind {
	if argument {
		return OtherSpan
	}
	return OtherNumber
}

// parameters mutates the values of the parameters that conditions use.
func (m *mutator) parameters() {
	for _, use := range m.params {
		path := "params." + use.name
		m.parameter(use, path, m.parsed.Rule.Params[use.name], func(r *Rule, v any) { r.Params[use.name] = v })
	}
}

func (m *mutator) parameter(use paramUse, path string, v any, set func(*Rule, any)) {
	try := func(kind Kind, what string, to any) {
		m.add(kind, path, m.parsed.Doc.At(path), what, true, func(r *Rule) { set(r, to) })
	}
	switch v := v.(type) {
	case string:
		if looksLikeDuration(v) {
			d, _ := strictyaml.ParseDuration(v)
			for _, o := range otherSpans(d) {
				try(OtherSpan, fmt.Sprintf("%s made %s", v, o), o.String())
			}
			return
		}
		try(OtherText, fmt.Sprintf("text %q changed", v), v+spoilt)
	case int64:
		for _, o := range otherNumbers(v, use.argument) {
			try(numberKind(use.argument), fmt.Sprintf("%d made %d", v, o), o)
		}
	case []any:
		for i, el := range v {
			m.parameter(use, path+"."+strconv.Itoa(i), el, func(r *Rule, to any) {
				list := slices.Clone(v)
				list[i] = to
				set(r, list)
			})
		}
	}
}

// parts drops what can be left out: an exception, a field of the group key, one of two actors.
func (m *mutator) parts() {
	r := m.parsed.Rule
	for i, x := range r.Exceptions {
		path := fmt.Sprintf("exceptions.%d", i)
		m.add(Dropped, path, m.parsed.Doc.At(path), "left out: "+firstLine(x.When), false, func(r *Rule) { r.Exceptions = slices.Delete(r.Exceptions, i, i+1) })
	}
	if cor := r.Correlation; cor != nil && len(cor.GroupBy) > 1 {
		for i, f := range cor.GroupBy {
			path := fmt.Sprintf("correlation.group_by.%d", i)
			m.add(Dropped, path, m.parsed.Doc.At(path), "left out: "+f, false, func(r *Rule) { r.Correlation.GroupBy = slices.Delete(r.Correlation.GroupBy, i, i+1) })
		}
	}
	if len(r.Actors) > 1 {
		for i, a := range r.Actors {
			path := fmt.Sprintf("actors.%d", i)
			m.add(Dropped, path, m.parsed.Doc.At(path), "left out: "+a, false, func(r *Rule) { r.Actors = slices.Delete(r.Actors, i, i+1) })
		}
	}
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(s), "\n")
	return line
}
