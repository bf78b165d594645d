package window

import (
	"cmp"
	"slices"
	"sort"

	"probity/internal/event"
)

// Entry is one event in a window, in one role: an event that meets two steps, or carries two values, is two entries.
type Entry struct {
	Time     int64     // event time, nanoseconds UTC
	ID       event.ID  // distinct events have distinct ids
	Value    uint64    // hash of the counted value; 0 for shapes without one
	Captured *Captured // what later steps are compared with; nil for shapes without
	Facts    uint32    // two bits a fact, from the lowest
	Step     uint8     // which step or side it is; 0 for shapes without
}

// Captured are the fields of an entry that a condition across steps compares, in the rule's order; "" is missing.
type Captured []string

func compare(a, b Entry) int { return a.compare(&b) }

// compare stops at what differs, which is nearly always the time: it is what windows spend most on.
func (e *Entry) compare(o *Entry) int {
	switch {
	case e.Time != o.Time:
		return cmp.Compare(e.Time, o.Time)
	case e.ID != o.ID:
		return e.ID.Compare(o.ID)
	case e.Step != o.Step:
		return cmp.Compare(e.Step, o.Step)
	}
	return cmp.Compare(e.Value, o.Value)
}

// place returns where an entry stands among others in order, or would, and whether it is there.
func place(entries []Entry, e *Entry) (int, bool) {
	n := len(entries)
	if n == 0 || entries[n-1].compare(e) < 0 {
		return n, false // the common case: events in order
	}
	at := sort.Search(n, func(i int) bool { return entries[i].compare(e) >= 0 })
	return at, entries[at].compare(e) == 0
}

// Distinct returns the entries with each event once, in their order.
func Distinct(entries []Entry) []Entry {
	return slices.CompactFunc(slices.Clone(entries), func(a, b Entry) bool { return a.ID == b.ID })
}
