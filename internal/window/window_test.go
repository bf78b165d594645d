package window

import (
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"probity/internal/event"
)

// told is what a reader of all revisions knows in the end.
type told map[int64]Open

func (m told) hear(w *Window, changed []int64) {
	for _, p := range changed {
		if a := w.Alert(p); len(a) > 0 {
			m[p] = Open{p, slices.Clone(a), slices.Clone(w.Measures(p))}
		} else {
			delete(m, p)
		}
	}
}

// Alerts are a function of the set: any order within the lateness, doubled events, a watermark that judges and forgets as
// early as it may, and a restart at any point.
func TestEveryShapeEqualsItsDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSpec(t)
		entries := drawEntries(t, s)
		lateness := rapid.Int64Range(0, 20).Draw(t, "lateness")
		keep := max(s.Wait, rapid.Int64Range(0, 10).Draw(t, "keep"))
		w, got := New(), told{}
		for _, r := range arrivals(t, s, entries, lateness) {
			changed, _ := w.Add(s, r.Entry, nil)
			got.hear(w, changed)
			if rapid.Bool().Draw(t, "advance") {
				due, before := w.Due(s, keep), w.Append(nil)
				changed := w.Decide(s, r.at-lateness, nil, nil)
				got.hear(w, changed)
				if taken, other := w.Forget(s, r.at-lateness, keep); (taken > 0 || other || len(changed) > 0) && due > r.at-lateness {
					t.Fatalf("the watermark %d changed something, but Due said %d; before %x", r.at-lateness, due, before)
				}
			}
			if rapid.IntRange(0, 5).Draw(t, "restart") == 0 {
				var err error
				if w, err = Decode(w.Append(nil)); err != nil {
					t.Fatal(err)
				}
			}
		}
		got.hear(w, w.Decide(s, 10_000, nil, nil))
		if diff := cmp.Diff(model(s, entries), map[int64]Open(got), cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("definition (-) and window (+) differ:\n%s", diff)
		}
	})
}

// A link that is later than allowed unmakes the hits around it, and a late first use the later ones.
func TestALateFactUnmakesHits(t *testing.T) {
	absence := &Spec{Shape: Absence, Period: 100, Timespan: 1, Before: 10, After: 10}
	w, got := New(), told{}
	for _, at := range []int64{20, 50} {
		changed, _ := w.Add(absence, Entry{Time: at, ID: event.ID{byte(at)}}, nil)
		got.hear(w, changed)
	}
	got.hear(w, w.Decide(absence, 90, nil, nil))
	if len(got[0].Entries) != 2 {
		t.Fatal(got)
	}
	changed, _ := w.Add(absence, Entry{Time: 55, ID: event.ID{9}, Step: linkStep}, nil)
	got.hear(w, changed)
	if len(got[0].Entries) != 1 || got[0].Entries[0].Time != 20 {
		t.Error(got)
	}
	changed, _ = w.Add(absence, Entry{Time: 12, ID: event.ID{8}, Step: linkStep}, nil)
	if got.hear(w, changed); len(got) != 0 {
		t.Error("the alert is left without hits and still told:", got)
	}

	first := &Spec{Shape: NewValue, Period: 100, Timespan: 50}
	w, got = New(), told{}
	changed, _ = w.Add(first, Entry{Time: 40, ID: event.ID{4}, Value: 7}, nil)
	got.hear(w, changed)
	got.hear(w, w.Decide(first, 60, nil, nil))
	if len(got[0].Entries) != 1 {
		t.Fatal(got)
	}
	changed, _ = w.Add(first, Entry{Time: 30, ID: event.ID{3}, Value: 7}, nil)
	if got.hear(w, changed); len(got) != 0 {
		t.Error("used before, and still new:", got)
	}
}

func TestAResolvedAccountsEntriesJoinThePersons(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSpec(t)
		if s.Deferred() && s.AtMost == 0 || s.Shape == ClockSkew {
			t.Skip()
		}
		entries := drawEntries(t, s)
		a, b := New(), New()
		for i, e := range entries {
			if i%2 == 0 {
				a.Add(s, e, nil)
			} else {
				b.Add(s, e, nil)
			}
		}
		a.Decide(s, 10_000, nil, nil)
		b.Decide(s, 10_000, nil, nil)
		a.Absorb(s, b, nil)
		for p, want := range model(s, entries) {
			if diff := cmp.Diff(want.Entries, a.Alert(p)); diff != "" {
				t.Fatal(diff)
			}
		}
	})
}

