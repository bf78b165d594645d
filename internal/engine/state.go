package engine

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/cespare/xxhash/v2"

	"probity/internal/rule"
	"probity/internal/window"
)

// Never is a watermark that nothing has passed.
const Never = math.MinInt64

// State is the windows of all rules and keys, in shards. Each shard is touched by one goroutine at a time.
type State struct {
	gen    *Generation
	shards []*shard
	since  map[string]int64 // by feed: the event time from which on it has been fed; Never: from the first event
}

type windowKey struct{ feed, key string }

type shard struct {
	windows map[windowKey]*held
	due     []dueHeap // by rule index
	dirty   []windowKey
}

type held struct {
	count     window.Count
	dirty     bool // in shard.dirty
	scheduled bool // in shard.due
}

// Saved is one window's state as the store keeps it; State nil means that it is gone.
type Saved struct {
	Feed, Key string
	State     []byte
}

// sinceFeed is the feed under which State keeps since when each feed has been fed, by the feed as the key.
const sinceFeed = "since"

// NewState returns empty state in n shards.
func NewState(g *Generation, n int) *State {
	s := &State{gen: g, shards: make([]*shard, n), since: map[string]int64{}}
	for i := range s.shards {
		s.shards[i] = &shard{windows: map[windowKey]*held{}, due: make([]dueHeap, len(g.Rules.Rules))}
	}
	return s
}

// Shards is the number of shards.
func (s *State) Shards() int { return len(s.shards) }

// Shard returns which shard holds a rule's key.
func (s *State) Shard(r *rule.Compiled, key string) int {
	if len(s.shards) == 1 {
		return 0
	}
	var d xxhash.Digest
	d.ResetWithSeed(0)
	d.WriteString(r.Feed)
	d.WriteString(key)
	return int(d.Sum64() % uint64(len(s.shards)))
}

// Restore puts back one saved window; ok is false if no rule in force has its feed, and it can go.
func (s *State) Restore(w Saved) (ok bool, err error) {
	if w.Feed == sinceFeed {
		if len(w.State) != 8 {
			return false, fmt.Errorf("since when feed %s has been fed: damaged", w.Key)
		}
		s.since[w.Key] = int64(binary.BigEndian.Uint64(w.State))
		return true, nil
	}
	r, ok := s.gen.byFeed[w.Feed]
	if !ok {
		return false, nil
	}
	c, err := window.Decode(w.State)
	if err != nil {
		return false, fmt.Errorf("rule %s: %w", r.ID, err)
	}
	sh := s.shards[s.Shard(r, w.Key)]
	k := windowKey{r.Feed, w.Key}
	sh.windows[k] = &held{count: *c}
	sh.schedule(r, k, s.gen)
	return true, nil
}

// Warming reports since which event time a rule's state has been fed, if that is later than the first event: until its
// window is covered from there, a missing alert says little.
func (s *State) Warming(r *rule.Compiled) (since int64, ok bool) {
	since, ok = s.since[r.Feed]
	return since, ok && since != Never
}

// spec is the rule's window.
func spec(r *rule.Compiled) window.Spec {
	return window.Spec{Timespan: int64(r.Timespan), Period: int64(r.Period), AtLeast: r.AtLeast}
}

// change is an alert that a batch changed.
type change struct {
	rule      *rule.Compiled
	key       string
	period    int64
	withdrawn string // the reason; "" unless withdrawn
}

// Batch is what changed.
type Batch struct {
	Windows []Saved
	Drafts  []Draft
}

// Apply gives a shard its matches in order, forgets what the watermarks (by rule index) have passed, and returns what
// changed. Matches that are not Counted are passed over.
func (s *State) Apply(i int, matches []Match, watermarks []int64) Batch {
	sh := s.shards[i]
	var changes []change
	var periods []int64
	for mi := range matches {
		m := &matches[mi]
		if m.Outcome != Counted {
			continue
		}
		k := windowKey{m.Rule.Feed, m.Key}
		h := sh.windows[k]
		if h == nil {
			h = &held{}
			sh.windows[k] = h
		}
		before := h.count.Len()
		periods = h.count.Add(spec(m.Rule), window.Entry{Time: m.Time, ID: m.ID, Facts: m.Facts}, periods[:0])
		if h.count.Len() == before {
			continue // a doubled event
		}
		sh.touch(k, h)
		sh.schedule(m.Rule, k, s.gen)
		for _, p := range periods {
			changes = append(changes, change{rule: m.Rule, key: m.Key, period: p})
		}
	}
	drafts := s.drafts(sh, changes) // before anything is forgotten
	sh.expire(s.gen, watermarks)
	return Batch{Windows: sh.flush(), Drafts: drafts}
}

func (sh *shard) touch(k windowKey, h *held) {
	if !h.dirty {
		h.dirty = true
		sh.dirty = append(sh.dirty, k)
	}
}

// flush encodes what was touched, in order of feed and key.
func (sh *shard) flush() []Saved {
	if len(sh.dirty) == 0 {
		return nil
	}
	slices.SortFunc(sh.dirty, func(a, b windowKey) int {
		if c := strings.Compare(a.feed, b.feed); c != 0 {
			return c
		}
		return strings.Compare(a.key, b.key)
	})
	out := make([]Saved, 0, len(sh.dirty))
	for _, k := range sh.dirty {
		w := Saved{Feed: k.feed, Key: k.key}
		if h, ok := sh.windows[k]; ok {
			h.dirty = false
			w.State = h.count.Append(nil)
		}
		out = append(out, w)
	}
	sh.dirty = sh.dirty[:0]
	return out
}

// drafts writes each changed alert once, as it is after the batch.
func (s *State) drafts(sh *shard, changes []change) []Draft {
	seen := map[change]bool{}
	var out []Draft
	for _, c := range changes {
		if seen[c] {
			continue
		}
		seen[c] = true
		var entries []window.Entry
		if h, ok := sh.windows[windowKey{c.rule.Feed, c.key}]; ok {
			entries = h.count.Alert(c.period)
		}
		out = append(out, s.draft(c, entries))
	}
	return out
}
