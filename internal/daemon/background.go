package daemon

import (
	"encoding/json"
	"fmt"
	"time"

	"go.uber.org/zap"

	"probity/internal/alert"
	"probity/internal/store"
	"probity/internal/surround"
)

// background is what is known of alerts beside their revisions, as sinks are told of it.
type background struct {
	*store.Store
	daemon *Daemon
}

// openSurroundings builds what preserves the lines around records, and tells sinks when there are some.
func (d *Daemon) openSurroundings() {
	d.around = surround.New(surround.Options{Shelf: d.store, Logger: d.Logger, Kept: func(ids []string) {
		d.checkpoints.grown(d.store.EvidenceHead())
		d.notifier.Review(ids)
	}})
}

// Backgrounds says what the readers of a sink may be told of alerts. What cannot be found out is left out, because an alert
// does not wait for what stands beside it; the log says so.
func (b background) Backgrounds(sink string, ids []string) map[string]*alert.Background {
	out, err := b.backgrounds(sink, ids)
	if err != nil {
		b.daemon.Logger.Error("what is known beside alerts could not be read; they are delivered without", zap.String("sink", sink), zap.Error(err))
	}
	return out
}

func (b background) backgrounds(sink string, ids []string) (map[string]*alert.Background, error) {
	all, err := b.Cases(ids)
	if err != nil {
		return nil, err
	}
	tells := func(c *alert.Case) bool { return b.daemon.routes.Tells(sink, *c) }
	var cases []alert.Case
	for _, c := range all {
		if tells(&c) {
			cases = append(cases, c)
		}
	}
	if len(cases) == 0 {
		return nil, nil
	}
	histories, err := b.histories(cases, tells)
	if err != nil {
		return nil, err
	}
	around, failed := b.daemon.around.Of(cases...)
	if all, err = b.Cases(ids); err != nil { // with what was preserved just now
		return nil, err
	}
	out := make(map[string]*alert.Background, len(cases))
	for _, c := range cases {
		c = all[c.ID]
		decisions, err := b.decisions(c)
		if err != nil {
			return nil, err
		}
		out[c.ID] = &alert.Background{
			AsOf: time.Now().UTC(), State: c.State(), Folded: c.Folded, Over: c.Over, Closings: decisions, Surroundings: around[c.ID], History: histories.Of(c),
			Mark: fmt.Sprintf("%s %d %d", c.State(), c.Closings, len(c.Surroundings)),
		}
	}
	return out, failed
}

// histories looks at all cases and how they were closed.
func (b background) histories(of []alert.Case, tells func(*alert.Case) bool) (*alert.Histories, error) {
	outcomes := map[string]alert.Outcome{}
	err := b.EachDisposition(func(d alert.Disposition) error {
		outcomes[d.AlertID] = d.Outcome // in order
		return nil
	})
	if err != nil {
		return nil, err
	}
	h := alert.NewHistories(of, outcomes, tells)
	return h, b.EachCase(func(c alert.Case) error {
		h.Add(c)
		return nil
	})
}

// decisions are the closings of an alert, with the roles of whoever closed it from the evidence.
func (b background) decisions(c alert.Case) (list []alert.Decision, err error) {
	if c.Closings == 0 {
		return nil, nil
	}
	closings, err := b.Dispositions(c.ID)
	for _, x := range closings {
		e, err := b.EvidenceEntry(x.Evidence)
		if err != nil {
			return nil, err
		}
		var said alert.Closing
		if e.Body != nil {
			if err := json.Unmarshal(e.Body, &said); err != nil {
				return nil, fmt.Errorf("reading evidence entry %d: %w", x.Evidence, err)
			}
		}
		list = append(list, alert.Decision{Outcome: x.Outcome, Revision: x.Revision, At: x.At, Roles: said.Roles})
	}
	return list, err
}
