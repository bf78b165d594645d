package rule

import (
	"fmt"
	"slices"
	"strings"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/vm"

	"probity/internal/event"
)

// Where says which entries of a rule's steps belong together: an expr over texts, view.object.id == send.object.id. Each
// entry captures the fields that any step is asked for; one that is missing belongs to nothing.
type Where struct {
	Source string
	Terms  []int // captured of every entry, in this order

	program *vm.Program
	asked   []askedField
}

// askedField is a field of a step that the condition names.
type askedField struct {
	ident       string
	step, field int // of the steps, of Terms
}

// where compiles the condition across steps.
func (b *builder) where(cor *Correlation) *Where {
	w := &Where{Source: cor.Where}
	fail := func(what, do string) *Where {
		b.problem("correlation.where", what, do)
		return nil
	}
	tree, err := parser.Parse(cor.Where)
	if err != nil {
		return fail("where: "+exprError(err).(*CondError).What, "mend it")
	}
	r := whereRewriter{b: b, cor: cor, where: w}
	r.node(&tree.Node)
	if r.err != "" {
		return fail("where: "+r.err, "compare text fields of steps: view.object.id == send.object.id")
	}
	env := map[string]any{}
	for _, a := range w.asked {
		env[a.ident] = ""
	}
	if w.program, err = expr.Compile(tree.Node.String(), expr.Env(env), expr.AsBool(), expr.WarnOnAny(), expr.MaxNodes(maxNodes)); err != nil {
		return fail("where: "+exprError(err).(*CondError).What, "compare text fields of steps: view.object.id == send.object.id")
	}
	return w
}

// whereRewriter puts an identifier in the place of every step.field.
type whereRewriter struct {
	b     *builder
	cor   *Correlation
	where *Where
	err   string
}

func (r *whereRewriter) node(n *ast.Node) {
	if path, ok := dotted(*n); ok {
		step, field, _ := strings.Cut(path, ".")
		at := slices.IndexFunc(r.cor.Steps, func(s Step) bool { return s.Name == step })
		t, err := r.b.set.termOf(field)
		switch {
		case at < 0:
			r.err = fmt.Sprintf("%s is no step", step)
		case err != nil:
			r.err = err.Error()
		case r.b.set.terms[t].typ != event.String:
			r.err = fmt.Sprintf("%s is a %s", path, r.b.set.terms[t].typ)
		default:
			*n = &ast.IdentifierNode{Value: r.ask(at, t)}
		}
		return
	}
	switch n := (*n).(type) {
	case *ast.BinaryNode:
		r.node(&n.Left)
		r.node(&n.Right)
	case *ast.UnaryNode:
		r.node(&n.Node)
	case *ast.BuiltinNode:
		if !slices.Contains([]string{"lower", "upper", "trim"}, n.Name) {
			r.err = n.Name + "() is not for a where"
			return
		}
		for i := range n.Arguments {
			r.node(&n.Arguments[i])
		}
	case *ast.StringNode:
	default:
		r.err = fmt.Sprintf("%s is not for a where", n.String())
	}
}

func (r *whereRewriter) ask(step, t int) string {
	field := slices.Index(r.where.Terms, t)
	if field < 0 {
		field = len(r.where.Terms)
		r.where.Terms = append(r.where.Terms, t)
	}
	ident := fmt.Sprintf("s%d_%d", step, field)
	if !slices.ContainsFunc(r.where.asked, func(a askedField) bool { return a.ident == ident }) {
		r.where.asked = append(r.where.asked, askedField{ident, step, field})
	}
	return ident
}

// Match reports whether entries, one for each step, belong together; tuple holds what each captured. It is safe for
// concurrent use.
func (w *Where) Match(tuple [][]string) bool {
	env := make(map[string]any, len(w.asked))
	for _, a := range w.asked {
		text := tuple[a.step][a.field]
		if text == "" {
			return false
		}
		env[a.ident] = text
	}
	out, err := expr.Run(w.program, env)
	yes, ok := out.(bool)
	return err == nil && ok && yes
}
