package engine

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"probity/internal/event"
	"probity/internal/rule"
)

// changed is the test generation with a change to one rule's text.
func changed(t *testing.T, people accounts, from, to string) *Generation {
	t.Helper()
	files := make([]rule.File, len(testRules))
	found := false
	for i, f := range testRules {
		text := strings.Replace(string(f.Data), from, to, 1)
		found = found || text != string(f.Data)
		files[i] = rule.File{Name: f.Name, Data: []byte(text)}
	}
	if !found {
		t.Fatalf("no rule says %q", from)
	}
	set, problems := rule.Load(testSchema(nil), files)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return NewGeneration(GenerationOptions{Rules: set, People: people, Marking: "OFFICIAL-SENSITIVE"})
}

// next judges one more event on an adopted state.
func next(t *testing.T, st *State, g *Generation, a Adoption, ev *event.Event) []string {
	t.Helper()
	return texts(st.Apply(g.NewMatcher(nil).Match(ev, nil), never3, Serially, a.Changes...).Drafts)
}

func TestALoweredThresholdCountsWhatIsHeld(t *testing.T) {
	g := testGeneration(t, accounts{}, nil)
	st, _, drafts := judgeAll(t, g, at(g, 1, denied("c1")), at(g, 2, denied("c1")))
	if len(drafts) > 0 {
		t.Fatal(drafts)
	}
	lower := changed(t, accounts{}, "condition: {gte: 3}", "condition: {gte: 2}")
	adopted, a := st.Adopt(lower, Never)
	if diff := cmp.Diff([]string{"denied_burst niche:c1 3 open"}, next(t, adopted, lower, a, at(lower, 3, denied("c1")))); diff != "" {
		t.Error(diff)
	}
}

func TestANewPeriodKeepsTheCount(t *testing.T) {
	g := testGeneration(t, accounts{}, nil)
	st, _, _ := judgeAll(t, g, at(g, 1, denied("c1")), at(g, 2, denied("c1")))
	longer := changed(t, accounts{}, `refusals", period: 1m`, `refusals", period: 1h`)
	adopted, a := st.Adopt(longer, Never)
	if diff := cmp.Diff([]string{"denied_burst niche:c1 3 open"}, next(t, adopted, longer, a, at(longer, 3, denied("c1")))); diff != "" {
		t.Error(diff)
	}
}

// What an old fact said is not what a new one asks.
func TestChangedFactsAreUnknownOfWhatIsHeld(t *testing.T) {
	g := testGeneration(t, accounts{}, nil)
	print := fields{event.FieldDataset: "niche", event.FieldAction: "print", event.FieldUserName: "c1"}
	first := at(g, 1, print)
	first.Slots[event.FieldObjectRestricted] = event.BoolValue(true)
	st, _, _ := judgeAll(t, g, first)
	other := changed(t, accounts{}, "say: restricted, when: object.restricted", "say: by night, when: 'event.time.Hour() < 6'")
	adopted, a := st.Adopt(other, Never)
	b := adopted.Apply(other.NewMatcher(nil).Match(at(other, 2, print), nil), never3, Serially, a.Changes...)
	if f := b.Drafts[0].Alert.Facts[0]; f.Say != "by night" || f.True != 1 || f.Unknown != 1 {
		t.Errorf("%+v", f)
	}
}

// collars resolves requesters by collar number as well.
type collars struct{ accounts }

func (c collars) ResolveRequestor(dataset, token string, at int64) event.Value {
	if token == "1234" {
		return event.StringValue("innocent")
	}
	return c.Resolve(dataset, token, at)
}

func TestAnOperatorIsNotTakenForWhoeverHasThatCollarNumber(t *testing.T) {
	g := testGeneration(t, accounts{}, nil)
	st, _, _ := judgeAll(t, g, at(g, 1, denied("1234")), at(g, 2, denied("1234")), at(g, 3, denied("1234")))
	with := changed(t, accounts{}, "title: T", "title: U")
	with.people = collars{}
	if _, a := st.Adopt(with, Never); len(a.Changes) > 0 {
		t.Errorf("%+v", a.Changes)
	}
}
