package ruletest

import (
	"strings"

	"probity/internal/event"
	"probity/internal/table"
)

// rig is a schema whose lookups ask the tables of whichever test is on, so that a rule is compiled once and not once a test:
// most of what a test cost was compiling. It serves one test at a time.
type rig struct {
	schema    *event.Schema
	on        map[string]event.Lookup // of the tables in force, by name
	questions []*question
}

// question is a question that a compiled rule asks, and who answers it now.
type question struct {
	name, column string
	answer       event.LookupFunc
}

// newRig returns a rig whose schema is like the caller's.
func newRig(like *event.Schema) (*rig, error) {
	declared := like.Declared()
	for i := range declared {
		declared[i].Name = strings.TrimPrefix(declared[i].Name, event.NativePrefix)
	}
	s, err := event.NewSchema(declared...)
	if err != nil {
		return nil, err
	}
	r := &rig{schema: s}
	for _, l := range like.Lookups() {
		bound := *l
		bound.Bind = func(column string) event.LookupFunc { return r.bind(l, column) }
		s.AddLookups(bound)
	}
	return r, nil
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
	if l, ok := r.on[a.name]; ok {
		a.answer = l.Bind(a.column)
	}
}

func nobodyAnswers([]event.Value, int64) (event.Value, event.Unknown) {
	return event.Value{}, event.UnknownTable
}

// put puts the tables of a test in force, also for what has been compiled already.
func (r *rig) put(set *table.Set) {
	r.on = map[string]event.Lookup{}
	for _, l := range set.Lookups() {
		r.on[l.Name] = l
	}
	for _, a := range r.questions {
		r.ask(a)
	}
}
