package rule

import (
	"slices"
	"strings"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/parser"
)

// leafForm is `term op constants`.
type leafForm struct {
	term   int
	op     string
	texts  []string
	number int64
}

// form is what an atom that compares one term with constants asks; nil for others.
func (l *Logic) form(atom int) *leafForm {
	f, known := l.forms[atom]
	if !known {
		if read, ok := readForm(l.set.atoms[atom].source); ok {
			f = &read
		}
		l.forms[atom] = f
	}
	return f
}

func readForm(source string) (leafForm, bool) {
	tree, err := parser.Parse(source)
	if err != nil {
		return leafForm{}, false
	}
	b, ok := tree.Node.(*ast.BinaryNode)
	if !ok {
		return leafForm{}, false
	}
	t, ok := identTerm(b.Left)
	if !ok {
		return leafForm{}, false
	}
	f := leafForm{term: t, op: b.Operator}
	switch r := b.Right.(type) {
	case *ast.StringNode:
		f.texts = []string{r.Value}
		return f, slices.Contains([]string{"==", "!=", "contains", "startsWith", "endsWith"}, f.op)
	case *ast.IntegerNode:
		f.number = int64(r.Value)
		return f, slices.Contains([]string{"==", "!=", "<", "<=", ">", ">="}, f.op)
	case *ast.ArrayNode:
		f.texts, ok = texts(r)
		return f, ok && f.op == "in"
	}
	return leafForm{}, false
}

// domain is what may still be the value of a term.
type domain struct {
	present, absent bool
	limited         bool // to allowed
	allowed         []string
	tests           []func(string) bool
	low, high       int64
}

func (d *domain) add(f leafForm, neg bool) {
	if f.texts == nil {
		d.addNumber(f, neg)
		return
	}
	if f.op == "!=" {
		f.op, neg = "==", !neg
	}
	if (f.op == "==" || f.op == "in") && !neg {
		if !d.limited {
			d.limited, d.allowed = true, f.texts
			return
		}
		d.allowed = slices.DeleteFunc(slices.Clone(d.allowed), func(v string) bool { return !slices.Contains(f.texts, v) })
		return
	}
	d.tests = append(d.tests, func(v string) bool {
		var holds bool
		switch f.op {
		case "==", "in":
			holds = slices.Contains(f.texts, v)
		case "contains":
			holds = strings.Contains(v, f.texts[0])
		case "startsWith":
			holds = strings.HasPrefix(v, f.texts[0])
		case "endsWith":
			holds = strings.HasSuffix(v, f.texts[0])
		}
		return holds != neg
	})
}

// opposite of a comparison of numbers.
var opposite = map[string]string{"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}

func (d *domain) addNumber(f leafForm, neg bool) {
	op := f.op
	if neg {
		op = opposite[op]
	}
	switch op {
	case "==":
		d.low, d.high = max(d.low, f.number), min(d.high, f.number)
	case "<":
		d.high = min(d.high, f.number-1)
	case "<=":
		d.high = min(d.high, f.number)
	case ">":
		d.low = max(d.low, f.number+1)
	case ">=":
		d.low = max(d.low, f.number)
	}
}

// empty reports whether no value, nor the lack of one, will do.
func (d *domain) empty() bool {
	if d.absent {
		return d.present || d.limited
	}
	if d.low > d.high {
		return true
	}
	return d.limited && !slices.ContainsFunc(d.allowed, func(v string) bool {
		return !slices.ContainsFunc(d.tests, func(ok func(string) bool) bool { return !ok(v) })
	})
}
