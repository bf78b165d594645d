package store

import (
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	"golang.org/x/mod/semver"

	"probity/internal/alert"
	"probity/internal/event"
	"probity/internal/evidence"
	"probity/internal/fsx"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestStoreAndMemoryBehaveAlike(t *testing.T) {
	keepers := func(t *testing.T) map[string]keeper {
		return map[string]keeper{"store": openStore(t, t.TempDir(), nil), "memory": NewMemory()}
	}
	tests := []struct {
		name    string
		commits []*Commit
		want    func(t *testing.T, v view)
	}{
		{"nothing was committed", nil, func(t *testing.T, v view) {
			if v.Commit != 0 || v.Generation != "" || len(v.Streams)+len(v.Windows)+len(v.Alerts) != 0 {
				t.Errorf("%+v", v)
			}
		}},
		{"something of everything", []*Commit{oneOfEach(1), oneOfEach(2), oneOfEach(3)}, func(t *testing.T, v view) {
			if v.Commit != 3 || v.Generation != "g3" || len(v.Streams) != 3 || len(v.Windows) != 4 || len(v.Alerts) != 4 || len(v.Pending) != 2 || len(v.Journal) != 3 || len(v.Records) != 3 {
				t.Errorf("%+v", v)
			}
		}},
		{"an empty commit counts and keeps the generation", []*Commit{oneOfEach(1), {}}, func(t *testing.T, v view) {
			if v.Commit != 2 || v.Generation != "g1" {
				t.Errorf("%d %s", v.Commit, v.Generation)
			}
		}},
		{"no state means gone, an empty one does not", []*Commit{
			{Streams: []StreamState{{ID: "a", State: []byte("x")}, {ID: "b", State: []byte("x")}}, Windows: []WindowState{{Feed: "f", Key: "a", State: []byte("x")}, {Feed: "f", Key: "b", State: []byte("x")}}},
			{Streams: []StreamState{{ID: "a"}, {ID: "b", State: []byte{}}}, Windows: []WindowState{{Feed: "f", Key: "a"}, {Feed: "f", Key: "b", State: []byte{}}}},
		}, func(t *testing.T, v view) {
			if diff := cmp.Diff(map[string]StreamState{"b": {ID: "b", State: []byte{}}}, v.Streams); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(map[[2]string]string{{"f", "b"}: ""}, v.Windows); diff != "" {
				t.Error(diff)
			}
		}},
		{"feed and key are told apart where they meet", []*Commit{
			{Windows: []WindowState{{Feed: "ab", Key: "c", State: []byte("1")}, {Feed: "a", Key: "bc", State: []byte("2")}}},
		}, func(t *testing.T, v view) {
			if diff := cmp.Diff(map[[2]string]string{{"ab", "c"}: "1", {"a", "bc"}: "2"}, v.Windows); diff != "" {
				t.Error(diff)
			}
		}},
		{"a kept record stays as it was and keeps the larger until", []*Commit{
			{Records: []KeptRecord{{ID: idOf(1), Time: timeOf(1), Until: 50, Record: recordOf(1)}, {ID: idOf(2), Time: timeOf(2), Until: 50, Record: recordOf(2)}}},
			{Records: []KeptRecord{{ID: idOf(1), Time: timeOf(1), Until: 90, Record: recordOf(7)}, {ID: idOf(2), Time: timeOf(2), Until: 10, Record: recordOf(7)}}},
			{Forget: 60},
		}, func(t *testing.T, v view) {
			if diff := cmp.Diff(map[event.ID]string{idOf(1): textOf(recordOf(1))}, v.Records); diff != "" {
				t.Error(diff)
			}
		}},
		{"a record without its text prolongs one that is kept, and is nothing else", []*Commit{
			{Records: []KeptRecord{{ID: idOf(1), Time: timeOf(1), Until: 50, Record: recordOf(1)}, {ID: idOf(2), Time: timeOf(2), Until: 50, Record: recordOf(2)}}},
			{Records: []KeptRecord{{ID: idOf(1), Time: timeOf(1), Until: 90}, {ID: idOf(2), Time: timeOf(2), Until: 40}, {ID: idOf(3), Time: timeOf(3), Until: 90}}},
			{Forget: 60},
		}, func(t *testing.T, v view) {
			if diff := cmp.Diff(map[event.ID]string{idOf(1): textOf(recordOf(1))}, v.Records); diff != "" {
				t.Error(diff)
			}
		}},
		{"a revised record takes the place of the one that is kept, for as long as either is wanted", []*Commit{
			{Records: []KeptRecord{{ID: idOf(1), Time: timeOf(1), Until: 90, Record: recordOf(1)}, {ID: idOf(2), Time: timeOf(2), Until: 50, Record: recordOf(2)}}},
			{Records: []KeptRecord{{ID: idOf(1), Time: timeOf(1), Until: 10, Record: revised(1, 7), Revised: true}, {ID: idOf(2), Time: timeOf(2), Until: 90, Record: revised(2, 8), Revised: true}}},
			{Forget: 60},
		}, func(t *testing.T, v view) {
			if diff := cmp.Diff(map[event.ID]string{idOf(1): textOf(revised(1, 7)), idOf(2): textOf(revised(2, 8))}, v.Records); diff != "" {
				t.Error(diff)
			}
		}},
		{"a pending match is replaced, and decided after it is stored", []*Commit{
			{Pending: []PendingMatch{{Rule: "r", Actor: "a", EventID: idOf(1), Until: 1}, {Rule: "r", Actor: "b", EventID: idOf(1), Until: 1}}},
			{Pending: []PendingMatch{{Rule: "r", Actor: "a", EventID: idOf(1), Until: 2}, {Rule: "r", Actor: "b", EventID: idOf(1), Until: 2}},
				Decided: []PendingKey{{"r", "b", idOf(1)}, {"r", "never", idOf(1)}}},
		}, func(t *testing.T, v view) {
			if diff := cmp.Diff([]string{text(PendingMatch{Rule: "r", Actor: "a", EventID: idOf(1), Until: 2})}, v.Pending); diff != "" {
				t.Error(diff)
			}
		}},
		{"several revisions of an alert in one commit, and one repeated with the same body", []*Commit{
			{Alerts: []*alert.Alert{alertOf(1, 1), alertOf(1, 2), alertOf(1, 3)}},
			{Alerts: []*alert.Alert{alertOf(1, 2), alertOf(1, 3), alertOf(1, 4)}},
		}, func(t *testing.T, v view) {
			if diff := cmp.Diff([]string{text(alertOf(1, 4))}, v.Alerts); diff != "" {
				t.Error(diff)
			}
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			views := map[string]view{}
			for name, k := range keepers(t) {
				for _, c := range test.commits {
					must(t, k.Commit(c))
				}
				v := viewOf(t, k)
				test.want(t, v)
				v.Outbox, v.Marks = nil, nil
				views[name] = v
			}
			if diff := cmp.Diff(views["store"], views["memory"]); diff != "" {
				t.Errorf("store and memory differ: %s", diff)
			}
		})
	}
}

func TestACommitThatContradictsTheLastOnesIsRefusedAndChangesNothing(t *testing.T) {
	other := alertOf(1, 1)
	other.Summary = "another body"
	tests := []struct {
		name, want string
		commit     *Commit
	}{
		{"another body for a revision", "a body never changes", &Commit{Generation: "x", Alerts: []*alert.Alert{other}}},
		{"another body within the commit", "a body never changes", &Commit{Alerts: []*alert.Alert{alertOf(5, 1), func() *alert.Alert { a := alertOf(5, 1); a.Count = 9; return a }()}}},
		{"a revision left out", "its last revision is 1, so the next is 2", &Commit{Generation: "x", Alerts: []*alert.Alert{alertOf(1, 3)}}},
		{"revision 0", "so the next is", &Commit{Alerts: []*alert.Alert{alertOf(9, 0)}}},
		{"a journal entry without a body", "a body that is JSON", &Commit{Generation: "x", Journal: []JournalEntry{{Kind: "k"}}}},
	}
	for name, k := range map[string]keeper{"store": openStore(t, t.TempDir(), nil), "memory": NewMemory()} {
		must(t, k.Commit(oneOfEach(1)))
		before := viewOf(t, k)
		for _, test := range tests {
			t.Run(name+": "+test.name, func(t *testing.T) {
				if err := k.Commit(test.commit); err == nil || !strings.Contains(err.Error(), test.want) {
					t.Errorf("got %v, want %q", err, test.want)
				}
				if diff := cmp.Diff(before, viewOf(t, k)); diff != "" {
					t.Error(diff)
				}
			})
		}
	}
}

func TestWhatWasCommittedIsThereAfterReopening(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir, nil)
	for n := 1; n <= 3; n++ {
		must(t, s.Commit(oneOfEach(n)))
	}
	before := viewOf(t, s)
	must(t, s.Close())
	s = openStore(t, dir, nil)
	if diff := cmp.Diff(before, viewOf(t, s)); diff != "" {
		t.Error(diff)
	}
	must(t, s.Check())
	report, err := evidence.Verify(dir + "/evidence")
	must(t, err)
	if !report.OK() || report.Entries != 9 { // each of the three commits has two alerts and a gap
		t.Errorf("%+v", report)
	}
	if got := strings.Count(string(readFile(t, dir, rejectsName)), `"event.original":"Yf8A","base64":true,"sum":"`); got != 3 {
		t.Errorf("rejects:\n%s", readFile(t, dir, rejectsName))
	}
}

