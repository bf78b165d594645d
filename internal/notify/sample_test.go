package notify

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"time"

	"probity/internal/alert"
	"probity/internal/event"
)

// sampleAt is when the sample alert's last event was.
var sampleAt = time.Date(2026, 3, 1, 9, 30, 0, 123456789, time.UTC)

// sample is an alert in which no member is empty, about a person who can write into logs.
func sample(revision int) *alert.Alert {
	record := event.Record{
		ID: strings.Repeat("0a", 16), Time: sampleAt, Ingested: sampleAt.Add(time.Second), Source: "niche", NativeID: "srv1/77",
		Path: "/var/log/niche/audit|1.csv", Offset: 4096, SHA256: strings.Repeat("ab", 32), Original: "77,view,mquill,\"CEF:0|x|=\\\u202e\"",
		Fields: map[string]any{"event.action": "view", "user.name": "mquill", "related.count": int64(1) << 60},
		Native: []event.Pair{{Name: "AuditID", Text: "77"}},
	}
	start := sampleAt.Truncate(24 * time.Hour)
	return &alert.Alert{
		Schema: alert.SchemaVersion, ID: strings.Repeat("ab", 13), Revision: revision, Status: alert.Open, Marking: "OFFICIAL-SENSITIVE",
		Rule: alert.Rule{
			ID: "restricted-denied-burst", Version: 3, Type: "event_count", Title: `Refusals on \restricted| records`, Severity: alert.High, Hash: strings.Repeat("cd", 32),
			Controls: map[string][]string{"law": {"CMA1990-s1"}}, Proportionality: "p", Response: "look first", FalsePositives: []string{"f"},
		},
		Summary: "Mara QUILL was refused 5 times\nact=allowed | \x1b[2J",
		Person:  &alert.Person{ID: "S00042", Surname: "Quill", Forenames: "Mara", Collar: "4821", Role: "constable", Team: "B", Station: "Eastgate", ManagerID: "S00007"},
		Group:   []alert.KeyPart{{Field: "actor.id", Value: "S00042"}}, Period: alert.Period{Start: start, End: start.Add(24 * time.Hour)},
		Count: 5, First: sampleAt.Add(-time.Minute), Last: sampleAt, EventIDs: []string{record.ID}, Evidence: []event.Record{record},
		Facts:      []alert.Fact{{Say: "deployed to a linked incident", Speaks: "against", True: 1, False: 2, Unknown: 2}},
		Measures:   []alert.Measure{{From: start, To: sampleAt, Observed: 5, Unit: "events", Own: &alert.Usual{Median: 1, Spread: 1, Among: 30, Above: 4}}},
		Expired:    []string{"acl tester, until 2026-01-31"},
		Unknowns:   []string{"roster: stale"},
		Tables:     []alert.Table{{Name: "roster", ExportedAt: sampleAt, SHA256: strings.Repeat("ef", 32)}},
		Generation: strings.Repeat("12", 32),
	}
}

func withdrawn(revision int) *alert.Alert {
	a := sample(revision)
	a.Status, a.Reason, a.Count = alert.Withdrawn, "a link by Mara QUILL was recorded late", 0
	return a
}

// names are the sample's words that tell who it is about, or what was looked at.
var names = []string{"QUILL", "Quill", "quill", "S00042", "S00007", "4821", "Eastgate", "Mara"}

var loopbackPort = regexp.MustCompile(`127\.0\.0\.1:\d{1,5}\b`)

// tellsNames finds names in a text. Loopback addresses are none: one day the system gives out port 48210.
func tellsNames(text string) (found []string) {
	text = loopbackPort.ReplaceAllString(text, "127.0.0.1")
	for _, n := range names {
		if strings.Contains(text, n) {
			found = append(found, n)
		}
	}
	return found
}

func sampled(a *alert.Alert) alert.Delivery {
	b, err := json.Marshal(a)
	if err != nil {
		panic(err)
	}
	return alert.Delivery{AlertID: a.ID, Revision: a.Revision, Body: b}
}

func hand(t *testing.T, s Sink, a *alert.Alert) {
	t.Helper()
	if done, _, err := s.Deliver(t.Context(), 0, []alert.Delivery{sampled(a)}); done != 1 || err != nil {
		t.Fatalf("%s: done %d, error %v", a.Key(), done, err)
	}
}
