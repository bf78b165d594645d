package rule

import "probity/internal/event"

// check is a plan as it runs: a closure for each node, bound when the plan is made to what the node speaks of, so that an event
// pays for neither finding the atom nor asking what kind of node it is. node.eval says the same and is the reference.
type check func(*Eval) Verdict

func (s *Set) check(n node) check {
	switch n := n.(type) {
	case andNode:
		return allOf(s.checks(n))
	case orNode:
		return anyOf(s.checks(n))
	case atomNode:
		return s.checkAtom(n)
	case hasNode:
		return s.checkHas(n)
	case eachNode:
		return s.checkEach(n)
	}
	return n.eval
}

func (s *Set) checks(nodes []node) []check {
	out := make([]check, len(nodes))
	for i, n := range nodes {
		out[i] = s.check(n)
	}
	return out
}

func allOf(parts []check) check {
	if len(parts) == 1 {
		return parts[0]
	}
	return func(e *Eval) Verdict {
		v := True
		for _, part := range parts {
			if v = min(v, part(e)); v == False {
				break
			}
		}
		return v
	}
}

func anyOf(parts []check) check {
	if len(parts) == 1 {
		return parts[0]
	}
	return func(e *Eval) Verdict {
		v := False
		for _, part := range parts {
			if v = max(v, part(e)); v == True {
				break
			}
		}
		return v
	}
}

// checkAtom asks the atom's closure itself, unless it is one whose verdict is remembered, as a program's is.
func (s *Set) checkAtom(n atomNode) check {
	is := s.atoms[n.atom].fast
	if is == nil || s.atoms[n.atom].dear {
		is = func(e *Eval) Verdict { return e.atom(n.atom) }
	}
	if !n.neg {
		return is
	}
	return func(e *Eval) Verdict { return is(e).not() }
}

func (s *Set) checkHas(n hasNode) check {
	if t := &s.terms[n.term]; t.kind == fieldTerm {
		f := t.field
		return func(e *Eval) Verdict { return hasValue(&e.ev.Slots[f], n.neg) }
	}
	return n.eval
}

func (s *Set) checkEach(n eachNode) check {
	body := s.check(n.body)
	return func(e *Eval) Verdict { return n.walk(e, body) }
}

// hasValue is has() of a value. It is unknown only of what the record has and nobody can read: to say that a reason is missing
// where one byte of it is broken would be to accuse somebody of that byte.
func hasValue(v *event.Value, neg bool) Verdict {
	if v.Kind != event.Missing {
		return verdictOf(!neg)
	}
	if v.Illegible() {
		return UnknownField
	}
	return verdictOf(neg)
}
