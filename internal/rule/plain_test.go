package rule

import (
	"strings"

	"github.com/expr-lang/expr"
)

// plainExpr evaluates a condition with expr alone, over maps, without skeleton or atoms.
func plainExpr(source string, e *Eval) (bool, error) {
	env := map[string]any{}
	put := func(name string, v any) {
		m := env
		parts := strings.Split(name, ".")
		for _, p := range parts[:len(parts)-1] {
			inner, ok := m[p].(map[string]any)
			if !ok {
				inner = map[string]any{}
				m[p] = inner
			}
			m = inner
		}
		m[parts[len(parts)-1]] = v
	}
	for f, v := range e.ev.Slots {
		if v.Has() {
			put(e.set.Schema.Fields()[f].Name, v.Any())
		}
	}
	for _, p := range e.ev.Native {
		put("fields."+p.Name, p.Text)
	}
	out, err := expr.Eval(source, env)
	if err != nil {
		return false, err
	}
	return out.(bool), nil
}
