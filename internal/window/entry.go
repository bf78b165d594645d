package window

import (
	"cmp"
	"slices"

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

func compare(a, b Entry) int {
	return cmp.Or(cmp.Compare(a.Time, b.Time), a.ID.Compare(b.ID), cmp.Compare(a.Step, b.Step), cmp.Compare(a.Value, b.Value))
}

// Distinct returns the entries with each event once, in their order.
func Distinct(entries []Entry) []Entry {
	return slices.CompactFunc(slices.Clone(entries), func(a, b Entry) bool { return a.ID == b.ID })
}
