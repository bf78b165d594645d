package rule

import (
	"slices"
	"strings"
)

// fingerprint is what the conditions of the set's one rule mean, as far as alerts can tell. Two rules that differ nowhere
// else and have the same fingerprint give the same alerts: the laws that it applies are those of Kleene's logic, where and
// is the minimum and or the maximum, and one more for when, see narrows.
func (s *Set) fingerprint() string {
	r := s.Rules[0]
	var parts []string
	for _, side := range r.Sides {
		parts = append(parts, s.describe(s.normal(side.Cond.root, !side.Link)))
	}
	for _, x := range r.Exceptions {
		parts = append(parts, s.describe(s.normal(x.Cond.root, false)))
	}
	return strings.Join(parts, "\n")
}

// normal simplifies a skeleton. when says that unknown for want of a field counts as false, as it does for a rule's
// condition, but not for an exception's: that holds a match back.
func (s *Set) normal(n node, when bool) node {
	switch n := n.(type) {
	case andNode:
		var parts []node
		for _, c := range n {
			switch c := s.normal(c, when).(type) {
			case constNode:
				if Verdict(c) == False {
					return c
				}
			case andNode:
				parts = append(parts, c...)
			default:
				parts = append(parts, c)
			}
		}
		if when {
			parts = s.withoutGuards(parts)
		}
		if parts = s.distinct(parts); len(parts) < 2 {
			return single(parts, True)
		}
		return andNode(parts)
	case orNode:
		var parts []node
		for _, c := range n {
			switch c := s.normal(c, when).(type) {
			case constNode:
				if Verdict(c) == True {
					return c
				}
			case orNode:
				parts = append(parts, c...)
			default:
				parts = append(parts, c)
			}
		}
		if parts = s.distinct(parts); len(parts) < 2 {
			return single(parts, False)
		}
		return orNode(parts)
	case eachNode:
		n.body = s.normal(n.body, when)
		return n
	}
	return n
}

func single(parts []node, empty Verdict) node {
	if len(parts) == 1 {
		return parts[0]
	}
	return constNode(empty)
}

// distinct leaves out parts that stand there twice.
func (s *Set) distinct(parts []node) []node {
	var out []node
	var seen []string
	for _, p := range parts {
		if text := s.describe(p); !slices.Contains(seen, text) {
			out, seen = append(out, p), append(seen, text)
		}
	}
	return out
}

// withoutGuards leaves out has(x) beside a part that cannot hold without x: has(x) and x == "a" is false where x == "a" is
// unknown, and either way there is no match.
func (s *Set) withoutGuards(parts []node) []node {
	return slices.DeleteFunc(slices.Clone(parts), func(p node) bool {
		guard, ok := p.(hasNode)
		return ok && !guard.neg && slices.ContainsFunc(parts, func(other node) bool { return s.narrows(other, guard.term) })
	})
}

// narrows reports whether n is at most unknown where the record lacks the term.
func (s *Set) narrows(n node, term int) bool {
	switch n := n.(type) {
	case atomNode:
		return slices.ContainsFunc(s.atoms[n.atom].terms, func(t int) bool { return s.asks(t, term) })
	case eachNode:
		return s.asks(n.list, term)
	case andNode:
		return slices.ContainsFunc(n, func(c node) bool { return s.narrows(c, term) })
	case orNode:
		return len(n) > 0 && !slices.ContainsFunc(n, func(c node) bool { return !s.narrows(c, term) })
	}
	return false
}

// asks reports whether term t is the term of, or a lookup that is asked with it.
func (s *Set) asks(t, of int) bool {
	return t == of || slices.ContainsFunc(s.terms[t].args, func(a int) bool { return s.asks(a, of) })
}
