package pipeline

import (
	"slices"

	"go.uber.org/zap"

	"probity/internal/alert"
	"probity/internal/engine"
	"probity/internal/event"
	"probity/internal/store"
)

// correlate goes through the judged chunks in order, hands the matches to the shards, and gathers all that changed.
func (p *Pipeline) correlate(j *judged) *store.Commit {
	c := &store.Commit{Generation: p.Generation.Hash, Sinks: p.Sinks}
	p.passed = p.watermarks()
	var matches []engine.Match
	for i := range j.tasks {
		t := &j.tasks[i]
		p.inOrder(t)
		matches = append(matches, t.matches...)
		c.Rejects = append(c.Rejects, t.rejects...)
	}
	p.positionsOf(j, c)
	p.apply(matches, c)
	return c
}

// inOrder does what depends on a stream's order: late events, watermarks, numbers of identical records.
func (p *Pipeline) inOrder(t *task) {
	s := t.chunk.stream
	late := 0
	for _, at := range t.times {
		if s.saw(at) {
			late++
		}
	}
	p.metrics.events(s, t, late)
	for i := range t.matches {
		m := &t.matches[i]
		if m.Record == nil || m.Record.NativeID != "" || i > 0 && t.matches[i-1].Record == m.Record {
			continue
		}
		n := s.nth(m.Record)
		if n == 0 {
			continue
		}
		m.Record.Nth = n
		id := p.identity(m.Record)
		m.Record.ID = id.String()
		for k := i; k < len(t.matches) && t.matches[k].Record == m.Record; k++ {
			t.matches[k].ID = id
		}
	}
}

func (p *Pipeline) identity(r *event.Record) event.ID {
	var ev event.Event
	if err := r.Event(p.Generation.Rules.Schema, &ev); err != nil {
		panic(err) // the record was made from an event just now
	}
	return ev.Identity()
}

// positionsOf adds where each stream of the batch goes on, and what was lost before it could be read.
func (p *Pipeline) positionsOf(j *judged, c *store.Commit) {
	var touched []*stream
	for _, ch := range j.batch {
		s := ch.stream
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
		c.Streams = append(c.Streams, store.StreamState{ID: s.from.ID(), Source: s.source.Name, State: s.save()})
	}
}

// apply hands matches to the shards, all at once, and adds what changed to the commit.
func (p *Pipeline) apply(matches []engine.Match, c *store.Commit) {
	watermarks := p.watermarks()
	shards := make([][]engine.Match, p.state.Shards())
	for i := range matches {
		m := &matches[i]
		switch m.Outcome {
		case engine.Counted:
			s := p.state.Shard(m.Rule, m.Key)
			shards[s] = append(shards[s], *m)
			c.Records = append(c.Records, store.KeptRecord{ID: m.ID, Until: p.Generation.Until(m), Record: m.Record})
		case engine.Undecided:
			c.Pending = append(c.Pending, store.PendingMatch{
				Rule: m.Rule.ID, Actor: m.Role.String(), EventID: m.ID, Until: m.Time + int64(m.Rule.Wait), Record: m.Record,
			})
		}
	}
	batches := make([]engine.Batch, len(shards))
	p.onAllCores(len(shards), func(_ *worker, i int) { batches[i] = p.state.Apply(i, shards[i], watermarks) })
	for _, b := range batches {
		p.changed(b, c)
	}
	c.Forget = engine.Never
	if len(watermarks) > 0 {
		c.Forget = slices.Min(watermarks)
	}
}

// changed adds windows and alerts to the commit.
func (p *Pipeline) changed(b engine.Batch, c *store.Commit) {
	for _, w := range b.Windows {
		c.Windows = append(c.Windows, store.WindowState{Feed: w.Feed, Key: w.Key, State: w.State})
	}
	fresh := map[event.ID]*event.Record{}
	for _, r := range c.Records {
		fresh[r.ID] = r.Record
	}
	for i := range b.Drafts {
		a, err := p.dress(&b.Drafts[i], fresh)
		if err != nil {
			p.Logger.Error("completing an alert", zap.String("rule", b.Drafts[i].Rule.ID), zap.Error(err))
			p.metrics.alertErrors.Inc()
		}
		if a != nil {
			c.Alerts = append(c.Alerts, a)
		}
	}
}

// dress gives a draft its id, revision, records and sentence; nil if there is nothing new to say. An alert whose sentence
// cannot be completed is still raised.
func (p *Pipeline) dress(d *engine.Draft, fresh map[event.ID]*event.Record) (*alert.Alert, error) {
	a := d.Alert
	a.ID = p.Identity.ID(a.Rule.ID, a.Group, a.Period.Start)
	last, err := p.Store.Revision(a.ID)
	if err != nil {
		return nil, err
	}
	a.Revision = last + 1
	records, err := p.records(d.Quote, fresh)
	if err != nil {
		return nil, err
	}
	incomplete := d.Dress(records)
	if last > 0 && p.late(d) {
		before, err := p.Store.LastAlerts([]string{a.ID})
		if err != nil {
			return nil, err
		}
		if !a.Join(before[a.ID], d.Rule.Quote) {
			return nil, nil
		}
	}
	return a, incomplete
}

// late reports whether a draft's windows had been forgotten before this batch: it holds late events only.
func (p *Pipeline) late(d *engine.Draft) bool {
	return len(p.passed) > d.Rule.Index && p.Generation.Closed(d.Rule, d.Alert.Period.End.UnixNano(), p.passed[d.Rule.Index])
}

// records finds kept records by id, in order; one that is no longer kept is left out.
func (p *Pipeline) records(ids []event.ID, fresh map[event.ID]*event.Record) ([]*event.Record, error) {
	var missing []event.ID
	for _, id := range ids {
		if fresh[id] == nil {
			missing = append(missing, id)
		}
	}
	kept := map[event.ID]*event.Record{}
	if len(missing) > 0 {
		var err error
		if kept, err = p.Store.Record(missing); err != nil {
			return nil, err
		}
	}
	out := make([]*event.Record, 0, len(ids))
	for _, id := range ids {
		if r := fresh[id]; r != nil {
			out = append(out, r)
		} else if r := kept[id]; r != nil {
			out = append(out, r)
		}
	}
	return out, nil
}
