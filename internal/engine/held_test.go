package engine

import (
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"probity/internal/event"
	"probity/internal/window"
)

// Windows are found by key whatever their keys' hashes: here there are only four of them.
func TestAnIndexHoldsWhatAMapByKeyWould(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := index{hash: func(key string) uint64 { return uint64(len(key)) % 4 }}
		want := map[string]*held{}
		for range rapid.IntRange(0, 60).Draw(t, "steps") {
			key := rapid.StringN(0, 6, 6).Draw(t, "key")
			h := want[key]
			if x.find(key) != h {
				t.Fatalf("%q is not found, or something else is", key)
			}
			switch {
			case h == nil:
				want[key] = &held{key: key}
				x.put(want[key])
			case rapid.Bool().Draw(t, "shrink"):
				x.shrink()
			default:
				x.remove(h)
				delete(want, key)
			}
		}
		var keys []string
		for _, h := range byKey(x.all()) {
			keys = append(keys, h.key)
			if want[h.key] != h || x.find(h.key) != h {
				t.Fatalf("%q", h.key)
			}
		}
		if x.len() != len(want) || len(slices.Compact(keys)) != len(want) {
			t.Fatalf("%d windows, not %d", x.len(), len(want))
		}
	})
}

// Whatever is pushed, popped and dropped, the earliest comes first.
func TestAScheduleGivesTheEarliestFirst(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var q dueHeap
		var want []int64
		pop := func() {
			slices.Sort(want)
			if got := q.pop(); got.at != want[0] || got.h.at != got.at {
				t.Fatalf("%d, not %d", got.at, want[0])
			}
			want = want[1:]
		}
		for range rapid.IntRange(0, 100).Draw(t, "steps") {
			switch rapid.IntRange(0, 4).Draw(t, "step") {
			case 0:
				if len(q) > 0 {
					pop()
				}
			case 1:
				if len(q) > 0 {
					i := rapid.IntRange(0, len(q)-1).Draw(t, "dropped")
					q[i].h.dropped = true
					want = slices.Delete(want, slices.Index(want, q[i].at), slices.Index(want, q[i].at)+1)
					q.shrink()
				}
			default:
				at := rapid.Int64Range(-20, 20).Draw(t, "at")
				q.push(due{at, &held{at: at}})
				want = append(want, at)
			}
		}
		for len(want) > 0 {
			pop()
		}
		if len(q) > 0 {
			t.Fatal("more than was pushed")
		}
	})
}

// A budget that counts less than is taken does not keep the daemon below its limit, and one that counts more gives up memory
// for nothing.
func TestWhatWindowsTakeIsWhatTheHeapHas(t *testing.T) {
	g := testGeneration(t, accounts{}, nil)
	for _, each := range []int{1, 5} {
		heap := func() int64 {
			var m runtime.MemStats
			runtime.GC()
			runtime.GC() // what the first one left to be swept is gone
			runtime.ReadMemStats(&m)
			return int64(m.HeapAlloc)
		}
		const keys = 100_000
		before := heap()
		st := NewState(g, 2)
		for at := 0; at < keys; at += 1000 {
			var matches []Match
			for i := at; i < at+1000; i++ {
				key := []byte(fmt.Sprintf("\x13niche:hostile%06d", i)) // denials by as many accounts
				for k := range each {
					matches = append(matches, Match{Rule: g.Rules.Rules[0], Key: string(key), Entry: window.Entry{
						Time: start.UnixNano() + int64(i), ID: event.ID{byte(i), byte(i >> 8), byte(i >> 16), byte(k)},
					}})
				}
			}
			st.Apply(matches, never3, Serially)
		}
		took := heap() - before
		if ratio := float64(st.Bytes()) / float64(took); ratio < 0.85 || ratio > 1.15 || st.Windows() != keys {
			t.Errorf("%d windows of %d events take %d bytes a window, and are counted as %d", st.Windows(), each, took/keys, st.Bytes()/keys)
		}
		if most := int64(200); each == 1 && took/keys > most {
			t.Errorf("a window of one event takes %d bytes, more than %d", took/keys, most)
		}
		runtime.KeepAlive(st)
	}
}

// A start on all cores puts back what one piece after the other would.
func TestStateIsRestoredOnAllCoresAsOnOne(t *testing.T) {
	g := generationOf(t, accounts{}, nil, slices.Concat(testRules, shapeRules))
	rapid.Check(t, func(t *rapid.T) {
		st, a := NewState(g, 2).Adopt(g, Never)
		m := g.NewMatcher(nil)
		var matches []Match
		for i := range 60 {
			matches = m.Match(drawEvent(t, g.Rules.Schema, i), matches)
		}
		never := slices.Repeat([]int64{Never}, len(g.Rules.Rules))
		last := map[[2]string]Saved{}
		for _, w := range append(a.Saved, st.Apply(matches, never, Serially).Windows...) {
			last[[2]string{w.Feed, w.Key}] = w
		}
		one, all := NewState(g, 3), NewState(g, 3)
		const workers = 4
		restoring := all.Restoring(workers)
		var lists [workers][]Saved
		for _, w := range last {
			if w.State == nil {
				continue
			}
			if ok, err := one.Restore(w); !ok || err != nil {
				t.Fatal(ok, err)
			}
			i := len(w.Key) % workers
			lists[i] = append(lists[i], w)
		}
		inParallel(workers, func(i int) {
			for _, w := range lists[i] {
				if ok, err := restoring.Take(i, w); !ok || err != nil {
					panic(fmt.Sprint(ok, err))
				}
			}
		})
		restoring.Done(inParallel)
		if one.Windows() != all.Windows() || one.Windows() == 0 || one.Bytes() != all.Bytes() {
			t.Fatalf("%d windows of %d bytes, not %d of %d", all.Windows(), all.Bytes(), one.Windows(), one.Bytes())
		}
		if ok, err := all.Restoring(1).Take(0, Saved{Feed: "of a rule that is gone", State: []byte{1}}); ok || err != nil {
			t.Error(ok, err)
		}
		end := slices.Repeat([]int64{1 << 62}, len(g.Rules.Rules))
		want, got := one.Apply(nil, end, Serially), all.Apply(nil, end, inParallel)
		if diff := cmp.Diff(inOrder(want), inOrder(got)); diff != "" {
			t.Fatal(diff)
		}
	})
}

func inParallel(n int, do func(i int)) {
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { do(i) })
	}
	wg.Wait()
}

// inOrder lists all that a batch says, whatever came first among what was due at once.
func inOrder(b Batch) (out []string) {
	for _, w := range b.Windows {
		out = append(out, fmt.Sprintf("%s %q %x", w.Feed, w.Key, w.State))
	}
	out = append(out, texts(b.Drafts)...)
	slices.Sort(out)
	return out
}
