package engine

import (
	"encoding/binary"
	"slices"
	"strings"

	"probity/internal/rule"
)

// personFields are the group fields that hold a person, or dataset:account while nobody is known to hold the account.
var personFields = []string{"actor.id", "user.id", "requestor.id"}

const withdrawnByResolution = "the account was resolved to a person by a newer people table; its events count in that person's alert"

// Adopt returns the state under a new generation, what changed, and the alerts that changed with it. The windows of a rule
// whose feed is unchanged stay; those of others go; entries of an account that the new tables resolve move to the person.
// seen is the latest event time read so far, Never if there is none: a rule that is new to the state is warming from there.
func (s *State) Adopt(g *Generation, seen int64) (*State, Batch) {
	next := NewState(g, len(s.shards))
	var b Batch
	next.warm(s, seen, &b)
	var changes []change
	for _, sh := range s.shards {
		for _, k := range sh.keys() {
			h := sh.windows[k]
			r, ok := g.byFeed[k.feed]
			if !ok {
				b.Windows = append(b.Windows, Saved{Feed: k.feed, Key: k.key})
				continue
			}
			to := g.rekey(r, k.key, h)
			changes = append(changes, next.receive(r, k.key, to, h)...)
			if to != k.key {
				b.Windows = append(b.Windows, Saved{Feed: k.feed, Key: k.key})
			}
		}
	}
	for _, sh := range next.shards {
		b.Windows = append(b.Windows, sh.flush()...)
	}
	for _, c := range changes {
		sh := next.shards[next.Shard(c.rule, c.key)]
		b.Drafts = append(b.Drafts, next.drafts(sh, []change{c})...)
	}
	return next, b
}

// warm carries over since when each feed has been fed and begins that of new ones.
func (s *State) warm(old *State, seen int64, b *Batch) {
	for _, r := range s.gen.Rules.Rules {
		since, was := old.since[r.Feed]
		if !was {
			since = seen
			b.Windows = append(b.Windows, Saved{sinceFeed, r.Feed, binary.BigEndian.AppendUint64(nil, uint64(seen))})
		}
		s.since[r.Feed] = since
	}
	for feed := range old.since {
		if s.gen.byFeed[feed] == nil {
			b.Windows = append(b.Windows, Saved{Feed: sinceFeed, Key: feed})
		}
	}
}

// receive takes over one window under its key in this generation and returns the alerts that changed.
func (s *State) receive(r *rule.Compiled, from, to string, h *held) (changes []change) {
	sh := s.shards[s.Shard(r, to)]
	k := windowKey{r.Feed, to}
	have := sh.windows[k]
	if have == nil {
		have = &held{}
		sh.windows[k] = have
	}
	if from == to && have.count.Empty() {
		have.count = h.count
	} else {
		for _, p := range have.count.Rename(spec(r), &h.count) {
			changes = append(changes, change{rule: r, key: to, period: p})
		}
		sh.touch(k, have)
		if from != to {
			for _, p := range h.count.Periods() {
				changes = append(changes, change{rule: r, key: from, period: p, withdrawn: withdrawnByResolution})
			}
		}
	}
	sh.schedule(r, k, s.gen)
	return changes
}

// rekey returns the key with every account replaced by the person who holds it, as of the window's last event.
func (g *Generation) rekey(r *rule.Compiled, key string, h *held) string {
	parts := keyParts(r, key)
	moved := false
	for i, p := range parts {
		dataset, account, ok := strings.Cut(p.Value, ":")
		if !ok || !slices.Contains(personFields, p.Field) {
			continue
		}
		id, known := g.people.Resolve(dataset, account, h.count.Last())
		if !known {
			id, known = g.people.ResolveRequestor(dataset, account, h.count.Last())
		}
		if known {
			parts[i].Value, moved = id, true
		}
	}
	if !moved {
		return key
	}
	return encodeKey(parts)
}

// keys lists a shard's windows in order of feed and key.
func (sh *shard) keys() []windowKey {
	out := make([]windowKey, 0, len(sh.windows))
	for k := range sh.windows {
		out = append(out, k)
	}
	slices.SortFunc(out, func(a, b windowKey) int {
		if c := strings.Compare(a.feed, b.feed); c != 0 {
			return c
		}
		return strings.Compare(a.key, b.key)
	})
	return out
}

// Until is the watermark from which on no alert can quote a match's record anew: an entry leaves its window Timespan after
// its time, and the last alert that may hold it then closes within a period.
func (g *Generation) Until(m *Match) int64 {
	r := m.Rule
	return m.Time + int64(r.Timespan) + int64(r.Period) + g.keep[r.Index]
}

// Closed reports whether a rule had forgotten the alert period that ends at end when its watermark stood at watermark.
func (g *Generation) Closed(r *rule.Compiled, end, watermark int64) bool {
	return watermark != Never && end <= watermark-g.keep[r.Index]
}
