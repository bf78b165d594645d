package table

import (
	"slices"

	"probity/internal/event"
)

// index numbers the texts that tables are keyed by: members of staff, records, and what these belong to. An event names a few
// of them, and a dozen lookups ask about the same ones; each is looked for once, and what a table has of it stands at its number.
//
// Staff come first, in the order of the people table. So what only staff have is short, and the row of somebody in people is
// their place less one.
type index struct {
	places *texts      // folded
	staff  event.Place // the last that is a member of staff
}

// keys are the places of a table's cells, by column and row; nil for a column that is no key.
type keys [][]event.Place

// newIndex numbers the cells of tables that are keys, and returns where they are.
func newIndex(tables map[string]*Table) (*index, map[string]keys) {
	x, all := &index{places: newTexts()}, map[string]keys{}
	number := func(names []string, kinds ...kind) {
		for _, name := range names {
			t := tables[name]
			if t == nil {
				continue
			}
			if all[name] == nil {
				all[name] = make(keys, len(t.layout.columns))
			}
			for c, column := range t.layout.columns {
				if slices.Contains(kinds, column.kind) {
					all[name][c] = x.number(t, c)
				}
			}
		}
	}
	number(Names(), staffName, staff)
	x.staff = event.Place(x.places.count)
	// An array ends at the last place that it has something for, so what has few records comes first.
	number([]string{Honeytokens, Sensitive, Associations, Nominals, Links, Assignments}, key)
	return x, all
}

// number gives the cells of a column their places.
func (x *index) number(t *Table, column int) []event.Place {
	out := make([]event.Place, t.Rows())
	for i := range out {
		text := t.row(i)[column]
		if t.layout.columns[column].kind == staffName {
			text = foldText(text) // it is kept as it is written
		}
		out[i] = event.Place(x.places.put(text, int32(x.places.count+1)))
	}
	return out
}

// find returns the place of an argument.
func (x *index) find(text string) event.Place {
	if at, ok := x.places.findFolded(text); ok {
		return event.Place(at)
	}
	return event.Nowhere
}

// Find returns the place of a staff id or a reference: see event.Lookup.
func (s *Set) Find(text string) event.Place { return s.index.find(text) }

// isStaff reports whether a place is that of a member of staff in some table.
func (x *index) isStaff(at event.Place) bool { return at > 0 && at <= x.staff }

// byPlace is a number, of a row or an entry, for each place that has one.
type byPlace []int32 // one more than the number; 0 where there is none

func (b *byPlace) put(at event.Place, n int32) {
	if short := int(at) + 1 - len(*b); short > 0 {
		*b = append(*b, make([]int32, short)...)
	}
	(*b)[at] = n + 1
}

// of returns the number of a place, -1 if it has none.
func (b byPlace) of(at event.Place) int32 {
	if at < 0 || int(at) >= len(b) {
		return -1
	}
	return b[at] - 1
}

// two is a key of two places.
type two uint64

func pairOf(left, right event.Place) two { return two(uint32(left))<<32 | two(uint32(right)) }
