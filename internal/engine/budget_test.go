package engine

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"probity/internal/event"
	"probity/internal/rule"
)

// manyKeys gives the state n denials, each by another account, a second apart.
func manyKeys(t testing.TB, g *Generation, st *State, n int, budget int64) (raised []Horizon) {
	t.Helper()
	m := g.NewMatcher(nil)
	var matches []Match
	for i := range n {
		matches = m.Match(at(g, i/1000, denied(fmt.Sprint("hostile", i))), matches)
		if len(matches) >= 1000 || i == n-1 {
			for j := range matches {
				matches[j].Record = nil
			}
			st.Apply(matches, never3, Serially)
			matches = matches[:0]
			if budget > 0 {
				h, _ := st.Economise(budget)
				raised = append(raised, h...)
			}
		}
	}
	return raised
}

// A flood of keys raises the horizon of the rule that it feeds, and of no other; what the others hold stays.
func TestAFloodOfKeysStaysUnderTheBudget(t *testing.T) {
	const budget = 1 << 20
	g := testGeneration(t, accounts{}, nil)
	st := NewState(g, 2)
	printed := fields{event.FieldDataset: "niche", event.FieldAction: "print", event.FieldUserName: "c1", event.FieldObjectID: "r"}
	st.Apply(g.NewMatcher(nil).Match(at(g, 0, printed), nil), never3, Serially)
	raised := manyKeys(t, g, st, 20_000, budget)
	if len(raised) == 0 || st.Bytes() > budget {
		t.Fatalf("%d horizons, %d bytes of %d", len(raised), st.Bytes(), budget)
	}
	for _, h := range raised {
		if h.Rule.ID != "denied_burst" {
			t.Errorf("rule %s gave up memory", h.Rule.ID)
		}
	}
	var left int64
	for _, sh := range st.shards {
		for i := range sh.rules {
			var sum int64
			n := sh.rules[i].bytes
			for _, h := range sh.rules[i].byKey.all() {
				sum += int64(h.bytes)
			}
			if sum != n {
				t.Errorf("rule %d: %d bytes are noted, %d held", i, n, sum)
			}
			left += n
		}
	}
	if left != st.Bytes() {
		t.Errorf("%d bytes, not %d", left, st.Bytes())
	}
	// Three more of one account still fire, and say that there may have been more; the print is not lost.
	last := raised[len(raised)-1]
	var events []Match
	m := g.NewMatcher(nil)
	for i := range 3 {
		events = m.Match(at(g, 20+i, denied("patient")), events)
	}
	events = m.Match(at(g, 20, printed), events)
	drafts := st.Apply(events, never3, Serially).Drafts
	if diff := cmp.Diff([]string{"denied_burst niche:patient 3 open", "every_print niche:c1 2 open"}, texts(drafts)); diff != "" {
		t.Error(diff)
	}
	for _, d := range drafts {
		if d.Rule.ID == "denied_burst" && (len(d.Alert.Unknowns) == 0 || d.Alert.Unknowns[0] != "memory ran short: events before "+utc(last.At).Format("2006-01-02T15:04:05Z")+" may not be counted") {
			t.Errorf("%q", d.Alert.Unknowns)
		}
	}
}

// What was given up stays given up after a restart.
func TestAHorizonIsRestored(t *testing.T) {
	g := testGeneration(t, accounts{}, nil)
	st := NewState(g, 1)
	manyKeys(t, g, st, 2000, 0)
	r := rule.Compiled{}
	for _, c := range g.Rules.Rules {
		if c.ID == "denied_burst" {
			r = *c
		}
	}
	saved := st.Raise(Horizon{&r, start.UnixNano() + 1e9})
	again := NewState(g, 3)
	for _, w := range saved {
		if w.State == nil {
			continue
		}
		if _, err := again.Restore(w); err != nil {
			t.Fatal(err)
		}
	}
	if got := again.Horizon(&r); got != start.UnixNano()+1e9 {
		t.Errorf("horizon %d", got)
	}
	if next, _ := again.Adopt(g, Never); next.Horizon(&r) == 0 {
		t.Error("a reload forgets the horizon")
	}
}

// BenchmarkKeys measures memory: PROBITY_KEYS says how many keys there are, a million unless said.
func BenchmarkKeys(b *testing.B) {
	n := 1_000_000
	if s := os.Getenv("PROBITY_KEYS"); s != "" {
		n, _ = strconv.Atoi(s)
	}
	for _, budget := range []int64{0, 256 << 20} {
		b.Run(fmt.Sprintf("budget=%dMiB", budget>>20), func(b *testing.B) {
			for b.Loop() {
				g := testGeneration(b, accounts{}, nil)
				var before, after runtime.MemStats
				runtime.GC()
				runtime.ReadMemStats(&before)
				st := NewState(g, 2)
				raised := manyKeys(b, g, st, n, budget)
				runtime.GC()
				runtime.ReadMemStats(&after)
				heap := float64(after.HeapAlloc - before.HeapAlloc)
				b.ReportMetric(heap/(1<<20), "heap-MiB")
				b.ReportMetric(heap/float64(n), "heap-B/key-ever")
				b.ReportMetric(float64(st.Bytes())/(1<<20), "estimate-MiB")
				b.ReportMetric(float64(st.Windows()), "windows")
				b.ReportMetric(float64(len(raised)), "horizons")
				runtime.KeepAlive(st)
			}
		})
	}
}