func TestASecondOpenIsRefusedAndNamesTheProcess(t *testing.T) {
	dir := t.TempDir()
	openStore(t, dir, nil)
	_, err := Open(Options{Dir: dir})
	var locked *fsx.LockedError
	if !errors.As(err, &locked) || locked.PID != os.Getpid() {
		t.Errorf("got %v", err)
	}
}

func TestAClosedStoreTakesNothingMore(t *testing.T) {
	s := openStore(t, t.TempDir(), nil)
	must(t, s.Close())
	must(t, s.Close())
	if err := s.Commit(&Commit{}); err == nil {
		t.Error("a commit was taken")
	}
	if _, err := s.Due("file", 1); err == nil {
		t.Error("the outbox was read")
	}
}

func TestOthersOfTheMachineCannotReadTheState(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir, nil)
	must(t, s.Commit(oneOfEach(1)))
	must(t, filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
		if info.Mode().IsRegular() && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has %v", path, info.Mode())
		}
		return nil
	}))
}

func TestSQLiteIsRecentEnough(t *testing.T) {
	db, err := sql.Open("sqlite", ":memory:")
	must(t, err)
	defer db.Close()
	var version string
	must(t, db.QueryRow("SELECT sqlite_version()").Scan(&version))
	if semver.Compare("v"+version, "v3.51.3") < 0 {
		t.Errorf("SQLite %s: up to 3.51.2 it can corrupt the write-ahead log", version)
	}
}

