package hearing

import (
	"archive/zip"
	"bytes"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/mod/sumdb/tlog"

	"probity/internal/alert"
	"probity/internal/event"
	"probity/internal/evidence"
)

var update = flag.Bool("update", false, "rewrite the golden files in testdata")

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// hostile is what somebody may write into a log who knows that it will be shown.
const hostile = "<script>alert(1)</script>\x1b[2J\u202egnp.exe\x00\"'>&{{.}}\r"

// caseOf is a case of two revisions in which s stands wherever a log or a table can put something.
func caseOf(s string) *Case {
	records := []event.Record{
		{ID: "e1", Time: noon, Source: "niche", NativeID: s, Path: "/var/log/niche.csv", Offset: 120, Original: s, SHA256: sum([]byte(s)), Fields: map[string]any{}},
		{ID: "e2", Time: noon.Add(time.Minute), Source: "niche", Path: "/var/log/niche.csv", Offset: 240, Original: "b", SHA256: sum([]byte("b")), Fields: map[string]any{}},
	}
	a := alert.Alert{
		Schema: alert.SchemaVersion, ID: "abc", Revision: 1, Status: alert.Open, Marking: "OFFICIAL-SENSITIVE", Summary: s + " viewed 2 records",
		Rule: alert.Rule{ID: "busy", Version: 3, Title: "Many views " + s, Severity: alert.High, Hash: strings.Repeat("1", 64), Response: "1. Ask the line manager.\n2. Say nothing to the officer.\n",
			Proportionality: "Needed.", FalsePositives: []string{"A handover."}, Controls: map[string][]string{"gpg13": {"PMC7"}}},
		Person: &alert.Person{ID: "S1", Surname: s, Forenames: "Mara", Role: s}, Group: []alert.KeyPart{{Field: "actor.id", Value: s}},
		Period: alert.Period{Start: noon, End: noon.Add(24 * time.Hour)}, Count: 2, First: noon, Last: noon.Add(time.Minute), EventIDs: []string{"e1", "e2"}, Evidence: records,
		Facts:    []alert.Fact{{Say: "outside of duty", Speaks: "for", True: 2}, {Say: "assigned " + s, Speaks: "against", True: 1, Unknown: 1}, {Say: "related", Speaks: "for", False: 2}},
		Unknowns: []string{s}, Tables: []alert.Table{{Name: "people", ExportedAt: noon, SHA256: strings.Repeat("2", 64)}}, Generation: strings.Repeat("3", 64),
	}
	b := a
	b.Revision, b.Status, b.Reason = 2, alert.Withdrawn, s
	entry := func(seq uint64, kind, body string) Entry {
		return Entry{Stored: evidence.Stored{Seq: seq, Kind: kind, Line: []byte(`{"at":"2026-03-02T12:00:01Z"}` + "\n"), BodyLine: []byte("{}\n"), Body: []byte(body)}}
	}
	proved := entry(4, "alert", `{"sha256":"`+sum([]byte("{1}"))+`"}`)
	proved.Proof = &evidence.Proof{Seq: 4, Size: 5, Path: []evidence.Step{{Side: "left", Hash: "00"}}}
	return &Case{
		ID: "abc", At: noon.Add(time.Hour), Version: "test", Revisions: []Revision{{a, []byte("{1}")}, {b, []byte("{2}")}},
		Lines: []Line{
			{Record: records[0], Bytes: []byte(s), Now: &Place{Path: "/var/log/" + s + ".gz", Offset: 100, Text: []byte("before\n" + s + "\nafter\n")}},
			{Record: records[1], Bytes: []byte("b")},
		},
		Entries:    []Entry{proved, entry(6, "delivery", `{"reason":"`+s+`"}`), {Stored: evidence.Stored{Seq: 7, Kind: "alert", Line: []byte("{}\n"), BodyLine: []byte("{}\n")}}},
		Verified:   evidence.Report{Entries: 7, Last: "2026-03-02T12:00:01Z", Hash: strings.Repeat("4", 64), Caveat: "A removed tail cannot be excluded."},
		Checkpoint: &evidence.Checkpoint{Origin: "evidence.example.police.uk", Size: 5, Root: tlog.Hash{}, Note: []byte("note")},
		Files:      []File{{Name: "rule/rule.yaml", From: "/etc/probity/rules/busy.yaml", Bytes: []byte("id: busy\n")}},
		Missing:    []string{"Nothing much " + s},
	}
}

