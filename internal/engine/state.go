package engine

import (
	"hash/maphash"
	"math"
	"slices"
	"strings"

	"github.com/cespare/xxhash/v2"

	"probity/internal/rule"
	"probity/internal/window"
)

// Never is a watermark that nothing has passed.
const Never = math.MinInt64

// State is the windows of all rules and keys, in shards. Apply touches each shard from one goroutine at a time; everything
// else belongs to the caller's, while no Apply runs.
type State struct {
	gen    *Generation
	specs  []*window.Spec // by rule: the generation's, with this state's horizons
	shards []*shard
	feeds  map[string]*feed // by rule.Compiled.Feed
	fed    []*feed          // the same by rule index, nil where nothing is known
	hashes []xxhash.Digest  // by rule index: of its feed, see Shard
	parts  []part           // for the next Apply
	seed   maphash.Seed     // of the indexes of windows

	// Passing: nobody will go on from what is saved, so Apply saves no windows.
	Passing bool
}

type shard struct {
	rules     []windows // by rule index
	touched   []int     // the rules that have dirty windows
	additions additions // of this batch
}

// Saved is one piece of state as the store keeps it; State nil means that it is gone.
type Saved struct {
	Feed, Key string
	State     []byte
	More      bool // State is put behind what was saved before: it says what changed since
}

// NewState returns empty state in n shards.
func NewState(g *Generation, n int) *State {
	rules := g.Rules.Rules
	s := &State{gen: g, shards: make([]*shard, n), feeds: map[string]*feed{}, fed: make([]*feed, len(rules)), hashes: make([]xxhash.Digest, len(rules)), parts: make([]part, n), seed: maphash.MakeSeed()}
	for i, spec := range g.specs {
		own := *spec
		s.specs = append(s.specs, &own)
		s.hashes[i].ResetWithSeed(0)
		s.hashes[i].WriteString(rules[i].Feed)
	}
	for i := range s.shards {
		s.shards[i] = &shard{rules: make([]windows, len(rules))}
		for k := range s.shards[i].rules {
			s.shards[i].rules[k] = windows{byKey: newIndex(s.seed), forgot: Never}
		}
	}
	return s
}

// Shards is the number of shards.
func (s *State) Shards() int { return len(s.shards) }

// Shard returns which shard holds a rule's key: by a hash of its feed and the key.
func (s *State) Shard(r *rule.Compiled, key string) int {
	if len(s.shards) == 1 {
		return 0
	}
	d := s.hashes[r.Index]
	d.WriteString(key)
	return int(d.Sum64() % uint64(len(s.shards)))
}

// window returns a rule's window for a key, a new one if there is none.
func (sh *shard) window(rule int, key string) *held {
	x := &sh.rules[rule].byKey
	h := x.find(key)
	if h == nil {
		h = &held{key: key, at: unscheduled}
		x.put(h)
	}
	return h
}

// drop lets a window of a rule go that holds nothing.
func (sh *shard) drop(rule int, h *held) {
	ws := &sh.rules[rule]
	ws.bytes -= int64(h.bytes)
	ws.byKey.remove(h)
	h.dropped, h.Window = true, window.Window{} // the schedule may hold on to it
}

// Change is an alert that changed: of a rule and key, in a period.
type Change struct {
	rule      *rule.Compiled
	key       string
	period    int64
	withdrawn string // the reason, where that is no late fact; "" unless withdrawn
}

// OfAlerts reports whether it is an alert of a rule over alerts, which are judged in the second round.
func (c Change) OfAlerts() bool { return c.rule.OfAlerts }

// Batch is what Apply did.
type Batch struct {
	Windows []Saved
	Drafts  []Draft
}

// Fork does n pieces of work, all of them before it returns; one for which do(i) and do(k) may run at once.
type Fork func(n int, do func(i int))

// Serially does one piece of work after the other.
func Serially(n int, do func(i int)) {
	for i := range n {
		do(i)
	}
}

// part is a shard's part of a batch.
type part struct {
	matches   []*Match
	changes   []Change
	due       []dueWindows
	forgotten []forgotten
	batch     Batch
}

// Apply gives the shards their matches in order, judges and forgets what the watermarks (by rule index) have passed, and
// returns what changed. Matches that are not Counted are passed over. Earlier changes, those of Adopt, are drafted with the
// batch's own, so that an alert is told once. Between two forks the shards meet: a baseline among peers looks at all of them.
func (s *State) Apply(matches []Match, watermarks []int64, fork Fork, earlier ...Change) Batch {
	parts := s.parts
	for i := range matches {
		if m := &matches[i]; m.Outcome == Counted {
			p := &parts[s.Shard(m.Rule, m.Key)]
			p.matches = append(p.matches, m)
		}
	}
	for _, c := range earlier {
		p := &parts[s.Shard(c.rule, c.key)]
		p.changes = append(p.changes, c)
	}
	fork(len(parts), func(i int) { s.add(s.shards[i], &parts[i], watermarks) })
	peers := s.observe(parts, watermarks)
	fork(len(parts), func(i int) { s.judge(s.shards[i], &parts[i], watermarks, peers) })
	var out Batch
	n := 0
	for i := range parts {
		n += len(parts[i].batch.Windows)
	}
	out.Windows = slices.Grow(out.Windows, n)
	for i := range parts {
		p := &parts[i]
		out.Windows = append(out.Windows, p.batch.Windows...)
		out.Drafts = append(out.Drafts, p.batch.Drafts...)
		clear(p.matches)
		clear(p.forgotten)
		*p = part{matches: p.matches[:0], forgotten: p.forgotten[:0]}
	}
	return out
}

