package rule

import (
	"slices"

	"probity/internal/event"
)

// Explanation is one part of a condition and what it came to for an event and actor: a tree as the rule writes it, except
// that parameters are filled in and negations stand at the leaves.
type Explanation struct {
	// Op is and, or, choice (a ? b : c, whose parts are a, b and c), any, all, element (one turn of an any or all), has, atom
	// or constant.
	Op      string  `json:"op"`
	Text    string  `json:"text"`
	Verdict Verdict `json:"verdict"`
	// Unreached: what stands before it had decided already, so the daemon did not ask. It has been evaluated to be shown.
	Unreached bool          `json:"unreached,omitempty"`
	Terms     []TermValue   `json:"terms,omitempty"` // of an atom, has, any or all
	Parts     []Explanation `json:"parts,omitempty"`
	Left      int           `json:"left_out,omitempty"` // elements beyond MaxElements, which count in the verdict all the same
}

// TermValue is what an atom's term stood for.
type TermValue struct {
	Name    string      `json:"name"`
	Value   any         `json:"value,omitempty"`
	Unknown string      `json:"unknown,omitempty"` // why there is no value, a plain sentence; "" if there is one
	Lookup  *LookupMade `json:"lookup,omitempty"`
}

// LookupMade is a question that was put to tables.
type LookupMade struct {
	Name   string      `json:"name"`
	Column string      `json:"column,omitempty"`
	Args   []TermValue `json:"args,omitempty"`
	Tables []string    `json:"tables,omitempty"`
	Silent bool        `json:"silent,omitempty"` // the tables do not say; newer ones may
}

// MaxElements is how many elements of a list an explanation shows.
const MaxElements = 20

// MarshalText writes a verdict as String does.
func (v Verdict) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// Explain evaluates every part of a condition for the event and actor, also those that Verdict does not come to because
// what stands before them decides. The verdict of the whole is that of Verdict: it is the same nodes that are asked.
func (e *Eval) Explain(c *Cond) Explanation { return e.explain(c.root) }

func (e *Eval) explain(n node) Explanation {
	x := Explanation{Text: e.set.describe(n), Verdict: n.eval(e)}
	switch n := n.(type) {
	case constNode:
		x.Op = "constant"
	case andNode:
		x.Op, x.Parts = "and", e.explainAll(n, False)
	case orNode:
		if c, ok := choiceOf(n); ok {
			x.Op, x.Text = "choice", e.set.describe(c[0])+" ? "+e.set.describe(c[1])+" : "+e.set.describe(c[2])
			x.Parts = e.explainChoice(c)
			break
		}
		x.Op, x.Parts = "or", e.explainAll(foldChoices(n), True)
	case choiceNode:
		return e.explain(orNode(n))
	case eachNode:
		x.Op = "any"
		if n.all {
			x.Op = "all"
		}
		x.Terms = []TermValue{e.explainTerm(n.list)}
		x.Parts, x.Left = e.explainElements(n)
	case hasNode:
		x.Op, x.Terms = "has", []TermValue{e.explainTerm(n.term)}
	case atomNode:
		x.Op = "atom"
		for _, t := range e.set.atoms[n.atom].terms {
			x.Terms = append(x.Terms, e.explainTerm(t))
		}
	}
	return x
}

// explainAll explains the parts of an and (decided by False) or an or (decided by True).
func (e *Eval) explainAll(parts []node, decisive Verdict) []Explanation {
	out := make([]Explanation, len(parts))
	decided := false
	for i, p := range parts {
		out[i] = e.explain(p)
		out[i].Unreached = decided
		decided = decided || out[i].Verdict == decisive
	}
	return out
}

// explainChoice explains the question and both branches; the one that was not chosen is unreached.
func (e *Eval) explainChoice(c [3]node) []Explanation {
	out := []Explanation{e.explain(c[0]), e.explain(c[1]), e.explain(c[2])}
	out[1].Unreached = out[0].Verdict == False
	out[2].Unreached = out[0].Verdict == True
	return out
}

func (e *Eval) explainElements(n eachNode) (out []Explanation, left int) {
	list, _ := e.term(n.list)
	outer := e.element
	defer func() { e.element = outer }()
	for i, el := range list.List() {
		if i == MaxElements {
			return out, len(list.List()) - MaxElements
		}
		e.element = event.StringValue(el)
		body := e.explain(n.body)
		out = append(out, Explanation{Op: "element", Text: el, Verdict: body.Verdict, Parts: []Explanation{body}})
	}
	return out, 0
}

// explainTerm says what a term stands for, or why nobody knows.
func (e *Eval) explainTerm(i int) TermValue {
	t := &e.set.terms[i]
	v, unknown := e.term(i)
	x := TermValue{Name: t.name, Value: v.Any()}
	if t.kind == lookupTerm {
		x.Lookup = &LookupMade{Name: t.lookup.Name, Column: t.column, Tables: slices.Clone(t.lookup.Tables)}
		for _, a := range t.args {
			x.Lookup.Args = append(x.Lookup.Args, e.explainTerm(a))
		}
	}
	if unknown != event.Known {
		x.Value, x.Unknown = nil, e.whyUnknown(t, x.Lookup, unknown)
	}
	return x
}

func (e *Eval) whyUnknown(t *term, made *LookupMade, unknown event.Unknown) string {
	switch {
	case t.kind == actorTerm && e.role == Requestor:
		return "the record names no requester"
	case t.kind == actorTerm:
		return "the record names nobody who acted"
	case t.kind != lookupTerm:
		return "the record has no " + t.name
	}
	for _, a := range made.Args {
		if a.Unknown != "" {
			return a.Unknown
		}
	}
	tables := "the table of " + t.lookup.Name
	if len(made.Tables) > 0 {
		tables = "table " + made.Tables[0]
		for _, more := range made.Tables[1:] {
			tables += " or " + more
		}
	}
	if unknown == event.UnknownTable {
		made.Silent = true
		return tables + " does not say"
	}
	return tables + " has no such value, and a newer one is not expected to"
}
