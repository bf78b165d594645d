package rule

import "probity/internal/event"

// node is a skeleton in negation normal form: negations stand at the leaves only.
type node interface {
	eval(e *Eval) Verdict
}

type constNode Verdict

func (n constNode) eval(*Eval) Verdict { return Verdict(n) }

type andNode []node

func (n andNode) eval(e *Eval) Verdict {
	v := True
	for _, c := range n {
		if v = min(v, c.eval(e)); v == False {
			break
		}
	}
	return v
}

type orNode []node

func (n orNode) eval(e *Eval) Verdict {
	v := False
	for _, c := range n {
		if v = max(v, c.eval(e)); v == True {
			break
		}
	}
	return v
}

// atomNode is an atom, perhaps negated.
type atomNode struct {
	atom int
	neg  bool
}

func (n atomNode) eval(e *Eval) Verdict {
	v := e.atom(n.atom)
	if n.neg {
		return v.not()
	}
	return v
}

// hasNode is has(term), perhaps negated.
type hasNode struct {
	term int
	neg  bool
}

func (n hasNode) eval(e *Eval) Verdict {
	v, _ := e.term(n.term)
	return hasValue(v, n.neg)
}

// eachNode is any(list, body) or, with all set, all(list, body), unrolled over the list's elements. An unknown list is
// unknown: there may be elements that the log did not carry.
type eachNode struct {
	list int
	all  bool
	body node
}

func (n eachNode) eval(e *Eval) Verdict { return n.walk(e, n.body.eval) }

func (n eachNode) walk(e *Eval, body check) Verdict {
	list, unknown := e.term(n.list)
	if !list.Has() {
		return verdictUnknown(unknown)
	}
	v := verdictOf(n.all)
	outer := e.element
	for _, el := range list.List() {
		e.element = event.StringValue(el)
		if n.all {
			v = min(v, body(e))
		} else {
			v = max(v, body(e))
		}
	}
	e.element = outer
	return v
}
