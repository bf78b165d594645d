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
	by map[string]*sheet // by staff_id
}

// sheet is the duties of one person by their beginning.
type sheet struct {
	duties  []duty
	longest int64 // of the duties, in nanoseconds; never if it does not fit
}

type duty struct {
	span
	word string
}

// working reports whether somebody on d may be expected at a terminal: an officer at court or in training is at work.
func (d *duty) working() bool { return d.word == "on" || d.word == "court" || d.word == "training" }

func newRoster(t *Table, sc scope, zone *time.Location) *roster {
	r := &roster{sc, map[string]*sheet{}}
	for i := range t.Rows() {
		c := t.row(i) // staff_id, from, to, duty
		sh := r.by[c[0]]
		if sh == nil {
			sh = &sheet{}
			r.by[c[0]] = sh
		}
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
	if sh == nil {
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

// sheetOf returns the duties of a person; a nil sheet is that of somebody without a row.
func (r *roster) sheetOf(staff string) *sheet {
	var buf [keyBytes]byte
	return r.by[string(fold(buf[:0], staff))]
}

// none is the verdict on a time for which a person has no row. Somebody without any row at all is not on this roster, of
// whom even a complete one says nothing.
func (r *roster) none(sh *sheet) verdict {
	if sh == nil {
		return unknownTable
	}
	return r.miss()
}

// duty is unknown where rows that overlap say different things.
func (s *Set) duty(args []event.Value, at int64) (event.Value, event.Unknown) {
	r := s.roster
	if r == nil || !r.answers(at) {
		return event.Value{}, event.UnknownTable
	}
	sh, word := r.sheetOf(args[0].Str), ""
	for _, d := range sh.near(at, 0) {
		if !d.holds(at) || d.word == word {
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

func (s *Set) onDuty(args []event.Value, at int64) verdict {
	r := s.roster
	if r == nil || !r.answers(at) {
		return unknownTable
	}
	grace := min(max(args[1].Num, 0), maxGraceSeconds) * int64(time.Second)
	first, last := plus(at, -grace), plus(at, grace)
	sh := r.sheetOf(args[0].Str)
	listed := first // up to where the rows, which are in order, leave no gap
	for _, d := range sh.near(at, grace) {
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
