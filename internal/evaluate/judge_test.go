package evaluate_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"probity/internal/alert"
	"probity/internal/evaluate"
	"probity/internal/event"
)

var nine = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// lookup is a planted misuse of two views by S1, the second half an hour after the first.
var lookup = evaluate.Truth{
	Typology: "self-lookup", Variant: "obvious", Person: "S1", First: nine, Last: nine.Add(30 * time.Minute),
	Events: []evaluate.Ref{{Dataset: "niche", NativeID: "1"}, {Dataset: "niche", NativeID: "2"}},
}

// record is the niche record of that number: its event id is "e" and the number.
func record(native, user string) event.Record {
	return event.Record{ID: "e" + native, NativeID: native, Fields: map[string]any{"event.dataset": "niche", "user.id": user}}
}

// fired is the first revision of an alert about records, grouped by group, whose last event is after nine by last.
func fired(id, rule, group string, last time.Duration, records ...event.Record) *alert.Alert {
	field := "actor.id"
	if strings.Contains(group, "/") { // a record's reference
		field = "object.id"
	}
	a := &alert.Alert{
		ID: id, Revision: 1, Status: alert.Open, Rule: alert.Rule{ID: rule}, Last: nine.Add(last), Evidence: records,
		Group: []alert.KeyPart{{Field: field, Value: group}},
	}
	for _, r := range records {
		a.EventIDs = append(a.EventIDs, r.ID)
	}
	return a
}

func revision(n int, a *alert.Alert) *alert.Alert { a.Revision = n; return a }

func about(r alert.Rule, a *alert.Alert) *alert.Alert { a.Rule = r; return a }

func withdrawn(a *alert.Alert) *alert.Alert { a.Status = alert.Withdrawn; return a }

// listing gives the alert further event ids without their records.
func listing(a *alert.Alert, ids ...string) *alert.Alert {
	a.EventIDs = append(a.EventIDs, ids...)
	return a
}