// observe gathers, by rule, what the windows hold that are judged by comparison with each other. All keys of a rule have one
// watermark, so all that a bucket held anywhere is judged in this very batch.
func (s *State) observe(parts []part, watermarks []int64) map[int]window.Peers {
	var out map[int]window.Peers
	for i := range parts {
		for _, d := range parts[i].due {
			spec := s.specs[d.rule]
			if !spec.Normal.Peers {
				continue
			}
			if out == nil {
				out = map[int]window.Peers{}
			}
			if out[d.rule] == nil {
				out[d.rule] = window.Peers{}
			}
			for _, h := range d.list {
				h.Observe(spec, watermarks[d.rule], out[d.rule])
			}
		}
	}
	for _, peers := range out {
		peers.Sort()
	}
	return out
}

// judge decides what waited, drafts what changed, and forgets.
func (s *State) judge(sh *shard, p *part, watermarks []int64, peers map[int]window.Peers) {
	s.decide(sh, p, watermarks, peers)
	p.batch.Drafts = s.drafts(sh, p.changes) // before anything is forgotten
	s.forget(sh, p, watermarks)
	p.batch.Windows = s.flush(sh, p)
}

func appendChanges(changes []Change, r *rule.Compiled, key string, periods []int64) []Change {
	for _, p := range periods {
		changes = append(changes, Change{rule: r, key: key, period: p})
	}
	return changes
}

// touch notes that a window of a rule has changed.
func (sh *shard) touch(rule int, h *held) {
	if h.dirty {
		return
	}
	ws := &sh.rules[rule]
	if len(ws.dirty) == 0 {
		sh.touched = append(sh.touched, rule)
	}
	h.dirty, ws.dirty = true, append(ws.dirty, h)
}

// flush saves what has changed: of most windows what changed, and whole those that were touched, in order of feed and key.
func (s *State) flush(sh *shard, p *part) []Saved {
	var out saving
	s.saveChanges(sh, p, &out)
	if len(sh.touched) == 0 {
		return out.saved()
	}
	rules := s.gen.Rules.Rules
	slices.SortFunc(sh.touched, func(a, b int) int { return strings.Compare(rules[a].Feed, rules[b].Feed) })
	n, size := 0, 0
	for _, rule := range sh.touched {
		n += len(sh.rules[rule].dirty)
		if s.Passing {
			continue
		}
		for _, h := range sh.rules[rule].dirty {
			size += h.Encoded()
		}
	}
	out.list, out.ends, out.b = slices.Grow(out.list, n), slices.Grow(out.ends, n), slices.Grow(out.b, size)
	for _, rule := range sh.touched {
		ws := &sh.rules[rule]
		for _, h := range byKey(ws.dirty) {
			h.dirty = false
			if !h.dropped {
				s.weigh(ws, h)
			}
			switch {
			case s.Passing:
				continue
			case !h.dropped:
				begin := len(out.b)
				out.b = h.Append(out.b)
				h.savedWhole(len(out.b) - begin)
			case ws.byKey.find(h.key) != nil:
				continue // it came back, and is dirty itself
			}
			out.end(Saved{Feed: rules[rule].Feed, Key: h.key})
		}
		clear(ws.dirty)
		ws.dirty = ws.dirty[:0]
	}
	sh.touched = sh.touched[:0]
	return out.saved()
}

// drafts writes each changed alert once, as it is after the batch: an account's alert may have changed, and have gone to
// the person, at once.
func (s *State) drafts(sh *shard, changes []Change) []Draft {
	var changed []Change
	reasons := map[Change]string{}
	for _, c := range changes {
		reason := c.withdrawn
		c.withdrawn = ""
		had, seen := reasons[c]
		if !seen {
			changed = append(changed, c)
		}
		if had == "" {
			reasons[c] = reason
		}
	}
	out := make([]Draft, 0, len(changed))
	for _, c := range changed {
		var open window.Open
		if h := sh.rules[c.rule.Index].byKey.find(c.key); h != nil {
			open = window.Open{Entries: h.Alert(c.period), Measures: h.Measures(c.period)}
		}
		if !c.rule.Measured() { // else an entry is a hit, and has no id
			open.Entries = window.Distinct(open.Entries)
		}
		c.withdrawn = reasons[c]
		out = append(out, s.draft(c, open))
	}
	return out
}
