package engine

import (
	"math"

	"github.com/cespare/xxhash/v2"

	"probity/internal/event"
	"probity/internal/rule"
	"probity/internal/window"
)

// Outcome is what became of a rule's condition over an event.
type Outcome uint8

// The outcomes of a match. An event over which a condition is false, or unknown for good, gives no Match.
const (
	Counted    Outcome = iota // it counts towards a hit
	Undecided                 // a table does not say; it waits for a newer one
	Suppressed                // an exception holds it back
)

// Match is a rule's condition met by an event for one group key.
type Match struct {
	Rule    *rule.Compiled
	Role    rule.Role
	Outcome Outcome
	Key     string       // encoded group key; "" unless Counted
	Entry   window.Entry // what it is in the window; of a match that is not Counted, time and id only
	Record  *event.Kept  // nil if the rule watches a source; shared by all matches of the event
	Gone    bool         // of an alert that was withdrawn: its entry is taken out

	Unquoted bool   // set by Apply: no alert of the rule can ever quote the record, so it need not be kept
	Between  uint32 // of a rule of silence: how many events more it stands for; see hear

	Exception *rule.CompiledException // that holds it back, of one that is Suppressed
}

// RuleCounts counts what a matcher did for one rule.
type RuleCounts struct {
	Evaluated, Matches, Undecided, Suppressed uint64
	Unknown                                   uint64 // conditions that a missing field left unknown
	Errors                                    uint64 // run-time errors of expr
	Nanoseconds                               int64  // of evaluation, sampled
}

// sampleEvery is how many events pass between two whose evaluation is timed.
const sampleEvery = 64

// Matcher judges events one by one. It belongs to one goroutine.
type Matcher struct {
	Counts []RuleCounts // by rule index, since the matcher was made or the caller cleared them

	gen    *Generation
	finder *rule.Finder
	eval   *rule.Eval
	keeper *event.Keeper
	now    func() int64 // monotonic nanoseconds, for sampling only; may be nil
	events uint64
	names  map[[2]string]string // dataset, account → "dataset:account"

	epoch  uint64    // of the event
	groups []grouped // by grouping and role
	heard  []stretch // by rule index and role
	shared shared
	values []uint64
	texts  recentTexts
}

// shared is what all matches of an event have of it, made when the first one needs it.
type shared struct {
	identified, kept uint64 // the epochs of id and record
	id               event.ID
	record           *event.Kept
}

// NewMatcher returns a matcher; now, if not nil, is read to sample what rules cost and for nothing else.
func (g *Generation) NewMatcher(now func() int64) *Matcher {
	return &Matcher{
		Counts: make([]RuleCounts, len(g.Rules.Rules)),
		gen:    g, finder: g.Rules.NewFinder(), eval: g.Rules.NewEval(), keeper: event.NewKeeper(g.Rules.Schema), now: now, names: map[[2]string]string{},
		groups: make([]grouped, roles*g.Rules.Groupings()), heard: make([]stretch, roles*len(g.Rules.Rules)),
	}
}

// Match appends the event's matches, in the order of the rules.
func (m *Matcher) Match(ev *event.Event, out []Match) []Match {
	rules, lacking := m.finder.Rules(ev)
	m.events++
	if len(rules)+len(lacking) == 0 {
		return out
	}
	m.begin(ev)
	sampled := m.now != nil && m.events%sampleEvery == 0
	ofAlerts := ev.Text(event.FieldDataset) == rule.AlertDataset
	if !ofAlerts {
		m.countUnknown(lacking, sampled)
	}
	for i := range rules {
		r := &rules[i]
		if r.OfAlerts != ofAlerts {
			continue
		}
		if !sampled {
			out = m.judge(r, ev, out)
			continue
		}
		start := m.now()
		out = m.judge(r, ev, out)
		m.Counts[r.Index].Nanoseconds += (m.now() - start) * sampleEvery
	}
	return out
}

// begin makes an event the one that is judged.
func (m *Matcher) begin(ev *event.Event) {
	m.resolve(ev)
	m.eval.Begin(ev)
	m.epoch++
}

// countUnknown counts the rules that the event lacks a field for. What it takes to judge several at once is theirs in equal parts.
func (m *Matcher) countUnknown(lacking []rule.Lacking, sampled bool) {
	for i := range lacking {
		var start int64
		if sampled {
			start = m.now()
		}
		unknown := m.eval.Verdict(lacking[i].Else) != rule.False
		m.Counts[lacking[i].Rules[0]].Errors += uint64(m.eval.Errors)
		m.eval.Errors = 0
		var each int64
		if sampled {
			each = (m.now() - start) * sampleEvery / int64(len(lacking[i].Rules))
		}
		for _, r := range lacking[i].Rules {
			m.Counts[r].Nanoseconds += each
			m.Counts[r].Evaluated++
			if unknown {
				m.Counts[r].Unknown++
			}
		}
	}
}

