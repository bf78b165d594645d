package ruletest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"probity/internal/engine"
	"probity/internal/event"
)

// walk is what a course goes through: the state of the windows as package pipeline keeps it, and what a store would hold.
type walk struct {
	matcher *engine.Matcher
	state   *engine.State
	saved   map[[2]string][]byte
	records map[event.ID]*event.Kept
	last    map[string]engine.Draft // by alert
	top     [3]int64                // the three highest event times so far
	mark    int64                   // the watermark
}

func newWalk(g *engine.Generation, shards int) *walk {
	return &walk{
		matcher: g.NewMatcher(nil), state: engine.NewState(g, shards),
		saved: map[[2]string][]byte{}, records: map[event.ID]*event.Kept{}, last: map[string]engine.Draft{},
		top: [3]int64{engine.Never, engine.Never, engine.Never}, mark: engine.Never,
	}
}

// saw moves the watermark as a stream's moves: the third-highest time so far, less the lateness.
func (w *walk) saw(t int64, lateness time.Duration) {
	if lateness == 0 {
		return
	}
	top := append(w.top[:], t)
	slices.Sort(top)
	copy(w.top[:], top[1:])
	if w.top[0] != engine.Never {
		w.mark = w.top[0] - int64(lateness)
	}
}

// apply hands a batch of matches to the shards and keeps what a commit would.
func (w *walk) apply(matches []engine.Match) {
	for i := range matches {
		if m := &matches[i]; m.Outcome == engine.Counted && m.Record != nil {
			w.records[m.Entry.ID] = m.Record
		}
	}
	b := w.state.Apply(matches, []int64{w.mark}, engine.Serially)
	w.save(b.Windows)
	for _, d := range b.Drafts {
		w.last[fmt.Sprint(d.Alert.Group, d.Alert.Period.Start)] = d
	}
	w.save(w.state.Settle())
}

func (w *walk) save(pieces []engine.Saved) {
	for _, s := range pieces {
		switch name := [2]string{s.Feed, s.Key}; {
		case s.State == nil:
			delete(w.saved, name)
		case s.More:
			w.saved[name] = slices.Concat(w.saved[name], s.State)
		default:
			w.saved[name] = s.State
		}
	}
}

// restart goes on with what was saved and nothing else.
func (w *walk) restart(g *engine.Generation) error {
	w.state = engine.NewState(g, w.state.Shards())
	keys := slices.SortedFunc(maps.Keys(w.saved), func(a, b [2]string) int { return strings.Compare(a[0]+a[1], b[0]+b[1]) })
	for _, k := range keys {
		if ok, err := w.state.Restore(engine.Saved{Feed: k[0], Key: k[1], State: w.saved[k]}); err != nil {
			return fmt.Errorf("restoring what was saved: %w", err)
		} else if !ok {
			return fmt.Errorf("what was saved belongs to no rule in force")
		}
	}
	return nil
}
