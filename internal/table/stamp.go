package table

import (
	"errors"
	"math"
	"strings"
	"time"
)

const (
	always = math.MinInt64 // an open beginning
	never  = math.MaxInt64 // an open end
)

// stamp is a time as a table writes it, before the set's zone is known.
type stamp struct {
	wall  time.Time // the clock reading, or the instant, as UTC
	local bool      // wall is a clock reading of the set's zone
	day   bool      // a date
}

var errStamp = errors.New("not a time")

func parseStamp(text string) (stamp, error) {
	if len(text) >= len(time.DateOnly) && strings.IndexByte(text, 'T') < 0 {
		for _, layout := range []string{time.DateOnly, "2006-01-02 15:04", time.DateTime} {
			if len(text) != len(layout) {
				continue
			}
			if t, err := time.Parse(layout, text); err == nil {
				return stamp{wall: t, local: true, day: layout == time.DateOnly}, nil
			}
		}
	}
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return stamp{wall: t.UTC()}, nil
	}
	return stamp{}, errStamp
}

// begin returns the instant at which something begins that begins at s.
func (s stamp) begin(zone *time.Location) int64 {
	if !s.local {
		return nanos(s.wall)
	}
	return nanos(localInstant(s.wall, zone))
}

// end returns the first instant after something that ends at s: a date includes its day.
func (s stamp) end(zone *time.Location) int64 {
	if s.day {
		s.wall = s.wall.AddDate(0, 0, 1)
	}
	return s.begin(zone)
}

// localInstant returns the instant at which the clocks of zone show wall: the first of two in the repeated hour; in the
// missing hour the one that the offset before the change gives. The standard library leaves both open.
func localInstant(wall time.Time, zone *time.Location) time.Time {
	const day = 24 * time.Hour
	before, after := offset(wall.Add(-day), zone), offset(wall.Add(day), zone)
	first, second := wall.Add(-before), wall.Add(-after)
	if offset(first, zone) != before && offset(second, zone) == after {
		return second
	}
	return first
}

func offset(t time.Time, zone *time.Location) time.Duration {
	_, seconds := t.In(zone).Zone()
	return time.Duration(seconds) * time.Second
}

// nanos is t.UnixNano with the ends of time that exports write for "for ever", such as 9999-12-31, cut to open ends.
func nanos(t time.Time) int64 {
	switch y := t.Year(); {
	case y < 1679:
		return always
	case y > 2261:
		return never
	}
	return t.UnixNano()
}

// instant is the inverse of nanos.
func instant(ns int64) time.Time { return time.Unix(0, ns).UTC() }

// plus adds without overflow.
func plus(ns, d int64) int64 {
	switch {
	case d > 0 && ns > never-d:
		return never
	case d < 0 && ns < always-d:
		return always
	}
	return ns + d
}

// span is a half-open stretch of time in nanoseconds since 1970 UTC.
type span struct{ from, to int64 }

func (s span) holds(at int64) bool { return s.from <= at && (at < s.to || s.to == never) }
