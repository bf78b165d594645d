package engine

import (
	"math"
	"slices"

	"probity/internal/alert"
	"probity/internal/event"
	"probity/internal/rule"
	"probity/internal/window"
)

// Resolve sets the persons of an event as Match does, for whoever explains an event that meets no rule.
func (m *Matcher) Resolve(ev *event.Event) { m.resolve(ev) }

// GroupKeys returns the encoded group keys that a resolved event has for a rule and role, whatever the rule says of it; none
// if one of the fields is unknown.
func (m *Matcher) GroupKeys(r *rule.Compiled, role rule.Role, ev *event.Event) []string {
	m.eval.Begin(ev)
	m.epoch++
	m.eval.For(role)
	keys, known := m.groupKeys(r, role)
	if !known {
		return nil
	}
	return slices.Clone(keys)
}

// Compared is what a baseline makes of the period of time that holds an event.
type Compared struct {
	alert.Measure
	Group   string // the peer group; "" if it has none
	Hit     bool
	Exceeds int64 // a hit has more than that; below 0 if there is too little to compare with
}

// Compare compares the period that holds a time with what the state holds, all of which must not have been judged yet.
func (s *State) Compare(r *rule.Compiled, key string, at int64) (out Compared, ok bool) {
	spec, peers := s.specs[r.Index], window.Peers{}
	for _, sh := range s.shards {
		for _, h := range sh.rules[r.Index].byKey.byHash {
			h.Observe(spec, math.MaxInt64, peers)
		}
	}
	peers.Sort()
	w := s.Held(r, key)
	if w == nil {
		return out, false
	}
	m, of, hit, ok := w.Compare(spec, at, peers)
	out = Compared{Group: of, Hit: hit, Exceeds: int64(r.AtLeast) - 1}
	out.From, out.To, out.Observed = utc(m.From), utc(m.To), m.Observed
	out.Own, out.Peers = usualOf(m.Own, m.Observed), usualOf(m.Peers, m.Observed)
	n := &spec.Normal
	if n.History > 0 {
		out.exceed(m.Own, n.Least, n.Above)
	}
	if n.Peers {
		out.exceed(m.Peers, n.LeastPeers, n.Above)
	}
	return out, ok
}

func (c *Compared) exceed(u window.Usual, least int, spreads int64) {
	switch {
	case c.Exceeds < 0:
	case u.Among < least:
		c.Exceeds = -1
	default:
		c.Exceeds = max(c.Exceeds, u.Median+spreads*u.Spread)
	}
}

// Held is a rule's window for a key, nil if there is none. Read only.
func (s *State) Held(r *rule.Compiled, key string) *window.Window {
	if h := s.shards[s.Shard(r, key)].rules[r.Index].byKey.find(key); h != nil {
		return &h.Window
	}
	return nil
}

// Measured writes each measure of the draft as a summary does.
func (d *Draft) Measured() (out []string) {
	for _, m := range d.Alert.Measures {
		out = append(out, d.oneMeasure(m))
	}
	return out
}
