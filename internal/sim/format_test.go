package sim

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// long is a force large and long enough that the rare traps occur in its logs.
var long = Options{Seed: 11, Staff: 250, Days: 10}

func TestEveryNicheRecordParsesWithEighteenColumnsAndNoGap(t *testing.T) {
	var last, newlines, quotes int
	rows := 0
	for l := range force(t, long).Lines() {
		if l.System != "niche" {
			continue
		}
		all, err := csv.NewReader(bytes.NewReader(l.Bytes)).ReadAll()
		if err != nil || len(all) != 1 || len(all[0]) != 18 {
			t.Fatalf("%q: %v, %d rows", l.Bytes, err, len(all))
		}
		if rows++; rows == 1 {
			if all[0][0] != "AuditID" || !bytes.HasSuffix(l.Bytes, []byte("\r\n")) {
				t.Fatalf("header %q", l.Bytes)
			}
			continue
		}
		id, err := strconv.Atoi(all[0][0])
		if err != nil || last != 0 && id != last+1 {
			t.Fatalf("AuditID %s after %d", all[0][0], last)
		}
		last = id
		if _, err := time.Parse("2006-01-02 15:04:05.000", all[0][1]); err != nil {
			t.Fatal(err)
		}
		newlines += strings.Count(all[0][11]+all[0][17], "\n")
		quotes += strings.Count(all[0][11]+all[0][17], `"`)
	}
	if newlines == 0 || quotes == 0 {
		t.Errorf("%d newlines and %d quotes inside fields, want some", newlines, quotes)
	}
}

var pncLine = regexp.MustCompile(`^( *\d+)\|\d\d/\d\d/\d{4}\|\d\d:\d\d:\d\d\|99  \|([A-Z]+\d+ *)\|(DP\d+ *)\|([^|]{53})\|` +
	`((?:NE|VE|TE|VODS|QUEST|UP) *)\| \d\|([^|]{48})\|([^|]{13})\|([^|]{8})\|[ \d]{4}\|(?:TRACE   |NO TRACE)\r\n$`)

func TestPNCLinesHaveFixedLatin1ColumnsAndNoGapPerTerminal(t *testing.T) {
	last, width, accents, apart := map[string]int{}, 0, 0, 0
	for l := range force(t, long).Lines() {
		if l.System != "pnc" {
			continue
		}
		text := latin1(l.Bytes)
		m := pncLine.FindStringSubmatch(text)
		if m == nil {
			t.Fatalf("does not fit: %q", text)
		}
		if width == 0 {
			width = len(l.Bytes)
		}
		if len(l.Bytes) != width {
			t.Fatalf("%d bytes, want %d: %q", len(l.Bytes), width, text)
		}
		seq, terminal := number(t, m[1]), strings.TrimSpace(m[2])
		if p, ok := last[terminal]; ok && seq != p+1 {
			t.Fatalf("terminal %s: Seq %d after %d", terminal, seq, p)
		}
		last[terminal] = seq
		if len(l.Bytes) != len(text) {
			accents++
		}
		if operator := strings.TrimSpace(m[3])[2:]; !strings.Contains(m[4], operator) {
			apart++
		}
	}
	if accents == 0 || apart == 0 || len(last) < 5 {
		t.Errorf("%d lines beyond ASCII, %d for somebody else, %d terminals", accents, apart, len(last))
	}
}

func latin1(b []byte) string {
	r := make([]rune, len(b))
	for i, c := range b {
		r[i] = rune(c)
	}
	return string(r)
}

var stormLineForm = regexp.MustCompile(`^<110>1 (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z) (storm-app0[12]) STORM \d+ AUDIT ` +
	`\[storm@32473((?: [a-zA-Z]+="(?:[^"\\\]]|\\["\\\]])*")+)\] (?:\x{feff})?[a-z ]+\n$`)

