package store

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"probity/internal/fsx"
)

func TestALookAtASoundFolderFindsNothingAndChangesNoByte(t *testing.T) {
	for name, dir := range map[string]string{"closed": first(closed(t)), "killed": stored(t, "state-v1")} {
		t.Run(name, func(t *testing.T) {
			before := map[string][]byte{}
			files := func(fn func(path string, content []byte)) {
				must(t, filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
					if err == nil && info.Mode().IsRegular() && info.Name() != lockName {
						fn(path, readFile(t, path))
					}
					return err
				}))
			}
			files(func(path string, content []byte) { before[path] = content })
			r, err := Inspect(dir)
			must(t, err)
			if !r.OK() || len(r.Notes) > 0 || r.Evidence == 0 || r.Frames == 0 || r.Rejects == 0 || r.Rows["alerts"] == 0 {
				t.Errorf("%+v", r)
			}
			files(func(path string, content []byte) {
				if !bytes.Equal(before[path], content) {
					t.Errorf("%s was changed, or made", path)
				}
				delete(before, path)
			})
			if len(before) > 0 {
				t.Errorf("%d files are gone", len(before))
			}
		})
	}
}

func first(dir string, _ head, _ view) string { return dir }

// Rows whose checksums fit and that still do not belong where they stand.
func TestALookFindsRowsOutOfPlace(t *testing.T) {
	for _, test := range []struct {
		name, want string
		spoil      func(s *Store) error
	}{
		{"a revision left out", "alert alert09: revision 2 follows 0", func(s *Store) error {
			return s.db.add(alertTable, "alert09", int64(2), int64(1), "r", "high", "open", text(alertOf(9, 2)))
		}},
		{"a body of another alert", "the body of revision alert08/1 is of another", func(s *Store) error {
			return s.db.add(alertTable, "alert08", int64(1), int64(1), "r", "high", "open", text(alertOf(9, 1)))
		}},
		{"an alert of a commit to come", "revision alert08/1 is of commit 99; the last is 3", func(s *Store) error {
			return s.db.add(alertTable, "alert08", int64(1), int64(99), "r", "high", "open", text(alertOf(8, 1)))
		}},
		{"a delivery of nothing", "revision alert77/1 waits to be delivered and is not in the table alerts", func(s *Store) error {
			q := queued{sink: "file", seq: 1 << 40, alertID: "alert77", revision: 1}
			return s.db.add(outboxTable, q.row()...)
		}},
		{"a delivery never numbered", "number 1099511627776; the last one given is 12", func(s *Store) error {
			q := queued{sink: "file", seq: 1 << 40, alertID: "alert01", revision: 1}
			return s.db.add(outboxTable, q.row()...)
		}},
		{"a journal entry left out", "entry 9 follows entry 3", func(s *Store) error {
			return s.db.add(journalTable, int64(9), int64(1), "k", "{}")
		}},
		{"a record that cannot be unpacked", "unpacking a kept record", func(s *Store) error {
			return s.db.add(recordTable, int64(1), []byte("0123456789abcdef"), int64(1), []byte("no zstd"))
		}},
		{"a pack that cannot be unpacked", "unpacking kept records", func(s *Store) error {
			return s.db.add(packTable, int64(0), int64(0), int64(1), int64(0), int64(1), int64(2), int64(1), []byte("no zstd"))
		}},
		{"a pack where nobody looks", "it stands where nobody looks for its times", func(s *Store) error {
			return s.db.add(packTable, int64(0), int64(8), int64(1), int64(0), int64(1), int64(2), int64(1), []byte{})
		}},
		{"tallies cut short", "a row ends 7 bytes into a tally", func(s *Store) error {
			return s.db.add(tallyTable, []byte("s"), int64(1), int64(1), int64(0), []byte("1234567"))
		}},
		{"a row that was not counted", "3 rows; 2 were committed", func(s *Store) error {
			return s.db.add(pendingTable, "r", []byte("b"), []byte("0123456789abcdef"), int64(1), []byte{})
		}},
		{"a row lost whole", "0 rows; 1 were committed", func(s *Store) error { return s.db.exec("DELETE FROM marks") }},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			s := openStore(t, dir, nil)
			for n := 1; n <= 3; n++ {
				must(t, s.Commit(oneOfEach(n)))
			}
			must(t, s.Delivered("file", 7))
			s.head.commit = 3
			must(t, test.spoil(s))
			must(t, s.Close())
			r, err := Inspect(dir)
			must(t, err)
			said := ""
			for _, f := range r.Findings {
				said += f.String() + "\n"
				if f.File != filepath.Join(dir, databaseName) || f.Do == "" {
					t.Errorf("%+v", f)
				}
			}
			if want := strings.ReplaceAll(test.want, "the last is 3", "the last is 4"); !strings.Contains(said, want) {
				t.Errorf("found:\n%swant %q", said, want)
			}
		})
	}
}

