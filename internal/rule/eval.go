package rule

import (
	"github.com/expr-lang/expr/vm"

	"probity/internal/event"
)

// Role is for which of its people an event is judged.
type Role uint8

// The roles.
const (
	Operator Role = iota
	Requestor
)

// ParseRole reads a role as rules write it.
func ParseRole(s string) (Role, bool) {
	switch s {
	case "operator":
		return Operator, true
	case "requestor":
		return Requestor, true
	}
	return 0, false
}

func (r Role) String() string { return [...]string{"operator", "requestor"}[r] }

// Eval evaluates conditions of one Set over one event at a time. It belongs to one goroutine and remembers what programs and
// lookups said of the event, for each actor where they depend on that.
type Eval struct {
	set     *Set
	ev      *event.Event
	role    Role
	element string

	epoch   uint64   // of the event
	atoms   []told   // by atom and role
	lookups []answer // by term and role

	machine vm.VM
	envs    []map[string]any
	args    []event.Value

	left, right event.Value // what a closure compares; here, because there it would be on the heap

	// Errors counts run-time errors of expr programs since the caller last read it; their atoms are unknown.
	Errors int
	// LastError is the newest of them.
	LastError error
}

// told is an atom's verdict over the event of an epoch.
type told struct {
	epoch   uint64
	verdict Verdict
}

// answer is what a table said in an epoch.
type answer struct {
	epoch   uint64
	value   event.Value
	unknown event.Unknown
}

const roles = 2

// NewEval returns an evaluator for one goroutine.
func (s *Set) NewEval() *Eval {
	return &Eval{set: s, atoms: make([]told, roles*len(s.atoms)), lookups: make([]answer, roles*len(s.terms)), envs: make([]map[string]any, len(s.atoms))}
}

// Begin sets the event that is judged next.
func (e *Eval) Begin(ev *event.Event) {
	e.ev = ev
	e.epoch++
	e.role = Operator
}

// For sets the actor that is judged next.
func (e *Eval) For(r Role) { e.role = r }

// slot is where it is remembered what a thing was for the actor, or, if it depends on none, for all.
func (e *Eval) slot(i int, perActor bool) int {
	if perActor {
		return roles*i + int(e.role)
	}
	return roles * i
}

// Verdict evaluates a condition for the event and actor.
func (e *Eval) Verdict(c *Cond) Verdict { return c.plan.eval(e) }

// atom returns the atom's verdict. What a closure answers is cheaper asked again than remembered; its lookups are remembered.
func (e *Eval) atom(i int) Verdict {
	a := &e.set.atoms[i]
	if a.fast != nil {
		return a.fast(e)
	}
	if a.perElement {
		return e.runProgram(a, i)
	}
	t := &e.atoms[e.slot(i, a.perActor)]
	if t.epoch != e.epoch {
		*t = told{e.epoch, e.runProgram(a, i)}
	}
	return t.verdict
}

// verdictUnknown: an atom with a missing field stays unknown whatever a table will say.
func verdictUnknown(u event.Unknown) Verdict {
	if u == event.UnknownTable {
		return Undecided
	}
	return UnknownField
}

// runProgram runs the reference, if all terms are known.
func (e *Eval) runProgram(a *atom, i int) Verdict {
	unknown := event.Known
	for _, t := range a.terms {
		if _, u := e.term(t); u != event.Known && unknown != event.UnknownField {
			unknown = u
		}
	}
	if unknown != event.Known {
		return verdictUnknown(unknown)
	}
	env := e.envs[i]
	if env == nil {
		env = make(map[string]any, len(a.terms))
		e.envs[i] = env
	}
	for _, t := range a.terms {
		v, _ := e.term(t)
		env[termIdent(t)] = v.Any()
	}
	out, err := e.machine.Run(a.program, env)
	clear(env) // its texts may alias the bytes of a batch
	if err != nil {
		e.Errors++
		e.LastError = err
		return UnknownField
	}
	b, ok := out.(bool)
	if !ok {
		e.Errors++
		return UnknownField
	}
	return verdictOf(b)
}

// term returns a term's value for the event, actor and element; Missing goes with the reason.
func (e *Eval) term(i int) (event.Value, event.Unknown) {
	t := &e.set.terms[i]
	var v event.Value
	switch t.kind {
	case fieldTerm:
		v = e.ev.Slots[t.field]
	case nativeTerm:
		v = e.ev.NativeValue(t.native)
	case actorTerm:
		v = e.actor(t.actorID)
	case elementTerm:
		v = event.StringValue(e.element)
	case constTerm:
		v = t.value
	case lookupTerm:
		return e.lookup(t, i)
	}
	if !v.Has() {
		return v, event.UnknownField
	}
	return v, event.Known
}

func (e *Eval) actor(id bool) event.Value {
	switch {
	case e.role == Operator && id:
		return e.ev.Slots[event.FieldUserID]
	case e.role == Operator:
		return e.ev.Slots[event.FieldUserName]
	case id:
		return e.ev.Slots[event.FieldRequestorID]
	}
	return e.ev.Slots[event.FieldRequestorName]
}

// lookup asks a table, once an event and actor.
func (e *Eval) lookup(t *term, i int) (event.Value, event.Unknown) {
	if t.perElement {
		return e.ask(t)
	}
	known := &e.lookups[e.slot(i, t.perActor)]
	if known.epoch != e.epoch {
		v, u := e.ask(t)
		*known = answer{e.epoch, v, u}
	}
	return known.value, known.unknown
}

func (e *Eval) ask(t *term) (event.Value, event.Unknown) {
	base := len(e.args)
	unknown := event.Known
	for _, a := range t.args {
		v, u := e.term(a)
		if u != event.Known && unknown != event.UnknownField {
			unknown = u
		}
		e.args = append(e.args, v)
	}
	args := e.args[base:]
	var v event.Value
	if unknown == event.Known {
		if t.fn == nil {
			unknown = event.UnknownTable
		} else {
			v, unknown = t.fn(args, e.ev.Time())
		}
	}
	e.args = e.args[:base]
	return v, unknown
}

// Value is what a group_by field has for the event and actor; ok is false if it is unknown.
func (e *Eval) Value(termIndex int) (event.Value, bool) {
	v, u := e.term(termIndex)
	return v, u == event.Known
}
