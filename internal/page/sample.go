package page

import (
	"time"

	"probity/internal/alert"
	"probity/internal/event"
)

const sampleMarking = "OFFICIAL-SENSITIVE"

var sampleZone = time.FixedZone("BST", 3600)

// Samples are alerts to try templates with: those that pages and mails are tried with, and one whose texts are what somebody
// could write into a log.
func Samples() []*alert.Alert {
	const bad = "\"}],\n\\{{.}}\u2028<x>"
	hostile := *samples()[0]
	hostile.Summary, hostile.Reason, hostile.Rule.Title, hostile.Rule.Response = bad, bad, bad, bad
	hostile.Person = &alert.Person{ID: bad, Surname: bad, Forenames: bad, Collar: bad, Role: bad, Team: bad, Station: bad, ManagerID: bad}
	hostile.Group, hostile.Unknowns = []alert.KeyPart{{Field: "object.id", Value: bad}}, []string{bad}
	hostile.Evidence = []event.Record{{ID: "00", Original: bad, Path: bad, NativeID: bad}}
	return append(samples(), &hostile)
}

// sampleBackground has everything that can be known beside a revision.
func sampleBackground() *alert.Background {
	at := time.Date(2026, 6, 3, 9, 0, 0, 0, time.UTC)
	tally := alert.Tally{Rule: "sample_rule", Alerts: 3, Open: 1, Withdrawn: 1, Outcomes: map[alert.Outcome]int{alert.Training: 1}, Last: at,
		Precision: alert.PrecisionOf(map[alert.Outcome]int{alert.Training: 1})}
	return &alert.Background{
		AsOf: at, State: alert.Reopened, Folded: 21, Over: alert.OverRule, Closings: []alert.Decision{{Outcome: alert.Training, Revision: 1, At: at, Roles: []string{"iso"}}},
		Surroundings: []alert.Surrounding{{Event: "00", TakenAt: at, Before: "the line before\n", After: "the line after\n"}},
		History:      alert.History{Person: []alert.Tally{tally}, Rule: tally},
	}
}

// foldedSample is an alert beyond the alert budget.
func foldedSample() *alert.Alert {
	return &alert.Alert{ID: "bbbbbbbbbbbbbbbbbbbbbbbbbb", Revision: 1, Status: alert.Open, Marking: sampleMarking, Rule: alert.Rule{ID: "sample_rule", Severity: alert.High}}
}

// samples are what templates are tried with: an alert that has everything, a withdrawn one, and one that has nothing.
func samples() []*alert.Alert {
	at := time.Date(2026, 6, 2, 13, 5, 0, 0, time.UTC)
	usual := &alert.Usual{Median: 4, Spread: 2, Among: 20, Above: 17}
	full := alert.Alert{
		Schema: alert.SchemaVersion, ID: "aaaaaaaaaaaaaaaaaaaaaaaaaa", Revision: 2, Status: alert.Open, Marking: sampleMarking, Summary: "A sentence.",
		Rule: alert.Rule{ID: "sample_rule", Version: 1, Type: "baseline", Title: "A title", Severity: alert.High, Hash: "00", Overlay: "00",
			Controls: map[string][]string{"gpg13": {"PMC1"}}, Proportionality: "Why.", Response: "1. First.\n2. Second.", FalsePositives: []string{"An innocent one."}},
		Person: &alert.Person{ID: "S1", Surname: "Sample", Forenames: "A", Collar: "1", Role: "officer", Team: "T", Station: "S", ManagerID: "S2"},
		Group:  []alert.KeyPart{{Field: "actor.id", Value: "S1"}}, Period: alert.Period{Start: at, End: at.Add(24 * time.Hour)},
		Count: 1, First: at, Last: at, EventIDs: []string{"00"},
		Evidence: []event.Record{{ID: "00", Time: at, Ingested: at, Source: "sample", NativeID: "1", Path: "/var/log/sample", SHA256: "00", Original: "a line"}},
		Facts:    []alert.Fact{{Say: "for", Speaks: "for", True: 1}, {Say: "against", Speaks: "against", True: 1, False: 1, Unknown: 1}, {Say: "open", Speaks: "for", Unknown: 1}},
		Measures: []alert.Measure{{From: at, To: at, Observed: 40, Unit: "events", Own: usual, Peers: usual, Missing: []alert.Range{{First: 1, Last: 2}}}},
		Expired:  []string{"an exception"}, Unknowns: []string{"something"}, Tables: []alert.Table{{Name: "people", ExportedAt: at, SHA256: "00"}}, Generation: "00",
	}
	withdrawn := full
	withdrawn.Revision, withdrawn.Status, withdrawn.Reason, withdrawn.Person = 3, alert.Withdrawn, "a link came late", nil
	return []*alert.Alert{&full, &withdrawn, {Marking: sampleMarking}}
}
