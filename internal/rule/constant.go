package rule

import (
	"fmt"
	"time"

	"github.com/expr-lang/expr/ast"

	"probity/internal/strictyaml"
)

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
