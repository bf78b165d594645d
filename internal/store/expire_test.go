package store

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"probity/internal/alert"
	"probity/internal/evidence"
	"probity/internal/fsx"
)

// later is when everything that withQuestions writes is old.
func later() time.Time { return time.Now().Add(10 * 24 * time.Hour) }

var nineDays = Retention{Rejects: 9 * 24 * time.Hour, Alerts: 9 * 24 * time.Hour, Evidence: 9 * 24 * time.Hour}

// withQuestions is a folder with a secret alert, the lines around it, a question about it, and two rejects.
func withQuestions(t *testing.T, dir string, fs *fsx.FS) *Store {
	t.Helper()
	s := openStore(t, dir, fs)
	must(t, s.Commit(&Commit{Sinks: []string{"file"}, Alerts: []*alert.Alert{secretAlert(1)}, Rejects: []Reject{
		{Source: "niche", Reason: "form", Data: []byte("Quillreject"), At: time.Now().Add(-48 * time.Hour)},
		{Source: "niche", Reason: "form", Data: []byte("a later one"), At: time.Now().Add(48 * time.Hour)},
	}, Evidence: []evidence.Entry{{Kind: "listed", Body: map[string]string{"person": "Quillperson"}}, {Kind: "start", Body: 1}}}))
	must(t, s.Surround([]alert.Surroundings{{ID: secretAlert(1).ID, Revision: 1, Records: []alert.Surrounding{{}}}}))
	return s
}

func closeSecret(t *testing.T, s *Store) { decide(t, s, "Quillnote") }

// decide closes the secret alert.
func decide(t *testing.T, s *Store, note string) {
	t.Helper()
	_, err := s.CloseAlert(alert.Closing{ID: secretAlert(1).ID, Outcome: alert.Erroneous, Note: note, By: "nobody"})
	must(t, err)
}

func intact(t *testing.T, dir string) {
	t.Helper()
	r, err := evidence.Verify(filepath.Join(dir, evidenceDir))
	must(t, err)
	if !r.OK() {
		t.Errorf("the chain: %v", r.Faults)
	}
	in, err := Inspect(dir)
	must(t, err)
	if !in.OK() {
		t.Errorf("the folder: %v", in.Findings)
	}
}

func TestWhatIsKeptNoLongerIsDestroyedOnTheRecordAndTheChainVerifies(t *testing.T) {
	dir := t.TempDir()
	s := withQuestions(t, dir, nil)
	closeSecret(t, s)
	want := Expired{Rejects: 1, Alerts: 1, Entries: 4}
	got, err := s.Expire(nineDays, later(), true)
	must(t, err)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("dry run: %s", diff)
	}
	if len(holding(t, dir)) == 0 {
		t.Fatal("a dry run has destroyed something, or the test is poor")
	}
	got, err = s.Expire(nineDays, later(), false)
	must(t, err)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s", diff)
	}
	if again, err := s.Expire(nineDays, later(), false); err != nil || again != (Expired{}) {
		t.Errorf("again: %+v, %v", again, err)
	}
	if list, err := s.Dispositions(secretAlert(1).ID); err != nil || len(list) != 1 || list[0].Outcome != "error" {
		t.Errorf("the outcome: %v, %v; it names nobody, and stays", list, err)
	}
	must(t, s.Commit(&Commit{Rejects: []Reject{{Source: "niche", Reason: "form", Data: []byte("one more"), At: time.Now()}}}))
	must(t, s.Close())
	if files := holding(t, dir); len(files) > 0 {
		t.Errorf("the words are still in %v", files)
	}
	text, err := os.ReadFile(filepath.Join(dir, rejectsName))
	must(t, err)
	if lines := strings.Count(string(text), "\n"); lines != 2 || !strings.Contains(string(text), "a later one") {
		t.Errorf("rejects: %s", text)
	}
	intact(t, dir)
}

func TestWithoutARetentionEverythingStays(t *testing.T) {
	dir := t.TempDir()
	s := withQuestions(t, dir, nil)
	closeSecret(t, s)
	if got, err := s.Expire(Retention{}, later().AddDate(100, 0, 0), false); err != nil || got != (Expired{}) {
		t.Errorf("%+v, %v", got, err)
	}
	got, err := s.Expire(Retention{Rejects: 36500 * 24 * time.Hour, Alerts: 36500 * 24 * time.Hour, Evidence: 36500 * 24 * time.Hour}, later(), false)
	if err != nil || got != (Expired{}) {
		t.Errorf("before its time: %+v, %v", got, err)
	}
}

func TestAnOpenAlertAndOneUnderALegalHoldStay(t *testing.T) {
	dir := t.TempDir()
	s := withQuestions(t, dir, nil)
	only := Retention{Alerts: nineDays.Alerts}
	if got, err := s.Expire(only, later(), false); err != nil || got != (Expired{Open: 1}) {
		t.Errorf("open: %+v, %v", got, err)
	}
	closeSecret(t, s)
	hold := Hold{ID: secretAlert(1).ID, Reason: "a hearing", ApprovedBy: "legal services"}
	must(t, s.Hold(hold))
	if err := s.Hold(hold); !errors.Is(err, ErrRefused) {
		t.Errorf("held twice: %v", err)
	}
	must(t, s.Close())
	s = openStore(t, dir, nil) // the hold is in the chain, not in memory
	if got, err := s.Expire(only, later(), false); err != nil || got != (Expired{Held: 1}) {
		t.Errorf("held: %+v, %v", got, err)
	}
	if _, err := s.Redact(orderOf(1)); !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), "legal hold") {
		t.Errorf("a redaction of what is held: %v", err)
	}
	if _, err := s.Redact(orderOf(s.EvidenceHead().Seq)); !errors.Is(err, ErrRefused) {
		t.Errorf("a redaction of the hold itself: %v", err)
	}
	hold.Release = true
	must(t, s.Hold(hold))
	if err := s.Hold(hold); !errors.Is(err, ErrRefused) {
		t.Errorf("released twice: %v", err)
	}
	if got, err := s.Expire(only, later(), false); err != nil || got.Alerts != 1 || got.Entries != 3 {
		t.Errorf("released: %+v, %v", got, err)
	}
	if err := s.Hold(Hold{ID: "nothing", Reason: "x", ApprovedBy: "y"}); !errors.Is(err, alert.ErrUnknown) {
		t.Errorf("an alert that is not there: %v", err)
	}
	must(t, s.Close())
	intact(t, dir)
}

func TestAnExpiryThatFailsAtAnyStepIsDoneByTheNext(t *testing.T) {
	for step := 1; ; step++ {
		dir := t.TempDir()
		var left int
		fs := &fsx.FS{Fault: func(string, string) error {
			if left--; left == 0 {
				return errors.New("the disk does not")
			}
			return nil
		}}
		s := withQuestions(t, dir, fs)
		closeSecret(t, s)
		left = step
		_, err := s.Expire(nineDays, later(), false)
		reached := left <= 0
		left = 0
		_ = s.Close()
		s = openStore(t, dir, nil)
		_, again := s.Expire(nineDays, later(), false)
		must(t, again)
		must(t, s.Close())
		if files := holding(t, dir); len(files) > 0 {
			t.Errorf("step %d (%v): the words are still in %v", step, err, files)
		}
		intact(t, dir)
		if !reached {
			if step < 10 {
				t.Errorf("a poor test: %d steps", step)
			}
			return
		}
		step += step / 12 // every one of the first, and fewer of the many that are alike
	}
}
