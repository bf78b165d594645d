package engine

import (
	"math"
	"slices"
	"strings"

	"github.com/cespare/xxhash/v2"

	"probity/internal/rule"
	"probity/internal/window"
)

// Never is a watermark that nothing has passed.
const Never = math.MinInt64

// State is the windows of all rules and keys, in shards. Each shard is touched by one goroutine at a time; everything else
// by the caller's alone, while no shard is.
type State struct {
	gen    *Generation
	shards []*shard
	feeds  map[string]*feed // by rule.Compiled.Feed
}

type windowKey struct{ feed, key string }

type shard struct {
	windows map[windowKey]*held
	due     []dueHeap // by rule index
	dirty   []windowKey
	forgot  []int64 // by rule index: the bound behind which this batch forgot something, Never if it did not
}

type held struct {
	*window.Window
	dirty     bool // in shard.dirty
	scheduled bool // in shard.due, at
	at        int64
}

// Saved is one piece of state as the store keeps it; State nil means that it is gone.
type Saved struct {
	Feed, Key string
	State     []byte
}

// NewState returns empty state in n shards.
func NewState(g *Generation, n int) *State {
	s := &State{gen: g, shards: make([]*shard, n), feeds: map[string]*feed{}}
	rules := len(g.Rules.Rules)
	for i := range s.shards {
		s.shards[i] = &shard{windows: map[windowKey]*held{}, due: make([]dueHeap, rules), forgot: slices.Repeat([]int64{Never}, rules)}
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

// window returns a rule's window for a key, a new one if there is none.
func (sh *shard) window(k windowKey) *held {
	h := sh.windows[k]
	if h == nil {
		h = &held{Window: window.New()}
		sh.windows[k] = h
	}
	return h
}

// Change is an alert that changed: of a rule and key, in a period.
type Change struct {
	rule      *rule.Compiled
	key       string
	period    int64
	withdrawn string // the reason, where that is no late fact; "" unless withdrawn
}

// Batch is what Apply did to one shard.
type Batch struct {
	Windows []Saved
	Drafts  []Draft
}

// Apply gives a shard its matches in order, judges and forgets what the watermarks (by rule index) have passed, and returns
// what changed. Matches that are not Counted are passed over. Earlier changes, those of Adopt, are drafted with the batch's
// own, so that an alert is told once.
func (s *State) Apply(i int, matches []Match, watermarks []int64, earlier ...Change) Batch {
	sh := s.shards[i]
	var changes []Change
	for _, c := range earlier {
		if s.Shard(c.rule, c.key) == i {
			changes = append(changes, c)
		}
	}
	var periods []int64
	for mi := range matches {
		m := &matches[mi]
		if m.Outcome != Counted {
			continue
		}
		k := windowKey{m.Rule.Feed, m.Key}
		h := sh.window(k)
		var added bool
		if periods, added = h.Add(s.gen.specs[m.Rule.Index], m.Entry, periods[:0]); !added {
			continue // a doubled event
		}
		sh.touch(k, h)
		sh.schedule(m.Rule, k, s.gen)
		changes = appendChanges(changes, m.Rule, m.Key, periods)
	}
	due := sh.takeDue(watermarks)
	changes = sh.decide(s.gen, due, watermarks, changes)
	drafts := s.drafts(sh, changes) // before anything is forgotten
	sh.forget(s.gen, due, watermarks)
	return Batch{Windows: sh.flush(), Drafts: drafts}
}

func appendChanges(changes []Change, r *rule.Compiled, key string, periods []int64) []Change {
	for _, p := range periods {
		changes = append(changes, Change{rule: r, key: key, period: p})
	}
	return changes
}

func (sh *shard) touch(k windowKey, h *held) {
	if !h.dirty {
		h.dirty = true
		sh.dirty = append(sh.dirty, k)
	}
}

func compareKeys(a, b windowKey) int {
	if c := strings.Compare(a.feed, b.feed); c != 0 {
		return c
	}
	return strings.Compare(a.key, b.key)
}

// flush encodes what was touched, in order of feed and key.
func (sh *shard) flush() []Saved {
	if len(sh.dirty) == 0 {
		return nil
	}
	slices.SortFunc(sh.dirty, compareKeys)
	out := make([]Saved, 0, len(sh.dirty))
	for _, k := range sh.dirty {
		w := Saved{Feed: k.feed, Key: k.key}
		if h, ok := sh.windows[k]; ok {
			h.dirty = false
			w.State = h.Append(nil)
		}
		out = append(out, w)
	}
	sh.dirty = sh.dirty[:0]
	return out
}

// drafts writes each changed alert once, as it is after the batch.
func (s *State) drafts(sh *shard, changes []Change) []Draft {
	seen := map[Change]bool{}
	var out []Draft
	for _, c := range changes {
		if seen[c] {
			continue
		}
		seen[c] = true
		var entries []window.Entry
		if h, ok := sh.windows[windowKey{c.rule.Feed, c.key}]; ok && c.withdrawn == "" {
			entries = window.Distinct(h.Alert(c.period))
		}
		out = append(out, s.draft(c, entries))
	}
	return out
}
