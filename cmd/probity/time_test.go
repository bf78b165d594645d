package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
)

// No test can set the machine's clock: others live by it. But the loop knows the clock only in comparison with the times of
// events, so a clock that is a day wrong and events that are a day away from it are the same to it. Fault 20, so far.
func TestAFastClockExpiresNothingInBulk(t *testing.T) {
	t.Parallel()
	wrongClock(t, -24*time.Hour, 0)
}

// wrongClock runs a flood whose events are away from the clock, and then jump.
func wrongClock(t *testing.T, away, jump time.Duration) {
	f := newFlood(t)
	f.write("probity.yaml", strings.Replace(floodConfig, "idle_after: 24h", "idle_after: 1s", 1)) // the clock decides soon
	f.ahead = time.Since(floodBegins) + away
	p := f.run()
	f.spell(p)
	if jump > 0 {
		f.skip(jump)
		f.spell(p)
	}
	f.hold(p)
}

// spell writes lines with pauses in which the clock decides about the quiet source.
func (f *flood) spell(p *process) {
	for _, lines := range []int{1, 29, 30, 30} {
		f.add(log, f.next(lines))
		f.await(p)
		if lines > 1 {
			<-time.After(1500 * time.Millisecond)
		}
	}
}

// Fault 20: a log in local time through both clock changes, and through a leap second, which time.Parse does not know: that
// line is a reject, kept with its place.
func TestBothClockChangesAndALeapSecondLoseNothing(t *testing.T) {
	t.Parallel()
	f := newFlood(t)
	f.write("probity.yaml", strings.Replace(floodConfig, "time: {from: t}", `time: {from: t, layouts: ["2006-01-02 15:04:05"], zone: Europe/London}`, 1))
	london, err := time.LoadLocation("Europe/London")
	f.must(err)
	p := f.run()
	local := func(at time.Time) string {
		line := floodLine(f.n, at, "view")
		f.n++
		return strings.Replace(line, at.Format(time.RFC3339Nano), at.In(london).Format("2006-01-02 15:04:05"), 1)
	}
	for _, change := range []time.Time{time.Date(2026, 3, 29, 1, 0, 0, 0, time.UTC), time.Date(2026, 10, 25, 1, 0, 0, 0, time.UTC)} {
		for minute := -120; minute < 120; minute += 2 {
			f.add(log, local(change.Add(time.Duration(minute)*time.Minute)))
		}
		f.await(p)
	}
	f.add(log, `{"t":"2016-12-31 23:59:60","u":"u1","a":"view","n":"leap"}`+"\n")
	if !eventually(func() bool { return p.metric("probity_rejects_total") == 1 }) {
		t.Errorf("%v rejects", p.metric("probity_rejects_total"))
	}
	if late := p.metric("probity_events_late_total"); late > 0 {
		t.Errorf("%v lines were late", late)
	}
	f.hold(p)
}

// Fault 20: lines from 1970 and from 2099 among the others move nothing: no window expires before its time, none is late
// that was in time, and they are judged themselves.
func TestLinesFromAnotherCenturyMoveNothing(t *testing.T) {
	t.Parallel()
	f := newFlood(t)
	dice := diceOf(t)
	p := f.run()
	strangers := []time.Time{
		time.Unix(0, 0), time.Date(2099, 12, 31, 23, 59, 59, 0, time.UTC), time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC),
		time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC),
	}
	for range 10 {
		var text strings.Builder
		for range 10 {
			text.WriteString(f.next(1))
			for _, at := range strangers[:2] { // many, so that the third-highest time is one of them
				if dice.IntN(3) == 0 {
					text.WriteString(f.stranger(at))
				}
			}
		}
		f.add(log, text.String())
		f.await(p)
	}
	f.hold(p)
	far := f.judgedAlone(strangers[2:])
	t.Logf("%d lines; of 1900 and 9999: %s", f.n, far)
}

// judgedAlone says what became of lines whose times an int64 of nanoseconds may not hold.
func (f *flood) judgedAlone(times []time.Time) string {
	p := f.run()
	var out []string
	for _, at := range times {
		before, rejects := p.metric("probity_events_total"), p.metric("probity_rejects_total")
		f.add(log, floodLine(9_000_000+at.Year(), at, "strange"))
		done := func() bool {
			return p.metric("probity_events_total") > before || p.metric("probity_rejects_total") > rejects
		}
		if !eventually(done) {
			f.t.Errorf("a line of %s is neither an event nor a reject\n%s", at, p.log())
		}
		out = append(out, fmt.Sprintf("%d rejected %v", at.Year(), p.metric("probity_rejects_total") > rejects))
	}
	p.terminate(f.t, 12*time.Second)
	return strings.Join(out, ", ")
}

// Fault 21.
func TestShuffledLinesGiveTheSameAlerts(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		reach time.Duration // how far a line moves at most; the source allows 5 minutes
		late  bool
	}{
		"within the lateness": {2 * time.Minute, false},
		"beyond it":           {20 * time.Minute, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, dice := newFlood(t), diceOf(t)
			p := f.run()
			lines := make(map[time.Duration]string)
			for range 300 {
				at := time.Duration(f.n) * 5 * time.Second
				line := floodLine(f.n, floodBegins.Add(at), "view")
				lines[at+time.Duration(dice.Int64N(int64(c.reach)))+time.Duration(f.n)] = line
				f.n++
			}
			order := slices.Sorted(maps.Keys(lines))
			var shuffled, sorted strings.Builder
			for _, at := range order {
				shuffled.WriteString(lines[at])
			}
			for n := range f.n {
				sorted.WriteString(floodLine(n, floodBegins.Add(time.Duration(n)*5*time.Second), "view"))
			}
			f.add(log, shuffled.String())
			f.await(p)
			late := p.metric("probity_events_late_total")
			if (late > 0) != c.late {
				t.Errorf("%v lines were late", late)
			}
			f.hold(p)
			f.write(log, sorted.String())
			if !c.late && !maps.Equal(f.replays(), f.in.last) {
				t.Error("the sorted lines give other alerts")
			}
			t.Logf("%d lines, %v late", f.n, late)
		})
	}
}
