package store

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"probity/internal/alert"
)

// lastingKeys are the revisions that last at the sink "am".
func lastingKeys(t *testing.T, s *Store) []string {
	t.Helper()
	list, err := s.Lasting("am")
	must(t, err)
	keys := []string{}
	for _, d := range list {
		keys = append(keys, d.Key())
	}
	return keys
}

func TestWhatArrivedLastsUntilALaterRevisionTakesItsPlaceOrItHasEnded(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir, nil)
	must(t, s.Commit(&Commit{Sinks: []string{"am", "file"}, Alerts: []*alert.Alert{alertOf(1, 1), alertOf(1, 2), alertOf(2, 1)}})) // rows 1, 3, 5 are am's
	must(t, s.Arrived("am", 0, 1, 3))
	must(t, s.Delivered("file", 0, 2, 4, 6))
	want := []alert.Delivery{{Seq: 3, Sink: "am", AlertID: "alert01", Revision: 2, Body: []byte(text(alertOf(1, 2))), Arrived: time.Unix(1772452800, 0).UTC()}}
	got, err := s.Lasting("am")
	must(t, err)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("two revisions in one call (-want +got):\n%s", diff)
	}
	due, err := s.Due("am", 10)
	must(t, err)
	if len(due) != 1 || due[0].Key() != "alert02/1" {
		t.Errorf("due: %v", due)
	}
	must(t, s.Arrived("am", 0, 5))
	must(t, s.Commit(&Commit{Sinks: []string{"am"}, Alerts: []*alert.Alert{alertOf(1, 3)}})) // row 7
	if diff := cmp.Diff([]string{"alert01/2", "alert02/1"}, lastingKeys(t, s)); diff != "" {
		t.Errorf("before the next revision arrived (-want +got):\n%s", diff)
	}
	must(t, s.Arrived("am", 0, 7))

	must(t, s.Close())
	s = openStore(t, dir, nil)
	if diff := cmp.Diff([]string{"alert02/1", "alert01/3"}, lastingKeys(t, s)); diff != "" {
		t.Errorf("after a restart (-want +got):\n%s", diff)
	}
	must(t, s.Ended("am", 5, 99))
	must(t, s.Ended("file", 7)) // another sink's row stays
	before := s.CommitNumber()
	must(t, s.Ended("am", 5))
	must(t, s.Arrived("am", 0, 7)) // told twice: it lasts already
	if s.CommitNumber() != before {
		t.Error("a call that changes nothing made a commit")
	}
	if diff := cmp.Diff([]string{"alert01/3"}, lastingKeys(t, s)); diff != "" {
		t.Errorf("after an end (-want +got):\n%s", diff)
	}
	stats, err := s.Outstanding()
	must(t, err)
	if diff := cmp.Diff(OutboxStat{}, stats["am"]); diff != "" {
		t.Errorf("what lasts counts as waiting:\n%s", diff)
	}
}

func TestEachArrivalIsInTheEvidenceOnce(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir, nil)
	must(t, s.Commit(&Commit{Sinks: []string{"am"}, Alerts: []*alert.Alert{alertOf(1, 1), alertOf(1, 2)}}))
	must(t, s.Arrived("am", 0, 1))
	must(t, s.Arrived("am", 0, 1, 2))
	must(t, s.Ended("am", 2))
	var kinds []string
	for line := range strings.Lines(string(readFile(t, dir, "evidence/000001.log"))) {
		var e struct{ Kind string }
		must(t, json.Unmarshal([]byte(line), &e))
		kinds = append(kinds, e.Kind)
	}
	if diff := cmp.Diff([]string{"alert", "alert", "delivery", "delivery"}, kinds); diff != "" {
		t.Error(diff)
	}
}

func TestWhatIsRedactedLastsNoLonger(t *testing.T) {
	s := openStore(t, t.TempDir(), nil)
	must(t, s.Commit(&Commit{Sinks: []string{"am"}, Alerts: []*alert.Alert{secretAlert(1)}}))
	must(t, s.Arrived("am", 0, 1))
	r, err := s.Redact(orderOf(1))
	must(t, err)
	if keys := lastingKeys(t, s); len(keys) != 0 {
		t.Errorf("still lasts: %v", keys)
	}
	if !slices.Contains(r.Erased, "its place in what am is told again") {
		t.Errorf("erased: %q", r.Erased)
	}
}
