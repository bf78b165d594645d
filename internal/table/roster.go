package table

import (
	"slices"
	"strings"
	"time"

	"probity/internal/event"
)

// roster is who was on which duty when.
type roster struct {
	scope
	by []sheet // by the place of the staff_id
}

// sheet is the duties of one person by their beginning.
type sheet struct {
	listed  bool // there is a row, even if it was cancelled before it began
	duties  []duty
	longest int64 // of the duties, in nanoseconds; never if it does not fit
}

type duty struct {
	span
	word string
}

// working reports whether somebody on d may be expected at a terminal: an officer at court or in training is at work.
func (d *duty) working() bool { return d.word == "on" || d.word == "court" || d.word == "training" }

func newRoster(t *Table, at keys, sc scope, zone *time.Location) *roster {
	r := &roster{scope: sc}
	for _, staff := range at[0] {
		r.by = append(r.by, make([]sheet, max(int(staff)+1-len(r.by), 0))...)
	}
	for i := range t.Rows() {
		c := t.row(i) // staff_id, from, to, duty
		sh := &r.by[at[0][i]]
		sh.listed = true
		d := duty{spanOf(c[1], c[2], zone), c[3]}
		if d.from >= d.to {
			continue // cancelled before it began
		}
		sh.longest = max(sh.longest, plus(d.to, -max(d.from, -never)))
		sh.duties = append(sh.duties, d)
	}
	for _, sh := range r.by {
		slices.SortFunc(sh.duties, func(a, b duty) int {
			if a.from != b.from {
				if a.from < b.from {
					return -1
				}
				return 1
			}
			return strings.Compare(a.word, b.word)
		})
	}
	return r
}

// near returns the duties of which some, but not necessarily all, touch the time from at-margin to at+margin.
func (sh *sheet) near(at, margin int64) []duty {
	if len(sh.duties) == 0 {
		return nil
	}
	earliest := int64(always)
	if sh.longest < never {
		earliest = plus(plus(at, -margin), -sh.longest)
	}
	i, _ := slices.BinarySearchFunc(sh.duties, earliest, compareBegin)
	j, _ := slices.BinarySearchFunc(sh.duties, plus(plus(at, margin), 1), compareBegin)
	return sh.duties[i:max(i, j)]
}

func compareBegin(d duty, at int64) int {
	switch {
	case d.from < at:
		return -1
	case d.from > at:
		return 1
	}
	return 0
}

// sheetOf returns the duties of a person; of somebody without a row there are none.
func (r *roster) sheetOf(staff event.Place) *sheet {
	if staff < 0 || int(staff) >= len(r.by) {
		return &sheet{}
	}
	return &r.by[staff]
}

// none is the verdict on a time for which a person has no row. Somebody without any row at all is not on this roster, of
// whom even a complete one says nothing.
func (r *roster) none(sh *sheet) verdict {
	if !sh.listed {
		return unknownTable
	}
	return r.miss()
}

// duty is unknown where rows that overlap say different things.
func (s *Set) duty(q query) (event.Value, event.Unknown) {
	r := s.roster
	if r == nil || !r.answers(q.at) {
		return event.Value{}, event.UnknownTable
	}
	sh, word := r.sheetOf(q.first), ""
	for _, d := range sh.near(q.at, 0) {
		if !d.holds(q.at) || d.word == word {
			continue
		}
		if word != "" {
			return event.Value{}, event.UnknownTable
		}
		word = d.word
	}
	if word == "" {
		if r.none(sh) != no {
			return event.Value{}, event.UnknownTable
		}
		word = "off"
	}
	return event.StringValue(word), event.Known
}

// maxGraceSeconds bounds the grace of on_duty: a year.
const maxGraceSeconds = 366 * 24 * 3600

func (s *Set) onDuty(q query) verdict {
	r := s.roster
	if r == nil || !r.answers(q.at) {
		return unknownTable
	}
	grace := min(max(q.args[1].Num, 0), maxGraceSeconds) * int64(time.Second)
	first, last := plus(q.at, -grace), plus(q.at, grace)
	sh := r.sheetOf(q.first)
	listed := first // up to where the rows, which are in order, leave no gap
	for _, d := range sh.near(q.at, grace) {
		if d.working() && d.from <= last && (first < d.to || d.to == never) {
			return yes
		}
		if d.from <= listed {
			listed = max(listed, d.to)
		}
	}
	// A no needs to know the whole of the grace: in what is not listed or not covered, a shift may have ended.
	switch {
	case !r.answers(first) || !r.answers(last):
		return unknownTable
	case listed > last:
		return no
	}
	return r.none(sh)
}
