package store

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"probity/internal/alert"
)

// While commits go on, a reading sees one of them whole: as many alerts and journal entries as its number says.
func TestARunIsReadAsOfOneCommitWhileOthersAreMade(t *testing.T) {
	dir := t.TempDir()
	s, err := Open(Options{Dir: dir})
	must(t, err)
	const commits = 60
	var writing sync.WaitGroup
	writing.Go(func() {
		for n := range commits {
			must(t, s.Commit(&Commit{
				Generation: "g", Streams: []StreamState{{ID: "s", Source: "log", State: []byte{byte(n + 1)}}},
				Journal: []JournalEntry{{Kind: "idle", Body: []byte("{}")}},
				Alerts:  []*alert.Alert{{ID: "a", Revision: n + 1}},
			}))
		}
	})
	look := func() uint64 {
		revision := 0
		run, err := ReadRun(dir, func(a *alert.Alert) error { revision = a.Revision; return nil })
		must(t, err)
		n := int(run.Commit)
		if len(run.Journal) != n || revision != n || n > 0 && int(run.Streams["s"].State[0]) != n {
			t.Errorf("commit %d, and %d journal entries, revision %d, streams %v", n, len(run.Journal), revision, run.Streams)
		}
		return run.Commit
	}
	for look() < commits {
	}
	writing.Wait()
	must(t, s.Close())
	if n := look(); n != commits { // with nobody at work
		t.Errorf("commit %d", n)
	}
}

func TestReadingARunChangesNothingAndRefusesWhatIsNotWhole(t *testing.T) {
	dir := t.TempDir()
	s, err := Open(Options{Dir: dir})
	must(t, err)
	must(t, s.Commit(&Commit{Journal: []JournalEntry{{Kind: "idle", Body: []byte("{}")}}, Alerts: []*alert.Alert{{ID: "a", Revision: 1}}}))
	must(t, s.Close())
	none := func(*alert.Alert) error { return nil }
	before := b2(t, filepath.Join(dir, databaseName))
	_, err = ReadRun(dir, none)
	must(t, err)
	if string(before) != string(b2(t, filepath.Join(dir, databaseName))) {
		t.Error("the database was changed")
	}
	if _, err := ReadRun(t.TempDir(), none); err == nil {
		t.Error("a folder without a database was read")
	}
	d, err := openDatabase(s.opts.FS, dir)
	must(t, err)
	for _, statement := range []string{"DELETE FROM alerts", "DELETE FROM journal"} {
		_, err := d.conn.ExecContext(t.Context(), statement)
		must(t, err)
		if _, err := ReadRun(dir, none); err == nil {
			t.Errorf("read after %s", statement)
		}
	}
	must(t, d.close())
}

// Who asks before the first start is told so; a folder that has lost its database is something else, and is not called new.
func TestAFolderBeforeTheFirstStartIsSaidToBeOne(t *testing.T) {
	lost := t.TempDir()
	must(t, os.Mkdir(filepath.Join(lost, "evidence"), 0o700))
	for dir, first := range map[string]bool{t.TempDir(): true, filepath.Join(t.TempDir(), "state"): true, lost: false} {
		_, run := ReadRun(dir, nil)
		_, revisions := Revisions(dir, "a")
		_, outcomes := ReadOutcomes(dir)
		_, open := OpenExisting(Options{Dir: dir})
		_, inspect := Inspect(dir)
		for _, err := range []error{run, revisions, outcomes, open, inspect} {
			if err == nil {
				t.Fatalf("%s was read", dir)
			}
			text := err.Error()
			if strings.Contains(text, "first start of the daemon (probity run)") != first || strings.Contains(text, "lost its database") == first || !strings.Contains(text, dir) {
				t.Errorf("before the first start: %v: %s", first, text)
			}
			if first && strings.Contains(text, "no such file") {
				t.Error(text)
			}
		}
		if _, err := os.Stat(filepath.Join(dir, databaseName)); err == nil {
			t.Errorf("%s was made", dir)
		}
	}
}

func b2(t *testing.T, path string) []byte {
	b, err := os.ReadFile(path)
	must(t, err)
	return b
}
