package store

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"probity/internal/alert"
)

// testClock is what the stores of these tests take for the time.
var testClock = time.Unix(1772452800, 0).UTC()

func TestTheOutboxGivesEachSinkItsRevisionsInTheOrderOfTheCommits(t *testing.T) {
	s := openStore(t, t.TempDir(), nil)
	must(t, s.Commit(&Commit{Sinks: []string{"file", "hook"}, Alerts: []*alert.Alert{alertOf(2, 1), alertOf(1, 1), alertOf(2, 2)}}))
	must(t, s.Commit(&Commit{Sinks: []string{"hook"}, Alerts: []*alert.Alert{alertOf(1, 2)}}))
	body := func(n, revision int) []byte { return []byte(text(alertOf(n, revision))) }
	want := []alert.Delivery{
		{Seq: 2, Sink: "hook", AlertID: "alert02", Revision: 1, Body: body(2, 1), QueuedAt: testClock},
		{Seq: 4, Sink: "hook", AlertID: "alert01", Revision: 1, Body: body(1, 1), QueuedAt: testClock},
		{Seq: 6, Sink: "hook", AlertID: "alert02", Revision: 2, Body: body(2, 2), QueuedAt: testClock},
		{Seq: 7, Sink: "hook", AlertID: "alert01", Revision: 2, Body: body(1, 2), QueuedAt: testClock},
	}
	got, err := s.Due("hook", 100)
	must(t, err)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	got, err = s.Due("hook", 2)
	must(t, err)
	if diff := cmp.Diff(want[:2], got); diff != "" {
		t.Error(diff)
	}
}

func TestAFailedDeliveryStaysDueUnlessItIsGivenUp(t *testing.T) {
	s := openStore(t, t.TempDir(), nil)
	must(t, s.Commit(&Commit{Sinks: []string{"hook"}, Alerts: []*alert.Alert{alertOf(1, 1), alertOf(2, 1)}}))
	must(t, s.Failed("hook", 1, "timeout", false))
	must(t, s.Failed("hook", 1, "timeout", false))
	must(t, s.Failed("hook", 2, "400 Bad Request", true))
	got, err := s.Due("hook", 100)
	must(t, err)
	want := []alert.Delivery{{Seq: 1, Sink: "hook", AlertID: "alert01", Revision: 1, Body: []byte(text(alertOf(1, 1))), Attempts: 2, QueuedAt: testClock}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	stats, err := s.Outstanding()
	must(t, err)
	if diff := cmp.Diff(map[string]OutboxStat{"file": {}, "hook": {Count: 1, Failed: 1, Oldest: time.Unix(1772452800, 0).UTC()}}, stats); diff != "" {
		t.Error(diff)
	}
	if err := s.Failed("file", 1, "x", false); err == nil || !strings.Contains(err.Error(), "not in the outbox") {
		t.Errorf("another sink's row: %v", err)
	}
}

func TestADeliveryIsRecordedOnceHoweverOftenItIsReported(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir, nil)
	must(t, s.Commit(&Commit{Sinks: []string{"file"}, Alerts: []*alert.Alert{alertOf(1, 1), alertOf(2, 1)}}))
	must(t, s.Delivered("file", 10, 2))
	for range 3 {
		must(t, s.Delivered("file", 10, 2, 2))
	}
	if n := s.CommitNumber(); n != 2 {
		t.Errorf("%d commits", n)
	}
	must(t, s.Delivered("file", 20)) // a mark alone
	mark, err := s.Mark("file")
	must(t, err)
	if mark != 20 || s.CommitNumber() != 3 {
		t.Errorf("mark %d after commit %d", mark, s.CommitNumber())
	}
	var kinds []string
	for line := range strings.Lines(string(readFile(t, dir, "evidence/000001.log"))) {
		var e struct{ Kind string }
		must(t, json.Unmarshal([]byte(line), &e))
		kinds = append(kinds, e.Kind)
	}
	if diff := cmp.Diff([]string{"alert", "alert", "delivery"}, kinds); diff != "" {
		t.Error(diff)
	}
}

func TestARepeatedRevisionIsNotQueuedAgain(t *testing.T) {
	s := openStore(t, t.TempDir(), nil)
	for range 2 {
		must(t, s.Commit(&Commit{Sinks: []string{"file"}, Alerts: []*alert.Alert{alertOf(1, 1)}}))
	}
	due, err := s.Due("file", 10)
	must(t, err)
	if len(due) != 1 {
		t.Errorf("%d rows", len(due))
	}
	if err := s.Commit(&Commit{Sinks: []string{"file", "file"}}); err == nil {
		t.Error("a sink named twice was accepted")
	}
}
