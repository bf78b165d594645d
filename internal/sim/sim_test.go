package sim

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// small is the force that most tests look at.
var small = Options{Seed: 7, Staff: 120, Days: 3}

func force(t *testing.T, o Options) *Force {
	t.Helper()
	f, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// logs drains the lines of a force into its files.
func logs(f *Force) map[string][]byte {
	files := map[string][]byte{}
	for l := range f.Lines() {
		files[l.File] = append(files[l.File], l.Bytes...)
	}
	return files
}

func TestOptionsOutsideTheirRangeAreRefused(t *testing.T) {
	for _, o := range []Options{
		{Staff: 19, Days: 1}, {Staff: 20001, Days: 1}, {Staff: 20}, {Staff: 20, Days: 401},
		{Staff: 20, Days: 1, Start: time.Date(1066, 10, 14, 0, 0, 0, 0, time.UTC)},
	} {
		if _, err := New(o); err == nil {
			t.Errorf("%+v was accepted", o)
		}
	}
}

func TestTheSmallestForceHasAllSystemsAndTables(t *testing.T) {
	f := force(t, Options{Seed: 3, Staff: 20, Days: 1})
	files := logs(f)
	for _, name := range fileNames {
		if len(files[name]) == 0 {
			t.Errorf("%s is empty", name)
		}
	}
	if got := len(f.Tables()); got != 9 {
		t.Errorf("%d tables, want 9", got)
	}
}

func TestTheSameSeedGivesTheSameBytes(t *testing.T) {
	a, b := t.TempDir(), t.TempDir()
	for _, dir := range []string{a, b} {
		if err := force(t, small).Write(dir); err != nil {
			t.Fatal(err)
		}
	}
	seen := 0
	err := filepath.WalkDir(a, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		seen++
		rel, _ := filepath.Rel(a, path)
		if !bytes.Equal(read(t, path), read(t, filepath.Join(b, rel))) {
			t.Errorf("%s differs", rel)
		}
		return nil
	})
	if err != nil || seen != 17 {
		t.Errorf("%d files, want 17 (error %v)", seen, err)
	}
	other := force(t, Options{Seed: small.Seed + 1, Staff: small.Staff, Days: small.Days})
	if bytes.Equal(logs(other)["niche.csv"], read(t, filepath.Join(a, "logs", "niche.csv"))) {
		t.Error("another seed gives the same log")
	}
}

func TestWriteWritesWhatLinesGives(t *testing.T) {
	f, dir := force(t, small), t.TempDir()
	if err := f.Write(dir); err != nil {
		t.Fatal(err)
	}
	for name, want := range logs(f) {
		if !bytes.Equal(read(t, filepath.Join(dir, "logs", name)), want) {
			t.Errorf("%s differs from the lines", name)
		}
	}
	for _, table := range f.Tables() {
		if !bytes.Equal(read(t, filepath.Join(dir, "tables", table.Name)), table.Data) {
			t.Errorf("%s differs from the table", table.Name)
		}
	}
	if got := bytes.Count(read(t, filepath.Join(dir, "truth.jsonl")), []byte("\n")); got != len(f.Truth()) {
		t.Errorf("truth.jsonl has %d lines, want %d", got, len(f.Truth()))
	}
}

func TestLinesCanBeLeftEarlyAndBegunAgain(t *testing.T) {
	f := force(t, small)
	var first []Line
	for l := range f.Lines() {
		if first = append(first, l); len(first) == 500 {
			break
		}
	}
	i := 0
	for l := range f.Lines() {
		if !bytes.Equal(l.Bytes, first[i].Bytes) || !l.At.Equal(first[i].At) {
			t.Fatalf("line %d differs the second time", i)
		}
		if i++; i == len(first) {
			break
		}
	}
}

func TestLinesArriveInOrder(t *testing.T) {
	f := force(t, small)
	last := f.cal.midnight(0).time()
	end := f.last().time().Add(2 * time.Hour)
	for l := range f.Lines() {
		if l.At.Before(last) || l.At.After(end) {
			t.Fatalf("%s: arrives at %s after %s: %s", l.File, l.At, last, l.Bytes)
		}
		last = l.At
	}
}

func TestTablesSayWhenTheyWereExportedAndWhatTheyCover(t *testing.T) {
	f := force(t, small)
	for _, table := range f.Tables() {
		line, body, _ := strings.Cut(string(table.Data), "\n")
		if want := fmt.Sprintf("# exported_at=2026-03-05T00:00:00Z covers=2026-03-01/2026-03-05T00:00:00Z rows=%d", strings.Count(body, "\n")-1); line != want {
			t.Errorf("%s begins %q, want %q", table.Name, line, want)
		}
	}
}

func TestNoMisusePlantsNoneAndLeavesTheLegitimateWorkAlone(t *testing.T) {
	o := small
	o.NoMisuse = true
	clean, dirty := force(t, o), force(t, small)
	with := map[string]bool{}
	for l := range dirty.Lines() {
		with[string(l.Bytes)] = l.System == "m365"
	}
	n := 0
	for l := range clean.Lines() {
		if l.System == "m365" {
			n++
			if !with[string(l.Bytes)] {
				t.Fatalf("only without misuse: %s", l.Bytes)
			}
		}
	}
	if n == 0 || len(clean.Truth()) != 0 || clean.Truth() == nil {
		t.Errorf("%d records, truth %v; want some, and an empty truth", n, clean.Truth())
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
