package pipeline

import (
	"context"
	"errors"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"probity/internal/alert"
	"probity/internal/event"
	"probity/internal/source"
	"probity/internal/store"
)

// alone is a store that notes when it is asked something while it takes a commit.
type alone struct {
	*store.Memory
	busy    atomic.Bool
	asked   atomic.Int32
	takes   func() // called within each commit; may be nil
	refuses error  // what each commit after the first comes to
	commits int
}

func (a *alone) Commit(c *store.Commit) error {
	if !a.busy.CompareAndSwap(false, true) {
		a.asked.Add(1)
	}
	defer a.busy.Store(false)
	if a.takes != nil {
		a.takes()
	}
	if a.commits++; a.commits > 1 && a.refuses != nil {
		return a.refuses
	}
	return a.Memory.Commit(c)
}

func (a *alone) ask() {
	if a.busy.Load() {
		a.asked.Add(1)
	}
}

func (a *alone) Record(keys []store.RecordKey) (map[event.ID]*event.Kept, error) {
	a.ask()
	return a.Memory.Record(keys)
}

func (a *alone) Revision(id string) (int, error) {
	a.ask()
	return a.Memory.Revision(id)
}

func (a *alone) LastAlerts(ids []string) (map[string]*alert.Alert, error) {
	a.ask()
	return a.Memory.LastAlerts(ids)
}

func (a *alone) Streams() (map[string]store.StreamState, error) {
	a.ask()
	return a.Memory.Streams()
}

func (a *alone) EachPending(fn func(store.PendingMatch) error) error {
	a.ask()
	return a.Memory.EachPending(fn)
}

func TestTheNextBatchIsJudgedWhileOneIsCommitted(t *testing.T) {
	judged := make(chan struct{}, 8)
	st := &alone{Memory: store.NewMemory()}
	p, _ := scripted(t, st, oneRule("seen", `when: has(object.id)`), t.TempDir(), []string{line("10:00:00", "a")}, []string{line("10:00:01", "b")})
	p.Matched = func(*event.Event) { judged <- struct{}{} }
	p.hire(p.Generation)
	first := true
	st.takes = func() {
		if first {
			<-judged // that of this very batch
			<-judged // and the next one's: the test hangs where it is not judged before the commit has ended
		}
		first = false
	}
	must(t, p.Run(context.Background()))
	if got := alertTexts(t, st.Memory); len(got) != 1 || got[0] != "seen 2 (revision 2)" {
		t.Error(got)
	}
}

func TestNothingIsAskedOfTheStoreWhileItTakesACommit(t *testing.T) {
	w := newWorld(t, broadRules)
	want := w.replay(t, Options{}, systems)
	st := &alone{Memory: store.NewMemory()}
	p, err := New(Options{Sources: w.sources(t, filepath.Join(w.dir, "logs"), systems, false, st), Store: st, Identity: w.identity, Generation: w.gen, Batch: 500})
	must(t, err)
	must(t, p.Run(context.Background()))
	if n := st.asked.Load(); n > 0 {
		t.Errorf("it was asked %d times", n)
	}
	if diff := cmp.Diff(want, lastRevisions(t, st)); diff != "" {
		t.Errorf("%.3000s", diff)
	}
}

// What was judged meanwhile is not committed over the gap, and whoever runs the loop hears of it.
func TestACommitThatIsGivenUpEndsTheLoop(t *testing.T) {
	st := &alone{Memory: store.NewMemory(), refuses: store.ErrRefused}
	p, _ := scripted(t, st, oneRule("seen", `when: has(object.id)`), t.TempDir(), []string{line("10:00:00", "a")}, []string{line("10:00:01", "b")}, []string{line("10:00:02", "c")})
	if err := p.Run(context.Background()); !errors.Is(err, store.ErrRefused) {
		t.Errorf("%v", err)
	}
	if st.commits != 2 {
		t.Errorf("%d commits were tried", st.commits)
	}
}

// appearing is a source whose second stream appears while a commit is being written, when it is time to sweep as well.
type appearing struct {
	*script
	p     *Pipeline
	looks int
}

type second struct{ script }

func (*second) ID() string { return "log:second" }

func (a *appearing) Discover() ([]source.Stream, error) {
	switch a.looks++; a.looks {
	case 1:
		return []source.Stream{a}, nil
	case 3:
		a.p.swept = time.Now().Add(-time.Hour)
		return []source.Stream{&second{script{[][]string{}}}}, nil
	}
	return nil, nil
}

func (a *appearing) Next(n int) (*source.Chunk, error) {
	a.p.looked = time.Time{}
	return a.script.Next(n)
}

func TestNothingIsCommittedOverACommitThatWasGivenUp(t *testing.T) {
	st := &alone{Memory: store.NewMemory()}
	chunks := [][]string{{line("10:00:00", "a")}, {line("15:00:00", "a"), line("15:00:01", "b"), line("15:00:02", "c")}}
	p, _ := scripted(t, st, oneRule("listed_record", "when: sensitive(object.id)\ndecide_within: 1h"), t.TempDir(), chunks...)
	p.Sources[0].Streams = &appearing{script: &script{chunks}, p: p}
	st.takes = func() {
		if st.commits == 2 { // rules and tables, and the first batch
			st.refuses = store.ErrRefused
		}
	}
	if err := p.Run(context.Background()); !errors.Is(err, store.ErrRefused) {
		t.Fatal(err)
	}
	waiting := 0
	must(t, st.EachPending(func(store.PendingMatch) error { waiting++; return nil }))
	if st.commits != 3 || waiting != 1 {
		t.Errorf("%d commits were tried, and %d matches wait", st.commits, waiting)
	}
}
