package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/cenkalti/backoff/v5"
	"go.uber.org/zap"

	"probity/internal/engine"
	"probity/internal/evidence"
	"probity/internal/source"
	"probity/internal/store"
)

// commit begins to make a batch's effects durable, all or nothing, and delivers them once they are. Meanwhile the next batch
// may be decoded and matched, which asks nothing of the store; whatever else there is to do settles the commit first.
func (p *Pipeline) commit(ctx context.Context, j *judged, c *store.Commit) {
	if empty(c) {
		return
	}
	c.Journal, p.noted = slices.Concat(p.noted, c.Journal), nil
	c.Routing = p.routing()
	written := make(chan error, 1)
	p.writing = written
	go func() {
		err := p.write(ctx, j, c)
		if err == nil {
			p.deliver(c)
		}
		if j.records > 0 {
			p.pulse.work() // until here something was found
		}
		written <- err
	}()
}

// settle waits for the commit that is being written. An error is that it, or one before it, was given up: nothing may be committed
// over the gap.
func (p *Pipeline) settle() error {
	if p.writing != nil {
		p.givenUp = <-p.writing
		p.writing = nil
	}
	return p.givenUp
}

// commitNow is commit, and waits.
func (p *Pipeline) commitNow(ctx context.Context, j *judged, c *store.Commit) error {
	if err := p.settle(); err != nil {
		return err
	}
	p.commit(ctx, j, c)
	return p.settle()
}

// write has the store take a commit. While it cannot, the same commit is tried again until it succeeds or ctx is done.
func (p *Pipeline) write(ctx context.Context, j *judged, c *store.Commit) error {
	started := time.Now()
	wait := backoff.NewExponentialBackOff()
	wait.MaxInterval = 10 * time.Second
	for {
		err := p.Store.Commit(c)
		if err == nil {
			break
		}
		p.pulse.failing.CompareAndSwap(0, started.UnixNano())
		p.metrics.commitFailures.Inc()
		p.Logger.Error("commit failed; reading is stopped and the same commit is tried again", zap.Error(err))
		if ctx.Err() != nil || errors.Is(err, store.ErrRefused) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(wait.NextBackOff()):
		}
	}
	if since := p.pulse.failing.Swap(0); since != 0 {
		p.Logger.Info("commits succeed again; reading goes on", zap.Duration("stopped_for", time.Since(time.Unix(0, since))))
	}
	p.metrics.committed(j, c, func(id string) bool { return p.Routing != nil && p.Routing.Withheld(c.Cases[id]) }, time.Since(started))
	p.reportStranded(c)
	return nil
}

func empty(c *store.Commit) bool {
	return len(c.Streams)+len(c.Windows)+len(c.Records)+len(c.Pending)+len(c.Decided)+len(c.Alerts)+len(c.Rejects)+len(c.Evidence)+len(c.Journal) == 0
}

// gap records bytes that were lost before they could be read: in the evidence, in the log, in a metric, and as an event of
// its own, which a rule makes an alert. Never silence.
func (p *Pipeline) gap(s *stream, g source.Gap, c *store.Commit) {
	p.Logger.Warn("bytes were lost before they could be read",
		zap.String("source", s.source.Name), zap.String("path", g.Path), zap.Int64("from", g.From), zap.Int64("to", g.To), zap.String("reason", g.Reason))
	p.metrics.gaps.WithLabelValues(s.source.Name, g.Reason).Inc()
	c.Evidence = append(c.Evidence, evidence.Entry{Kind: "gap", Body: map[string]any{
		"source": s.source.Name, "stream": s.id, "path": g.Path, "from": g.From, "to": g.To, "reason": g.Reason,
	}})
	lost := int64(-1)
	if g.To >= 0 {
		lost = g.To - g.From
	}
	p.happened(engine.Own{
		Action: "gap", Type: "source", Object: s.source.Name, Reason: g.Reason, Count: lost, At: time.Now().UTC(),
		Place: fmt.Sprintf("%s from byte %d", g.Path, g.From),
	}, c)
}

// idle advances the watermark of streams that have been quiet, so that they hold back nobody's memory. The clock decides
// that, so it is journalled.
func (p *Pipeline) idle(ctx context.Context) error {
	if p.IdleAfter == 0 || !p.Follow {
		return nil
	}
	now := time.Now()
	var c *store.Commit
	for _, s := range p.streams {
		if now.Sub(s.active) < p.IdleAfter || s.lag > 0 {
			continue
		}
		s.active = now
		to := now.Add(-p.IdleAfter).UnixNano() - s.lateness - s.behind
		if to <= s.watermark() {
			continue
		}
		s.advance(to)
		if c == nil {
			c = &store.Commit{Generation: p.Generation.Hash, Sinks: p.Sinks}
		}
		c.Streams = append(c.Streams, store.StreamState{ID: s.from.ID(), Source: s.source.Name, State: s.save()})
		p.journal(c, kindIdle, map[string]any{"stream": s.from.ID(), "watermark": time.Unix(0, to).UTC()})
	}
	for i := range p.Sources {
		s := &p.Sources[i]
		if now.Sub(p.started) < p.IdleAfter || slices.ContainsFunc(p.streams, func(st *stream) bool { return st.source == s }) {
			continue
		}
		to := now.Add(-p.IdleAfter).UnixNano() - int64(s.Lateness+s.Decoder.LateLocal())
		if to < p.floorOf(s)+int64(p.IdleAfter) {
			continue
		}
		p.raiseFloor(s, to)
		if c == nil {
			c = &store.Commit{Generation: p.Generation.Hash, Sinks: p.Sinks}
		}
		p.journal(c, kindIdle, map[string]any{"source": s.Name, "watermark": time.Unix(0, to).UTC()})
	}
	if c == nil {
		return nil
	}
	if err := p.apply(nil, c); err != nil {
		return err
	}
	return p.commitNow(ctx, &judged{started: now}, c) // the clock tells silences, and whatever else waited for the watermark
}
