package page

import (
	"time"

	"probity/internal/alert"
	"probity/internal/event"
)

const sampleMarking = "OFFICIAL-SENSITIVE"

var sampleZone = time.FixedZone("BST", 3600)

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
