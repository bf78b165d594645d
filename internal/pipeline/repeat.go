package pipeline

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"probity/internal/engine"
	"probity/internal/store"
)

// repeat takes the plan's next decision, once everything before it has been judged. At the end it compares what was read with
// what the run had read.
func (p *Pipeline) repeat(ctx context.Context) error {
	if err := p.Plan.reached(); err != nil {
		return err
	}
	s := p.Plan.next()
	if s == nil {
		if err := p.sameRecords(); err != nil {
			return err
		}
		return errEnded
	}
	if err := p.decide(ctx, s); err != nil {
		return fmt.Errorf("repeating journal entry %d (%s): %w", s.seq, s.kind, err)
	}
	return nil
}

func (p *Pipeline) decide(ctx context.Context, s *step) error {
	switch s.kind {
	case kindStart:
		return p.startAgain(s)
	case kindOpen:
		return p.openAgain(s)
	case kindEnd:
		return p.endAgain(s)
	case kindIdle:
		return p.idleAgain(ctx, s)
	case kindSweep:
		return p.dropOver(ctx)
	case kindHorizon, kindOwn:
		return p.happenedAgain(ctx, s)
	case kindForget:
		c := &store.Commit{Generation: p.Generation.Hash}
		for _, id := range s.forgotten {
			c.Streams = append(c.Streams, store.StreamState{ID: id})
		}
		return p.commitNow(ctx, &judged{}, c)
	}
	if s.Generation == p.Generation.Hash {
		return nil
	}
	g, err := p.Plan.Generation(s.Generation)
	if err != nil {
		return err
	}
	return p.adopt(ctx, g, nil)
}

// startAgain does what a start does: no stream is open yet, and each source stands where its committed positions say.
func (p *Pipeline) startAgain(s *step) (err error) {
	if p.Sources, err = p.Plan.sourcesOf(s); err != nil {
		return err
	}
	p.streams, p.floor = nil, map[*Source]int64{}
	p.hire(p.Generation)
	return p.restoreFloors()
}

func (p *Pipeline) openAgain(s *step) error {
	committed, err := p.positions()
	if err != nil {
		return err
	}
	for i := range p.Sources {
		src := &p.Sources[i]
		for _, id := range slices.Sorted(maps.Keys(s.opened)) {
			if s.opened[id] != src.Name {
				continue
			}
			if err := p.open(p.Plan.streams[id], src, committed[id]); err != nil {
				return fmt.Errorf("stream %s: %w", id, err)
			}
		}
	}
	return nil
}

// endAgain lets go of whole files as retire does. One that the run has read to its end is closed for good; another one has
// grown since, and is opened again.
func (p *Pipeline) endAgain(s *step) error {
	p.streams = slices.DeleteFunc(p.streams, func(st *stream) bool {
		id := st.from.ID()
		if !slices.Contains(s.ended, id) {
			return false
		}
		p.raiseFloor(st.source, st.watermark())
		if planned := p.Plan.streams[id]; planned.given >= p.Plan.last[id] {
			planned.Close()
		}
		return true
	})
	return nil
}

func (p *Pipeline) idleAgain(ctx context.Context, s *step) error {
	to := s.Watermark.UnixNano()
	for _, st := range p.streams {
		if st.from.ID() == s.Stream {
			st.advance(to)
		}
	}
	for i := range p.Sources {
		if p.Sources[i].Name == s.Source {
			p.raiseFloor(&p.Sources[i], to)
		}
	}
	c := &store.Commit{Generation: p.Generation.Hash, Sinks: p.Sinks}
	for _, st := range p.streams {
		if st.from.ID() == s.Stream {
			c.Streams = append(c.Streams, store.StreamState{ID: s.Stream, Source: st.source.Name, State: st.save()})
		}
	}
	if err := p.apply(nil, c); err != nil {
		return err
	}
	return p.commitNow(ctx, &judged{}, c)
}

// happenedAgain gives up memory as the run did, or judges what happened to Probity then.
func (p *Pipeline) happenedAgain(ctx context.Context, s *step) error {
	c := &store.Commit{Generation: p.Generation.Hash, Sinks: p.Sinks}
	if s.kind == kindOwn {
		p.own = append(p.own, s.Own)
	}
	for _, r := range p.Generation.Rules.Rules {
		if s.kind == kindHorizon && r.ID == s.Rule {
			saveWindows(c, p.state.Raise(engine.Horizon{Rule: r, At: s.Horizon.UnixNano()}))
		}
	}
	if err := p.apply(nil, c); err != nil {
		return err
	}
	return p.commitNow(ctx, &judged{}, c)
}

// sameRecords compares the records that were judged with those of the run: as many could stand there and be others, where the
// oldest file is gone and the newest has grown.
func (p *Pipeline) sameRecords() error {
	positions, err := p.positions()
	if err != nil {
		return err
	}
	var others []error
	for id, want := range p.Plan.end {
		got, err := readPosition(positions[id])
		if err != nil {
			return err
		}
		if got.Records == want.Records && got.Sum != want.Sum {
			others = append(others, fmt.Errorf("stream %s: %d records stand there, as many as were judged, but they are not the same: the oldest are gone, or were changed; put the rotated files back beside the log, and try again", id, want.Records))
		}
	}
	return errors.Join(others...)
}
