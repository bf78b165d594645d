package pipeline

import (
	"context"
	"fmt"
	"slices"
	"time"

	"probity/internal/engine"
	"probity/internal/event"
	"probity/internal/rule"
	"probity/internal/store"
)

// waiting says what the rules in force make of the undecided matches that wait.
type waiting struct {
	rules      map[string]*rule.Compiled
	watermarks []int64
}

func (p *Pipeline) waiting() waiting {
	w := waiting{rules: map[string]*rule.Compiled{}, watermarks: p.watermarks()}
	for _, r := range p.Generation.Rules.Rules {
		w.rules[r.ID] = r
	}
	return w
}

// of returns the rule and role that a match waits for; over if nobody will decide it any more: its time is up, or no rule in
// force asks.
func (w waiting) of(m store.PendingMatch) (r *rule.Compiled, role rule.Role, over bool) {
	r = w.rules[m.Rule]
	role, ok := rule.ParseRole(m.Actor)
	return r, role, r == nil || !ok || !slices.Contains(r.Roles, role) || m.Until < w.watermarks[r.Index]
}

func pendingKey(m store.PendingMatch) store.PendingKey {
	return store.PendingKey{Rule: m.Rule, Actor: m.Actor, EventID: m.EventID}
}

// rejudge judges undecided matches under the generation now in force. What is still undecided waits on until its time is
// up; everything else has been decided, one way or the other.
func (p *Pipeline) rejudge(c *store.Commit) ([]engine.Match, error) {
	matcher, waiting := p.workers[0].matcher, p.waiting()
	var ev event.Event
	var out []engine.Match
	err := p.Store.EachPending(func(m store.PendingMatch) error {
		r, role, over := waiting.of(m)
		if over {
			c.Decided = append(c.Decided, pendingKey(m))
			p.metrics.expired.Inc()
			return nil
		}
		if err := m.Record.Event(p.Generation.Rules.Schema, &ev); err != nil {
			return err
		}
		before := len(out)
		out = matcher.Rejudge(r, role, &ev, out)
		if slices.ContainsFunc(out[before:], func(m engine.Match) bool { return m.Outcome == engine.Undecided }) {
			out = out[:before]
			return nil
		}
		c.Decided = append(c.Decided, pendingKey(m))
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("judging undecided matches anew: %w", err)
	}
	p.withhold(out)
	return out, nil
}

// sweepEvery is how often undecided matches whose time is up are looked for, beside every reload.
const sweepEvery = 10 * time.Minute

// sweep drops undecided matches that no table decided in time.
func (p *Pipeline) sweep(ctx context.Context) error {
	if time.Since(p.swept) < sweepEvery {
		return nil
	}
	p.swept = time.Now()
	p.reportExpired(p.swept)
	return p.dropOver(ctx)
}

func (p *Pipeline) dropOver(ctx context.Context) error {
	if err := p.settle(); err != nil {
		return err
	}
	waiting := p.waiting()
	c := &store.Commit{Generation: p.Generation.Hash, Forget: engine.Never}
	err := p.Store.EachPending(func(m store.PendingMatch) error {
		if _, _, over := waiting.of(m); over {
			c.Decided = append(c.Decided, pendingKey(m))
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("looking for undecided matches whose time is up: %w", err)
	}
	if len(c.Decided) > 0 {
		p.metrics.expired.Add(float64(len(c.Decided)))
		p.note(kindSweep, map[string]any{})
	}
	return p.commitNow(ctx, &judged{}, c)
}
