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

// State is the windows of all rules and keys, in shards. Apply touches each shard from one goroutine at a time; everything
// else belongs to the caller's, while no Apply runs.
type State struct {
	gen    *Generation
	specs  []*window.Spec // by rule: the generation's, with this state's horizons
	shards []*shard
	feeds  map[string]*feed // by rule.Compiled.Feed
}

type windowKey struct{ feed, key string }

type shard struct {
	windows map[windowKey]*held
	alerts  map[windowKey]*rule.Compiled // those of windows that are of rules over alerts
	due     []dueHeap                    // by rule index
	dirty   []windowKey
	forgot  []int64 // by rule index: the bound behind which this batch forgot something, Never if it did not
	bytes   []int64 // by rule index: about what its windows take
}

type held struct {
	*window.Window
	dirty     bool // in shard.dirty
	scheduled bool // in shard.due, at
	at        int64
	bytes     int64 // in shard.bytes
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
	for _, spec := range g.specs {
		own := *spec
		s.specs = append(s.specs, &own)
	}
	for i := range s.shards {
		s.shards[i] = &shard{
			windows: map[windowKey]*held{}, alerts: map[windowKey]*rule.Compiled{}, due: make([]dueHeap, rules),
			forgot: slices.Repeat([]int64{Never}, rules), bytes: make([]int64, rules),
		}
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
func (sh *shard) window(r *rule.Compiled, k windowKey) *held {
	h := sh.windows[k]
	if h == nil {
		h = &held{Window: window.New()}
		sh.hold(r, k, h)
	}
	return h
}

// hold takes a window in.
func (sh *shard) hold(r *rule.Compiled, k windowKey, h *held) {
	sh.windows[k] = h
	if r.OfAlerts {
		sh.alerts[k] = r
	}
}

// drop lets a window of the rule with an index go that holds nothing.
func (sh *shard) drop(index int, k windowKey, h *held) {
	sh.bytes[index] -= h.bytes
	delete(sh.windows, k)
	delete(sh.alerts, k)
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
	matches []*Match
	changes []Change
	due     [][]windowKey // by rule index
	batch   Batch
}

// Apply gives the shards their matches in order, judges and forgets what the watermarks (by rule index) have passed, and
// returns what changed. Matches that are not Counted are passed over. Earlier changes, those of Adopt, are drafted with the
// batch's own, so that an alert is told once. Between two forks the shards meet: a baseline among peers looks at all of them.
func (s *State) Apply(matches []Match, watermarks []int64, fork Fork, earlier ...Change) Batch {
	parts := make([]part, len(s.shards))
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
	for i := range parts {
		out.Windows = append(out.Windows, parts[i].batch.Windows...)
		out.Drafts = append(out.Drafts, parts[i].batch.Drafts...)
	}
	return out
}

// add puts a part's matches into their windows.
func (s *State) add(sh *shard, p *part, watermarks []int64) {
	var periods []int64
	for _, m := range p.matches {
		k := windowKey{m.Rule.Feed, m.Key}
		if m.Gone && sh.windows[k] == nil {
			continue
		}
		h, spec := sh.window(m.Rule, k), s.specs[m.Rule.Index]
		if f := s.feeds[k.feed]; f != nil {
			h.Forgot(spec, f.Forgot)
		}
		var other bool
		if m.Gone {
			periods, other = h.Remove(spec, m.Entry, periods[:0])
		} else {
			periods, other = h.Add(spec, m.Entry, periods[:0])
		}
		if !other {
			continue // a doubled event
		}
		m.Unquoted = !h.Quotable(spec, m.Entry, m.Rule.Quote)
		sh.touch(k, h)
		if h.Empty() {
			sh.drop(m.Rule.Index, k, h)
		} else {
			sh.schedule(m.Rule, k, s)
		}
		p.changes = appendChanges(p.changes, m.Rule, m.Key, periods)
	}
	p.due = sh.takeDue(watermarks)
}

// observe gathers, by rule, what the windows hold that are judged by comparison with each other. All keys of a rule have one
// watermark, so all that a bucket held anywhere is judged in this very batch.
func (s *State) observe(parts []part, watermarks []int64) map[int]window.Peers {
	var out map[int]window.Peers
	for i, spec := range s.specs {
		if !spec.Normal.Peers {
			continue
		}
		peers := window.Peers{}
		for n := range parts {
			for _, k := range parts[n].due[i] {
				s.shards[n].windows[k].Observe(spec, watermarks[i], peers)
			}
		}
		if out == nil {
			out = map[int]window.Peers{}
		}
		peers.Sort()
		out[i] = peers
	}
	return out
}

// judge decides what waited, drafts what changed, and forgets.
func (s *State) judge(sh *shard, p *part, watermarks []int64, peers map[int]window.Peers) {
	p.changes = sh.decide(s, p.due, watermarks, peers, p.changes)
	p.batch.Drafts = s.drafts(sh, p.changes) // before anything is forgotten
	sh.forget(s, p.due, watermarks)
	p.batch.Windows = s.flush(sh)
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
func (s *State) flush(sh *shard) []Saved {
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
			s.weigh(sh, k, h)
		}
		out = append(out, w)
	}
	sh.dirty = sh.dirty[:0]
	return out
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
		if h, ok := sh.windows[windowKey{c.rule.Feed, c.key}]; ok {
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
