package rule

import (
	"fmt"
	"strings"

	"probity/internal/event"
)

// termKind says where a term's value comes from.
type termKind uint8

const (
	fieldTerm   termKind = iota // a slot of the event
	nativeTerm                  // an undeclared native field, as text
	actorTerm                   // actor.id or actor.name
	elementTerm                 // the element of the list being walked
	constTerm                   // an argument written in the rule
	lookupTerm                  // a question to a table
)

// term is a typed value that an atom speaks of, interned in its Set.
type term struct {
	kind   termKind
	name   string // as rules write it, also for explain
	typ    event.Kind
	field  event.Field
	native string
	actor  [roles]event.Field // by role, of an actorTerm
	value  event.Value
	lookup *event.Lookup
	column string
	args   []int
	placed []bool           // by argument: its place is found for the lookup
	fn     event.LookupFunc // bound; nil where the schema only checks

	perActor, perElement bool // what its value depends on besides the event
}

// terms interns by canonical name, so that equal terms of all rules are one.
func (s *Set) intern(t term) int {
	if i, ok := s.termIndex[t.name]; ok {
		return i
	}
	for _, a := range t.args {
		t.perActor = t.perActor || s.terms[a].perActor
		t.perElement = t.perElement || s.terms[a].perElement
	}
	t.perActor = t.perActor || t.kind == actorTerm
	t.perElement = t.perElement || t.kind == elementTerm
	s.terms = append(s.terms, t)
	s.termIndex[t.name] = len(s.terms) - 1
	return len(s.terms) - 1
}

// actorColumns are what actor.X reads from the people table; actor.id and actor.name come from the event.
func (s *Set) fieldTerm(name string) (int, error) {
	switch name {
	case "actor.id":
		who := [roles]event.Field{Operator: event.FieldUserID, Requestor: event.FieldRequestorID}
		return s.intern(term{kind: actorTerm, name: name, typ: event.String, actor: who}), nil
	case "actor.name":
		who := [roles]event.Field{Operator: event.FieldUserName, Requestor: event.FieldRequestorName}
		return s.intern(term{kind: actorTerm, name: name, typ: event.String, actor: who}), nil
	}
	if column, ok := strings.CutPrefix(name, "actor."); ok {
		l, found := s.Schema.Lookup("person")
		if !found {
			return 0, fmt.Errorf("%s needs the people table's lookups", name)
		}
		if _, ok := l.Columns[column]; !ok {
			return 0, fmt.Errorf("unknown field %s; actor has id, name and the columns of the people table: %s", name, strings.Join(columnNames(l), ", "))
		}
		id, _ := s.fieldTerm("actor.id")
		return s.lookupTerm(l, column, []int{id})
	}
	if f, ok := s.Schema.Field(name); ok {
		return s.intern(term{kind: fieldTerm, name: name, typ: s.Schema.Info(f).Kind, field: f}), nil
	}
	if native, ok := strings.CutPrefix(name, event.NativePrefix); ok && native != "" {
		return s.intern(term{kind: nativeTerm, name: name, typ: event.String, native: native}), nil
	}
	return 0, fmt.Errorf("unknown field %s%s", name, s.suggest(name))
}

// termOf interns what a group key or a counted value names: a field, or a lookup of fields such as local_date(event.time).
func (s *Set) termOf(name string) (int, error) {
	call, rest, isCall := strings.Cut(name, "(")
	if !isCall {
		return s.fieldTerm(name)
	}
	l, ok := s.Schema.Lookup(call)
	inner, column, closed := strings.Cut(rest, ")")
	if !ok || !closed {
		return 0, fmt.Errorf("%s is neither a field nor a lookup of fields%s", name, s.suggestLookup(call))
	}
	var args []int
	for _, a := range strings.Split(inner, ",") {
		t, err := s.fieldTerm(strings.TrimSpace(a))
		if err != nil {
			return 0, err
		}
		args = append(args, t)
	}
	return s.lookupTerm(l, strings.TrimPrefix(column, "."), args)
}

// element interns the element of the list that is walked.
func (s *Set) element() int {
	return s.intern(term{kind: elementTerm, name: "#", typ: event.String})
}

// lookupTerm interns a call; the arguments are interned terms.
func (s *Set) lookupTerm(l *event.Lookup, column string, args []int) (int, error) {
	if len(args) != len(l.Params) {
		return 0, fmt.Errorf("%s takes %d arguments, not %d: %s", l.Name, len(l.Params), len(args), Signature(l))
	}
	names := make([]string, len(args))
	for i, a := range args {
		names[i] = s.terms[a].name
		if got, want := s.terms[a].typ, l.Params[i].Kind; got != want {
			return 0, fmt.Errorf("%s: argument %d (%s) is a %s, it needs a %s", l.Name, i+1, names[i], got, want)
		}
	}
	typ := l.Result
	name := l.Name + "(" + strings.Join(names, ", ") + ")"
	switch {
	case l.Columns == nil && column != "":
		return 0, fmt.Errorf("%s gives a %s, which has no %s", name, l.Result, column)
	case l.Columns != nil && column == "":
		return 0, fmt.Errorf("%s needs a column: %s.%s", l.Name, name, strings.Join(columnNames(l), ", ."))
	case l.Columns != nil:
		var ok bool
		if typ, ok = l.Columns[column]; !ok {
			return 0, fmt.Errorf("%s has no column %s; it has %s", l.Name, column, strings.Join(columnNames(l), ", "))
		}
		name += "." + column
	}
	t := term{kind: lookupTerm, name: name, typ: typ, lookup: l, column: column, args: args}
	for _, p := range l.Params {
		t.placed = append(t.placed, p.Placed && l.Find != nil)
	}
	if l.Bind != nil {
		t.fn = l.Bind(column)
	}
	return s.intern(t), nil
}

// Signature writes a lookup as its documentation does: assigned(staff_id, purpose_ref) bool.
func Signature(l *event.Lookup) string {
	params := make([]string, len(l.Params))
	for i, p := range l.Params {
		params[i] = p.Name + " " + p.Kind.String()
	}
	result := l.Result.String()
	if l.Columns != nil {
		result = "a column"
	}
	return fmt.Sprintf("%s(%s) → %s", l.Name, strings.Join(params, ", "), result)
}
