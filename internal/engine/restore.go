package engine

import (
	"encoding/json"
	"fmt"
	"sync"

	"probity/internal/rule"
)

// Restore puts back one saved piece of state; ok is false if no rule in force has its feed, and it can go.
func (s *State) Restore(w Saved) (ok bool, err error) {
	if w.Feed == feedsFeed {
		return true, s.restoreFeed(w)
	}
	r, h, err := s.decode(w)
	if h != nil {
		s.hold(r, h)
	}
	return h != nil, err
}

func (s *State) restoreFeed(w Saved) error {
	f := new(feed)
	if err := json.Unmarshal(w.State, f); err != nil {
		return fmt.Errorf("what is known of feed %s: %w", w.Key, err)
	}
	s.know(w.Key, f)
	if r := s.gen.byFeed[w.Key]; r != nil {
		s.specs[r.Index].Horizon = f.Horizon
	}
	return nil
}

// decode makes a window of what was saved, nil if no rule in force has its feed.
func (s *State) decode(w Saved) (*rule.Compiled, *held, error) {
	r, ok := s.gen.byFeed[w.Feed]
	if !ok {
		return nil, nil, nil
	}
	h := &held{key: w.Key, at: unscheduled}
	if err := h.Decode(w.State); err != nil {
		return nil, nil, fmt.Errorf("rule %s: %w", r.ID, err)
	}
	return r, h, nil
}

// hold takes a window of a rule in, and returns the shard that has it.
func (s *State) hold(r *rule.Compiled, h *held) *shard {
	sh := s.shards[s.Shard(r, h.key)]
	s.enter(sh, r.Index, h)
	return sh
}

// enter takes a window of the rule with an index into its shard.
func (s *State) enter(sh *shard, rule int, h *held) {
	ws := &sh.rules[rule]
	ws.byKey.put(h)
	s.weigh(ws, h)
	s.schedule(ws, rule, h)
}

// Restoring puts back all that was saved, as a start does, on all cores: pieces are taken from several goroutines, and when
// there are no more, each shard gets its own at once, into an index and schedules that need not grow.
type Restoring struct {
	state *State
	mu    sync.Mutex     // over what is known of the feeds
	taken [][][]restored // by worker and shard
}

type restored struct {
	rule int
	h    *held
}

// Restoring begins with an empty state. Nothing else may use the state until Done.
func (s *State) Restoring(workers int) *Restoring {
	r := &Restoring{state: s, taken: make([][][]restored, workers)}
	for i := range r.taken {
		r.taken[i] = make([][]restored, len(s.shards))
	}
	return r
}

// Take is Restore for a worker; each calls it from one goroutine at a time.
func (r *Restoring) Take(worker int, w Saved) (ok bool, err error) {
	if w.Feed == feedsFeed {
		r.mu.Lock()
		defer r.mu.Unlock()
		return true, r.state.restoreFeed(w)
	}
	of, h, err := r.state.decode(w)
	if h == nil {
		return false, err
	}
	shard := &r.taken[worker][r.state.Shard(of, h.key)]
	*shard = append(*shard, restored{of.Index, h})
	return true, nil
}

// Done ends it: the windows that were taken are held.
func (r *Restoring) Done(fork Fork) {
	s := r.state
	fork(len(s.shards), func(shard int) {
		sh := s.shards[shard]
		numbers := make([]int, len(sh.rules))
		for _, by := range r.taken {
			for _, t := range by[shard] {
				numbers[t.rule]++
			}
		}
		for i, n := range numbers {
			sh.rules[i].byKey.grow(n)
			sh.rules[i].due.grow(n)
		}
		for _, by := range r.taken {
			for _, t := range by[shard] {
				s.enter(sh, t.rule, t.h)
			}
			by[shard] = nil
		}
	})
}
