package alert_test

import (
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/jsonschema-go/jsonschema"

	"probity/internal/alert"
	"probity/internal/event"
)

var update = flag.Bool("update", false, "rewrite the golden files")

const schemaFile = "alert.schema.json"

func TestTheCommittedSchemaIsInStepWithTheType(t *testing.T) {
	got, err := alert.Schema()
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(schemaFile, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s is out of step; go test ./internal/alert -update (-committed +generated):\n%s", schemaFile, diff)
	}
}

func committedSchema(t *testing.T) *jsonschema.Resolved {
	t.Helper()
	text, err := os.ReadFile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	var schema jsonschema.Schema
	if err := json.Unmarshal(text, &schema); err != nil {
		t.Fatal(err)
	}
	resolved, err := schema.Resolve(nil)
	if err != nil {
		t.Fatal(err)
	}
	return resolved
}

// full is an alert in which no field is empty.
func full(t *testing.T) *alert.Alert {
	t.Helper()
	identity, err := alert.NewIdentity([]byte(strings.Repeat("k", alert.IdentityKeyBytes)))
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 3, 1, 9, 30, 0, 123456789, time.UTC)
	group := []alert.KeyPart{{Field: "actor.id", Value: "9001"}}
	start := at.Truncate(24 * time.Hour)
	record := event.Record{
		ID: strings.Repeat("0a", 16), Time: at, Ingested: at.Add(time.Second), Source: "niche", NativeID: "srv1/77", Nth: 1,
		Path: "/var/log/niche/audit.csv", Offset: 4096, SHA256: strings.Repeat("ab", 32), Original: "AP8=", Base64: true, Partial: true,
		Fields: map[string]any{"event.action": "view", "related.count": int64(1) << 62, "event.denied": true, "tags": []string{"a", "b"}},
		Native: []event.Pair{{Name: "AuditID", Text: "77"}},
	}
	return &alert.Alert{
		Schema: alert.SchemaVersion, ID: identity.ID("restricted-denied-burst", group, start), Revision: 2,
		Status: alert.Withdrawn, Reason: "a hand-over was recorded late", Marking: "OFFICIAL-SENSITIVE",
		Rule: alert.Rule{
			ID: "restricted-denied-burst", Version: 1, Title: "Repeated refusals", Severity: alert.High, Hash: strings.Repeat("cd", 32),
			Controls: map[string][]string{"law": {"CMA1990-s1"}}, Proportionality: "p", Response: "r", FalsePositives: []string{"f"},
		},
		Summary: "9001 was refused 5 times", Group: group, Period: alert.Period{Start: start, End: start.Add(24 * time.Hour)},
		Count: 5, First: at, Last: at.Add(time.Minute), EventIDs: []string{record.ID}, Evidence: []event.Record{record},
		Facts:      []alert.Fact{{Say: "deployed to a linked incident", Speaks: "against", True: 1, False: 2, Unknown: 2}},
		Unknowns:   []string{"rota: stale"},
		Tables:     []alert.Table{{Name: "rota", ExportedAt: at, SHA256: strings.Repeat("ef", 32)}},
		Generation: strings.Repeat("12", 32),
	}
}

func asJSON(t *testing.T, v any) map[string]any {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var doc map[string]any
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestAlertsAreValidAgainstTheSchema(t *testing.T) {
	schema := committedSchema(t)
	bare := full(t)
	bare.Reason, bare.Status, bare.Facts, bare.Unknowns, bare.Tables = "", alert.Open, nil, nil, nil
	bare.EventIDs, bare.Evidence, bare.Group = nil, nil, nil // a health alert has no events
	later := asJSON(t, full(t))
	later["added_by_a_later_release"] = true
	for name, doc := range map[string]any{"full": asJSON(t, full(t)), "bare": asJSON(t, bare), "of a later release": later} {
		if err := schema.Validate(doc); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWhatIsNoAlertIsRefusedByTheSchema(t *testing.T) {
	schema := committedSchema(t)
	rule := func(a map[string]any) map[string]any { return a["rule"].(map[string]any) }
	first := func(a map[string]any, list string) map[string]any { return a[list].([]any)[0].(map[string]any) }
	for name, spoil := range map[string]func(a map[string]any){
		"no id":                       func(a map[string]any) { delete(a, "id") },
		"an id that is no HMAC":       func(a map[string]any) { a["id"] = "9001" },
		"another schema version":      func(a map[string]any) { a["schema"] = "probity.alert/2" },
		"revision 0":                  func(a map[string]any) { a["revision"] = 0 },
		"an unknown status":           func(a map[string]any) { a["status"] = "closed" },
		"an unknown severity":         func(a map[string]any) { rule(a)["severity"] = "awful" },
		"a rule without version":      func(a map[string]any) { delete(rule(a), "version") },
		"a count in words":            func(a map[string]any) { a["count"] = "five" },
		"null where it is left out":   func(a map[string]any) { a["facts"] = nil },
		"a fact that speaks for both": func(a map[string]any) { first(a, "facts")["speaks"] = "both" },
		"evidence without its bytes":  func(a map[string]any) { delete(first(a, "evidence"), "event.original") },
		"a field with an object":      func(a map[string]any) { first(a, "evidence")["fields"] = map[string]any{"x": map[string]any{}} },
		"a native field of one part":  func(a map[string]any) { first(a, "evidence")["native"] = []any{[]any{"AuditID"}} },
	} {
		doc := asJSON(t, full(t))
		spoil(doc)
		if err := schema.Validate(doc); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestEveryFieldOfAnAlertIsInTheSchema(t *testing.T) {
	schema := committedSchema(t).Schema()
	for name := range asJSON(t, full(t)) {
		if schema.Properties[name] == nil {
			t.Errorf("%s is not in the schema", name)
		}
	}
	record := schema.Properties["evidence"].Items.Properties
	for name := range asJSON(t, full(t).Evidence[0]) {
		if record[name] == nil {
			t.Errorf("evidence/%s is not in the schema", name)
		}
	}
}

func TestTheKeyOfADeliveryIsThatOfItsRevision(t *testing.T) {
	a := full(t)
	d := alert.Delivery{AlertID: a.ID, Revision: a.Revision}
	if d.Key() != a.Key() || !strings.HasSuffix(d.Key(), "/2") {
		t.Errorf("delivery key %q, alert key %q", d.Key(), a.Key())
	}
}