func TestTheReportReadsAsTheGoldenFiles(t *testing.T) {
	text, page, err := caseOf("Q. Hirst").reports()
	if err != nil {
		t.Fatal(err)
	}
	for name, got := range map[string][]byte{"report.txt": text, "report.html": page} {
		path := filepath.Join("testdata", name)
		if *update {
			if err := os.WriteFile(path, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("%s; go test ./internal/hearing -update\n%s", name, diff)
		}
	}
}

func TestARecordThatProbityWroteItselfIsNotSaidToBeGone(t *testing.T) {
	c := caseOf("Q. Hirst")
	c.Lines = []Line{{Record: event.Record{ID: "e1", Time: noon, Source: "probity", NativeID: "def", SHA256: sum([]byte("{}"))}, Bytes: []byte("{}")}}
	text, page, err := c.reports()
	if err != nil {
		t.Fatal(err)
	}
	for _, got := range []string{string(text), string(page)} {
		if strings.Contains(got, "gone from the log") || strings.Contains(got, "at byte") || !strings.Contains(got, "so it stands in no log") {
			t.Error(got)
		}
	}
}

func TestTheReportSaysHowTheAlertWasClosed(t *testing.T) {
	const closed = `{"id":"abc","revision":1,"outcome":"policing-purpose","note":"deployed to the incident","by":"mquill","roles":["iso"]}`
	const decided = "- policing-purpose, of revision 1, by mquill as iso at 2026-03-02T12:00:01Z (entry 8): deployed to the incident\n"
	for name, tt := range map[string]struct {
		body      string // "" is redacted
		revisions int
		want      []string
	}{
		"closed":   {closed, 1, []string{decided, "Severity high; closed as policing-purpose. "}},
		"reopened": {closed, 2, []string{decided, "- Revision 2 came after that: what was decided does not cover it.\n", "Severity high; open. "}},
		"redacted": {"", 1, []string{"- entry 8: what was decided was redacted\n", "Severity high; open, or closed by what was redacted. "}},
		"hostile":  {`{"revision":1,"outcome":"\u001b[2J","note":"\u202e","by":"\u0007","roles":["\u0000"]}`, 1, []string{"entry 8"}},
	} {
		t.Run(name, func(t *testing.T) {
			c := caseOf("Q. Hirst")
			c.Revisions = c.Revisions[:tt.revisions]
			for i := range c.Revisions {
				c.Revisions[i].Alert.Status, c.Revisions[i].Alert.Reason = alert.Open, ""
			}
			e := Entry{Stored: evidence.Stored{Seq: 8, Kind: "disposition", Line: []byte(`{"at":"2026-03-02T12:00:01Z"}` + "\n"), BodyLine: []byte("{}\n")}}
			if tt.body != "" {
				e.Body = []byte(tt.body)
			}
			c.Entries = append(c.Entries, e)
			text, _, err := c.reports()
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range tt.want {
				if !strings.Contains(string(text), want) {
					t.Errorf("the report lacks %q:\n%s", want, text)
				}
			}
			if i := strings.IndexFunc(string(text), func(r rune) bool { return unicode.Is(unicode.Cf, r) || unicode.IsControl(r) && r != '\n' }); i >= 0 {
				t.Errorf("a control character at %d: %q", i, text[i:min(i+20, len(text))])
			}
		})
	}
}

func TestWhatALogSaysDoesNothingToItsReader(t *testing.T) {
	text, page, err := caseOf(hostile).reports()
	if err != nil {
		t.Fatal(err)
	}
	for name, got := range map[string][]byte{"report.txt": text, "report.html": page} {
		for i, r := range string(got) {
			if r != '\n' && !unicode.IsPrint(r) {
				t.Errorf("%s: %U at byte %d", name, r, i)
			}
		}
	}
	if bytes.Contains(page, []byte("<script")) {
		t.Error("the page runs what a log says")
	}
	if bytes.Contains(text, []byte("zcat")) {
		t.Error("a path that does not show as it is became part of a shell line")
	}
}

func TestTheManifestNamesEveryFileWithItsHash(t *testing.T) {
	var b bytes.Buffer
	if err := caseOf(hostile).Write(&b); err != nil {
		t.Fatal(err)
	}
	z, err := zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	var names, want []string
	manifest := ""
	for _, f := range z.File {
		if f.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v", f.Name, f.Mode())
		}
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		p, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		if f.Name == "MANIFEST" {
			manifest = string(p)
			continue
		}
		names = append(names, f.Name)
		want = append(want, sum(p)+"  "+f.Name+"\n")
	}
	if diff := cmp.Diff(strings.Join(want, ""), manifest); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{
		"revisions/1.json", "revisions/2.json", "lines/001.record", "lines/001.surroundings", "lines/002.record", "lines.json", "evidence/entries.jsonl", "evidence/bodies.jsonl",
		"evidence/proofs.json", "evidence/prove.sh", "evidence/checkpoint", "rule/rule.yaml", "tables.json", "report.txt", "report.html",
	}, names); diff != "" {
		t.Error(diff)
	}
	if err := (&Case{ID: "x"}).Write(io.Discard); err == nil {
		t.Error("a bundle of nothing is written")
	}
}
