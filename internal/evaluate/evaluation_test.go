package evaluate_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"probity/internal/alert"
	"probity/internal/evaluate"
	"probity/internal/event"
)

// planted is a misuse, or a look-alike, by a person, of one record.
func planted(typology, variant, person, native string) evaluate.Truth {
	return evaluate.Truth{Typology: typology, Variant: variant, Person: person, First: nine, Last: nine, Events: []evaluate.Ref{{Dataset: "niche", NativeID: native}}}
}

func severe(s alert.Severity, a *alert.Alert) *alert.Alert { a.Rule.Severity = s; return a }

// noted are notes of revisions, and of records that were judged.
func noted(truths, alike []evaluate.Truth, alerts []*alert.Alert, judged ...*event.Event) *evaluate.Notes {
	n := evaluate.NewNotes(truths, alike)
	for _, e := range judged {
		n.Event(e)
	}
	for _, a := range alerts {
		n.Revision(a)
	}
	return n
}

// judged is a niche record as it left the matcher.
func judged(t testing.TB, native, user, requestor string) *event.Event {
	t.Helper()
	schema, err := event.NewSchema()
	if err != nil {
		t.Fatal(err)
	}
	e := &event.Event{}
	e.Reset(schema)
	e.Slots[event.FieldDataset] = event.StringValue("niche")
	if user != "" {
		e.Slots[event.FieldUserID] = event.StringValue(user)
	}
	if requestor != "" {
		e.Slots[event.FieldRequestorID] = event.StringValue(requestor)
	}
	e.NativeID, e.Origin.Source = native, "niche"
	return e
}

// north has four misuses, of which one is missed and one is found by a low rule only, and two look-alikes.
func north(t testing.TB) evaluate.Force {
	truths := []evaluate.Truth{
		planted("self-lookup", "obvious", "S1", "1"), planted("self-lookup", "patient", "S2", "2"),
		planted("bulk-print", "ordinary", "S3", "3"), planted("bulk-print", "patient", "S4", "4"),
	}
	alike := []evaluate.Truth{planted("self-lookup", "legitimate", "S5", "5"), planted("bulk-print", "legitimate", "S6", "6")}
	score := event.Record{ID: "ea", NativeID: "a", Fields: map[string]any{"event.dataset": "probity", "user.id": "S1"}}
	lost := event.Record{ID: "el", NativeID: "l", Fields: map[string]any{"event.dataset": "probity"}}
	alerts := []*alert.Alert{
		severe(alert.High, fired("a", "self_lookup", "S1", time.Minute, record("1", "S1"))),
		severe(alert.Low, fired("b", "no_link", "S2", 40*24*time.Hour, record("2", "S2"))),
		severe(alert.Critical, fired("c", "bulk", "S3", time.Hour, record("3", "S3"))),
		severe(alert.High, fired("d", "self_lookup", "S5", 0, record("5", "S5"))),
		severe(alert.Medium, fired("e", "crowd", "N53/1", 0, record("8", "S8"))),
		severe(alert.High, fired("f", "score", "S1", time.Hour, score)),
		about(alert.Rule{ID: "silent", Type: "silence", Severity: alert.Critical}, fired("g", "", "niche/1", 0)),
		severe(alert.High, fired("h", "lost", "niche/1", 0, lost)),
		withdrawn(severe(alert.Critical, fired("i", "bulk", "S4", 0, record("4", "S4")))),
	}
	var records []*event.Event
	for i := range 40 {
		records = append(records, judged(t, fmt.Sprint(i), fmt.Sprintf("S%d", i%8+1), ""))
	}
	var people []evaluate.Person
	for i := range 8 {
		people = append(people, evaluate.Person{ID: fmt.Sprintf("S%d", i+1), Station: []string{"LLA", "LLB"}[i%2], Role: "response", Bearers: 1 + i/2*i})
	}
	return evaluate.Force{Name: "north", Truths: truths, Lookalikes: alike, Staff: 2000, Days: 7, People: people, Notes: noted(truths, alike, alerts, records...)}
}

// south is smaller, and nothing is found.
func south() evaluate.Force {
	truths := []evaluate.Truth{planted("self-lookup", "obvious", "S1", "1"), planted("leaver <b>", "obvious", "S2", "2")}
	return evaluate.Force{Name: "south", Truths: truths, Staff: 1000, Days: 14, Notes: noted(truths, nil, []*alert.Alert{
		severe(alert.High, fired("a", "self_lookup", "S1", 0, record("9", "S1"))),
	})}
}

