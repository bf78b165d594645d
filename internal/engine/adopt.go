package engine

import (
	"slices"
	"strings"

	"probity/internal/rule"
)

const withdrawnByResolution = "the account was resolved to a person by a newer people table; its events count in that person's alert"

// Adoption is what a new generation changed of the state. The windows that it touched are saved, and the alerts that it
// changed drafted, by the Apply that follows on every shard.
type Adoption struct {
	Saved   []Saved
	Changes []Change
}

// Adopt returns the state under a new generation. The windows of a rule whose feed is unchanged stay, judged anew where its
// threshold, period or facts have changed; those of others go; entries of an account that the new tables resolve move to the
// person. seen is the latest event time read so far, Never if there is none: a rule that is new to the state is warming from
// there. The old state must not be used any more.
func (s *State) Adopt(g *Generation, seen int64) (*State, Adoption) {
	next := NewState(g, len(s.shards))
	next.Passing = s.Passing
	var a Adoption
	next.adoptFeeds(s, seen, &a)
	type move struct {
		rule *rule.Compiled
		h    *held
	}
	var moved []move
	old := s.gen.Rules.Rules
	for _, sh := range s.shards {
		for _, i := range s.inOrder() {
			feed := old[i].Feed
			was, r := s.feeds[feed], g.byFeed[feed]
			gone := r == nil || was != nil && was.Zone != g.zoneOf(r) // its days were others
			for _, h := range byKey(sh.rules[i].byKey.all()) {
				if gone {
					a.Saved = append(a.Saved, Saved{Feed: feed, Key: h.key})
					continue
				}
				next.rejudge(r, was, h, &a)
				if g.rekey(r, h.key, h.Last(g.specs[r.Index])) != h.key {
					moved = append(moved, move{r, h})
					continue
				}
				next.receive(r, h)
			}
		}
	}
	for _, m := range moved { // after those that stay: what they join is there
		next.move(m.rule, m.h, &a)
	}
	return next, a
}

// inOrder lists the rules by their feeds.
func (s *State) inOrder() []int {
	rules := s.gen.Rules.Rules
	out := make([]int, len(rules))
	for i := range out {
		out[i] = i
	}
	slices.SortFunc(out, func(a, b int) int { return strings.Compare(rules[a].Feed, rules[b].Feed) })
	return out
}

// adoptFeeds carries over what is known of each feed and begins that of new ones.
func (s *State) adoptFeeds(old *State, seen int64, a *Adoption) {
	for _, r := range s.gen.Rules.Rules {
		f := s.gen.newFeed(r, seen)
		if was := old.feeds[r.Feed]; was != nil && was.Zone == f.Zone {
			f.Since, f.Forgot, f.Horizon = was.Since, was.Forgot, was.Horizon
			s.specs[r.Index].Horizon = f.Horizon
		}
		s.know(r.Feed, f)
		a.Saved = append(a.Saved, f.save(r.Feed))
	}
	for name := range old.feeds {
		if s.gen.byFeed[name] == nil {
			a.Saved = append(a.Saved, Saved{Feed: feedsFeed, Key: name})
		}
	}
}

// rejudge brings a window to the rule's threshold, period and facts, where they are others than those it was judged by.
func (s *State) rejudge(r *rule.Compiled, was *feed, h *held, a *Adoption) {
	spec := s.specs[r.Index]
	h.dirty = false
	switch {
	case was == nil:
		return
	case was.Period != spec.Period:
		h.Repartition(spec)
		h.dirty = true
	case was.AtLeast != spec.AtLeast || was.AtMost != spec.AtMost:
		a.Changes = appendChanges(a.Changes, r, h.key, h.Rebuild(spec))
		h.dirty = true
	}
	if now := s.feeds[r.Feed]; was.Facts != now.Facts {
		var all uint32
		for i := range r.Facts {
			all |= rule.FactUnknown << (2 * i)
		}
		h.ForgetFacts(all)
		h.dirty = true
	}
}

// receive takes over a window under its key.
func (s *State) receive(r *rule.Compiled, h *held) {
	changed := h.dirty
	h.dirty, h.at, h.bytes = false, unscheduled, 0
	if sh := s.hold(r, h); changed {
		sh.touch(r.Index, h)
	}
}

// move gives the entries of an account to the person who turned out to hold it.
func (s *State) move(r *rule.Compiled, h *held, a *Adoption) {
	spec := s.specs[r.Index]
	to := s.gen.rekey(r, h.key, h.Last(spec))
	sh := s.shards[s.Shard(r, to)]
	have := sh.window(r.Index, to)
	a.Changes = appendChanges(a.Changes, r, to, have.Absorb(spec, &h.Window, nil))
	for _, p := range h.Periods() {
		a.Changes = append(a.Changes, Change{rule: r, key: h.key, period: p, withdrawn: withdrawnByResolution})
	}
	a.Saved = append(a.Saved, Saved{Feed: r.Feed, Key: h.key})
	sh.touch(r.Index, have)
	s.schedule(&sh.rules[r.Index], r.Index, have)
}

// rekey returns the key with every account replaced by the person who holds it, as of the window's last event at. A collar
// number stands for a person only where the rule is about requesters.
func (g *Generation) rekey(r *rule.Compiled, key string, at int64) string {
	parts := KeyParts(r, key)
	moved := false
	for i, p := range parts {
		dataset, account, ok := strings.Cut(p.Value, ":")
		if !ok {
			continue
		}
		resolve := g.people.Resolve
		switch {
		case p.Field == "requestor.id", p.Field == "actor.id" && slices.Equal(r.Roles, []rule.Role{rule.Requestor}):
			resolve = g.people.ResolveRequestor
		case p.Field != "actor.id" && p.Field != "user.id":
			continue
		}
		if id := resolve(dataset, account, at); id.Has() {
			parts[i].Value, moved = id.Str, true
		}
	}
	if !moved {
		return key
	}
	return encodeKey(parts)
}

// Until is the watermark up to which a match's record is kept for the windows that hold it. What an alert holds is kept on:
// see Draft.Holds and Lasts.
func (g *Generation) Until(m *Match) int64 {
	r := m.Rule
	if !r.OfAlerts {
		return g.specs[r.Index].Leaves(m.Entry.Time, g.keep[r.Index])
	}
	// Its windows are worked out anew for as long as an alert of theirs is open, and its watermark is behind that of all others.
	until := g.Lasts(r, m.Entry.Time) + int64(r.Period)
	behind := int64(0)
	for _, other := range g.Rules.Rules {
		if !other.OfAlerts {
			behind = max(behind, g.Behind(other))
		}
	}
	return until + behind
}

// Lasts is the watermark from which on no alert can quote anew what it holds of time t: an entry leaves its window a reach after
// its time, and the last alert that may hold it then closes within a period.
func (g *Generation) Lasts(r *rule.Compiled, t int64) int64 {
	until := t + int64(r.Timespan) + g.Behind(r)
	if r.Normal != nil {
		until += g.specs[r.Index].Settles() // the bucket before may be quoted when the next one, of the same period, is told
	}
	return until
}
