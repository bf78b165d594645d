package table

import "time"

// periods are the spans of time for which rows hold. Those of one key are a list through one slab, which costs a table of a
// million rows one allocation and the garbage collector nothing.
type periods []period

type period struct {
	span
	next int32 // -1 at the end
}

// add puts a span before the list that begins at next, -1 for none, and returns its index: that list's new beginning.
func (p *periods) add(s span, next int32) int32 {
	*p = append(*p, period{s, next})
	return int32(len(*p) - 1)
}

// any reports whether a span of the list that begins at i holds at a time.
func (p periods) any(i int32, at int64) bool {
	for ; i >= 0; i = p[i].next {
		if p[i].holds(at) {
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
