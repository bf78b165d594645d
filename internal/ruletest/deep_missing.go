package ruletest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"

	"probity/internal/event"
	"probity/internal/rule"
)

// samePerson are fields that say the same person, so that one is missing only with the other.
var samePerson = [][]string{{"user.id", "user.name"}, {"requestor.id", "requestor.name"}}

// neverMissing are fields that every event has: a record without a time is a reject, and the dataset is the source's.
var neverMissing = []string{"event.time", "event.dataset"}

// missingFields takes each field from all events, and from each event alone. That may cost an alert events, or its life; it
// may not add an alert, and not change one without a changed event. Fields whose absence the rule itself asks for (has) are
// left alone: there the rule says what a missing field means. Rules that fire because of fewer events are left alone, too: a
// record that they do not see is missing to them.
func (t *trial) missingFields() {
	rules := t.stage.generation.Rules
	if r := rules.Rules[0]; r.AtMost > 0 || r.Normal != nil || r.Measured() {
		return
	}
	asked := rules.ActsOnMissing(rules.Rules[0])
	for _, fields := range t.fields() {
		if slices.ContainsFunc(fields, func(f string) bool { return actsOn(asked, f) }) {
			continue
		}
		t.without(fields, func(int) bool { return true }, "all events")
		if len(t.timeline) > singlesUpTo || leansOnOthers(rules.Rules[0]) {
			continue
		}
		for i := range t.timeline {
			t.without(fields, func(n int) bool { return n == i }, fmt.Sprintf("event %d", i+1))
		}
	}
}

// actsOn reports whether a field is among those whose absence the rule asks for, where actor.id stands for both samePerson.
func actsOn(asked []string, field string) bool {
	if slices.Contains(asked, field) {
		return true
	}
	person := slices.ContainsFunc(samePerson, func(p []string) bool { return slices.Contains(p, field) })
	return person && slices.ContainsFunc(asked, func(a string) bool { return strings.HasPrefix(a, "actor.") })
}

// fields lists what the events carry, each to be missing together.
func (t *trial) fields() [][]string {
	var names []string
	for _, ev := range t.timeline {
		for f := range ev.Slots {
			if ev.Slots[f].Has() {
				names = append(names, t.schema().Info(event.Field(f)).Name)
			}
		}
		for _, p := range ev.Native {
			names = append(names, event.NativePrefix+p.Name)
		}
	}
	slices.Sort(names)
	var out [][]string
	for _, name := range slices.Compact(names) {
		i := slices.IndexFunc(samePerson, func(p []string) bool { return slices.Contains(p, name) })
		switch {
		case slices.Contains(neverMissing, name):
		case i < 0:
			out = append(out, []string{name})
		case !slices.ContainsFunc(out, func(o []string) bool { return slices.Equal(o, samePerson[i]) }):
			out = append(out, samePerson[i])
		}
	}
	return out
}

func (t *trial) schema() *event.Schema { return t.suite.rig.schema }

// without plays the timeline without some fields of the events that which names.
func (t *trial) without(fields []string, which func(int) bool, where string) {
	changed := slices.Clone(t.timeline)
	for i, ev := range changed {
		if which(i) {
			changed[i] = t.strip(ev, fields)
		}
	}
	how := fmt.Sprintf("without %s in %s", strings.Join(fields, " and "), where)
	got, ok := t.walk("missing fields", how, course{events: changed, batch: t.batch()})
	if !ok {
		return
	}
	touched := func(a *raised) bool {
		return slices.ContainsFunc(a.Events, func(place int) bool { return which(place - 1) })
	}
	for i := range got.Alerts {
		a := &got.Alerts[i]
		if !slices.ContainsFunc(t.want.Alerts, func(w raised) bool { return within(a, &w) }) {
			t.fail("missing fields", "%s there is an alert more: %s", how, describe(a))
		}
	}
	for i := range t.want.Alerts {
		w := &t.want.Alerts[i]
		if !touched(w) && !slices.ContainsFunc(got.Alerts, func(a raised) bool { return cmp.Equal(a, *w) }) {
			t.fail("missing fields", "%s an alert changes that does not count it: %s", how, describe(w))
		}
	}
}

// leansOnOthers reports whether an alert of the rule hangs on events that it does not count: on what was usual, or seen before.
// One of them that cannot be read is no alibi, so that its field may take an alert away and add one as well.
func leansOnOthers(r *rule.Compiled) bool {
	return slices.Contains([]string{rule.NewValue, rule.BaselineType}, r.Type) || r.AtMost > 0
}

// within reports whether an alert counts nothing that another of the same group does not.
func within(a, of *raised) bool {
	if !cmp.Equal(a.Group, of.Group) {
		return false
	}
	return a.Count <= of.Count && !slices.ContainsFunc(a.Events, func(place int) bool { return !slices.Contains(of.Events, place) })
}

// strip copies an event without some fields. Where a field is declared native, the slot and the text go together.
func (t *trial) strip(ev *event.Event, fields []string) *event.Event {
	out := *ev
	out.Slots = slices.Clone(ev.Slots)
	for _, name := range fields {
		if f, ok := t.schema().Field(name); ok {
			out.Slots[f] = event.Value{}
		}
	}
	out.Native = slices.DeleteFunc(slices.Clone(ev.Native), func(p event.Pair) bool {
		return slices.Contains(fields, event.NativePrefix+p.Name)
	})
	return &out
}