// Rejudge judges a kept record anew for one rule and role, under the generation of this matcher.
func (m *Matcher) Rejudge(r *rule.Compiled, role rule.Role, ev *event.Event, out []Match) []Match {
	m.begin(ev)
	c := r.Whole()
	return m.judgeRole(&c, role, ev, out)
}

func (m *Matcher) judge(r *rule.Candidate, ev *event.Event, out []Match) []Match {
	for _, role := range r.Roles {
		if role == rule.Requestor && !ev.Slots[event.FieldRequestorID].Has() {
			continue // nobody asked
		}
		out = m.judgeRole(r, role, ev, out)
	}
	return out
}

func (m *Matcher) judgeRole(r *rule.Candidate, role rule.Role, ev *event.Event, out []Match) []Match {
	count := &m.Counts[r.Index]
	count.Evaluated++
	m.eval.For(role)
	for i, cond := range r.Conds {
		if cond != nil {
			out = m.judgeSide(r, cond, role, i, ev, out)
		}
	}
	if m.eval.Errors > 0 {
		count.Errors += uint64(m.eval.Errors)
		m.eval.Errors = 0
	}
	return out
}

// judgeSide judges what an event is to one side of a rule: to its condition, to one step of several, to the link.
func (m *Matcher) judgeSide(c *rule.Candidate, cond *rule.Cond, role rule.Role, i int, ev *event.Event, out []Match) []Match {
	r := c.Compiled
	link := r.Sides[i].Link
	verdict, exception := m.verdict(c, cond, link, ev)
	if verdict == rule.False {
		return out
	}
	if link {
		verdict = rule.True // it may be what accounts for the match, and unknown never accuses
	}
	count := &m.Counts[r.Index]
	match := Match{Rule: r, Role: role, Entry: window.Entry{Time: ev.Time(), Step: uint8(i)}}
	if exception != nil {
		count.Suppressed++
		match.Outcome, match.Exception = Suppressed, exception
		if !r.Measured() {
			match.Entry.ID, match.Record = m.record(ev)
		}
		return append(out, match)
	}
	var keys []string
	known := verdict != rule.UnknownField || r.Type == rule.NewValue
	if known {
		if keys, known = m.groupKeys(r, role); known {
			known = m.valuesOf(r)
		}
	}
	switch {
	case !known:
		count.Unknown++
		return out
	case verdict == rule.UnknownField:
		count.Unknown++
		return m.alibi(&match, keys, ev, out)
	case r.Measured():
		return m.measured(&match, keys, ev, out)
	}
	match.Entry.ID, match.Record = m.record(ev)
	if verdict == rule.Undecided {
		count.Undecided++
		match.Outcome = Undecided
		out = append(out, match)
		if r.Type == rule.NewValue {
			match.Outcome = Counted
			return m.alibi(&match, keys, ev, out)
		}
		return out
	}
	count.Matches++
	match.Entry.Facts, match.Entry.Captured = m.facts(c), m.captured(r)
	return m.spread(&match, keys, out)
}

// alibi matches an event that may have been what a new_value looks for: it never alerts, and its value is no new one later.
func (m *Matcher) alibi(match *Match, keys []string, ev *event.Event, out []Match) []Match {
	match.Entry.ID, match.Record = m.identity(ev), nil // no alert quotes it
	match.Entry.Step = window.AlibiStep
	return m.spread(match, keys, out)
}

// measured matches an event for a rule that watches its source: no record is kept, and the event has no identity.
func (m *Matcher) measured(match *Match, keys []string, ev *event.Event, out []Match) []Match {
	r := match.Rule
	switch {
	case r.Type != rule.ClockSkewType:
	case !ev.Live:
		return out // when it was read says nothing about the clocks
	default:
		match.Entry.Time = ev.Ingested
		m.values[0] = uint64(age(ev.Ingested, ev.Time()))
	}
	m.Counts[r.Index].Matches++
	if r.Type == rule.SilenceType {
		return m.hear(match, keys, out)
	}
	return m.spread(match, keys, out)
}

// spread appends a match for each group key and counted value of the event.
func (m *Matcher) spread(match *Match, keys []string, out []Match) []Match {
	for _, k := range keys {
		match.Key = k
		for _, v := range m.values {
			match.Entry.Value = v
			out = append(out, *match)
		}
	}
	return out
}

