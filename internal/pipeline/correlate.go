package pipeline

import (
	"cmp"
	"fmt"
	"math"
	"math/bits"
	"slices"
	"time"

	"go.uber.org/zap"

	"probity/internal/alert"
	"probity/internal/engine"
	"probity/internal/event"
	"probity/internal/rule"
	"probity/internal/store"
)

// correlate goes through the judged chunks in order, hands the matches to the shards, and gathers all that changed. An error
// is the store's: the state has gone on already, so the loop must end, and a restart begins at the last commit.
func (p *Pipeline) correlate(j *judged) (*store.Commit, error) {
	c := &store.Commit{Generation: p.Generation.Hash, Sinks: p.Sinks}
	matches := p.matches[:0]
	for i := range j.tasks {
		t := &j.tasks[i]
		p.inOrder(t, j.started)
		t.tally()
		matches = append(matches, t.matches...)
		clear(t.matches)
		p.spare, t.matches = append(p.spare, t.matches[:0]), nil
		c.Rejects = append(c.Rejects, t.rejects...)
	}
	p.positionsOf(j, c)
	err := p.apply(matches, c)
	clear(matches) // they hold records, and nobody needs them any more
	p.matches = matches
	return c, err
}

// tally adds what became of a task's records to its chunk.
func (t *task) tally() {
	d := &t.chunk.done
	d.Events += int64(len(t.times))
	d.Judged += t.bytes
	d.Rejects += int64(len(t.rejects))
	for i := range t.rejects {
		d.Rejected += int64(len(t.rejects[i].Data))
	}
}

// aheadOfClock bounds how far ahead of its reading an event may move a watermark: beyond it the time is a mistake.
const aheadOfClock = 24 * time.Hour

// inOrder does what depends on a stream's order: late events, watermarks, numbers of identical records.
func (p *Pipeline) inOrder(t *task, read time.Time) {
	s := t.chunk.stream
	late, ceiling := 0, read.Add(aheadOfClock).UnixNano()
	for _, at := range t.times {
		if s.saw(at, ceiling) {
			late++
		}
	}
	s.Records, s.Sum = s.Records+int64(len(t.records)), s.Sum+t.sum
	if t.chunk.live {
		s.compare(read)
	}
	p.metrics.events(s, t, late)
	p.header(s, t)
	if p.Times != nil {
		p.Times(t.times)
	}
	var last *event.Kept
	var id event.ID // of last, where it is not the first of its kind
	for i := range t.matches {
		r := t.matches[i].Record
		if r == nil || !r.Numbered() {
			continue
		}
		if r != last { // the first match of the next record
			last = r
			if r.Nth = s.nth(r); r.Nth > 0 {
				id = p.identity(r)
				r.ID = id
			}
		}
		if r.Nth > 0 {
			t.matches[i].Entry.ID = id
		}
	}
}

// header warns when a header row lacks columns that the format reads: the source would be half blind in silence.
func (p *Pipeline) header(s *stream, t *task) {
	h := t.records[len(t.records)-1].Header
	if h == s.header {
		return
	}
	s.header = h
	absent := s.source.Decoder.Absent(h)
	p.metrics.absent.WithLabelValues(s.source.Name).Set(float64(len(absent)))
	if len(absent) > 0 {
		p.Logger.Warn("the log has no such columns, although the format reads them: whatever rests on them is missing",
			zap.String("source", s.source.Name), zap.Strings("columns", absent))
	}
}

func (p *Pipeline) identity(r *event.Kept) event.ID {
	var ev event.Event
	if err := r.Event(p.Generation.Rules.Schema, &ev); err != nil {
		panic(err) // it was made from an event just now
	}
	return ev.Identity()
}

// positionsOf adds where each stream of the batch goes on, and what was lost before it could be read.
func (p *Pipeline) positionsOf(j *judged, c *store.Commit) {
	var touched []*stream
	day := cmp.Or(p.day, dayOf(time.Now())) // a plan has no days of its own
	for i := range j.batch {
		ch := &j.batch[i]
		s := ch.stream
		for _, m := range s.Ledger.account(day, s.At, ch) {
			p.unaccounted(s.source.Name, m, c)
		}
		s.At = ch.State
		if !slices.Contains(touched, s) {
			touched = append(touched, s)
		}
		for _, g := range ch.Gaps {
			p.gap(s, g, c)
		}
	}
	for _, s := range touched {
		s.forgetSame()
		p.moved[s.from.ID()] = s.Records
		c.Tallies = s.tallies(c.Tallies)
		c.Streams = append(c.Streams, store.StreamState{ID: s.from.ID(), Source: s.source.Name, State: s.save(), Forget: s.Forgot})
	}
}

