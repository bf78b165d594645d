package ruletest

import (
	"cmp"
	"slices"
	"time"

	"probity/internal/event"
	"probity/internal/rule"
)

// nearAlerts is how many alerts of a test are driven to the edge.
const nearAlerts = 3

// nearMisses drives the alerts of a rule with a window to the edge: as many events as it wants fire, in any window that holds
// them; one event fewer does not, whichever it is; and neither do they if the last comes one second past the window. Shapes
// that wait for what does not come have no such edge, and neither have upper bounds.
func (t *trial) nearMisses() {
	r := t.stage.generation.Rules.Rules[0]
	counts := r.Type == rule.EventCount && r.AtLeast > 1
	if r.AtMost > 0 || !counts && !slices.Contains([]string{rule.ValueCount, rule.ValueSum, rule.Temporal, rule.TemporalOrdered}, r.Type) {
		return
	}
	for i := range t.want.Alerts[:min(nearAlerts, len(t.want.Alerts))] {
		a := &t.want.Alerts[i]
		quorum := t.listed(a)
		if counts {
			quorum = first(quorum, r)
		} else {
			quorum = t.shrunk(quorum, a)
		}
		if len(quorum) < 2 {
			continue // it counts more events than it lists, or one event is all that it needs
		}
		if n := t.alerts("one event fewer", quorum, a); n != 1 {
			t.fail("one event fewer", "the %d events that fire first give %d alerts %s by themselves", len(quorum), n, describeGroup(a.Group))
		}
		for k := range quorum {
			if n := t.alerts("one event fewer", slices.Delete(slices.Clone(quorum), k, k+1), a); n != 0 {
				t.fail("one event fewer", "%d events of %d give an alert %s", len(quorum)-1, len(quorum), describeGroup(a.Group))
			}
		}
		t.edge(r, a, quorum, counts)
	}
}

// edge moves the last of the events that fire to either side of the window's end. Where it is values that count, the other
// side is not tried: another time may be another value.
func (t *trial) edge(r *rule.Compiled, a *raised, quorum []*event.Event, inside bool) {
	begin := quorum[0].Time()
	past := t.moved(quorum, begin+int64(r.Timespan+time.Second))
	if n := t.alerts("one second past the window", past, a); n != 0 {
		t.fail("one second past the window", "%d events within a second more than %s give an alert %s", len(quorum), r.Timespan, describeGroup(a.Group))
	}
	if !inside {
		return
	}
	within := t.moved(quorum, begin+int64(r.Timespan-time.Nanosecond))
	got, ok := t.walk("one second past the window", "at the window's last instant", course{events: within, batch: t.batch()})
	if ok && got.Counted == len(quorum) && count(got.Alerts, a) != 1 { // moved, an event may no longer be what the condition wants
		t.fail("one second past the window", "%d events within %s give no alert %s", len(quorum), r.Timespan, describeGroup(a.Group))
	}
}

// moved gives the last of the events another time.
func (t *trial) moved(events []*event.Event, at int64) []*event.Event {
	out := slices.Clone(events)
	last := *out[len(out)-1]
	last.Slots = slices.Clone(last.Slots)
	last.Slots[event.FieldTime] = event.TimeValue(at)
	out[len(out)-1] = &last
	return out
}

// listed are the events of an alert by time, nil if it does not list them all.
func (t *trial) listed(a *raised) []*event.Event {
	if len(a.Events) != a.Count {
		return nil
	}
	events := make([]*event.Event, len(a.Events))
	for i, place := range a.Events {
		events[i] = t.timeline[place-1]
	}
	slices.SortStableFunc(events, func(a, b *event.Event) int { return cmp.Compare(a.Time(), b.Time()) })
	return events
}

// first are the first events that are as many as a rule wants, within its timespan.
func first(events []*event.Event, r *rule.Compiled) []*event.Event {
	for i := 0; i+r.AtLeast <= len(events); i++ {
		if q := events[i : i+r.AtLeast]; q[len(q)-1].Time()-q[0].Time() < int64(r.Timespan) {
			return q
		}
	}
	return nil
}

// shrunkUpTo bounds the events of an alert that are left out one by one.
const shrunkUpTo = 100

// shrunk leaves out events, the last first, for as long as the alert stays.
func (t *trial) shrunk(events []*event.Event, a *raised) []*event.Event {
	if len(events) > shrunkUpTo {
		return nil
	}
	for k := len(events) - 1; k >= 0; k-- {
		if fewer := slices.Delete(slices.Clone(events), k, k+1); len(fewer) > 0 && t.alerts("one event fewer", fewer, a) == 1 {
			events = fewer
		}
	}
	return events
}

// alerts counts the alerts of a's group that events give.
func (t *trial) alerts(property string, events []*event.Event, a *raised) int {
	got, _ := t.walk(property, "by themselves", course{events: events, batch: max(1, len(events)/fewBatches)})
	return count(got.Alerts, a)
}

func count(alerts []raised, like *raised) (n int) {
	for i := range alerts {
		if describeGroup(alerts[i].Group) == describeGroup(like.Group) {
			n++
		}
	}
	return n
}
