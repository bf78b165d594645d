package evaluate_test

import (
	"bytes"
	"flag"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"probity/internal/alert"
	"probity/internal/evaluate"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// report is on three misuses of two kinds, one of them missed.
func report() evaluate.Report {
	second, missed := lookup, lookup
	second.Events = []evaluate.Ref{{Dataset: "niche", NativeID: "5"}}
	missed.Typology, missed.Variant, missed.Events = "bulk-print-export", "patient", []evaluate.Ref{{Dataset: "niche", NativeID: "9"}}
	return evaluate.Judge([]evaluate.Truth{lookup, missed, second}, []*alert.Alert{
		fired("a", "self_lookup", "S1", 90*time.Second, record("1", "S1")),
		fired("b", "self_lookup", "S1", 26*time.Hour, record("5", "S1")),
		fired("c", "colleague_lookup", "S1", 0, record("5", "S1"), record("6", "S1")),
		fired("d", "colleague_lookup", "S4", 0, record("7", "S4")),
	})
}

func TestTheReportReadsAsTwoTables(t *testing.T) {
	var got bytes.Buffer
	if err := report().WriteText(&got); err != nil {
		t.Fatal(err)
	}
	const golden = "testdata/report.golden"
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
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestTypologiesAreSummedUpByVariantWithTheLongestWait(t *testing.T) {
	want := []evaluate.Typology{
		{Name: "self-lookup", Variant: "obvious", Planted: 2, Found: 2, Rules: []string{"colleague_lookup", "self_lookup"}, After: 90 * time.Second},
		{Name: "bulk-print-export", Variant: "patient", Planted: 1},
	}
	if diff := cmp.Diff(want, report().Typologies); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestTheReportNamesNobody(t *testing.T) {
	var got bytes.Buffer
	if err := report().WriteText(&got); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(got.String(), "S1") || strings.Contains(got.String(), "S4") {
		t.Errorf("a staff id is in the report:\n%s", got.String())
	}
}

func TestSpansAreWrittenInTheirTwoLargestUnits(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-time.Second: "at once", 0: "at once", 400 * time.Millisecond: "at once", time.Second: "1 s", 59 * time.Second: "59 s",
		time.Minute: "1 min", 90 * time.Second: "1 min 30 s", time.Hour: "1 h", 61*time.Minute + 1: "1 h 1 min",
		24 * time.Hour: "1 d", 51*time.Hour + time.Minute: "2 d 3 h",
	} {
		if got := evaluate.Span(d); got != want {
			t.Errorf("Span(%v) = %q, want %q", d, got, want)
		}
	}
}

func TestTruthIsReadLineByLineAndAnErrorSaysWhere(t *testing.T) {
	const line = `{"typology":"self-lookup","variant":"obvious","person":"S1","first":"2026-03-02T09:00:00Z","last":"2026-03-02T09:30:00Z",` +
		`"events":[{"dataset":"niche","native_id":"1"},{"dataset":"niche","native_id":"2"}]}` + "\n"
	got, err := evaluate.ReadTruth(strings.NewReader(line + "\n" + line))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]evaluate.Truth{lookup, lookup}, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	for text, want := range map[string]string{
		line + "{":                            "truth, line 2: unexpected end of JSON input",
		line + `{"typology":"x","events":[]}`: "truth, line 2: typology, person and events are needed",
		line + strings.Repeat("x", 9<<20):     "truth, line 2: bufio.Scanner: token too long",
	} {
		if _, err := evaluate.ReadTruth(strings.NewReader(text)); err == nil || err.Error() != want {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}
