package daemon

import (
	"context"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"probity/internal/evidence"
	"probity/internal/store"
)

func TestAHoldIsRecordedBesideTheDaemonAndWithoutIt(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d, stop := s.start(Options{})
	s.append(s.lines...)
	s.drain(d)
	ids, err := delivered(s.read("alerts.jsonl"))
	if err != nil || len(ids) == 0 {
		t.Fatalf("%d alerts, %v", len(ids), err)
	}
	h := store.Hold{Reason: "a hearing", ApprovedBy: "legal services"}
	for h.ID = range ids {
		break
	}
	beside, c := context.Background(), s.config()
	if err := c.Hold(beside, h); err != nil {
		t.Fatalf("beside the daemon: %v", err)
	}
	if err := c.Hold(beside, h); err == nil || !strings.Contains(err.Error(), "held already") {
		t.Errorf("twice: %v", err)
	}
	if err := c.Hold(beside, store.Hold{ID: "nothing", Reason: "x", ApprovedBy: "y"}); err == nil || !strings.Contains(err.Error(), "no such alert") {
		t.Errorf("an alert that is not there: %v", err)
	}
	stop()
	h.Release = true
	if err := c.Hold(beside, h); err != nil {
		t.Errorf("without the daemon: %v", err)
	}
	if held, err := store.Held(s.path("state/evidence"), 0); err != nil || len(held) != 0 {
		t.Errorf("held: %v, %v", held, err)
	}
}

func TestTheDaemonDestroysWhatWasKeptLongEnough(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	st, err := store.Open(store.Options{Dir: s.path("state"), Sinks: []string{"file"}})
	if err != nil {
		t.Fatal(err)
	}
	err = st.Commit(&store.Commit{Rejects: []store.Reject{{Source: "niche", Reason: "form", Data: []byte("an old one"), At: time.Now().Add(-100 * 24 * time.Hour)}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	s.config("web:", "retention: {rejects: 90d, alerts: 2192d}\nweb:")
	d, stop := s.start(Options{})
	eventually(t, "the old reject to go", func() bool { return s.read("state/rejects.jsonl") == "" })
	if status, _ := s.get(d, http.MethodGet, "/healthz"); status != http.StatusOK {
		t.Errorf("status %d", status)
	}
	stop()
	r, err := evidence.Verify(filepath.Join(s.dir, "state", "evidence"))
	if err != nil || !r.OK() {
		t.Errorf("the chain: %v, %v", r.Faults, err)
	}
	if n := len(s.entries("expired")); n != 1 {
		t.Errorf("%d entries say so, want 1", n)
	}
}

func TestARetentionOfLessThanADayIsAProblem(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	problems, _ := s.config("web:", "retention: {rejects: 1h}\nweb:").Check()
	if len(problems) != 1 || !strings.Contains(problems[0].What, "kept for 1h0m0s only") {
		t.Errorf("problems: %v", problems)
	}
}
