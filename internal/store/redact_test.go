package store

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"probity/internal/alert"
	"probity/internal/event"
	"probity/internal/evidence"
	"probity/internal/fsx"
)

// secretAlert holds words that must go; the windows and the kept records of these tests do not.
func secretAlert(revision int) *alert.Alert {
	a := alertOf(7, revision)
	a.Summary = strings.Repeat("Quillsummary viewed her neighbour. ", 400) // over several pages
	a.Person = &alert.Person{ID: "S1", Surname: "Quillperson"}
	a.Group = []alert.KeyPart{{Field: "actor.id", Value: "Quillgroup"}}
	a.Facts = []alert.Fact{{Say: "Quillfact", Speaks: "for", True: 1}}
	a.Unknowns, a.EventIDs = []string{"Quillunknown"}, []string{"Quillid"}
	a.Evidence = []event.Record{{ID: "e", Original: "Quilloriginal"}}
	return a
}

// holding counts the files of the state folder that hold the words.
func holding(t *testing.T, dir string) (files []string) {
	t.Helper()
	must(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if bytes.Contains(b, []byte("Quill")) {
			files = append(files, filepath.Base(path))
		}
		return err
	}))
	return files
}

var order = evidence.Redaction{Reason: "court order 12", ApprovedBy: "DPO"}

func orderOf(seq uint64) evidence.Redaction {
	r := order
	r.Seq = seq
	return r
}

// withSecret commits an alert of two revisions: entries 1 and 2 of the evidence.
func withSecret(t *testing.T, dir string, fs *fsx.FS) *Store {
	s := openStore(t, dir, fs)
	must(t, s.Commit(&Commit{Sinks: []string{"file", "hook"}, Alerts: []*alert.Alert{secretAlert(1)}}))
	must(t, s.Commit(&Commit{Sinks: []string{"file"}, Alerts: []*alert.Alert{alertOf(7, 2)}}))
	return s
}

func TestARedactedRevisionIsNowhereInTheStateFolder(t *testing.T) {
	dir := t.TempDir()
	s := withSecret(t, dir, nil)
	if len(holding(t, dir)) == 0 {
		t.Fatal("a poor test: nothing is held")
	}
	r, err := s.Redact(orderOf(1))
	must(t, err)
	if r.Kind != "alert" || len(r.Erased) != 4 {
		t.Errorf("%+v", r)
	}
	if files := holding(t, dir); len(files) != 0 {
		t.Errorf("still in %v, open", files)
	}
	due, err := s.Due("file", 10)
	must(t, err)
	if len(due) != 1 || due[0].Revision != 2 {
		t.Errorf("due: %+v", due)
	}
	must(t, s.Check())
	must(t, s.Commit(&Commit{Alerts: []*alert.Alert{alertOf(7, 3)}}))
	must(t, s.Close())
	if files := holding(t, dir); len(files) != 0 {
		t.Errorf("still in %v, closed", files)
	}
	s = openStore(t, dir, nil)
	must(t, s.Check())
	last, err := s.LastAlerts([]string{"alert07"})
	must(t, err)
	if last["alert07"].Revision != 3 {
		t.Errorf("%+v", last)
	}
	list, err := Revisions(dir, "alert07")
	must(t, err)
	stub, err := decodeAlert(list[0].Body)
	must(t, err)
	if len(list) != 3 || stub.Revision != 1 || stub.Reason != redactedText || stub.Rule.ID != "denied" || list[1].Commit != 2 {
		t.Errorf("%d revisions, the first %+v", len(list), stub)
	}
	report, err := evidence.Verify(filepath.Join(dir, evidenceDir))
	must(t, err)
	if !report.OK() || report.Redacted != 1 || len(report.Notes) != 0 {
		t.Errorf("%+v", report)
	}
}

func TestARedactionThatFailsAnywhereCanBeRunAgain(t *testing.T) {
	for n := 1; ; n++ {
		dir, fs := t.TempDir(), &fsx.FS{}
		s := withSecret(t, dir, fs)
		steps := 0
		fs.Fault = func(op, path string) error {
			if steps++; steps == n {
				return &fsx.ShortWrite{Bytes: 30, Err: syscall.EIO}
			}
			return nil
		}
		_, failed := s.Redact(orderOf(1))
		if failed == nil && steps < n {
			if n < 15 {
				t.Errorf("only %d steps", n-1)
			}
			return
		}
		fs.Fault = nil
		killed := image(t, dir)
		s.Close()
		s = openStore(t, killed, nil)
		if _, err := s.Redact(orderOf(1)); err != nil && !errors.Is(err, ErrRefused) { // it was done already
			t.Errorf("step %d (%v): run again: %v", n, failed, err)
		}
		must(t, s.Check())
		s.Close()
		if files := holding(t, killed); len(files) != 0 {
			t.Errorf("step %d (%v): still in %v", n, failed, files)
		}
	}
}

