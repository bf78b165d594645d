package sim

import (
	"bytes"
	"encoding/csv"
	"testing"
	"time"
)

// nicheTimes is the wall-clock times of a Niche log in order.
func nicheTimes(t *testing.T, f *Force) []time.Time {
	t.Helper()
	rows, err := csv.NewReader(bytes.NewReader(logs(f)["niche.csv"])).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var times []time.Time
	for _, r := range rows[1:] {
		at, err := time.Parse("2006-01-02 15:04:05.000", r[1])
		if err != nil {
			t.Fatal(err)
		}
		times = append(times, at)
	}
	return times
}

func between(times []time.Time, from, to string) int {
	a, _ := time.Parse(time.DateTime, from)
	b, _ := time.Parse(time.DateTime, to)
	n := 0
	for _, at := range times {
		if !at.Before(a) && at.Before(b) {
			n++
		}
	}
	return n
}

func TestTheMarchChangeSkipsAnHour(t *testing.T) {
	f := force(t, Options{Seed: 5, Staff: 200, Days: 3, Start: time.Date(2026, 3, 28, 0, 0, 0, 0, time.UTC)})
	times := nicheTimes(t, f)
	before := between(times, "2026-03-29 00:00:00", "2026-03-29 01:00:00")
	missing := between(times, "2026-03-29 01:00:00", "2026-03-29 02:00:00")
	after := between(times, "2026-03-29 02:00:00", "2026-03-29 03:00:00")
	if before == 0 || missing != 0 || after == 0 {
		t.Errorf("%d rows before, %d in the missing hour, %d after", before, missing, after)
	}
	if end, want := f.last().time(), time.Date(2026, 3, 30, 23, 0, 0, 0, time.UTC); !end.Equal(want) {
		t.Errorf("span ends %s, want %s", end, want)
	}
	if got := f.cal.midnight(2) - f.cal.midnight(1); got != 23*hour {
		t.Errorf("the day has %d ms", got)
	}
}

func TestTheOctoberChangeRepeatsAnHour(t *testing.T) {
	f := force(t, Options{Seed: 5, Staff: 200, Days: 3, Start: time.Date(2026, 10, 24, 0, 0, 0, 0, time.UTC)})
	back := 0
	times := nicheTimes(t, f)
	for i := 1; i < len(times); i++ {
		if times[i].Before(times[i-1]) {
			if back++; times[i].Hour() != 1 || times[i].Day() != 25 {
				t.Errorf("time goes back at %s", times[i])
			}
		}
	}
	if back != 1 {
		t.Errorf("time goes back %d times, want once", back)
	}
	if got := f.cal.midnight(2) - f.cal.midnight(1); got != 25*hour {
		t.Errorf("the day has %d ms", got)
	}
}

func TestStartIsTheUKDayThatHoldsIt(t *testing.T) {
	for _, start := range []time.Time{
		time.Date(2026, 6, 30, 23, 0, 0, 0, time.UTC), // local midnight of 1 July
		time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC),
	} {
		c, err := newCalendar(start)
		if err != nil {
			t.Fatal(err)
		}
		if got := c.date(0).iso(); got != "2026-07-01" {
			t.Errorf("%s begins %s", start, got)
		}
		if got := c.weekday(0); got != time.Wednesday {
			t.Errorf("%s is a %s", start, got)
		}
	}
}
