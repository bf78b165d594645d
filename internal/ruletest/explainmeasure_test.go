package ruletest

import (
	"fmt"
	"strings"
	"testing"
)

// each shape that measures, and each bound, says what its window holds and how far it is from firing.
func TestEveryMeasureSaysWhatItHolds(t *testing.T) {
	const (
		baseline = `{type: baseline, baseline: {every: 1d, history: 20d, least: 3, above: 3}, condition: {gte: 4}}`
		peers    = `{type: baseline, baseline: {every: 1d, peers: object.id, least_peers: 2, above: 0}}`
		silence  = `{type: silence, timespan: 10m}`
		gap      = `{type: gap, timespan: 1h}`
		skew     = `{type: clock_skew, timespan: 1m, tolerance: 10m}`
		bounded  = `{type: event_count, timespan: 10m, condition: {gt: 1, lt: 4}}`
		sum      = `{type: value_sum, field: query.count, timespan: 10m, condition: {gte: 100}}`
	)
	on := func(day, n int, user, more string) string {
		return fmt.Sprintf("  - {event.time: 2026-07-%02dT22:30:00Z, event.dataset: niche, event.action: view, user.id: %s, repeat: %d, every: 1m%s}\n", day, user, n, more)
	}
	days := on(1, 1, "S1", "") + on(2, 2, "S1", "") + on(3, 1, "S1", "")
	role := ", object.id: desk"
	for name, c := range map[string]struct {
		correlation, events string
		want                []string
	}{
		"far more than usual": {baseline, days + on(4, 9, "S1", ""), []string{
			"the period from 2026-07-03T23:00:00Z to 2026-07-04T23:00:00Z: 9 observed", // London's days
			"own past: median 1, spread 1, of 3 such periods; unusual is more than 1 + 3 × 1 = 4", "it fires when the period is over", "count 9",
		}},
		"a little more than usual": {baseline, days + on(4, 3, "S1", ""), []string{"3 observed", "it does not fire: 5 in this period would, 2 more than there were"}},
		"too little to compare with": {baseline, on(3, 1, "S1", "") + on(4, 9, "S1", ""), []string{
			"of 1 such periods; 3 are needed: too few to compare with", "it does not fire: there is too little to compare with",
		}},
		"more than the peers": {peers, on(4, 1, "S2", role) + on(4, 2, "S3", role) + on(4, 9, "S1", role), []string{
			`peers ("desk"): median 2, spread 1, of 2 others; unusual is more than 2 + 0 × 1 = 2`, "it fires when the period is over",
		}},
		"nobody's peer":    {peers, on(4, 9, "S1", ""), []string{"peers: the record does not say whose peer it is"}},
		"a silence":        {silence, atNoon("00", "view", "A") + atNoon("20", "view", "A"), []string{"the event before it: 2026-03-02T12:00:00Z; the next: none", "it fires: nothing follows", "nothing since 2026-03-02 12:20:00 UTC"}},
		"no silence after": {silence, atNoon("20", "view", "A") + atNoon("25", "view", "A") + atNoon("24", "view", "A"), []string{"the next: 2026-03-02T12:25:00Z", "it does not fire: another event follows"}},
		"numbers missing": {gap, numberedEvent(0, 1) + numberedEvent(1, 2) + numberedEvent(9, 7), []string{
			"its number: 7", "missing among them: 1–7", "it fires: numbers before its own are missing", "4 missing (3–6) before",
		}},
		"no number missing": {gap, numberedEvent(0, 1) + numberedEvent(1, 2), []string{"its number: 2", "missing among them: 1–2", "it does not fire: no number is missing before its own"}},
		"a negative number": {gap, numberedEvent(0, -4), []string{"event.sequence is below 0, and such numbers are not counted"}},
		"a clock":           {skew, atNoon("00", "view", "A"), []string{"only what the daemon reads as it is written says something of the clocks"}},
		"within the bounds": {bounded, atNoon("00", "view", "A") + atNoon("01", "view", "A"), []string{"2; a hit has at least 2 and at most 3", "an alert counts this event"}},
		"too many":          {bounded, atNoon("00", "view", "A") + strings.Repeat(atNoon("00", "view", "A"), 4), []string{"5; a hit has at least 2 and at most 3", "it does not fire with this event"}},
		"a sum": {sum, strings.ReplaceAll(atNoon("00", "view", "A")+atNoon("01", "view", "A"), "object.id: A", "query.count: 30"), []string{
			"60 of 100 added up", "2 further events like this one would make it fire",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			explained(t, viewed(c.correlation), "events:\n"+c.events, c.want)
		})
	}
}

func TestARuleOverAlertsIsExplained(t *testing.T) {
	score := strings.Replace(viewed(`{type: value_sum, field: event.risk_score, timespan: 30d, condition: {gte: 100}}`),
		`event.action in ["view", "send", "login"]`, `event.dataset == "probity" and event.risk_score > 0`, 1)
	one := "  - {event.time: 2026-03-%02dT12:00:00Z, event.dataset: probity, event.action: alert, rule.id: some_rule, user.id: S1, event.risk_score: 40}\n"
	explained(t, score, "events:\n"+fmt.Sprintf(one, 2)+fmt.Sprintf(one, 3), []string{"80 of 100 added up", "one further event like this one would make it fire"})
	explained(t, score, "events:\n"+fmt.Sprintf(one, 2)+fmt.Sprintf(one, 3)+fmt.Sprintf(one, 4), []string{"120 of 100 added up", "it fires with this event", "count 3"})
	explained(t, score, "events:\n"+atNoon("00", "view", "A"), []string{"the rule is judged over alerts, not over what the logs hold"})
}

func numberedEvent(minute, n int) string {
	return fmt.Sprintf("  - {event.time: 2026-03-02T12:%02d:00Z, event.dataset: niche, event.action: view, event.sequence: %d}\n", minute, n)
}

// explained wants texts in the explanation of the last event.
func explained(t *testing.T, rule, events string, want []string) {
	t.Helper()
	got, err := handWritten(t, rule, events).Explain(0)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := got[0].WriteText(&b); err != nil {
		t.Fatal(err)
	}
	for _, w := range want {
		if !strings.Contains(b.String(), w) {
			t.Errorf("no %q in\n%s", w, b.String())
		}
	}
}