// A lowered threshold finds what is held already; a raised one takes nothing back; both go on as defined.
func TestANewThresholdJudgesWhatIsHeld(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSpec(t)
		s.Shape, s.AtMost = EventCount, 0
		entries := drawEntries(t, s)
		w := New()
		for _, e := range entries[:len(entries)/2] {
			w.Add(s, e, nil)
		}
		before := map[int64][]Entry{}
		for _, p := range w.Periods() {
			before[p] = slices.Clone(w.Alert(p))
		}
		s.AtLeast = rapid.IntRange(1, 5).Draw(t, "another")
		changed := w.Rebuild(s)
		for p, want := range modelAlerts(s, sorted(entries[:len(entries)/2])) {
			grew := slices.ContainsFunc(want, func(e Entry) bool {
				return !slices.ContainsFunc(before[p], func(x Entry) bool { return compare(x, e) == 0 })
			})
			if grew != slices.Contains(changed, p) {
				t.Fatalf("period %d: grew %v, told %v", p, grew, changed)
			}
		}
		for _, e := range entries[len(entries)/2:] {
			w.Add(s, e, nil)
		}
		want := modelAlerts(s, sorted(entries))
		for p := range before {
			merged := append(slices.Clone(want[p]), before[p]...)
			slices.SortFunc(merged, compare)
			want[p] = slices.CompactFunc(merged, func(a, b Entry) bool { return compare(a, b) == 0 })
		}
		got := map[int64][]Entry{}
		for _, p := range w.Periods() {
			got[p] = w.Alert(p)
		}
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestTimesAtTheEndsOfTheWorldDoNotMeet(t *testing.T) {
	s := &Spec{Timespan: math.MaxInt64 / 2, Period: math.MaxInt64, AtLeast: 2}
	w := New()
	for i, at := range []int64{math.MinInt64 + 1, math.MaxInt64 - 1} {
		if changed, _ := w.Add(s, Entry{Time: at, ID: event.ID{byte(i)}}, nil); len(changed) > 0 {
			t.Error("an event of the distant past joins one of the distant future")
		}
	}
	w.Forget(s, math.MaxInt64, math.MaxInt64)
	w.Forget(s, math.MinInt64+5, math.MaxInt64)
}

func TestNewValueForgetsWhatALaterUseStandsFor(t *testing.T) {
	s := &Spec{Shape: NewValue, Timespan: 1_000_000, Period: 1000}
	w := New()
	for i := range int64(10_000) {
		w.Add(s, Entry{Time: i, ID: event.ID{byte(i), byte(i >> 8)}, Value: uint64(i % 5)}, nil)
		w.Decide(s, i, nil, nil)
		w.Forget(s, i, 0)
	}
	if n := len(w.entries); n > 2*thinFrom {
		t.Errorf("%d entries are held for 5 values", n)
	}
}

func FuzzDecode(f *testing.F) {
	w := New()
	for i := range int64(5) {
		w.Add(&Spec{Timespan: 10, Period: 20, AtLeast: 2}, Entry{Time: i * 3, ID: event.ID{byte(i)}, Facts: uint32(i), Captured: &Captured{"a", ""}, Value: 9, Step: 1}, nil)
	}
	f.Add(w.Append(nil))
	f.Add([]byte{version, 0, 0, 0, 0})
	for _, shape := range []Shape{Baseline, Silence, Gap, ClockSkew, NewValue} {
		w := New()
		for i := range int64(5) {
			w.Add(&Spec{Shape: shape, Timespan: 100, Period: 200, AtLeast: 1, Grace: 10}, Entry{Time: i * 30, ID: event.ID{byte(i)}, Value: 9 + 2*uint64(i)}, nil)
		}
		f.Add(w.Append(nil))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		w, err := Decode(b)
		if err != nil {
			return
		}
		again, err := Decode(w.Append(nil))
		if err != nil {
			t.Fatalf("what was decoded does not decode again: %v", err)
		}
		if diff := cmp.Diff(w, again, cmp.AllowUnexported(Window{}, rest{}, sums{}, drift{}), cmpopts.EquateEmpty()); diff != "" {
			t.Fatal(diff)
		}
	})
}

func BenchmarkAddInOrder(b *testing.B) {
	s := &Spec{Timespan: 1000, Period: 100_000, AtLeast: 50}
	w := New()
	var changed []int64
	i := int64(0)
	for b.Loop() {
		i++
		changed, _ = w.Add(s, Entry{Time: i, ID: event.ID{byte(i), byte(i >> 8), byte(i >> 16), byte(i >> 24)}}, changed[:0])
		if i%1000 == 0 {
			w.Decide(s, i, nil, nil)
			w.Forget(s, i, 0)
		}
	}
}

func sorted(entries []Entry) []Entry {
	out := slices.Clone(entries)
	slices.SortFunc(out, compare)
	return out
}

