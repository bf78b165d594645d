package table

import (
	"time"

	"probity/internal/event"
)

// answers are what one column of people says: the values that differ, and for each row which of them is its own. Thousands have
// one of a few roles, teams and dates, so that what is asked again and again stays in the processor's cache; a row of its
// own values would be a kilobyte apart from the next.
type answers struct {
	rows   []int32
	values []event.Value
	index  map[answer]int32 // of values, until all rows are in
}

// answer is a value as a key.
type answer struct {
	text string
	num  int64
	kind event.Kind
}

// The first two values are none.
const (
	emptyCell int32 = iota
	unreadableCell
)

func newAnswers(rows int) answers {
	return answers{rows: make([]int32, 0, rows), values: make([]event.Value, 2), index: map[answer]int32{}}
}

// add enters the next row's value.
func (a *answers) add(v event.Value) {
	if !v.Has() {
		a.rows = append(a.rows, emptyCell)
		return
	}
	k := answer{v.Str, v.Num, v.Kind}
	i, ok := a.index[k]
	if !ok {
		i = int32(len(a.values))
		a.values = append(a.values, v)
		a.index[k] = i
	}
	a.rows = append(a.rows, i)
}

// unreadable enters a cell that is not empty and says nothing.
func (a *answers) unreadable() { a.rows = append(a.rows, unreadableCell) }

// date enters a day: its first instant, or the first after it.
func (a *answers) date(cell string, begin bool, zone *time.Location, fault func()) {
	if cell == "" {
		a.add(event.Value{})
		return
	}
	at, err := parseStamp(cell)
	switch {
	case err != nil:
		fault()
		a.unreadable()
	case begin:
		a.add(event.TimeValue(at.begin(zone)))
	default:
		a.add(event.TimeValue(at.end(zone)))
	}
}

// of is what the column says of a row. A newer table may say what this one's cell fails to.
func (a *answers) of(row int32) (event.Value, event.Unknown) {
	switch i := a.rows[row]; i {
	case emptyCell:
		return event.Value{}, event.UnknownField
	case unreadableCell:
		return event.Value{}, event.UnknownTable
	default:
		return a.values[i], event.Known
	}
}
