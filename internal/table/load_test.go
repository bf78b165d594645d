package table

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"probity/internal/strictyaml"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// The name of each file in testdata/bad begins with its table's; beside it stands what is said about it.
func TestABadTableIsRefusedWithTheFileTheLineAndWhatToDo(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("testdata", "bad", "*.csv"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".csv"), func(t *testing.T) {
			src, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			name, _, _ := strings.Cut(filepath.Base(file), "-")
			tab, err := Parse(name, Config{}, filepath.Base(file), src)
			if err == nil || tab != nil {
				t.Fatalf("%v, %v", tab, err)
			}
			golden(t, strings.TrimSuffix(file, ".csv")+".golden", err.Error()+"\n")
		})
	}
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (rewrite with -update):\n%s", file, diff)
	}
}

func TestAColumnIsReadByItsNameWhereverItStands(t *testing.T) {
	tab, err := Parse(Nominals, Config{}, "nominals.csv", []byte("# exported_at=2026-03-02T00:00:00Z\nsurname,record_ref,forenames,dob,address_id\nTESTNOMINAL,N1,Dai,,A1\n Quill ,N2,,,\n"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([][]string{{"testnominal", "quill"}, {"n1", "n2"}, nil}, [][]string{tab.Column("surname"), tab.Column("record_ref"), tab.Column("vrm")}); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// A problem goes to the daemon's log, which holds no names.
func TestNoProblemQuotesACell(t *testing.T) {
	const secret = "evans-4821"
	for _, name := range Names() {
		l, _ := layoutOf(name)
		var header, row []string
		for _, c := range l.columns {
			header, row = append(header, c.name), append(row, secret)
		}
		row[0] = secret + ":x"
		body := strings.Join(header, ",") + "\n" + strings.Repeat(strings.Join(row, ",")+"\n", 2) + secret + "\n\"" + secret
		_, err := Parse(name, Config{}, "f.csv", []byte(anyExport+body))
		if err == nil || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func writeFile(t *testing.T, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const bait = "record_ref,planted_on\nr1,2026-01-01\n"

func TestTheSidecarSaysWhatTheFirstLineMay(t *testing.T) {
	const says = "exported_at=2026-03-02T02:00:00Z covers=2026-01-01/2026-03-02"
	for _, c := range []struct{ name, table, sidecar, want string }{
		{"first line only", "# " + says + "\n" + bait, "", ""},
		{"sidecar only", bait, "# " + says + "\n", ""},
		{"both, saying the same", "# " + says + "\n" + bait, says, ""},
		{"both, differing", "# " + says + "\n" + bait, "exported_at=2026-03-02T03:00:00Z covers=2026-01-01/2026-03-02", "t.csv:1:1: the first line and the sidecar file differ; let both say the same, or keep one"},
		{"a bad sidecar", bait, "exported_at=now", "t.csv.meta:1:1: exported_at=\"now\" is not an instant; write it like " + headerExample},
		{"neither", bait, "", "t.csv:1:1: no exported_at; begin the file with a line such as " + headerExample + "; the file's own time is never used"},
		{"a last line without an end", "# " + says + "\n" + strings.TrimSuffix(bait, "1\n"), "", "t.csv: the last line has no end; the export may have been cut short; write the file under another name and rename it when it is whole"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			path := writeFile(t, dir, "t.csv", c.table)
			if c.sidecar != "" {
				writeFile(t, dir, "t.csv.meta", c.sidecar)
			}
			tab, err := Load(Honeytokens, Config{Path: path})
			var problems strictyaml.Problems
			if errors.As(err, &problems) {
				if got := strings.ReplaceAll(problems.Error(), dir+string(filepath.Separator), ""); got != c.want {
					t.Fatalf("got  %s\nwant %s", got, c.want)
				}
				return
			}
			if err != nil || c.want != "" {
				t.Fatalf("%v, want %q", err, c.want)
			}
			if tab.Rows() != 1 || tab.Name() != Honeytokens {
				t.Errorf("%d rows of %s", tab.Rows(), tab.Name())
			}
		})
	}
}

func TestAFileThatIsNotThereOrTooLongIsAnErrorNamingIt(t *testing.T) {
	path := filepath.Join(t.TempDir(), "gone.csv")
	if _, err := Load(Links, Config{Path: path}); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), path) {
		t.Error(err)
	}
	long := writeFile(t, t.TempDir(), "t.csv", strings.Repeat("x", 100))
	if _, err := readBounded(long, 99); err == nil || !strings.Contains(err.Error(), "longer than 99 bytes") {
		t.Error(err)
	}
	if b, err := readBounded(long, 100); err != nil || len(b) != 100 {
		t.Error(len(b), err)
	}
}

func TestColumnsComeInAnyOrderAmongOthersFromAnySpreadsheet(t *testing.T) {
	src := "\uFEFF# SYNTHETIC\r\n" + strings.ReplaceAll(anyExport, "\n", "\r\n") + "\r\n Planted_On ,note,RECORD_REF\r\n 2026-02-01 ,\"two\r\nlines, quoted\", R1 \r\n"
	tab, err := Parse(Honeytokens, Config{}, "t.csv", []byte(src))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"r1", "2026-02-01"}, tab.row(0)); diff != "" || tab.lines[0] != 5 {
		t.Errorf("line %d: %s", tab.lines[0], diff)
	}
	askAll(t, NewSet(nil, tab), []asked{{"honeytoken(r1)", noon, "true"}})
}

func TestVersionsNameEveryTableByName(t *testing.T) {
	s := sampleSet(t)
	got := s.Versions()
	sum := map[string]int{}
	for _, v := range got {
		sum[v.SHA256]++
		if len(v.SHA256) != 64 {
			t.Errorf("%s: hash %q", v.Name, v.SHA256)
		}
	}
	if len(sum) != 9 {
		t.Errorf("%d different hashes", len(sum))
	}
	export := time.Date(2026, 3, 2, 2, 0, 0, 0, time.UTC)
	year, month := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 3, 3, 0, 0, 0, 0, time.UTC)
	v := func(name, miss string, from, to time.Time, rows int) Version {
		return Version{Name: name, ExportedAt: export, CoversFrom: from, CoversTo: to, StaleAt: export.Add(48 * time.Hour), Miss: miss, Rows: rows, Counted: name == People || name == Vehicles}
	}
	want := []Version{
		v(Assignments, MissNo, year, export, 4), v(Associations, MissUnknown, year, month, 3), v(Honeytokens, MissNo, year, month, 2),
		v(Links, MissNo, year, export, 3), v(Nominals, MissUnknown, year, month, 7), v(People, MissUnknown, year, month, 6),
		v(Roster, MissUnknown, time.Date(2026, 2, 27, 0, 0, 0, 0, time.UTC), time.Date(2026, 3, 9, 0, 0, 0, 0, time.UTC), 6),
		v(Sensitive, MissNo, year, month, 3), v(Vehicles, MissUnknown, year, month, 3),
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(Version{}, "SHA256")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]Finding{}, s.Findings()); diff != "" {
		t.Errorf("the samples are not clean: %s", diff)
	}
}

