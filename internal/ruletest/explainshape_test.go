package ruletest

import (
	"strings"
	"testing"
)

// viewed is a rule about views with a correlation of its own.
func viewed(correlation string) string {
	return `id: viewed
version: 1
title: Viewed
severity: low
description: d
owner: ITSO
review_by: 2027-06-01
proportionality: p
response: r
when: event.action in ["view", "send", "login"]
correlation: ` + correlation + `
alert: {summary: '{{.actor.id}}'}
`
}

// atNoon is an event of S1 on a minute past noon.
func atNoon(minute, action, object string) string {
	return "  - {event.time: 2026-03-02T12:" + minute + ":00Z, event.dataset: niche, event.action: " + action + ", user.id: S1, object.id: " + object + "}\n"
}

func TestEveryShapeSaysHowFarItIs(t *testing.T) {
	const (
		values   = `{type: value_count, field: object.id, timespan: 10m, condition: {gte: 3}}`
		ordered  = `{type: temporal_ordered, timespan: 1h, steps: [{name: seen, when: 'event.action == "view"'}, {name: sent, when: 'event.action == "send"'}]}`
		absence  = `{type: absence, absence: {link: 'event.action == "login"', before: 30m, after: 5m}}`
		newValue = `{type: new_value, field: object.id, timespan: 30d, min_history: 10m}`
	)
	for name, c := range map[string]struct {
		correlation, events string
		want                []string
	}{
		"two values of three": {values, atNoon("00", "view", "A") + atNoon("01", "view", "A") + atNoon("02", "view", "B"), []string{
			"up to 2026-03-02T12:02:00Z: 2 of 3 values", "one event with another value would make it fire, before the first of the window leaves it at 2026-03-02T12:10:00Z",
		}},
		"three values": {values, atNoon("00", "view", "A") + atNoon("01", "view", "C") + atNoon("02", "view", "B"), []string{"3 of 3 values", "it fires with this event"}},
		"the first of two steps": {ordered, atNoon("00", "view", "A"), []string{
			"condition of step seen", "condition of step sent", "  seen  this event", "it does not fire; further events like this one alone would not make it fire",
		}},
		"both steps":                {ordered, atNoon("00", "view", "A") + atNoon("01", "send", "A"), []string{"  seen\n", "  sent  this event", "it fires with this event"}},
		"steps the wrong way about": {ordered, atNoon("00", "send", "A") + atNoon("01", "view", "A"), []string{"it does not fire"}},
		"an event without a link":   {absence, atNoon("00", "view", "A"), []string{"condition of the link", "it fires with this event when nothing more can come", "count 1"}},
		"an event with a link":      {absence, atNoon("00", "login", "A") + atNoon("01", "view", "A"), []string{"  link\n", "it does not fire with this event when all events given have been read"}},
		"a value not seen before":   {newValue, atNoon("00", "view", "A") + atNoon("30", "view", "B"), []string{"it fires with this event when nothing more can come"}},
		"a value that is known":     {newValue, atNoon("00", "view", "A") + atNoon("30", "view", "A"), []string{"it does not fire with this event when all events given have been read"}},
		"the counted field is not there": {values, strings.Replace(atNoon("00", "view", "A"), ", object.id: A", "", 1), []string{
			"unknown, because nobody knows what it counts for: object.id", "object.id is unknown, so the event counts for nobody",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := handWritten(t, viewed(c.correlation), "events:\n"+c.events).Explain(0)
			if err != nil {
				t.Fatal(err)
			}
			var b strings.Builder
			if err := got[0].WriteText(&b); err != nil {
				t.Fatal(err)
			}
			for _, want := range c.want {
				if !strings.Contains(b.String(), want) {
					t.Errorf("no %q in\n%s", want, b.String())
				}
			}
		})
	}
}

func TestATimelineIsExplainedAsFarAsItSaysThatNothingIsMissing(t *testing.T) {
	const silence = `{type: silence, timespan: 1h, group_by: [event.dataset]}`
	for until, want := range map[string]string{
		"":                              "it fires: nothing follows within the timespan",
		"until: 2026-03-02T13:30:00Z\n": "it fires: nothing follows within the timespan",
		"until: 2026-03-02T12:30:00Z\n": "it does not fire yet: nothing follows, but until is within the timespan",
	} {
		got, err := handWritten(t, viewed(silence), "events:\n"+atNoon("00", "view", "A")+until).Explain(0)
		if err != nil {
			t.Fatal(err)
		}
		var text strings.Builder
		if err := got[0].WriteText(&text); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(text.String(), want) {
			t.Errorf("%q: no %q in\n%s", until, want, text.String())
		}
	}
}