// age is how long after a time something was read, as far as a number can say.
func age(read, at int64) int64 {
	switch {
	case at < 0 && read > math.MaxInt64+at:
		return math.MaxInt64
	case at > 0 && read < math.MinInt64+at:
		return math.MinInt64 + 1
	}
	return read - at
}

// verdict joins the condition with the rule's exceptions: condition and not exception. An exception that is surely true
// suppresses; one that is unknown holds the match back as any other unknown would. A link has no exceptions: it accuses nobody.
func (m *Matcher) verdict(c *rule.Candidate, cond *rule.Cond, link bool, ev *event.Event) (v rule.Verdict, by *rule.CompiledException) {
	v = m.eval.Verdict(cond)
	if v < rule.Undecided || link {
		return v, nil
	}
	for i, held := range c.Exceptions {
		x := &c.Compiled.Exceptions[i]
		if held == nil || ev.Time() >= x.Expires {
			continue
		}
		switch held := m.eval.Verdict(held); held {
		case rule.True:
			return v, x
		case rule.UnknownField, rule.Undecided:
			v = min(v, held)
		}
	}
	return v, nil
}

// valuesOf sets m.values to the hashes of the counted field, several where it is a list; false if it is unknown.
func (m *Matcher) valuesOf(r *rule.Compiled) bool {
	m.values = append(m.values[:0], 0)
	if r.Value == nil {
		return true
	}
	v, ok := m.eval.Value(r.Value.Term)
	if !ok {
		return false
	}
	m.values = m.values[:0]
	if r.Type == rule.ValueSum || r.Type == rule.GapType {
		n := v.Num
		m.values = append(m.values, uint64(max(n, 0)))
		return n >= 0
	}
	if !r.Value.List {
		m.values = append(m.values, xxhash.Sum64String(v.Text()))
	}
	for _, s := range v.List() {
		m.values = append(m.values, xxhash.Sum64String(s))
	}
	return true
}

// captured is what the rule's where compares, or whom a baseline compares with; nil if it has neither.
func (m *Matcher) captured(r *rule.Compiled) *window.Captured {
	if n := r.Normal; n != nil && n.Peers != nil {
		return m.texts.captured(m.peers(r))
	}
	if r.Where == nil {
		return nil
	}
	c := m.texts.fields[:0]
	for _, t := range r.Where.Terms {
		v, _ := m.eval.Value(t)
		c = append(c, v.Text())
	}
	out := m.texts.captured(c...)
	clear(c) // they may be the bytes of a batch, which would be kept from the garbage collector
	m.texts.fields = c[:0]
	return out
}

// peers names the group that a baseline compares within: the others who have the same, and the same of all else that the key
// holds beside the person. What is done in one system is compared with what others do there: in another they may do more, or
// have accounts that nobody knows, and then seem to do nothing.
func (m *Matcher) peers(r *rule.Compiled) string {
	v, _ := m.eval.Value(r.Normal.Peers.Term)
	name := append(m.texts.buffer[:0], v.Text()...)
	for _, g := range r.GroupBy {
		if g.Name == "actor.id" || g.List || len(name) == 0 {
			continue
		}
		v, _ := m.eval.Value(g.Term)
		name = append(append(name, ", "...), v.Text()...)
	}
	m.texts.buffer = name
	return m.texts.text(name)
}

// identity returns the event's identity.
func (m *Matcher) identity(ev *event.Event) event.ID {
	if s := &m.shared; s.identified != m.epoch {
		s.id, s.identified = m.keeper.Identity(ev), m.epoch
	}
	return m.shared.id
}

// record returns the event's identity and kept form.
func (m *Matcher) record(ev *event.Event) (event.ID, *event.Kept) {
	s := &m.shared
	if s.kept != m.epoch {
		s.record, s.kept = m.keeper.Keep(ev), m.epoch
		s.id, s.identified = s.record.ID, m.epoch
	}
	return s.id, s.record
}

// Alibi reports whether it is no match, but what may have been one: see alibi.
func (m *Match) Alibi() bool {
	return m.Rule.Type == rule.NewValue && m.Entry.Step == window.AlibiStep
}

// facts says how each of the rule's facts came out, in two bits of an entry.
func (m *Matcher) facts(c *rule.Candidate) uint32 {
	bits := c.Settled
	for i := range c.Facts {
		f := &c.Facts[i]
		bits |= rule.FactBits(f.N, m.eval.Verdict(f.Cond))
	}
	return bits
}
