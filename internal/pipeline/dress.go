package pipeline

import (
	"errors"
	"maps"

	"go.uber.org/zap"

	"probity/internal/alert"
	"probity/internal/engine"
	"probity/internal/event"
	"probity/internal/store"
	"probity/internal/window"
)

// dress gives a draft its id, revision, records and sentence; nil if there is nothing new to say. An alert whose sentence
// cannot be completed is still raised.
func (p *Pipeline) dress(d *engine.Draft, records map[event.ID]*event.Kept) (*alert.Alert, error) {
	a := d.Alert
	a.ID = p.Identity.ID(a.Rule.ID, a.Group, a.Period.Start)
	last, err := p.Store.Revision(a.ID)
	if err != nil {
		return nil, err
	}
	if a.Status == alert.Withdrawn && last == 0 {
		return nil, nil // nobody was told of it
	}
	a.Revision = last + 1
	a.Quoted = quote(d.Quote, records)
	end := a.Period.End.UnixNano()
	late := p.state.Forgotten(d.Rule, end)
	if last > 0 && a.Status == alert.Open && !d.Rule.Measured() && (late || p.state.GivenUp(d.Rule, end)) {
		before, err := p.Store.LastAlerts([]string{a.ID})
		if err := errors.Join(err, a.Unfold()); err != nil {
			return nil, err
		}
		if !d.Join(before[a.ID], late) {
			return nil, nil
		}
	}
	if err := d.Summarise(); err != nil {
		p.Logger.Error("an alert's sentence could not be completed", zap.String("rule", d.Rule.ID), zap.Error(err))
		p.metrics.alertErrors.Inc()
	}
	return a, nil
}

// fetch adds to records what the drafts quote and the batch did not bring, all in one question; what is no longer kept is left out.
func (p *Pipeline) fetch(drafts []engine.Draft, records map[event.ID]*event.Kept) error {
	var missing []store.RecordKey
	for i := range drafts {
		for _, e := range drafts[i].Quote {
			if _, asked := records[e.ID]; !asked {
				records[e.ID] = nil
				missing = append(missing, store.RecordKey{Time: e.Time, ID: e.ID})
			}
		}
	}
	if len(missing) == 0 {
		return nil
	}
	kept, err := p.Store.Record(missing)
	maps.Copy(records, kept)
	return err
}

// quote returns the records of entries that were found, in order.
func quote(entries []window.Entry, records map[event.ID]*event.Kept) []*event.Kept {
	out := make([]*event.Kept, 0, len(entries))
	for _, e := range entries {
		if k := records[e.ID]; k != nil {
			out = append(out, k)
		}
	}
	return out
}
