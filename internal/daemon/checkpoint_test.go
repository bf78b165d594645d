package daemon

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/zap"

	"probity/internal/evidence"
	"probity/internal/fsx"
	"probity/internal/notify"
)

// signed gives the site a key and the rest of an evidence section, and returns the public key.
func (s *site) signed(rest string) (public string) {
	s.t.Helper()
	private, public, err := evidence.NewKey("evidence.example.police.uk")
	if err != nil {
		s.t.Fatal(err)
	}
	s.write("evidence.key", private+"\n")
	s.write("probity.yaml", s.read("probity.yaml")+"evidence:\n  signing_key_file: evidence.key\n"+rest)
	return public
}

// judged verifies the site's evidence against what a witness has.
func (s *site) judged(public, witness string) evidence.Report {
	s.t.Helper()
	key, err := evidence.NewVerifier(public)
	if err != nil {
		s.t.Fatal(err)
	}
	list, err := evidence.ReadCheckpoints(s.path(witness))
	if err != nil {
		s.t.Fatal(err)
	}
	r, err := evidence.VerifyAgainst(s.path("state/evidence"), evidence.Against{Checkpoints: list, Key: key})
	if err != nil {
		s.t.Fatal(err)
	}
	return r
}

func TestTheEvidenceIsSignedAndEveryWitnessHasTheLastCheckpoint(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	hook := newReceiver(t)
	public := s.signed("  checkpoint_every: 5\n  witness:\n    - {name: mount, type: file, path: mount/witness.jsonl}\n" +
		"    - {name: hook, type: webhook, url: " + hook.URL + "}\n")
	d, stop := s.start(Options{})
	s.append(s.lines[:len(s.lines)/2]...)
	s.drain(d)
	eventually(t, "a witness that was told while the daemon runs", func() bool { return strings.Contains(s.read("mount/witness.jsonl"), "checkpoint") })
	_, metrics := s.get(d, "GET", "/metrics")
	for _, want := range []string{"probity_evidence_checkpoint_entries ", `probity_evidence_witness_age_seconds{witness="mount"} `, "probity_evidence_intact 1", "probity_evidence_checkpoint_failures_total 0"} {
		if !strings.Contains(metrics, want) {
			t.Errorf("no %s in the metrics", want)
		}
	}
	stop()
	posted, _ := hook.got()
	s.write("hook.jsonl", posted)
	for _, witness := range []string{"mount/witness.jsonl", "hook.jsonl", "state/evidence/checkpoints"} {
		r := s.judged(public, witness)
		if n := len(r.Checkpoints); !r.OK() || n < 2 || r.Checkpoints[n-1].Size != r.Entries {
			t.Errorf("%s: %d entries, %d checkpoints, faults %v", witness, r.Entries, n, r.Faults)
		}
	}
	if strings.Contains(s.log.String(), "PRIVATE") || !strings.Contains(s.log.String(), public) {
		t.Error("the log tells the private key, or not the public one")
	}

	d, stop = s.start(Options{}) // and goes on after a restart
	s.append(s.lines[len(s.lines)/2:]...)
	s.drain(d)
	stop()
	if r := s.judged(public, "mount/witness.jsonl"); !r.OK() || r.Checkpoints[len(r.Checkpoints)-1].Size != r.Entries {
		t.Errorf("after a restart: %+v", r)
	}
	file := filepath.Join(s.path("state/evidence"), "000001.log")
	text := s.read("state/evidence/000001.log")
	cut := strings.LastIndex(strings.TrimSuffix(text, "\n"), "\n") + 1
	if err := os.WriteFile(file, []byte(text[:cut]), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := s.judged(public, "mount/witness.jsonl"); r.OK() {
		t.Error("a removed tail is not found")
	}
}

func TestEvidenceThatIsNotWhatWasSignedRefusesToStart(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.signed("")
	_, stop := s.start(Options{})
	stop()
	names, err := filepath.Glob(s.path("state/evidence/checkpoints/*"))
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	last := names[len(names)-1]
	if err := os.Rename(last, filepath.Join(filepath.Dir(last), "000000009999.checkpoint")); err != nil {
		t.Fatal(err)
	}
	_, err = New(Options{Config: s.config()})
	if err == nil || !strings.Contains(err.Error(), "000000009999.checkpoint") {
		t.Errorf("got %v", err)
	}
}

func TestEvidenceThatLostWhatWasSignedIsToldUntilItIsThereAgain(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.signed("")
	_, stop := s.start(Options{})
	stop()
	d, err := New(Options{Config: s.config()})
	if err != nil {
		t.Fatal(err)
	}
	defer d.close()
	intact := func() float64 {
		t.Helper()
		return gauge(t, d.Registry, "probity_evidence_intact")
	}
	whole := d.checkpoints.head
	if _, ok := d.checkpoints.sign(); !ok || intact() != 1 {
		t.Fatalf("signed: %v, intact %v", ok, intact())
	}
	d.checkpoints.head = func() (evidence.Head, bool) { return evidence.Head{Seq: 1}, true }
	if _, ok := d.checkpoints.sign(); ok || intact() != 0 || gauge(t, d.Registry, "probity_evidence_checkpoint_failures_total") != 1 {
		t.Errorf("with fewer entries than were signed: signed %v, intact %v", ok, intact())
	}
	d.checkpoints.head = whole
	if _, ok := d.checkpoints.sign(); !ok || intact() != 1 {
		t.Errorf("with all of them again: signed %v, intact %v", ok, intact())
	}
}

func TestAWitnessThatIsDownIsToldTheNewestWhenItIsBack(t *testing.T) {
	var asked atomic.Int64
	last := make(chan string, 10)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) <= 3 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		last <- r.Header.Get("Idempotency-Key")
	}))
	defer server.Close()
	sink, err := notify.NewSink(notify.Config{Name: "hook", Type: "webhook", URL: server.URL}, &fsx.FS{})
	if err != nil {
		t.Fatal(err)
	}
	defer sink.(interface{ CloseIdleConnections() }).CloseIdleConnections()
	began := time.Now().Add(-time.Hour)
	w := newWitness(sink, zap.NewNop(), began)
	w.firstRetry, w.longestRetry = time.Millisecond, 5*time.Millisecond
	w.offer(evidence.Checkpoint{Origin: "o", Size: 3})
	w.offer(evidence.Checkpoint{Origin: "o", Size: 7}) // takes the place of the one that waits
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); w.run(ctx) }()
	if key := <-last; key != "checkpoint/o/0000000000000000/7" {
		t.Errorf("told of %s", key)
	}
	w.offer(evidence.Checkpoint{Origin: "o", Size: 7}) // nothing new, and told all the same
	if key := <-last; key != "checkpoint/o/0000000000000000/7" {
		t.Errorf("told of %s", key)
	}
	cancel()
	<-ended
	if time.Unix(0, w.heard.Load()).Sub(began) < time.Hour || asked.Load() != 5 {
		t.Errorf("%d attempts, heard at %v", asked.Load(), time.Unix(0, w.heard.Load()))
	}
}

func TestTellingAFileTheSameAgainWritesItOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "witness.jsonl")
	sink, err := notify.NewSink(notify.Config{Name: "mount", Type: "file", Path: path}, &fsx.FS{})
	if err != nil {
		t.Fatal(err)
	}
	w := newWitness(sink, zap.NewNop(), time.Now())
	for _, size := range []uint64{1, 1, 2, 2, 2, 3} {
		if err := w.tell(t.Context(), evidence.Checkpoint{Origin: "o", Size: size}); err != nil {
			t.Fatal(err)
		}
	}
	again := newWitness(sink, zap.NewNop(), time.Now()) // after a restart
	if err := again.tell(t.Context(), evidence.Checkpoint{Origin: "o", Size: 3}); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil || strings.Count(string(b), "\n") != 3 {
		t.Errorf("%s %v", b, err)
	}
}

func TestAnEvidenceSectionThatCannotWorkIsRefusedWithItsPlace(t *testing.T) {
	t.Parallel()
	for rest, want := range map[string]string{
		"evidence: {signing_key_file: none.key}":                                 "cannot read the key",
		"evidence: {signing_key_file: identity.key}":                             "not a private key",
		"evidence: {witness: [{name: w, type: file, path: /x}]}":                 "no key to sign",
		"evidence: {checkpoint_every: -1}":                                       "checkpoint every -1 entries",
		"evidence: {checkpoint_after: 10ms}":                                     "checkpoint every 10ms",
		"evidence: {witness: [{name: w, type: webhook, url: \"http://far/x\"}]}": "in the clear",
	} {
		s := newSite(t)
		s.write("probity.yaml", s.read("probity.yaml")+rest+"\n")
		problems, _ := s.config().Check()
		if text := problems.Error(); !strings.Contains(text, want) {
			t.Errorf("%s: %s", rest, text)
		}
	}
	s := newSite(t)
	_, notes := s.config().Check()
	if !strings.Contains(notes.Error(), "chained, not signed") {
		t.Errorf("without a key: %v", notes)
	}
	s.signed("")
	if _, notes = s.config().Check(); !strings.Contains(notes.Error(), "no evidence.witness") {
		t.Errorf("without a witness: %v", notes)
	}
}
