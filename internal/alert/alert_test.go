package alert

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"probity/internal/event"
)

func TestAPublicIDDependsOnRuleGroupPeriodAndKeyOnly(t *testing.T) {
	identity := func(key string) *Identity {
		i, err := NewIdentity([]byte(strings.Repeat(key, 32)))
		if err != nil {
			t.Fatal(err)
		}
		return i
	}
	day := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	group := []KeyPart{{"actor.id", "S1"}, {"object.id", "r"}}
	seen := map[string]string{}
	for name, id := range map[string]string{
		"base":           identity("k").ID("self_lookup", group, day),
		"another key":    identity("l").ID("self_lookup", group, day),
		"another rule":   identity("k").ID("self_lookups", group, day),
		"another person": identity("k").ID("self_lookup", []KeyPart{{"actor.id", "S2"}, {"object.id", "r"}}, day),
		"moved boundary": identity("k").ID("self_lookup", []KeyPart{{"actor.id", "S"}, {"object.id", "1r"}}, day),
		"another day":    identity("k").ID("self_lookup", group, day.AddDate(0, 0, 1)),
	} {
		if other, ok := seen[id]; ok {
			t.Errorf("%s and %s have one id", name, other)
		}
		seen[id] = name
		if len(id) != 26 {
			t.Errorf("id %q", id)
		}
	}
	if identity("k").ID("self_lookup", group, day.In(time.FixedZone("", 3600))) != identity("k").ID("self_lookup", group, day) {
		t.Error("the zone of the period changes the id")
	}
	if _, err := NewIdentity(make([]byte, 31)); err == nil {
		t.Error("a short key is accepted")
	}
}

func record(id string, minute int) event.Record {
	return event.Record{ID: id, Time: time.Date(2026, 3, 2, 0, minute, 0, 0, time.UTC), Path: "/a", Offset: int64(minute)}
}

func TestCanonicalLeavesOutHowTheBytesArrived(t *testing.T) {
	a := Alert{ID: "x", Revision: 3, Count: 1, Evidence: []event.Record{record("e", 1)}}
	b := Alert{ID: "x", Revision: 7, Count: 1, Evidence: []event.Record{record("e", 1)}}
	b.Evidence[0].Path, b.Evidence[0].Offset, b.Evidence[0].Ingested = "/b.1.gz", 99, time.Now()
	if diff := cmp.Diff(string(a.Canonical()), string(b.Canonical())); diff != "" {
		t.Error(diff)
	}
	b.Count = 2
	if string(a.Canonical()) == string(b.Canonical()) {
		t.Error("another count is the same alert")
	}
	if b.Evidence[0].Path != "/b.1.gz" || b.Revision != 7 {
		t.Error("Canonical changes the alert")
	}
}

func TestALateEventJoinsTheLastRevision(t *testing.T) {
	at := func(m int) time.Time { return record("", m).Time }
	last := &Alert{Count: 2, First: at(5), Last: at(9), EventIDs: []string{"b", "c"}, Evidence: []event.Record{record("b", 5), record("c", 9)}, Facts: []Fact{{Say: "f", True: 2}}}
	late := &Alert{Count: 1, First: at(1), Last: at(1), EventIDs: []string{"a"}, Evidence: []event.Record{record("a", 1)}, Facts: []Fact{{Say: "f", Unknown: 1}}}
	if !late.Join(last, 2, true) {
		t.Fatal("nothing joined")
	}
	want := &Alert{
		Count: 3, First: at(1), Last: at(9), EventIDs: []string{"a", "b", "c"}, Evidence: []event.Record{record("a", 1), record("b", 5)},
		Facts: []Fact{{Say: "f", True: 2, Unknown: 1}}, Unknowns: []string{"an event came later than its source is allowed; it is counted with those of the revision before"},
	}
	if diff := cmp.Diff(want, late); diff != "" {
		t.Error(diff)
	}
	repeated := &Alert{Count: 1, EventIDs: []string{"c"}}
	if repeated.Join(last, 2, true) {
		t.Error("a repeated event makes a revision")
	}
}