func pooled(t testing.TB) *evaluate.Evaluation {
	return evaluate.Pool(evaluate.Assess(north(t)), evaluate.Assess(south()))
}

func TestTheReportIsWhatTheGoldenFilesSay(t *testing.T) {
	e := pooled(t)
	for name, write := range map[string]func(io.Writer) error{
		"evaluation.txt": e.WriteText, "evaluation.md": e.WriteMarkdown, "evaluation.html": e.WriteHTML,
		"evaluation.json": func(w io.Writer) error {
			enc := json.NewEncoder(w)
			enc.SetIndent("", " ")
			return enc.Encode(e)
		},
		"unknown.txt": func(w io.Writer) error {
			f := south()
			f.Staff = 0
			return evaluate.Pool(evaluate.Assess(f)).WriteText(w)
		},
	} {
		t.Run(name, func(t *testing.T) {
			var got bytes.Buffer
			if err := write(&got); err != nil {
				t.Fatal(err)
			}
			golden := filepath.Join("testdata", name)
			if *update {
				if err := os.WriteFile(golden, got.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got.String()); diff != "" {
				t.Errorf("-want +got, go test ./internal/evaluate -update:\n%s", diff)
			}
			if m := regexp.MustCompile(`\bS[0-9]\b|niche/1|N53`).FindString(got.String()); m != "" {
				t.Errorf("%s is named", m)
			}
		})
	}
}

func TestTheFiguresAreThoseThatOneCountsByHand(t *testing.T) {
	got := map[string]string{}
	for _, f := range pooled(t).Figures {
		if f.Share != nil {
			got[f.Name] = f.Share.String()
		} else {
			got[f.Name] = fmt.Sprint(*f.Rate)
		}
	}
	want := map[string]string{
		"recall: obvious and ordinary misuse":                       "0.50 (2/4)",
		"recall: patient misuse":                                    "0.50 (1/2)",
		"recall: all misuse":                                        "0.50 (3/6)",
		"told (medium or above): obvious and ordinary misuse":       "0.50 (2/4)",
		"told (medium or above): patient misuse":                    "0.00 (0/2)",
		"interrupting alerts (critical, high) that are true":        "0.50 (2/4)", // a, c; not d and south's a; f, g and h are apart
		"interrupting alerts for 1,000 staff a week":                "1",          // 4 in two times 2,000 staff and weeks
		"interrupting alerts counted apart, for 1,000 staff a week": "0.75",
		"look-alikes alerted on":                                    "0.50 (1/2)",
		"look-alikes with an interrupting alert":                    "0.50 (1/2)",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestThePageRunsNothingFetchesNothingAndIsGrey(t *testing.T) {
	var b bytes.Buffer
	if err := pooled(t).WriteHTML(&b); err != nil {
		t.Fatal(err)
	}
	page := b.String()
	if m := regexp.MustCompile(`(?i)<(script|link|iframe|object|embed|img|form|base)\b|\b(src|href)\s*=|@import|url\([^#]|\bon[a-z]+\s*=|https?:`).FindString(page); m != "" {
		t.Errorf("the page holds %q", m)
	}
	for _, colour := range regexp.MustCompile(`[":]\s*#([0-9a-f]{3}|[0-9a-f]{6})\b`).FindAllStringSubmatch(page, -1) {
		third := len(colour[1]) / 3
		if r, g, b := colour[1][:third], colour[1][third:2*third], colour[1][2*third:]; r != g || g != b {
			t.Errorf("colour #%s is no grey", colour[1])
		}
	}
	if strings.Count(page, "<svg") != 3 || strings.Contains(page, "leaver <b>") || !strings.Contains(page, "leaver &lt;b&gt;") {
		t.Error("three plots, and names as text")
	}
}

func TestAnEventThatAnAlertOnlyListsIsKnownFromTheLog(t *testing.T) {
	truths := []evaluate.Truth{planted("bulk-print", "obvious", "S1", "7")}
	e := judged(t, "7", "S1", "")
	a := listing(severe(alert.High, fired("a", "bulk", "S1", time.Hour, record("3", "S1"))), e.Identity().String())
	for name, c := range map[string]struct {
		judged []*event.Event
		want   int
	}{"it was judged": {[]*event.Event{e}, 1}, "nothing is known of it": {nil, 0}} {
		t.Run(name, func(t *testing.T) {
			r := evaluate.Pool(evaluate.Assess(evaluate.Force{Truths: truths, Notes: noted(truths, nil, []*alert.Alert{a}, c.judged...)}))
			if got := r.Forces[0].Recall.Count; got != c.want {
				t.Errorf("%d found, want %d", got, c.want)
			}
		})
	}
}
