package table

import (
	"time"

	"probity/internal/event"
)

// assignments is who was assigned to what: officer in the case, team, deployed.
type assignments struct {
	scope
	periods[pair] // staff_id, purpose_ref
}

func newAssignments(t *Table, sc scope, zone *time.Location) *assignments {
	a := &assignments{sc, newPeriods[pair](t.Rows())}
	for i := range t.Rows() {
		c := t.row(i) // purpose_ref, staff_id, role, from, to
		a.add(pair{c[1], c[0]}, spanOf(c[3], c[4], zone))
	}
	return a
}

// holds takes folded keys.
func (a *assignments) holds(staff, purpose []byte, at int64) verdict {
	if a == nil || !a.answers(at) {
		return unknownTable
	}
	i, ok := a.first[pair{string(staff), string(purpose)}]
	if a.any(i, ok, at) {
		return yes
	}
	return a.miss()
}

// links is which record belongs to which incident or occurrence.
type links struct {
	scope
	periods[string]                  // by record_ref
	purposes        []string         // by index of the span
	records         []string         // likewise
	within          map[string]int32 // by purpose_ref: its last span
	before          []int32          // by index: the span of the same purpose before it, -1 at the first
}

func newLinks(t *Table, sc scope, zone *time.Location) *links {
	l := &links{scope: sc, periods: newPeriods[string](t.Rows()), within: map[string]int32{}}
	for i := range t.Rows() {
		c := t.row(i) // record_ref, purpose_ref, from, to
		at := l.add(c[0], spanOf(c[2], c[3], zone))
		l.records, l.purposes = append(l.records, c[0]), append(l.purposes, c[1])
		before, ok := l.within[c[1]]
		if !ok {
			before = -1
		}
		l.before = append(l.before, before)
		l.within[c[1]] = at
	}
	return l
}

// holding calls yield for each record that belongs to a purpose, given folded, until it returns false.
func (l *links) holding(purpose []byte, at int64) func(yield func(record string) bool) {
	return func(yield func(string) bool) {
		i, ok := l.within[string(purpose)]
		for ; ok && i >= 0; i = l.before[i] {
			if l.slab[i].holds(at) && !yield(l.records[i]) {
				return
			}
		}
	}
}

// of calls yield for each purpose that a record, given folded, belongs to, until it returns false.
func (l *links) of(record []byte, at int64) func(yield func(purpose string) bool) {
	return func(yield func(string) bool) {
		i, ok := l.first[string(record)]
		for ; ok && i >= 0; i = l.slab[i].next {
			if l.slab[i].holds(at) && !yield(l.purposes[i]) {
				return
			}
		}
	}
}

// begun is of, but for what the record has come to belong to by a time, whether or not it still does.
func (l *links) begun(record []byte, by int64) func(yield func(purpose string) bool) {
	return func(yield func(string) bool) {
		i, ok := l.first[string(record)]
		for ; ok && i >= 0; i = l.slab[i].next {
			if l.slab[i].from <= by && !yield(l.purposes[i]) {
				return
			}
		}
	}
}

// ended returns, of the assignments of somebody to a purpose that have begun by a time, whether there is any, and when the
// last of them ends. One that was cancelled before it began is none.
func (a *assignments) ended(staff, purpose []byte, by int64) (begun bool, last int64) {
	last = always
	i, ok := a.first[pair{string(staff), string(purpose)}]
	for ; ok && i >= 0; i = a.slab[i].next {
		if p := a.slab[i].span; p.from <= by && p.from < p.to {
			begun, last = true, max(last, p.to)
		}
	}
	return begun, last
}

func (s *Set) assigned(args []event.Value, at int64) verdict {
	var bufStaff, bufPurpose [keyBytes]byte
	return s.assignments.holds(fold(bufStaff[:0], args[0].Str), fold(bufPurpose[:0], args[1].Str), at)
}

func (s *Set) linked(args []event.Value, at int64) verdict {
	if s.links == nil || !s.links.answers(at) {
		return unknownTable
	}
	var bufRecord, bufPurpose [keyBytes]byte
	want := fold(bufPurpose[:0], args[1].Str)
	for purpose := range s.links.of(fold(bufRecord[:0], args[0].Str), at) {
		if purpose == string(want) {
			return yes
		}
	}
	return s.links.miss()
}

// partyTo is yes for somebody whom a record of the incident, occurrence or crime is about. A case holds records about nobody,
// too (its vehicles, its crime), so it is known who is no party only where nominals is complete.
func (s *Set) partyTo(args []event.Value, at int64) verdict {
	if s.links == nil || !s.links.answers(at) || s.nominals == nil || !s.nominals.answers(at) {
		return unknownTable
	}
	who, found := s.people.find(args[0].Str, at)
	if found != yes {
		return found
	}
	is := s.links.miss()
	var buf [keyBytes]byte
	for record := range s.links.holding(fold(buf[:0], args[1].Str), at) {
		nom, found := s.nominals.find(record, at)
		if found == yes {
			found = nom.identity.same(&who.identity)
		}
		if is = is.or(found); is == yes {
			return yes
		}
	}
	return is
}

// assignedToRecord is yes for somebody who is assigned to the record itself, or to what it is linked to.
func (s *Set) assignedToRecord(args []event.Value, at int64) verdict {
	var bufStaff, bufRecord, bufPurpose [keyBytes]byte
	staff, record := fold(bufStaff[:0], args[0].Str), fold(bufRecord[:0], args[1].Str)
	is := s.assignments.holds(staff, record, at)
	if is == yes {
		return yes
	}
	if s.links == nil || !s.links.answers(at) {
		return unknownTable
	}
	for purpose := range s.links.of(record, at) {
		if is = is.or(s.assignments.holds(staff, append(bufPurpose[:0], purpose...), at)); is == yes {
			return yes
		}
	}
	return is.or(s.links.miss())
}

// assignmentOver is yes for somebody who was assigned to what the record came to belong to and has not been for longer than
// the grace. Links that have ended count, since some systems end them with the case. Rows that may be lacking could say that
// the assignment goes on, so of incomplete tables the answer is no or unknown.
func (s *Set) assignmentOver(args []event.Value, at int64) verdict {
	a, l := s.assignments, s.links
	if a == nil || l == nil || !a.answers(at) || !l.answers(at) {
		return unknownTable
	}
	grace := min(max(args[2].Num, 0), maxGraceSeconds) * int64(time.Second)
	var bufStaff, bufRecord, bufPurpose [keyBytes]byte
	staff, record := fold(bufStaff[:0], args[0].Str), fold(bufRecord[:0], args[1].Str)
	worked, last := a.ended(staff, record, at)
	for purpose := range l.begun(record, at) {
		if other, end := a.ended(staff, append(bufPurpose[:0], purpose...), at); other {
			worked, last = true, max(last, end)
		}
	}
	switch {
	case last == never || plus(last, grace) > at:
		return no
	case a.miss() != no || l.miss() != no:
		return unknownTable
	}
	return known(worked)
}