func TestWhatCannotBeRedactedIsRefusedAndNothingIsRecorded(t *testing.T) {
	s := withSecret(t, t.TempDir(), nil)
	_, err := s.Redact(orderOf(2))
	must(t, err)
	before := s.EvidenceHead()
	for name, test := range map[string]struct {
		r    evidence.Redaction
		want string
	}{
		"no reason":      {evidence.Redaction{Seq: 1, ApprovedBy: "DPO", Reason: " "}, "reason"},
		"nobody":         {evidence.Redaction{Seq: 1, Reason: "r"}, "approved-by"},
		"a second time":  {orderOf(2), "redacted already"},
		"no entry":       {orderOf(99), "no such entry"},
		"entry 0":        {orderOf(0), "no such entry"},
		"of a redaction": {orderOf(before.Seq), "record of a redaction"},
	} {
		if _, err := s.Redact(test.r); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if s.EvidenceHead() != before {
		t.Errorf("%+v became %+v", before, s.EvidenceHead())
	}
	if _, err := OpenExisting(Options{Dir: filepath.Join(t.TempDir(), "typo")}); err == nil {
		t.Error("a folder that is not there is opened")
	}
}

func TestARevisionIsToldToBeOfAnOpenAlertUntilThatIsClosed(t *testing.T) {
	s := withSecret(t, t.TempDir(), nil)
	must(t, s.Commit(&Commit{Evidence: []evidence.Entry{{Kind: "note", Body: map[string]any{}}}}))
	open := func(seq uint64) string {
		id, err := s.OpenAlert(seq)
		must(t, err)
		return id
	}
	if open(1) != "alert07" || open(2) != "alert07" || open(3) != "" {
		t.Errorf("%q %q %q", open(1), open(2), open(3))
	}
	decide(t, s, "")
	if open(1) != "" || open(2) != "" {
		t.Error("it is closed")
	}
	must(t, s.Commit(&Commit{Alerts: []*alert.Alert{alertOf(7, 3)}}))
	if open(1) != "alert07" {
		t.Error("it was opened again")
	}
}

// The copy that an upgrade leaves is of the whole folder, with all that is to go.
func TestARedactionTakesTheCopyFromBeforeAnUpgradeWithIt(t *testing.T) {
	dir := stored(t, "state-v3-alerts")
	s := openStore(t, dir, nil)
	copied := filepath.Join(dir, backupName(schemaVersion))
	if _, err := os.Stat(copied); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Redact(orderOf(99)); err == nil {
		t.Fatal("there is no such entry")
	}
	entries, err := evidence.OfKind(s.evidence.Dir(), "alert", time.Time{}, s.EvidenceHead().Seq)
	must(t, err)
	if _, err := os.Stat(copied); err != nil {
		t.Errorf("a redaction that is refused has removed the copy: %v", err)
	}
	_, err = s.CloseAlert(alert.Closing{ID: ofAlert(entries[0]), Outcome: alert.Erroneous, By: "nobody"})
	must(t, err)
	r, err := s.Redact(orderOf(entries[0].Seq))
	must(t, err)
	if !slices.Contains(r.Erased, filepath.Base(copied)+", the folder from before an upgrade") {
		t.Errorf("%q", r.Erased)
	}
	if _, err := os.Stat(copied); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the copy: %v", err)
	}
}

func TestARetentionLeavesTheCopyOfAnUpgradeForAMonth(t *testing.T) {
	dir := stored(t, "state-v3-alerts")
	s := openStore(t, dir, nil)
	copied := filepath.Join(dir, backupName(schemaVersion))
	for _, c := range []struct {
		days  int
		dry   bool
		there bool
	}{{29, false, true}, {31, true, true}, {31, false, false}} {
		_, err := s.Expire(Retention{Rejects: time.Hour}, time.Now().Add(time.Duration(c.days)*24*time.Hour), c.dry)
		must(t, err)
		if _, err := os.Stat(copied); (err == nil) != c.there {
			t.Errorf("%+v: %v", c, err)
		}
	}
}
