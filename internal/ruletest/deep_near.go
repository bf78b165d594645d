package ruletest

import (
	"slices"
	"time"

	"probity/internal/event"
	"probity/internal/rule"
)

// nearAlerts is how many alerts of a test are driven to the edge.
const nearAlerts = 3

// nearMisses drives the alerts of a counting rule to the edge: as many events as the rule wants fire, in any window that
// holds them; one event fewer does not, whichever it is; and neither do they if the last comes one second past the window.
func (t *trial) nearMisses() {
	r := t.stage.generation.Rules.Rules[0]
	if r.Correlation == nil || r.Correlation.Type != "event_count" || r.AtLeast < 2 {
		return
	}
	for i := range t.want.Alerts[:min(nearAlerts, len(t.want.Alerts))] {
		a := &t.want.Alerts[i]
		quorum := t.quorum(r, a)
		if quorum == nil {
			continue // it counts more events than it lists
		}
		if n := t.alerts("one event fewer", quorum, a); n != 1 {
			t.fail("one event fewer", "the %d events that fire first give %d alerts %s by themselves", r.AtLeast, n, describeGroup(a.Group))
		}
		for k := range quorum {
			if n := t.alerts("one event fewer", slices.Delete(slices.Clone(quorum), k, k+1), a); n != 0 {
				t.fail("one event fewer", "%d events of %d give an alert %s", r.AtLeast-1, r.AtLeast, describeGroup(a.Group))
			}
		}
		t.edge(r, a, quorum)
	}
}

// edge moves the last of the events that fire to either side of the window's end.
func (t *trial) edge(r *rule.Compiled, a *raised, quorum []*event.Event) {
	first := quorum[0].Time()
	past := t.moved(quorum, first+int64(r.Timespan+time.Second))
	if n := t.alerts("one second past the window", past, a); n != 0 {
		t.fail("one second past the window", "%d events within a second more than %s give an alert %s", r.AtLeast, r.Timespan, describeGroup(a.Group))
	}
	inside := t.moved(quorum, first+int64(r.Timespan-time.Nanosecond))
	got, ok := t.walk("one second past the window", "at the window's last instant", course{events: inside, batch: t.batch()})
	if ok && got.Counted == len(quorum) && count(got.Alerts, a) != 1 { // moved, an event may no longer be what the condition wants
		t.fail("one second past the window", "%d events within %s give no alert %s", r.AtLeast, r.Timespan, describeGroup(a.Group))
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

// quorum is the first events of an alert that are as many as the rule wants, within its timespan.
func (t *trial) quorum(r *rule.Compiled, a *raised) []*event.Event {
	if len(a.Events) != a.Count {
		return nil
	}
	events := make([]*event.Event, len(a.Events))
	for i, place := range a.Events {
		events[i] = t.timeline[place-1]
	}
	slices.SortStableFunc(events, func(a, b *event.Event) int { return int(min(max(a.Time()-b.Time(), -1), 1)) })
	for i := 0; i+r.AtLeast <= len(events); i++ {
		if q := events[i : i+r.AtLeast]; q[len(q)-1].Time()-q[0].Time() < int64(r.Timespan) {
			return q
		}
	}
	return nil
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
