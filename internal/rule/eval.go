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

// Eval evaluates conditions of one Set over one event at a time. It belongs to one goroutine and remembers each atom's
// verdict for the event, and for the actor where the atom depends on that.
type Eval struct {
	set     *Set
	ev      *event.Event
	role    Role
	element string

	epoch, actorEpoch uint64
	stamps            []uint64
	verdicts          []Verdict

	machine vm.VM
	envs    []map[string]any
	args    []event.Value

	// Errors counts run-time errors of expr programs since the caller last read it; their atoms are unknown.
	Errors int
	// LastError is the newest of them.
	LastError error
}

// NewEval returns an evaluator for one goroutine.
func (s *Set) NewEval() *Eval {
	return &Eval{set: s, stamps: make([]uint64, len(s.atoms)), verdicts: make([]Verdict, len(s.atoms)), envs: make([]map[string]any, len(s.atoms))}
}

// Begin sets the event that is judged next.
func (e *Eval) Begin(ev *event.Event) {
	e.ev = ev
	e.tick(&e.epoch)
	e.For(Operator)
}

// For sets the actor that is judged next.
func (e *Eval) For(r Role) {
	e.role = r
	e.tick(&e.actorEpoch)
}

// tick starts a new epoch; both epochs share one counter, so that a stamp is never mistaken for the other's.
func (e *Eval) tick(epoch *uint64) { *epoch = max(e.epoch, e.actorEpoch) + 1 }

// Verdict evaluates a condition for the event and actor.
func (e *Eval) Verdict(c *Cond) Verdict { return c.root.eval(e) }

// atom returns the atom's verdict, evaluated at most once an event (or actor).
func (e *Eval) atom(i int) Verdict {
	a := &e.set.atoms[i]
	if a.perElement {
		return e.run(a, i)
	}
	epoch := e.epoch
	if a.perActor {
		epoch = e.actorEpoch
	}
	if e.stamps[i] == epoch {
		return e.verdicts[i]
	}
	v := e.run(a, i)
	e.stamps[i], e.verdicts[i] = epoch, v
	return v
}

func (e *Eval) run(a *atom, i int) Verdict {
	unknown := event.Known
	for _, t := range a.terms {
		if _, u := e.term(t); u != event.Known {
			if unknown != event.UnknownField {
				unknown = u
			}
		}
	}
	if unknown != event.Known {
		return verdictUnknown(unknown)
	}
	if a.fast != nil {
		return verdictOf(a.fast(e))
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

// runProgram runs the reference.
func (e *Eval) runProgram(a *atom, i int) Verdict {
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
		v = event.StringValue(e.ev.NativeText(t.native))
	case actorTerm:
		v = e.actor(t.actorID)
	case elementTerm:
		v = event.StringValue(e.element)
	case constTerm:
		v = t.value
	case lookupTerm:
		return e.lookup(t)
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

func (e *Eval) lookup(t *term) (event.Value, event.Unknown) {
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
