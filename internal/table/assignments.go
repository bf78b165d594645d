package table

import (
	"time"

	"probity/internal/event"
)

// assignments is who was assigned to what: officer in the case, team, deployed.
type assignments struct {
	scope
	periods
	first map[two]int32 // by staff_id and purpose_ref: the list of their periods
}

func newAssignments(t *Table, at keys, sc scope, zone *time.Location) *assignments {
	a := &assignments{sc, make(periods, 0, t.Rows()), make(map[two]int32, t.Rows())}
	for i := range t.Rows() {
		c := t.row(i) // purpose_ref, staff_id, role, from, to
		k := pairOf(at[1][i], at[0][i])
		a.first[k] = a.add(spanOf(c[3], c[4], zone), a.of(k))
	}
	return a
}

// of returns the list of the periods for which somebody was assigned to something, -1 if there is none.
func (a *assignments) of(k two) int32 {
	if i, ok := a.first[k]; ok {
		return i
	}
	return -1
}

func (a *assignments) holds(staff, purpose event.Place, at int64) verdict {
	if a == nil || !a.answers(at) {
		return unknownTable
	}
	if a.any(a.of(pairOf(staff, purpose)), at) {
		return yes
	}
	return a.miss()
}

// links is which record belongs to which incident or occurrence.
type links struct {
	scope
	periods
	first    byPlace       // by record_ref: the list of its periods
	purposes []event.Place // by index of the period
	records  []event.Place // likewise
	within   byPlace       // by purpose_ref: its last period
	before   []int32       // by index: the period of the same purpose before it, -1 at the first
}

func newLinks(t *Table, at keys, sc scope, zone *time.Location) *links {
	l := &links{scope: sc, periods: make(periods, 0, t.Rows()), records: at[0], purposes: at[1]}
	for i := range t.Rows() {
		c := t.row(i) // record_ref, purpose_ref, from, to
		record, purpose := at[0][i], at[1][i]
		l.first.put(record, l.add(spanOf(c[2], c[3], zone), l.first.of(record)))
		l.before = append(l.before, l.within.of(purpose))
		l.within.put(purpose, int32(i))
	}
	return l
}

// holding calls yield for each record that belongs to a purpose until it returns false.
func (l *links) holding(purpose event.Place, at int64) func(yield func(record event.Place) bool) {
	return func(yield func(event.Place) bool) {
		for i := l.within.of(purpose); i >= 0; i = l.before[i] {
			if l.periods[i].holds(at) && !yield(l.records[i]) {
				return
			}
		}
	}
}

// of calls yield for each purpose that a record belongs to until it returns false.
func (l *links) of(record event.Place, at int64) func(yield func(purpose event.Place) bool) {
	return func(yield func(event.Place) bool) {
		for i := l.first.of(record); i >= 0; i = l.periods[i].next {
			if l.periods[i].holds(at) && !yield(l.purposes[i]) {
				return
			}
		}
	}
}

// begun is of, but for what the record has come to belong to by a time, whether or not it still does.
func (l *links) begun(record event.Place, by int64) func(yield func(purpose event.Place) bool) {
	return func(yield func(event.Place) bool) {
		for i := l.first.of(record); i >= 0; i = l.periods[i].next {
			if l.periods[i].from <= by && !yield(l.purposes[i]) {
				return
			}
		}
	}
}

// ended returns, of the assignments of somebody to a purpose that have begun by a time, whether there is any, and when the
// last of them ends. One that was cancelled before it began is none.
func (a *assignments) ended(staff, purpose event.Place, by int64) (begun bool, last int64) {
	last = always
	for i := a.of(pairOf(staff, purpose)); i >= 0; i = a.periods[i].next {
		if p := a.periods[i].span; p.from <= by && p.from < p.to {
			begun, last = true, max(last, p.to)
		}
	}
	return begun, last
}

func (s *Set) assigned(q query) verdict { return s.assignments.holds(q.first, q.second, q.at) }

func (s *Set) linked(q query) verdict {
	if s.links == nil || !s.links.answers(q.at) {
		return unknownTable
	}
	for purpose := range s.links.of(q.first, q.at) {
		if purpose == q.second {
			return yes
		}
	}
	return s.links.miss()
}

// partyTo is yes for somebody whom a record of the incident, occurrence or crime is about. A case holds records about nobody,
// too (its vehicles, its crime), so it is known who is no party only where nominals is complete.
func (s *Set) partyTo(q query) verdict {
	if s.links == nil || !s.links.answers(q.at) || s.nominals == nil || !s.nominals.answers(q.at) {
		return unknownTable
	}
	who, found := s.people.find(q.first, q.at)
	if found != yes {
		return found
	}
	is := s.links.miss()
	for record := range s.links.holding(q.second, q.at) {
		nom, found := s.nominals.find(record, q.at)
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
func (s *Set) assignedToRecord(q query) verdict {
	staff, record := q.first, q.second
	is := s.assignments.holds(staff, record, q.at)
	if is == yes {
		return yes
	}
	if s.links == nil || !s.links.answers(q.at) {
		return unknownTable
	}
	for purpose := range s.links.of(record, q.at) {
		if is = is.or(s.assignments.holds(staff, purpose, q.at)); is == yes {
			return yes
		}
	}
	return is.or(s.links.miss())
}

// assignmentOver is yes for somebody who was assigned to what the record came to belong to and has not been for longer than
// the grace. Links that have ended count, since some systems end them with the case. Rows that may be lacking could say that
// the assignment goes on, so of incomplete tables the answer is no or unknown.
func (s *Set) assignmentOver(q query) verdict {
	a, l := s.assignments, s.links
	if a == nil || l == nil || !a.answers(q.at) || !l.answers(q.at) {
		return unknownTable
	}
	grace := min(max(q.args[2].Num, 0), maxGraceSeconds) * int64(time.Second)
	staff, record := q.first, q.second
	worked, last := a.ended(staff, record, q.at)
	for purpose := range l.begun(record, q.at) {
		if other, end := a.ended(staff, purpose, q.at); other {
			worked, last = true, max(last, end)
		}
	}
	switch {
	case last == never || plus(last, grace) > q.at:
		return no
	case a.miss() != no || l.miss() != no:
		return unknownTable
	}
	return known(worked)
}
