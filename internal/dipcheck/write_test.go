package dipcheck

import (
	"bytes"
	"encoding/csv"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files")

// hostile is what somebody who is watched may have written into a log.
const hostile = "=HYPERLINK(\"http://x.example\")</dd><script>alert(1)</script>\x1b[2J"

func sampleList(t *testing.T) *List {
	t.Helper()
	zone, err := time.LoadLocation("Europe/London")
	if err != nil {
		t.Fatal(err)
	}
	f := Frame{Team: "RESPONSE-LLA-1", From: "2026-07-01", To: "2026-07-31", Transactions: []Transaction{
		{ID: "0000000000000000000000000000000a", System: "niche", Time: time.Date(2026, 7, 3, 23, 30, 0, 0, time.UTC), Subject: "S00042", Person: "Mara QUILL 4821 (S00042)",
			Action: "view", Object: "person NOM-7", Reason: "5326/0000100", Path: "/var/log/niche/niche.csv", Line: 12},
		{ID: "0000000000000000000000000000000b", System: "pnc", Time: time.Date(2026, 7, 4, 9, 0, 0, 0, time.UTC), Subject: "S00042", Person: "Mara QUILL 4821 (S00042)",
			Operator: "S00090", Action: "search", Object: "vehicle QQ00 ABC", Query: hostile, Reason: "-1+1", Path: "/var/log/pnc.log", Line: 3, Marks: []string{"no_incident_link"}},
	}}
	l := &List{Marking: "OFFICIAL-SENSITIVE", Zone: zone, Notes: []string{"a note <b>"}}
	l.Draw, l.Transactions = f.Take(2, "hat")
	return l
}

func TestTheListAsItIsWritten(t *testing.T) {
	for name, write := range map[string]func(*List, io.Writer) error{
		"list.txt": (*List).WriteText, "list.csv": (*List).WriteCSV, "list.html": (*List).WriteHTML,
	} {
		var out bytes.Buffer
		if err := write(sampleList(t), &out); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join("testdata", name)
		if *update {
			if err := os.WriteFile(path, out.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), out.String()); diff != "" {
			t.Errorf("%s: run go test ./internal/dipcheck -update\n%s", name, diff)
		}
		if strings.ContainsAny(out.String(), "\x1b") || strings.Contains(out.String(), "<script>") && name == "list.html" {
			t.Errorf("%s: what a log says reaches the reader as it stands", name)
		}
	}
}

func TestNoCellIsAFormula(t *testing.T) {
	var out bytes.Buffer
	if err := sampleList(t).WriteCSV(&out); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&out).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		for _, cell := range row {
			if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
				t.Errorf("%q is a formula to a spreadsheet", cell)
			}
		}
	}
}

func TestThePageNeedsNothingElse(t *testing.T) {
	var out bytes.Buffer
	if err := sampleList(t).WriteHTML(&out); err != nil {
		t.Fatal(err)
	}
	for _, from := range []string{"src=", "href=", "url(", "@import", "<script", "<iframe"} {
		if strings.Contains(out.String(), from) {
			t.Errorf("it has %s", from)
		}
	}
	for _, box := range Outcomes() {
		if strings.Count(out.String(), box) != 2 {
			t.Errorf("%q is not a box of each transaction", box)
		}
	}
}