// Each window is given the others' numbers of the same bucket, whenever the watermark passes its end.
func TestABaselineAmongPeersEqualsItsDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSpec(t)
		s.Shape, s.AtMost, s.Normal = Baseline, 0, drawNormal(t)
		s.Normal.Peers, s.Normal.LeastPeers = true, rapid.IntRange(1, 3).Draw(t, "least_peers")
		alone := rapid.Bool().Draw(t, "peers alone")
		if alone {
			s.Normal.History = 0
		}
		keys := make([][]Entry, rapid.IntRange(1, 5).Draw(t, "keys"))
		windows, got := make([]*Window, len(keys)), make([]told, len(keys))
		for k := range keys {
			keys[k] = drawEntries(t, s)
			for i := range keys[k] {
				keys[k][i].Captured = &Captured{rapid.SampledFrom([]string{"a", "b", ""}).Draw(t, "group")}
			}
			windows[k], got[k] = New(), told{}
		}
		for _, mark := range []int64{-20, 0, 30, 31, 60, 10_000} {
			peers := Peers{}
			for k, w := range windows {
				for _, e := range keys[k] { // each again and again: a doubled one changes nothing
					if e.Time < mark {
						w.Add(s, e, nil)
					}
				}
				w.Observe(s, mark, peers)
			}
			peers.Sort()
			for k, w := range windows {
				got[k].hear(w, w.Decide(s, mark, peers, nil))
			}
		}
		for k := range keys {
			want := map[int64]Open{}
			for b, in := range modelBuckets(s, sorted(keys[k])) {
				m, hit := modelOwn(s, sorted(keys[k]), b)
				if alone {
					hit, m.Own = m.Observed >= int64(s.AtLeast), Usual{}
				}
				var others []int64
				for o := range keys {
					theirs := modelBuckets(s, sorted(keys[o]))[b]
					if o != k && len(theirs) > 0 && group(theirs) == group(in) && group(in) != "" {
						others = append(others, modelNumber(s, theirs))
					}
				}
				if !hit || len(others) < s.Normal.LeastPeers {
					continue
				}
				if m.Peers = modelUsual(others); m.Observed > m.Peers.Median+s.Normal.Above*m.Peers.Spread {
					addHit(want, s.PeriodOf(in[len(in)-1].Time), m, in...)
				}
			}
			if diff := cmp.Diff(want, map[int64]Open(got[k]), cmpopts.EquateEmpty()); diff != "" {
				t.Fatalf("definition (-) and window (+) of key %d differ:\n%s", k, diff)
			}
		}
	})
}

// Whatever versions of an alert there were, and in whatever order those of several came, the last ones decide.
func TestRevisedEntriesCountAsTheyLastWere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSpec(t)
		s.Shape, s.AtMost, s.Where = rapid.SampledFrom([]Shape{EventCount, ValueCount, ValueSum}).Draw(t, "counting"), 0, nil
		final := drawEntries(t, s)
		s.Revised = true
		w, got := New(), told{}
		type step struct {
			Entry
			gone bool
		}
		var steps []step
		for i := range final {
			for v := rapid.IntRange(0, 2).Draw(t, "versions"); v > 0; v-- {
				earlier := final[i]
				earlier.Time -= rapid.Int64Range(0, 20).Draw(t, "moved by")
				steps = append(steps, step{earlier, rapid.IntRange(0, 3).Draw(t, "withdrawn") == 0})
			}
		}
		steps = rapid.Permutation(steps).Draw(t, "order")
		for _, e := range final {
			steps = append(steps, step{e, false})
		}
		for _, x := range steps {
			var changed []int64
			if x.gone {
				changed, _ = w.Remove(s, x.Entry, nil)
			} else {
				changed, _ = w.Add(s, x.Entry, nil)
			}
			got.hear(w, changed)
			if rapid.IntRange(0, 5).Draw(t, "restart") == 0 {
				var err error
				if w, err = Decode(w.Append(nil)); err != nil {
					t.Fatal(err)
				}
			}
		}
		if diff := cmp.Diff(model(s, final), map[int64]Open(got), cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("definition (-) and window (+) differ:\n%s", diff)
		}
	})
}

// Whatever is given up, whenever: no hit is told that is none, and an alert holds only what belongs to it.
func TestGivingUpMemoryNeverAccuses(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSpec(t)
		entries := drawEntries(t, s)
		lateness := rapid.Int64Range(0, 20).Draw(t, "lateness")
		w, got := New(), map[int64][]Entry{}
		hear := func(changed []int64) {
			for _, p := range changed {
				got[p] = union(got[p], w.Alert(p))
			}
		}
		for _, r := range arrivals(t, s, entries, lateness) {
			changed, _ := w.Add(s, r.Entry, nil)
			hear(changed)
			if rapid.IntRange(0, 4).Draw(t, "memory is short") == 0 {
				s.Horizon = max(s.Horizon, r.at-rapid.Int64Range(0, 30).Draw(t, "back"), 1)
				w.GiveUp(s)
			}
			hear(w.Decide(s, r.at-lateness, nil, nil))
			w.Forget(s, r.at-lateness, s.Wait)
		}
		hear(w.Decide(s, 10_000, nil, nil))
		want := model(s, entries)
		for p, es := range got {
			if s.Measured() {
				continue // nothing is given up
			}
			if diff := common(es, want[p].Entries); len(diff) != len(es) {
				t.Fatalf("period %d: told %v, and only %v is true", p, es, diff)
			}
		}
	})
}

// Thousands of events of one key at one instant (a list that a system opens by itself) cost as much as others.
func BenchmarkAddAtOneInstant(b *testing.B) {
	s := &Spec{Timespan: 1, Period: 100_000, AtLeast: 1}
	for b.Loop() {
		w := New()
		var changed []int64
		for i := range 8000 {
			changed, _ = w.Add(s, Entry{Time: 7, ID: event.ID{byte(i * 31), byte(i >> 8), byte(i)}}, changed[:0])
		}
	}
}
