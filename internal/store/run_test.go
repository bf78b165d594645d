package store

import (
	"os"
	"path/filepath"
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

func b2(t *testing.T, path string) []byte {
	b, err := os.ReadFile(path)
	must(t, err)
	return b
}