func TestTheHashIsThatOfTheFile(t *testing.T) {
	src := []byte(anyExport + bait)
	tab, err := Parse(Honeytokens, Config{}, "t.csv", src)
	if err != nil {
		t.Fatal(err)
	}
	const want = "a4a5c202e0949dbe0a7380cadf95b905109c20b86d9d4765f782c0b585d05a38" // sha256sum
	if got := NewSet(nil, tab).Versions()[0].SHA256; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	other, err := Parse(Honeytokens, Config{}, "t.csv", bytes.Replace(src, []byte("r1"), []byte("r2"), 1))
	if err != nil || other.sum == tab.sum {
		t.Error(err, other.sum)
	}
}

func TestAClaimToKnowWhatWasEnteredAfterTheExportIsAFinding(t *testing.T) {
	of := func(name, miss, covers string) []Finding {
		l, _ := layoutOf(name)
		var names []string
		for _, c := range l.columns {
			names = append(names, c.name)
		}
		src := "# exported_at=2026-03-02T02:00:00Z covers=2026-01-01/" + covers + "\n" + strings.Join(names, ",") + "\n"
		tab, err := Parse(name, Config{Miss: miss}, "t.csv", []byte(src))
		if err != nil {
			t.Fatal(err)
		}
		return NewSet(nil, tab).Findings()
	}
	want := []Finding{{
		Table: Links, File: "t.csv", Count: 1,
		What: "covers ends after exported_at although a miss means no: whoever was assigned since then looks unassigned",
		Do:   "end covers at exported_at (2026-03-02T02:00:00Z) or set miss: unknown",
	}}
	if diff := cmp.Diff(want, of(Links, "", "2026-03-02")); diff != "" {
		t.Error(diff)
	}
	for _, c := range [][3]string{{Links, "", "2026-03-02T02:00:00Z"}, {Assignments, "", "2026-03-01"}, {Links, MissUnknown, "2026-03-02"}, {Sensitive, "", "2026-03-02"}, {Roster, MissNo, "2026-03-09"}} {
		if got := of(c[0], c[1], c[2]); len(got) > 0 {
			t.Errorf("%v: %v", c, got)
		}
	}
}