// apply hands matches to the shards, all at once, and adds what changed to the commit. What became of the alerts is judged in
// a second round by the rules over alerts. Earlier changes are those of an adoption, drafted with the batch's own.
func (p *Pipeline) apply(matches []engine.Match, c *store.Commit, earlier ...engine.Change) error {
	watermarks := p.watermarks()
	ofEvents, ofAlerts := p.rounds(watermarks)
	// An alert is told once a commit, as it is in the end: whatever changes those over alerts belongs to the second round.
	changed, changedLater := part(earlier, engine.Change.OfAlerts)
	matches, decidedLater := part(matches, func(m engine.Match) bool { return m.Rule.OfAlerts })
	told, err := p.round(matches, ofEvents, c, changed...)
	p.economise(c)
	if err == nil && p.Generation.OfAlerts() {
		_, err = p.round(append(p.matchAlerts(told, decidedLater, c), p.matchOwn()...), ofAlerts, c, changedLater...)
	}
	p.own = p.own[:0]
	if err != nil {
		return err
	}
	saveWindows(c, p.state.Settle())
	c.Forget = p.forgettable(watermarks)
	c.Records = slices.DeleteFunc(c.Records, func(k store.KeptRecord) bool { return k.Until < c.Forget })
	for i := range c.Records {
		c.Records[i].Until = inStep(c.Records[i].Time, c.Records[i].Until)
	}
	return nil
}

// inStep is until, or up to an eighth later than what it is after at: records that come together then go together, which is
// what the store keeps cheaply.
func inStep(at, until int64) int64 {
	span := uint64(until) - uint64(at)
	if until <= at || span < 16 {
		return until
	}
	step := int64(1) << (bits.Len64(span) - 4) // a sixteenth to an eighth of it
	later := until&^(step-1) + step
	if later < until {
		return until // the end of time
	}
	return later
}

// part parts those that belong to the second round from the others.
func part[T any](all []T, later func(T) bool) (now, then []T) {
	if !slices.ContainsFunc(all, later) {
		return all, nil
	}
	for _, x := range all {
		if later(x) {
			then = append(then, x)
		} else {
			now = append(now, x)
		}
	}
	return now, then
}

// revision is an alert that was told, and its rule.
type revision struct {
	*alert.Alert
	rule *rule.Compiled
}

// round is one round over the shards. It returns the revisions that it added to the commit.
func (p *Pipeline) round(matches []engine.Match, watermarks []int64, c *store.Commit, earlier ...engine.Change) (told []revision, err error) {
	records := map[event.ID]*event.Kept{}
	for i := range matches {
		m := &matches[i]
		switch {
		case m.Record == nil: // of a rule that watches a source
		case m.Outcome == engine.Counted && !m.Gone:
			records[m.Entry.ID] = m.Record
		case m.Outcome == engine.Undecided:
			c.Pending = append(c.Pending, store.PendingMatch{
				Rule: m.Rule.ID, Actor: m.Role.String(), EventID: m.Entry.ID, Until: m.Entry.Time + int64(m.Rule.Wait), Record: m.Record,
			})
		}
	}
	suppressed(matches, c)
	b := p.state.Apply(matches, watermarks, p.fork, earlier...)
	saveWindows(c, b.Windows)
	if err := p.fetch(b.Drafts, records); err != nil {
		return nil, fmt.Errorf("finding the records of alerts: %w", err)
	}
	p.keep(matches, b.Drafts, records, c)
	for i := range b.Drafts {
		a, err := p.dress(&b.Drafts[i], records)
		if err != nil {
			return nil, fmt.Errorf("completing an alert of rule %s: %w", b.Drafts[i].Rule.ID, err)
		}
		if a != nil {
			c.Alerts = append(c.Alerts, a)
			told = append(told, revision{a, b.Drafts[i].Rule})
		}
	}
	return told, nil
}

