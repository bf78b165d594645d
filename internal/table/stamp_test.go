package table

import (
	"math"
	"testing"
	"time"
)

func TestATimeIsAnInstantALocalClockReadingOrADay(t *testing.T) {
	zone := london(t)
	for _, c := range []struct{ text, begin, end string }{
		{"2026-03-02T14:05:00Z", "2026-03-02T14:05:00Z", "2026-03-02T14:05:00Z"},
		{"2026-07-02T14:05:00.25+01:00", "2026-07-02T13:05:00.25Z", "2026-07-02T13:05:00.25Z"},
		{"2026-07-02 14:05", "2026-07-02T13:05:00Z", "2026-07-02T13:05:00Z"},
		{"2026-01-02 14:05:17", "2026-01-02T14:05:17Z", "2026-01-02T14:05:17Z"},
		{"2026-07-02", "2026-07-01T23:00:00Z", "2026-07-02T23:00:00Z"},
		{"2026-03-29", "2026-03-29T00:00:00Z", "2026-03-29T23:00:00Z"},                // 23 hours
		{"2026-10-25", "2026-10-24T23:00:00Z", "2026-10-26T00:00:00Z"},                // 25 hours
		{"2026-10-25 01:00", "2026-10-25T00:00:00Z", "2026-10-25T00:00:00Z"},          // first pass
		{"2026-10-25 01:59:59", "2026-10-25T00:59:59Z", "2026-10-25T00:59:59Z"},       // first pass
		{"2026-10-25 02:00", "2026-10-25T02:00:00Z", "2026-10-25T02:00:00Z"},          // after
		{"2026-03-29 01:00", "2026-03-29T01:00:00Z", "2026-03-29T01:00:00Z"},          // missing: by the offset before
		{"2026-03-29 01:59", "2026-03-29T01:59:00Z", "2026-03-29T01:59:00Z"},          // missing
		{"2026-03-29 02:00", "2026-03-29T01:00:00Z", "2026-03-29T01:00:00Z"},          // after
		{"2026-10-25T01:30:00+00:00", "2026-10-25T01:30:00Z", "2026-10-25T01:30:00Z"}, // with an offset nothing is ambiguous
	} {
		s, err := parseStamp(c.text)
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		if got := instant(s.begin(zone)).Format(time.RFC3339Nano); got != c.begin {
			t.Errorf("%s begins %s, want %s", c.text, got, c.begin)
		}
		if got := instant(s.end(zone)).Format(time.RFC3339Nano); got != c.end {
			t.Errorf("%s ends %s, want %s", c.text, got, c.end)
		}
	}
}

func TestForEverIsAnOpenEnd(t *testing.T) {
	for text, want := range map[string]int64{"9999-12-31": never, "9999-12-31T23:59:59Z": never, "0001-01-01": always, "2262-01-01 00:00": never} {
		s, err := parseStamp(text)
		if got := s.end(time.UTC); err != nil || got != want {
			t.Errorf("%s: %d, %v", text, got, err)
		}
	}
	if !(span{always, never}).holds(math.MaxInt64) {
		t.Error("an open span does not hold at the end of time")
	}
}

func TestOtherTextsAreNotTimes(t *testing.T) {
	for _, text := range []string{"", "soon", "02/03/2026", "2026-3-2", "2026-02-30", "2026-03-02T14:05", "2026-03-02 25:00", "2026-03-02 14:05Z"} {
		if s, err := parseStamp(text); err == nil {
			t.Errorf("%q is read as %v", text, s)
		}
	}
}

func TestAddingNeverOverflows(t *testing.T) {
	for _, c := range [][3]int64{{never, 1, never}, {never - 1, 1, never}, {always, -1, always}, {5, -7, -2}, {always, never, -1}} {
		if got := plus(c[0], c[1]); got != c[2] {
			t.Errorf("%d and %d: %d", c[0], c[1], got)
		}
	}
}
