package pipeline

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"go.uber.org/zap"

	"probity/internal/engine"
	"probity/internal/evidence"
	"probity/internal/store"
)

// swap is a reload on its way into the loop.
type swap struct {
	to   *engine.Generation
	done chan error
}

// Reload puts a generation in force between two batches: every event is judged by one generation whole.
func (p *Pipeline) Reload(ctx context.Context, g *engine.Generation) error {
	s := swap{to: g, done: make(chan error, 1)}
	select {
	case p.reload <- s:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-s.done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// serve swaps the generation. An error is the store's, and ends the loop: the state has gone on already.
func (p *Pipeline) serve(ctx context.Context, s swap) error {
	if err := p.settle(); err != nil {
		s.done <- err
		return err
	}
	if s.to.Hash == p.Generation.Hash {
		s.done <- nil
		return nil
	}
	approval, told := s.to.ApprovalAfter(p.Generation)
	err := error(nil)
	if told { // judged by the rules that are about to go: a change could else switch off the rule that would tell of it
		err = p.tell(ctx, approval, s.to)
	}
	if err == nil {
		err = p.adopt(ctx, s.to, nil)
	}
	s.done <- err
	return err
}

// tell has the generation in force judge who answers for the rules of g.
func (p *Pipeline) tell(ctx context.Context, a engine.Approval, g *engine.Generation) error {
	p.Logger.Info("rules come into force", zap.String("approval", a.Status), zap.String("commit", a.Commit), zap.String("why", a.Why))
	c := &store.Commit{Generation: p.Generation.Hash, Sinks: p.Sinks}
	c.Evidence = append(c.Evidence, evidence.Entry{Kind: "rules", Body: map[string]any{"generation": g.Hash, "rules": g.Rules.Hash(), "approval": a}})
	p.happened(a.Told(g, time.Now().UTC()), c)
	if err := p.apply(nil, c); err != nil {
		return err
	}
	if err := p.commitNow(ctx, &judged{}, c); err != nil {
		return fmt.Errorf("committing that rules came into force: %w", err)
	}
	return nil
}

// adopt carries the state over to a generation, judges anew what waited for newer tables, and commits both with the journal
// entry that says from where on the generation judges.
func (p *Pipeline) adopt(ctx context.Context, g *engine.Generation, gone []store.WindowState) error {
	seen, at, err := p.committedPositions()
	if err != nil {
		return err
	}
	state, adopted := p.state.Adopt(g, seen)
	p.Generation, p.state = g, state
	p.hire(g)
	p.metrics.generation(g)
	p.reportExpired(time.Now())
	p.horizons()

	c := &store.Commit{Generation: g.Hash, Sinks: p.Sinks, Windows: gone}
	saveWindows(c, adopted.Saved)
	matches, err := p.rejudge(c)
	if err != nil {
		return err
	}
	body := map[string]any{"generation": g.Hash, "rules": g.Rules.Hash(), "tables": g.Tables, "from": at}
	if g.Approval != nil {
		body["approval"] = g.Approval
	}
	p.journal(c, kindGeneration, body)
	if err := p.apply(matches, c, adopted.Changes...); err != nil { // what it journals comes after
		return err
	}
	if err := p.commitNow(ctx, &judged{}, c); err != nil {
		return fmt.Errorf("committing generation %s: %w", g.Hash, err)
	}
	p.Logger.Info("generation in force", zap.String("generation", g.Hash), zap.Int("rules", len(g.Rules.Rules)), zap.Int("decided", len(c.Decided)))
	return nil
}

// committedPositions are the latest event time and the resume points that the store holds.
func (p *Pipeline) committedPositions() (seen int64, at map[string]json.RawMessage, err error) {
	streams, err := p.Store.Streams()
	if err != nil {
		return 0, nil, err
	}
	seen, at = engine.Never, map[string]json.RawMessage{}
	for id, s := range streams {
		pos, err := readPosition(s.State)
		if err != nil {
			return 0, nil, fmt.Errorf("stream %s: %w", id, err)
		}
		seen, at[id] = max(seen, pos.Top[2]), pos.At
	}
	return seen, at, nil
}
