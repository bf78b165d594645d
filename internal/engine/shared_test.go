package engine

import (
	"reflect"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"probity/internal/event"
	"probity/internal/rule"
	"probity/internal/window"
)

// sharedRules group by the same and by different lists of fields, for both actors; with a where, peers, and a new_value.
var sharedRules = []rule.File{
	{Name: "both", Data: []byte(prose + `id: both
actors: [operator, requestor]
when: has(event.action)
correlation: {type: value_count, field: object.id, timespan: 15s, condition: {gte: 2}}
alert: {summary: "{{ .count }}", period: 30s}
`)},
	{Name: "lists", Data: []byte(prose + `id: lists
when: has(event.action)
correlation: {type: event_count, timespan: 15s, group_by: [object.id, subject.ids, actor.id], condition: {gt: 1}}
alert: {summary: "{{ .count }}", period: 30s}
`)},
	{Name: "again", Data: []byte(prose + `id: lists_again
actors: [requestor]
when: event.action == "view"
correlation: {type: event_count, timespan: 15s, group_by: [object.id, subject.ids, actor.id], condition: {gt: 1}}
alert: {summary: "{{ .count }}", period: 30s}
`)},
	{Name: "last", Data: []byte(prose + `id: list_last
when: event.action == "view"
correlation: {type: event_count, timespan: 15s, group_by: [subject.ids, object.id], condition: {gt: 1}}
alert: {summary: "{{ .count }}", period: 30s}
`)},
}

// naiveKeys are an event's keys for a rule, worked out for it alone.
func naiveKeys(m *Matcher, r *rule.Compiled) ([]string, bool) {
	keys := []string{""}
	for _, f := range r.GroupBy {
		v, ok := m.eval.Value(f.Term)
		if !ok {
			return nil, false
		}
		values := []string{v.Text()}
		if f.List {
			values = v.List()
		}
		var next []string
		for _, k := range keys {
			for _, text := range values {
				next = append(next, k+string(appendPart(nil, text)))
			}
		}
		keys = next
	}
	return keys, true
}

// What a matcher remembers, of one event for several rules and of events before, changes nothing: a matcher that has judged
// others before gives the same matches as a new one, and the keys are those of the rule alone. The matches own their memory.
func TestAMatcherThatHasSeenOthersMatchesLikeANewOne(t *testing.T) {
	g := generationOf(t, accounts{"niche:c1": "S1", "pnc:c1": "S1", "niche:c2": "S2"}, map[string]bool{"r1": true, "r2": false},
		slices.Concat(testRules, shapeRules, sharedRules))
	several := 0
	rapid.Check(t, func(t *rapid.T) {
		old := g.NewMatcher(nil)
		type given struct {
			matches []Match
			copies  []string
		}
		var all []given
		for i := range rapid.IntRange(1, 30).Draw(t, "events") {
			ev := drawEvent(t, g.Rules.Schema, i)
			one := *ev
			one.Slots = slices.Clone(ev.Slots)
			fresh := g.NewMatcher(nil)
			want := fresh.Match(&one, nil)
			got := old.Match(ev, nil)
			if !reflect.DeepEqual(want, got) {
				t.Fatalf("a new matcher matches\n%+v\nand one that has seen others\n%+v", want, got)
			}
			var copies []string
			for _, m := range got {
				copies = append(copies, string([]byte(m.Key)))
			}
			all = append(all, given{got, copies})
			for _, r := range g.Rules.Rules {
				for _, role := range r.Roles {
					fresh.eval.Begin(&one)
					fresh.epoch++
					fresh.eval.For(role)
					wantKeys, wantKnown := naiveKeys(fresh, r)
					keys, known := fresh.groupKeys(r, role)
					if known != wantKnown || known && !slices.Equal(keys, wantKeys) {
						t.Fatalf("%s for the %s: %q %v, alone %q %v", r.ID, role, keys, known, wantKeys, wantKnown)
					}
					if len(keys) > 1 {
						several++
					}
				}
			}
		}
		for _, a := range all {
			for i, m := range a.matches {
				if m.Key != a.copies[i] {
					t.Fatalf("the key %q has become %q", a.copies[i], m.Key)
				}
			}
		}
	})
	if several == 0 {
		t.Error("no event had several keys: fanning out was not tested")
	}
}

// What is remembered is a copy: the bytes of a batch are overwritten by the next one.
func TestWhatIsRememberedOwnsItsMemory(t *testing.T) {
	var r recentTexts
	batch := []byte("S1, niche")
	text, same := r.text(batch), r.text([]byte("S1, niche"))
	list := r.captured(text, string(batch[:2]))
	alias := event.Value{Kind: event.String, Str: text}
	copy(batch, "XX")
	if text != "S1, niche" || same != text || alias.Str != text {
		t.Errorf("%q and %q", text, same)
	}
	if again := r.captured("S1, niche", "S1"); again != list {
		t.Error("the same texts are kept twice")
	}
	if diff := cmp.Diff(&window.Captured{"S1, niche", "S1"}, list); diff != "" {
		t.Error(diff)
	}
	if other := r.captured("S1, niche", "S2"); (*other)[1] != "S2" || (*list)[1] != "S1" {
		t.Error("one list is written over by another")
	}
	long := make([]byte, textLongest+1)
	if r.text(long) != string(long) {
		t.Error("a long text is another")
	}
}

// An event that matches costs the memory of what is kept of it, and nothing else that its rules or keys need.
func TestAMatchAllocatesWhatItKeeps(t *testing.T) {
	g := testGeneration(t, accounts{"niche:c1": "S1", "niche:c2": "S2"}, map[string]bool{"r1": true})
	ev := at(g, 1, map[event.Field]string{
		event.FieldDataset: "niche", event.FieldAction: "view", event.FieldUserName: "c1", event.FieldRequestorName: "c2", event.FieldObjectID: "r1", event.FieldReason: "denied",
	})
	ev.Slots[event.FieldSubjects] = event.Value{}
	m := g.NewMatcher(nil)
	out := m.Match(ev, nil)
	if len(out) == 0 {
		t.Fatal("the event matches nothing")
	}
	kept := testing.AllocsPerRun(100, func() { ev.Keep(g.Rules.Schema, ev.Identity()) })
	if got := testing.AllocsPerRun(100, func() { out = m.Match(ev, out[:0]) }); got > kept {
		t.Errorf("%v allocations, of which keeping it takes %v", got, kept)
	}
}