func TestMisuseIsFoundByAnOpenAlertAboutOneOfItsEventsAndItsPerson(t *testing.T) {
	requested := record("1", "S2")
	requested.Fields["requestor.id"] = "S1"
	pnc := record("1", "S1")
	pnc.Fields["event.dataset"] = "pnc"
	missed := evaluate.Verdict{Typology: "self-lookup", Variant: "obvious"}
	found := func(after time.Duration, rules ...string) evaluate.Verdict {
		v := missed
		v.After, v.Rules = after, rules
		return v
	}
	for name, c := range map[string]struct {
		alerts []*alert.Alert
		want   evaluate.Verdict
		rules  []evaluate.RuleScore
	}{
		"no alert": {nil, missed, nil},
		"event and group key": {
			[]*alert.Alert{fired("a", "self_lookup", "S1", time.Minute, record("2", "?"))},
			found(time.Minute, "self_lookup"), []evaluate.RuleScore{{Rule: "self_lookup", Alerts: 1, True: 1}},
		},
		"event and user of the record, grouped by the record looked up": {
			[]*alert.Alert{fired("a", "crowd", "N53/1", time.Minute, record("7", "S9"), record("1", "S1"))},
			found(time.Minute, "crowd"), []evaluate.RuleScore{{Rule: "crowd", Alerts: 1, True: 1}},
		},
		"an alert that is about it": {
			[]*alert.Alert{
				fired("a", "self_lookup", "S1", time.Minute, record("2", "?")),
				fired("b", "score", "S1", time.Hour, event.Record{ID: "ea", NativeID: "a", Fields: map[string]any{"event.dataset": "probity", "user.id": "S1"}}),
			},
			found(time.Minute, "score", "self_lookup"),
			[]evaluate.RuleScore{{Rule: "score", Alerts: 1, True: 1}, {Rule: "self_lookup", Alerts: 1, True: 1}},
		},
		"event and requestor": {
			[]*alert.Alert{fired("a", "crowd", "N53/1", 0, requested)},
			found(0, "crowd"), []evaluate.RuleScore{{Rule: "crowd", Alerts: 1, True: 1}},
		},
		"an operator's alert about what the offender asked for": {
			[]*alert.Alert{fired("a", "no_link", "S2", 0, requested)},
			missed, []evaluate.RuleScore{{Rule: "no_link", Alerts: 1, Other: 1}},
		},
		"an alert about the log that happens to quote it": {
			[]*alert.Alert{about(alert.Rule{ID: "gap", Type: "gap"}, fired("a", "", "niche/7", 0, record("1", "S1")))},
			missed, []evaluate.RuleScore{{Rule: "gap", Alerts: 1, Other: 1}},
		},
		"the person for another event": {
			[]*alert.Alert{fired("a", "self_lookup", "S1", 0, record("3", "S1"))},
			missed, []evaluate.RuleScore{{Rule: "self_lookup", Alerts: 1, Other: 1}},
		},
		"the event of another system with the same number": {
			[]*alert.Alert{fired("a", "self_lookup", "S1", 0, pnc)},
			missed, []evaluate.RuleScore{{Rule: "self_lookup", Alerts: 1, Other: 1}},
		},
		"the event and somebody else": {
			[]*alert.Alert{fired("a", "self_lookup", "S2", 0, record("1", "S2"))},
			missed, []evaluate.RuleScore{{Rule: "self_lookup", Alerts: 1, Other: 1}},
		},
		"withdrawn equals absent": {
			[]*alert.Alert{fired("a", "self_lookup", "S1", 0, record("1", "S1")), revision(2, withdrawn(fired("a", "self_lookup", "S1", 0, record("1", "S1"))))},
			missed, nil,
		},
		"an event that is only listed, quoted by another alert": {
			[]*alert.Alert{listing(fired("a", "bulk", "S1", time.Hour, record("3", "S1")), "e1"), fired("b", "crowd", "S9", 0, record("1", "S9"))},
			found(time.Hour, "bulk"), []evaluate.RuleScore{{Rule: "bulk", Alerts: 1, True: 1}, {Rule: "crowd", Alerts: 1, Other: 1}},
		},
		"an event that is only listed and nowhere quoted": {
			[]*alert.Alert{listing(fired("a", "bulk", "S1", 0, record("3", "S1")), "e1")},
			missed, []evaluate.RuleScore{{Rule: "bulk", Alerts: 1, Other: 1}},
		},
		"the first revision that is about it says when": {
			[]*alert.Alert{
				revision(3, fired("a", "bulk", "S1", 3*time.Hour, record("1", "S1"))),
				fired("a", "bulk", "S1", -time.Hour, record("3", "S1")),
				revision(2, fired("a", "bulk", "S1", time.Hour, record("1", "S1"))),
			},
			found(time.Hour, "bulk"), []evaluate.RuleScore{{Rule: "bulk", Alerts: 1, True: 1}},
		},
		"several rules and alerts, the earliest says when": {
			[]*alert.Alert{
				fired("a", "self_lookup", "S1", time.Hour, record("1", "S1")),
				fired("b", "bulk", "S1", time.Minute, record("2", "S1")),
				fired("c", "self_lookup", "S1", 2*time.Hour, record("2", "S1")),
			},
			found(time.Minute, "bulk", "self_lookup"),
			[]evaluate.RuleScore{{Rule: "bulk", Alerts: 1, True: 1}, {Rule: "self_lookup", Alerts: 2, True: 2}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := evaluate.Judge([]evaluate.Truth{lookup}, c.alerts)
			if diff := cmp.Diff([]evaluate.Verdict{c.want}, got.Misuse); diff != "" {
				t.Errorf("verdicts (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(c.rules, got.Rules); diff != "" {
				t.Errorf("rules (-want +got):\n%s", diff)
			}
		})
	}
}

func TestOneEventMayBelongToTheMisuseOfTwoPersons(t *testing.T) {
	other := lookup
	other.Typology, other.Person = "colleague-lookup", "S2"
	both := record("1", "S1")
	both.Fields["requestor.id"] = "S2"
	got := evaluate.Judge([]evaluate.Truth{lookup, other}, []*alert.Alert{fired("a", "crowd", "N53/1", 0, both)})
	if planted, found := got.Count(); planted != 2 || found != 2 {
		t.Errorf("found %d of %d, want both", found, planted)
	}
}

func TestJudgeLeavesTheAlertsInTheirOrder(t *testing.T) {
	alerts := []*alert.Alert{fired("b", "r", "S1", 0), fired("a", "r", "S1", 0)}
	evaluate.Judge(nil, alerts)
	if alerts[0].ID != "b" || alerts[1].ID != "a" {
		t.Error("the caller's slice was sorted")
	}
}
