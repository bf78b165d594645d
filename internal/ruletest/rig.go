package ruletest

import (
	"probity/internal/event"
	"probity/internal/table"
)

// rig is a schema whose lookups ask the tables of whichever test is on, so that a rule is compiled once and not once a test:
// most of what a test cost was compiling. It serves one test at a time.
type rig struct {
	schema    *event.Schema
	asker     *table.Asker // nil until the rule asks a table
	tables    *table.Set   // in force; nil before the first test
	questions []*question
}

// question is a question that a compiled rule asks, and who answers it now.
type question struct {
	name, column string
	answer       event.LookupFunc
}

// newRig returns a rig whose schema is like the caller's.
func newRig(like *event.Schema) *rig {
	r := &rig{}
	lookups := like.Lookups()
	bound := make([]event.Lookup, len(lookups))
	for i, l := range lookups {
		bound[i] = *l
		bound[i].Bind = func(column string) event.LookupFunc { return r.bind(l, column) }
		bound[i].Find = nil // each test has tables of its own
	}
	r.schema = like.WithLookups(bound...)
	return r
}

func (r *rig) bind(l *event.Lookup, column string) event.LookupFunc {
	a := &question{name: l.Name, column: column, answer: nobodyAnswers}
	if l.Bind != nil {
		a.answer = l.Bind(column)
	}
	r.questions = append(r.questions, a)
	r.ask(a)
	return func(args []event.Value, at int64) (event.Value, event.Unknown) { return a.answer(args, at) }
}

func (r *rig) ask(a *question) {
	if r.tables == nil {
		return
	}
	if r.asker == nil {
		r.asker = table.NewAsker()
	}
	if answer, ok := r.asker.Bind(r.tables, a.name, a.column); ok {
		a.answer = answer
	}
}

func nobodyAnswers([]event.Value, int64) (event.Value, event.Unknown) {
	return event.Value{}, event.UnknownTable
}

// put puts the tables of a test in force, also for what has been compiled already.
func (r *rig) put(set *table.Set) {
	r.tables = set
	for _, a := range r.questions {
		r.ask(a)
	}
}
