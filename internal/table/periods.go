package table

import "time"

// periods holds, by key, the spans of time for which rows hold. The spans of one key are a list through one slab, which
// costs a table of a million rows one allocation and the garbage collector nothing.
type periods[K comparable] struct {
	first map[K]int32
	slab  []period
}

type period struct {
	span
	next int32 // -1 at the end
}

func newPeriods[K comparable](rows int) periods[K] {
	return periods[K]{first: make(map[K]int32, rows), slab: make([]period, 0, rows)}
}

// add returns the index of the span.
func (p *periods[K]) add(k K, s span) int32 {
	next, ok := p.first[k]
	if !ok {
		next = -1
	}
	at := int32(len(p.slab))
	p.slab = append(p.slab, period{s, next})
	p.first[k] = at
	return at
}

// any reports whether a span of the list that begins at i holds at a time; ok is whether there is a list.
func (p *periods[K]) any(i int32, ok bool, at int64) bool {
	if !ok {
		return false
	}
	for ; i >= 0; i = p.slab[i].next {
		if p.slab[i].holds(at) {
			return true
		}
	}
	return false
}

// spanOf reads two cells; an empty one is open.
func spanOf(from, to string, zone *time.Location) span {
	return span{beginOf(from, zone), endOf(to, zone)}
}

// beginOf and endOf read cells that the reader has checked; an empty one is open.
func beginOf(cell string, zone *time.Location) int64 {
	if t, err := parseStamp(cell); err == nil {
		return t.begin(zone)
	}
	return always
}

func endOf(cell string, zone *time.Location) int64 {
	if t, err := parseStamp(cell); err == nil {
		return t.end(zone)
	}
	return never
}