func TestTheDatabaseIsFullySynchronousInWALMode(t *testing.T) {
	s := openStore(t, t.TempDir(), nil)
	for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2"} {
		var got string
		must(t, s.db.conn.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got))
		if got != want {
			t.Errorf("%s is %s", pragma, got)
		}
	}
}

func TestTheOutboxIsReadAndEmptiedWhileCommitsAreMade(t *testing.T) {
	s := openStore(t, t.TempDir(), nil)
	const commits = 40
	done := make(chan error, 1)
	go func() {
		for n := 1; n <= commits; n++ {
			if err := s.Commit(&Commit{Sinks: []string{"file"}, Alerts: []*alert.Alert{alertOf(1, n)}}); err != nil {
				done <- err
				return
			}
		}
		done <- nil
	}()
	var got []int
	for len(got) < commits {
		due, err := s.Due("file", 3)
		must(t, err)
		for _, d := range due {
			must(t, s.Delivered("file", d.Seq, d.Seq))
			got = append(got, d.Revision)
		}
	}
	must(t, <-done)
	var want []int
	for n := 1; n <= commits; n++ {
		want = append(want, n)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// Its size cannot be changed once the journal is a write-ahead log, and the driver has an order of its own in which it applies settings.
func TestANewDatabaseHasPagesOf8KiB(t *testing.T) {
	s := openStore(t, t.TempDir(), nil)
	for pragma, want := range map[string]string{"page_size": "8192", "journal_mode": "wal", "synchronous": "2", "cache_size": "-4096"} {
		var got string
		must(t, s.db.conn.QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got))
		if got != want {
			t.Errorf("%s is %s instead of %s", pragma, got, want)
		}
	}
}