// keep adds the records that an alert may come to quote, each once, for as long as a window holds them; those that an alert holds
// are kept on until it is closed. What neither needs when the batch is over is not written at all: see apply.
func (p *Pipeline) keep(matches []engine.Match, drafts []engine.Draft, records map[event.ID]*event.Kept, c *store.Commit) {
	at := map[store.RecordKey]int{} // index into c.Records
	put := func(k store.KeptRecord) {
		key := store.RecordKey{Time: k.Time, ID: k.ID}
		if i, ok := at[key]; ok {
			c.Records[i].Until, c.Records[i].Held = max(c.Records[i].Until, k.Until), c.Records[i].Held || k.Held
			return
		}
		at[key] = len(c.Records)
		c.Records = append(c.Records, k)
	}
	for i := range matches {
		m := &matches[i]
		if m.Record != nil && m.Outcome == engine.Counted && !m.Gone && !m.Unquoted {
			put(store.KeptRecord{ID: m.Entry.ID, Time: m.Entry.Time, Until: p.Generation.Until(m), Record: m.Record, Revised: m.Rule.OfAlerts})
		}
	}
	for i := range drafts {
		d := &drafts[i]
		for _, e := range d.Holds {
			put(store.KeptRecord{ID: e.ID, Time: e.Time, Until: p.Generation.Lasts(d.Rule, e.Time), Record: records[e.ID], Held: true})
		}
	}
}

func (p *Pipeline) fork(n int, do func(i int)) { p.onAllCores(n, func(_ *worker, i int) { do(i) }) }

// rounds parts the watermarks: in each round, the rules of the other stand still.
func (p *Pipeline) rounds(watermarks []int64) (ofEvents, ofAlerts []int64) {
	ofEvents, ofAlerts = slices.Clone(watermarks), slices.Clone(watermarks)
	for i, r := range p.Generation.Rules.Rules {
		if r.OfAlerts {
			ofEvents[i] = engine.Never
		} else {
			ofAlerts[i] = engine.Never
		}
	}
	return ofEvents, ofAlerts
}

// matchAlerts matches the revisions that were told against the rules over alerts, and takes out what earlier ones left:
// among the windows, among what waits for a newer table, and among what such a table has just decided.
func (p *Pipeline) matchAlerts(told []revision, decided []engine.Match, c *store.Commit) (out []engine.Match) {
	matcher := p.workers[0].matcher
	var ev event.Event
	var ids []event.ID
	for _, a := range told {
		if !p.Generation.AlertEvent(a.Alert, a.rule, &ev) {
			continue
		}
		id, had := engine.AlertEventID(a.ID), len(out)
		if ids = append(ids, id); a.Status != alert.Withdrawn {
			out = matcher.MatchAlert(&ev, out)
		}
		p.waitNoMore(id, out[had:], c)
	}
	p.withhold(out)
	for _, m := range decided {
		if !slices.Contains(ids, m.Entry.ID) {
			out = append(out, m)
		}
	}
	return append(out, p.state.Outdated(ids, out)...)
}

// waitNoMore drops what earlier revisions of an alert left undecided, but for what the last one's matches leave.
func (p *Pipeline) waitNoMore(id event.ID, matches []engine.Match, c *store.Commit) {
	for _, r := range p.Generation.Rules.Rules {
		if !r.OfAlerts || r.Wait == 0 {
			continue
		}
		for _, role := range r.Roles {
			if !slices.ContainsFunc(matches, func(m engine.Match) bool { return m.Rule == r && m.Role == role && m.Outcome == engine.Undecided }) {
				c.Decided = append(c.Decided, store.PendingKey{Rule: r.ID, Actor: role.String(), EventID: id})
			}
		}
	}
}

// matchOwn matches what happened to Probity itself.
func (p *Pipeline) matchOwn() (out []engine.Match) {
	var ev event.Event
	for _, o := range p.own {
		p.Generation.OwnEvent(o, &ev)
		out = p.workers[0].matcher.MatchAlert(&ev, out)
	}
	return out
}

func saveWindows(c *store.Commit, saved []engine.Saved) {
	c.Windows = slices.Grow(c.Windows, len(saved))
	for _, w := range saved {
		c.Windows = append(c.Windows, store.WindowState(w))
	}
}

// forgettable is the watermark that all rules have passed which any source can feed. Those over alerts are behind the others,
// and say so in how long they keep a record.
func (p *Pipeline) forgettable(watermarks []int64) int64 {
	least := int64(math.MaxInt64)
	for i, r := range p.Generation.Rules.Rules {
		if !r.OfAlerts && slices.ContainsFunc(p.Sources, func(s Source) bool { return r.Reads(s.Dataset) }) {
			least = min(least, watermarks[i])
		}
	}
	if least == math.MaxInt64 {
		return engine.Never
	}
	return least
}