func TestStormLinesAreRFC5424WithoutGapPerHost(t *testing.T) {
	last, marks, escapes := map[string]int{}, 0, 0
	for l := range force(t, long).Lines() {
		if l.System != "storm" {
			continue
		}
		m := stormLineForm.FindSubmatch(l.Bytes)
		if m == nil {
			t.Fatalf("does not fit: %q", l.Bytes)
		}
		host := string(m[2])
		seq := number(t, strings.SplitN(string(m[3]), `"`, 3)[1])
		if p, ok := last[host]; ok && seq != p+1 {
			t.Fatalf("host %s: seq %d after %d", host, seq, p)
		}
		last[host] = seq
		marks += bytes.Count(l.Bytes, []byte("\xef\xbb\xbf"))
		escapes += bytes.Count(l.Bytes, []byte(`\]`))
	}
	if marks == 0 || escapes == 0 || len(last) != 2 {
		t.Errorf("%d byte order marks, %d escapes, %d hosts", marks, escapes, len(last))
	}
}

var crimeForm = regexp.MustCompile(`^ts=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0[01]:00 id=([0-9a-f]{8})( [a-z_]+=([^ "=]+|"([^"\\]|\\.)*"))+ result=(ok|denied)\n$`)

func TestCrimeLinesAreLogfmtWithUniqueIds(t *testing.T) {
	seen := map[string]bool{}
	for l := range force(t, long).Lines() {
		if l.System != "crime" {
			continue
		}
		m := crimeForm.FindSubmatch(l.Bytes)
		if m == nil || seen[string(m[1])] {
			t.Fatalf("does not fit, or repeats an id: %q", l.Bytes)
		}
		seen[string(m[1])] = true
	}
}

func TestM365RecordsAreLateUnorderedAndSometimesRepeated(t *testing.T) {
	seen, lines, repeats, inversions := map[string]string{}, 0, 0, 0
	var last time.Time
	for l := range force(t, long).Lines() {
		if l.System != "m365" {
			continue
		}
		var r struct {
			CreationTime, ID, Operation, OrganizationID, UserKey, Workload, UserID, ClientIP string
			RecordType, UserType                                                             int
		}
		if err := json.Unmarshal(l.Bytes, &r); err != nil || r.ID == "" || r.Operation == "" || r.RecordType == 0 || r.UserID == "" {
			t.Fatalf("%v: %s", err, l.Bytes)
		}
		at, err := time.Parse("2006-01-02T15:04:05", r.CreationTime)
		if err != nil {
			t.Fatal(err)
		}
		if late := l.At.Sub(at); late < time.Hour || late > 2*time.Hour {
			t.Fatalf("%s late: %s", late, l.Bytes)
		}
		if before, ok := seen[r.ID]; ok {
			if repeats++; before != string(l.Bytes) {
				t.Fatalf("repeated differently: %s", l.Bytes)
			}
		}
		seen[r.ID] = string(l.Bytes)
		if lines++; at.Before(last) {
			inversions++
		}
		last = at
	}
	if share := float64(repeats) / float64(lines); share < 0.01 || share > 0.03 || inversions < lines/10 {
		t.Errorf("%d lines, %d repeats, %d out of order", lines, repeats, inversions)
	}
}

func TestOtherSystemsWriteWithinSeconds(t *testing.T) {
	for l := range force(t, small).Lines() {
		if l.System != "crime" {
			continue
		}
		at, err := time.Parse("2006-01-02T15:04:05.000Z07:00", string(l.Bytes[3:32]))
		if err != nil {
			t.Fatal(err)
		}
		if lag := l.At.Sub(at); lag < 0 || lag > 2*time.Second {
			t.Fatalf("lag %s: %s", lag, l.Bytes)
		}
	}
}

func number(t *testing.T, s string) int {
	t.Helper()
	n, err := strconv.Atoi(strings.TrimSpace(s))
	if err != nil {
		t.Fatal(err)
	}
	return n
}
