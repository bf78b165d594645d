package decode

import (
	"fmt"
	"time"

	_ "time/tzdata" // local time must read the same on a machine without zone files
)

// loadZone returns a zone by its name; "" is UTC.
func loadZone(name string) (*time.Location, error) {
	if name == "Local" {
		return nil, fmt.Errorf("zone Local depends on the machine")
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("unknown zone %q", name)
	}
	return zone, nil
}

// turnsBack reports whether clocks of the zone were or will be set back in this century, as far as its rules say.
func turnsBack(zone *time.Location) bool {
	end := time.Date(2038, 1, 1, 0, 0, 0, 0, time.UTC)
	for t := time.Date(2000, 1, 1, 0, 0, 0, 0, zone); t.Before(end); {
		_, offset := t.Zone()
		_, next := t.ZoneBounds()
		if next.IsZero() {
			return false
		}
		if _, after := next.Zone(); after < offset {
			return true
		}
		t = next
	}
	return false
}

// localClock turns local time into instants. It remembers the span in which the last offset holds; one a worker.
type localClock struct {
	zone     *time.Location
	from, to int64 // civil seconds between which offset holds without doubt
	offset   int64
}

const day = 86400 // seconds; no two changes of a zone's clocks are closer

// instant returns the seconds since 1970 UTC of local time given in civil seconds. Where the clock shows a time twice, the
// first pass is meant; a time that it never shows is read with the offset before the change; both are doubtful.
func (c *localClock) instant(civil int64) (seconds int64, doubtful bool) {
	if civil >= c.from && civil < c.to {
		return civil - c.offset, false
	}
	before, after := c.offsetAt(civil-day), c.offsetAt(civil+day)
	if before == after {
		c.remember(civil - before)
		return civil - before, false
	}
	first, second := civil-before, civil-after
	holdsFirst, holdsSecond := c.offsetAt(first) == before, c.offsetAt(second) == after
	if !holdsFirst && holdsSecond {
		return second, false
	}
	return first, holdsFirst == holdsSecond
}

func (c *localClock) offsetAt(seconds int64) int64 {
	_, offset := time.Unix(seconds, 0).In(c.zone).Zone()
	return int64(offset)
}

// remember keeps the offset at an instant for the span that is a day away from any change.
func (c *localClock) remember(seconds int64) {
	t := time.Unix(seconds, 0).In(c.zone)
	_, offset := t.Zone()
	c.offset = int64(offset)
	c.from, c.to = -1<<62, 1<<62
	start, end := t.ZoneBounds()
	if !start.IsZero() {
		c.from = start.Unix() + c.offset + 2*day
	}
	if !end.IsZero() {
		c.to = end.Unix() + c.offset - 2*day
	}
}
