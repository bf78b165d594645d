package engine

import (
	"bytes"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"probity/internal/event"
	"probity/internal/rule"
	"probity/internal/window"
)

// disk is what was saved, by feed and key, as the store keeps it.
type disk map[[2]string][]byte

func (d disk) save(list []Saved) {
	for _, w := range list {
		switch name := [2]string{w.Feed, w.Key}; {
		case w.State == nil:
			delete(d, name)
		case w.More:
			d[name] = slices.Concat(d[name], w.State)
		default:
			d[name] = bytes.Clone(w.State)
		}
	}
}

func (d disk) restored(t *rapid.T, g *Generation, shards int) *State {
	st := NewState(g, shards)
	for name, state := range d {
		if ok, err := st.Restore(Saved{Feed: name[0], Key: name[1], State: state}); err != nil || !ok {
			t.Fatal(ok, err)
		}
	}
	return st
}

// What was saved, whole and in changes, is the state, after every batch; and a change stands only behind something.
func TestWhatWasSavedIsTheState(t *testing.T) {
	g := generationOf(t, accounts{"niche:c1": "S1"}, map[string]bool{"r1": true}, slices.Concat(testRules, shapeRules))
	changes, wholes := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		st, a := NewState(g, rapid.IntRange(1, 3).Draw(t, "shards")).Adopt(g, Never)
		m, kept, watermark := g.NewMatcher(nil), disk{}, int64(Never)
		kept.save(a.Saved)
		for i := range rapid.IntRange(1, 30).Draw(t, "batches") {
			var matches []Match
			for k := range rapid.IntRange(0, 12).Draw(t, "events") {
				ev := drawEvent(t, g.Rules.Schema, 100*i+k)
				ev.Slots[event.FieldTime] = event.TimeValue(ev.Time() + int64(i)*20e9)
				matches = m.Match(ev, matches)
			}
			if rapid.Bool().Draw(t, "advance") {
				watermark = start.UnixNano() + int64(i)*20e9
			}
			b := st.Apply(matches, slices.Repeat([]int64{watermark}, len(g.Rules.Rules)), Serially)
			for _, w := range b.Windows {
				if _, there := kept[[2]string{w.Feed, w.Key}]; w.More && !there {
					t.Fatalf("a change of %q, which was not saved", w.Key)
				}
				if w.More {
					changes++
				} else {
					wholes++
				}
				kept.save([]Saved{w})
			}
			kept.save(st.Settle())
			if diff := cmp.Diff(holds(st), holds(kept.restored(t, g, 2))); diff != "" {
				t.Fatalf("batch %d: %s", i, diff)
			}
			if rapid.IntRange(0, 9).Draw(t, "restart") == 0 {
				st = kept.restored(t, g, st.Shards())
			}
		}
	})
	if changes < wholes/20 {
		t.Errorf("%d changes beside %d whole windows: the test looks at too little", changes, wholes)
	}
}

// holds lists what the windows hold, but for up to when they were judged, which is saved with the rest only.
func holds(st *State) map[string]string {
	out := map[string]string{}
	for _, sh := range st.shards {
		for i := range sh.rules {
			spec := st.specs[i]
			for _, h := range sh.rules[i].byKey.all() {
				var text string
				switch {
				case !spec.Deferred():
					text = fmt.Sprintf("%x", h.Append(nil))
				case !spec.Measured(): // else it also changes in ways that need not be saved
					text = fmt.Sprintf("%d entries until %d", h.Entries(), h.Last(spec))
				}
				for _, p := range h.Periods() {
					text += fmt.Sprint(" ", p, h.Measures(p))
					for _, e := range h.Alert(p) {
						text += fmt.Sprintf(" %d %s %d %d %d %v", e.Time, e.ID, e.Value, e.Facts, e.Step, e.Captured != nil)
					}
				}
				out[fmt.Sprint(i, " ", h.key)] = text
			}
		}
	}
	return out
}

// However many windows a batch adds to, each is found by its rule and key and by nothing else.
func TestWhatABatchAddsIsFoundByRuleAndKey(t *testing.T) {
	g := testGeneration(t, accounts{}, nil)
	seed := NewState(g, 1).seed
	rapid.Check(t, func(t *rapid.T) {
		var a additions
		for range 3 {
			matches := rapid.SliceOf(rapid.Custom(func(t *rapid.T) [2]int {
				return [2]int{rapid.IntRange(0, 3).Draw(t, "rule"), rapid.IntRange(0, 300).Draw(t, "key")}
			})).Draw(t, "matches")
			a.begin(len(matches))
			want, got := map[[2]int][]int{}, map[[2]int][]int{}
			for i, m := range matches {
				x := a.of(seed, m[0], fmt.Sprint(m[1]))
				a.note(x, i)
				want[m] = append(want[m], i)
			}
			for i := range a.list {
				x := &a.list[i]
				var list []int
				for at := x.first + 1; at != 0; at = int(a.next[at-1]) {
					list = append(list, at-1)
				}
				var key int
				fmt.Sscan(x.key, &key)
				got[[2]int{x.rule, key}] = list
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatal(diff)
			}
			a.end()
		}
	})
}

// A window that changes for ever is saved whole now and then: what stands behind it stays in proportion.
func TestWhatIsSavedBehindAWindowStaysInProportion(t *testing.T) {
	g := generationOf(t, accounts{}, nil, slices.Concat(testRules, shapeRules))
	r := g.Rules.Rules[slices.IndexFunc(g.Rules.Rules, func(r *rule.Compiled) bool { return r.ID == "both_systems" })] // one of them alone is no hit
	st, size, changes, whole := NewState(g, 1), 0, 0, 0
	for i := range 2000 {
		e := window.Entry{Time: start.UnixNano() + int64(i)*1e9, ID: event.ID{byte(i), byte(i >> 8)}}
		b := st.Apply([]Match{{Rule: r, Key: "\x01k", Entry: e}}, slices.Repeat([]int64{e.Time - 200e9}, len(g.Rules.Rules)), Serially)
		for _, w := range b.Windows {
			if !w.More {
				size, whole = 0, len(w.State)
			} else {
				changes++
			}
			size += len(w.State)
		}
		if size > 2*whole {
			t.Fatalf("%d bytes, %d of them whole", size, whole)
		}
	}
	if changes < 1500 {
		t.Errorf("%d changes", changes)
	}
}