func TestALookNotesWhatAKillLeft(t *testing.T) {
	dir, h, _ := closed(t)
	f, err := os.OpenFile(windowsPath(dir, 1), os.O_APPEND|os.O_WRONLY, 0)
	must(t, err)
	_, err = f.Write(appendFrame(nil, frameMagic, h.commit+1, nil))
	must(t, errors.Join(err, f.Close()))
	must(t, os.Mkdir(filepath.Join(dir, ".exporting-1"), 0o700))
	r, err := Inspect(dir)
	must(t, err)
	if !r.OK() || len(r.Notes) != 2 || !strings.Contains(r.Notes[0], "a commit that a kill cut short") || !strings.Contains(r.Notes[1], "it can be removed") {
		t.Errorf("%+v", r)
	}
}

func TestALookFindsEvidenceOfNoCommit(t *testing.T) {
	dir := t.TempDir()
	must(t, openStore(t, dir, nil).Close())
	for n, want := range []bool{true, true, false} { // the first two, a kill may have left
		must(t, os.WriteFile(filepath.Join(dir, evidenceDir, fmt.Sprintf("%06d.log", n+1)), []byte("x\n"), 0o600))
		r, err := Inspect(dir)
		must(t, err)
		if r.OK() != want {
			t.Errorf("%d segments: %+v", n+1, r.Findings)
		}
	}
	var d *fsx.Damage
	if _, err := Open(Options{Dir: dir}); !errors.As(err, &d) {
		t.Errorf("a start says %v", err)
	}
}

// The copy that an upgrade leaves is whole: a redaction does not reach into it.
func TestALookNotesTheCopyFromBeforeAnUpgrade(t *testing.T) {
	dir := stored(t, "state-v3-alerts")
	must(t, openStore(t, dir, nil).Close())
	r, err := Inspect(dir)
	must(t, err)
	if !r.OK() || len(r.Notes) != 1 || !strings.HasPrefix(r.Notes[0], filepath.Join(dir, backupName(schemaVersion))+": ") {
		t.Errorf("%+v", r)
	}
}

func TestALookAtAFolderInUseIsRefusedAndNamesTheProcess(t *testing.T) {
	dir := t.TempDir()
	openStore(t, dir, nil)
	_, err := Inspect(dir)
	var locked *fsx.LockedError
	if !errors.As(err, &locked) || locked.PID != os.Getpid() || !strings.Contains(err.Error(), "probity state export") {
		t.Errorf("got %v", err)
	}
}

// SQLite's own words come with ours: which file, and what to do.
func TestWhatSQLiteSaysComesWithTheFileAndWhatToDo(t *testing.T) {
	for name, spoil := range map[string]func([]byte) []byte{
		"no database":  func([]byte) []byte { return []byte(strings.Repeat("this is no database\n", 300)) },
		"cut in half":  func(b []byte) []byte { return b[:len(b)/2] },
		"a page of 0s": func(b []byte) []byte { clear(b[4096:8192]); return b },
		"no schema":    func(b []byte) []byte { return bytes.ReplaceAll(b, []byte("windows_file"), []byte("windows_fire")) },
	} {
		t.Run(name, func(t *testing.T) {
			dir, _, _ := closed(t)
			path := filepath.Join(dir, databaseName)
			must(t, os.WriteFile(path, spoil(readFile(t, path)), 0o600))
			_, err := Open(Options{Dir: dir})
			var d *fsx.Damage
			if !errors.As(err, &d) || d.File != path || d.Do != restore {
				t.Errorf("a start says %v", err)
			}
			r, err := Inspect(dir)
			must(t, err)
			if r.OK() || cmp.Diff(r.Findings[0].File, path) != "" {
				t.Errorf("%+v", r.Findings)
			}
		})
	}
}
