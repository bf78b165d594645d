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
	element event.Value // of the list that is walked

	epoch   uint64   // of the event
	atoms   []told   // by atom and role
	answers []answer // by term and role
	natives []int    // the terms of native fields among them
	places  []placed // by term and role, of those that lookups ask about

	machine vm.VM
	envs    []map[string]any
	args    []event.Value

	left, right event.Value // of a comparison, where they are derived

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

// answer is what a term that is not simply there was found to be in an epoch: what a table said, a native field among many.
type answer struct {
	epoch   uint64
	value   event.Value
	unknown event.Unknown
}

// placed is where the tables have a term's text in an epoch.
type placed struct {
	epoch uint64
	place event.Place
}

const roles = 2

// NewEval returns an evaluator for one goroutine.
func (s *Set) NewEval() *Eval {
	return &Eval{
		set: s, atoms: make([]told, roles*len(s.atoms)), answers: make([]answer, roles*len(s.terms)), places: make([]placed, roles*len(s.terms)),
		envs: make([]map[string]any, len(s.atoms)),
	}
}

// Begin sets the event that is judged next.
func (e *Eval) Begin(ev *event.Event) {
	e.ev = ev
	e.epoch++
	e.role = Operator
	for _, i := range e.natives { // their texts are a batch's bytes, which would be kept from the garbage collector
		e.answers[roles*i].value = event.Value{}
	}
	e.natives = e.natives[:0]
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
func (e *Eval) Verdict(c *Cond) Verdict { return c.check(e) }

// atom returns the atom's verdict. What most closures answer is cheaper asked again than remembered; lookups are remembered.
func (e *Eval) atom(i int) Verdict {
	a := &e.set.atoms[i]
	if a.fast != nil && !a.dear {
		return a.fast(e)
	}
	if a.perElement {
		return e.judge(a, i)
	}
	t := &e.atoms[e.slot(i, a.perActor)]
	if t.epoch != e.epoch {
		*t = told{e.epoch, e.judge(a, i)}
	}
	return t.verdict
}

func (e *Eval) judge(a *atom, i int) Verdict {
	if a.fast != nil {
		return a.fast(e)
	}
	return e.runProgram(a, i)
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

// term returns a term's value for the event, actor and element; Missing goes with the reason. The value is read where it
// stands, because values are large to copy: it is good until the next event, or the next element of a walk.
func (e *Eval) term(i int) (*event.Value, event.Unknown) {
	t := &e.set.terms[i]
	var v *event.Value
	switch t.kind {
	case fieldTerm:
		v = &e.ev.Slots[t.field]
	case nativeTerm:
		v = e.native(t, i)
	case actorTerm:
		v = &e.ev.Slots[t.actor[e.role]]
	case elementTerm:
		v = &e.element
	case constTerm:
		v = &t.value
	case lookupTerm:
		return e.lookup(i)
	}
	if v.Kind == event.Missing {
		return v, event.UnknownField
	}
	return v, event.Known
}

// native finds a native field, once an event: the log's own names are gone through one by one.
func (e *Eval) native(t *term, i int) *event.Value {
	known := &e.answers[roles*i]
	if known.epoch != e.epoch {
		known.epoch, known.value = e.epoch, e.ev.NativeValue(t.native)
		e.natives = append(e.natives, i)
	}
	return &known.value
}

// lookup asks a table, once an event and actor; about an element each time.
func (e *Eval) lookup(i int) (*event.Value, event.Unknown) {
	t := &e.set.terms[i]
	known := &e.answers[e.slot(i, t.perActor)]
	if known.epoch != e.epoch || t.perElement {
		e.ask(t, known)
	}
	return &known.value, known.unknown
}

// ask has a table answer.
func (e *Eval) ask(t *term, known *answer) {
	base := len(e.args)
	unknown := event.Known
	for i, a := range t.args {
		v, u := e.term(a)
		if u != event.Known && unknown != event.UnknownField {
			unknown = u
		}
		e.args = append(e.args, *v)
		if place := &e.args[base+i].Place; !t.placed[i] {
			*place = event.Unsought // the actor's is that in the tables that the matcher asks: not of a lookup that finds nothing
		} else if *place == event.Unsought && u == event.Known {
			*place = e.place(t, a, v.Str)
		}
	}
	known.epoch, known.unknown = e.epoch, unknown
	switch {
	case unknown != event.Known:
		known.value = event.Value{}
	case t.fn == nil:
		known.value, known.unknown = event.Value{}, event.UnknownTable
	default:
		known.value, known.unknown = t.fn(e.args[base:], e.ev.Time())
	}
	e.args = e.args[:base]
}

// place finds where the tables have the text of an argument, once an event and actor: several lookups ask about it. That of an
// actor is in the value already, if the people table has them.
func (e *Eval) place(of *term, arg int, text string) event.Place {
	t := &e.set.terms[arg]
	if t.perElement {
		return of.lookup.Find(text)
	}
	known := &e.places[e.slot(arg, t.perActor)]
	if known.epoch != e.epoch {
		*known = placed{e.epoch, of.lookup.Find(text)}
	}
	return known.place
}

// Value is what a group_by field has for the event and actor; ok is false if it is unknown.
func (e *Eval) Value(termIndex int) (event.Value, bool) {
	v, u := e.term(termIndex)
	return *v, u == event.Known
}
