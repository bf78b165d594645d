package window

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

// Every order of up to five events gives what the definition says, with a restart before each event.
func TestEveryOrderOfAFewEvents(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSpec(t)
		if s.Shape == ClockSkew {
			t.Skip() // what it reads has one order
		}
		entries := drawEntries(t, s)
		entries = entries[:min(len(entries), 5)]
		want := model(s, entries)
		eachOrder(entries, func(order []Entry) {
			w, got := New(), told{}
			for _, e := range order {
				changed, _ := w.Add(s, e, nil)
				got.hear(w, changed)
				var err error
				if w, err = Decode(w.Append(nil)); err != nil {
					t.Fatal(err)
				}
			}
			got.hear(w, w.Decide(s, 10_000, nil, nil))
			if diff := cmp.Diff(want, map[int64]Open(got), cmpopts.EquateEmpty()); diff != "" {
				t.Fatalf("in the order %v definition (-) and window (+) differ:\n%s", order, diff)
			}
		})
	})
}

// eachOrder calls do with every permutation.
func eachOrder(entries []Entry, do func([]Entry)) {
	var choose func(chosen, left []Entry)
	choose = func(chosen, left []Entry) {
		if len(left) == 0 {
			do(chosen)
		}
		for i, e := range left {
			choose(append(slices.Clone(chosen), e), slices.Delete(slices.Clone(left), i, i+1))
		}
	}
	choose(nil, entries)
}
