package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"go.uber.org/zap"

	"probity/internal/source"
)

// errEnded: every finite stream has ended, or the context is done.
var errEnded = errors.New("ended")

const (
	lookEvery = 25 * time.Millisecond // between two looks at the sources, and two live batches, at least; see gather
	findEvery = time.Second           // how soon a new file is seen
)

// batch is what the sources had: chunks in the order in which they are judged.
type batch []chunk

type chunk struct {
	*source.Chunk
	stream *stream
	live   bool // it was written a moment ago: shortly before, there was nothing to read
	done   done
}

// done is what the workers say became of a chunk's records.
type done struct {
	Events, Rejects  int64
	Judged, Rejected int64 // bytes
}

// batchBytes bounds a batch besides Options.Batch: of records of a megabyte, thousands would be gigabytes.
const batchBytes = 8 << 20

// liveWithin is how long after a look that found nothing what is found was surely written just now.
const liveWithin = 5 * time.Second

// follow waits for records and takes at most a batch of them, each stream in turn. A reload is served here, between two
// batches.
func (p *Pipeline) follow(ctx context.Context) (batch, error) {
	for {
		p.retire() // before a reload: it belongs to the batch that has been judged
		select {
		case s := <-p.reload:
			if err := p.serve(ctx, s); err != nil {
				return nil, err
			}
			continue
		default:
		}
		if ctx.Err() != nil {
			return nil, errEnded
		}
		if err := p.look(ctx); err != nil {
			return nil, err
		}
		p.pulse.turn()
		rest, wake := lookEvery, (<-chan struct{})(nil)
		paused := p.Paused != nil && p.Paused()
		if !paused {
			p.gather(ctx)
			b, err := p.take()
			if len(b) > 0 || err != nil {
				p.pulse.work()
				return b, err
			}
		}
		if err := p.settle(); err != nil { // there is nothing to judge meanwhile
			return nil, err
		}
		if !paused { // who does not read cannot tell who is idle, either
			if p.Plan != nil {
				if err := p.repeat(ctx); err != nil {
					return nil, err
				}
				continue
			}
			if !p.Follow && p.allEnded() {
				return nil, errEnded
			}
			if err := p.idle(ctx); err != nil {
				return nil, err
			}
			rest, wake = p.untilDue(), p.Wake
		}
		select {
		case s := <-p.reload:
			if err := p.serve(ctx, s); err != nil {
				return nil, err
			}
		case <-ctx.Done():
		case <-wake:
		case <-time.After(rest):
		}
	}
}

// gather lets a moment pass since the last batch, if that held all there was: under a steady stream each commit is then of the
// lines of a moment, not of a few with all the fsyncs that these cost. The first line after a pause waits for nothing.
func (p *Pipeline) gather(ctx context.Context) {
	wait := lookEvery - time.Since(p.took)
	if !p.Follow || p.full || wait <= 0 {
		return
	}
	select {
	case <-ctx.Done():
	case <-time.After(wait):
	}
}

// untilDue is how long nothing is to be expected of the sources, unless they say otherwise.
func (p *Pipeline) untilDue() time.Duration {
	rest := findEvery
	for i := range p.Sources {
		rest = min(rest, time.Until(p.Sources[i].Streams.Due()))
	}
	return max(rest, lookEvery)
}

// look does what is done between two batches beside judging: new streams, and undecided matches whose time is up. A plan says
// itself when that was done.
func (p *Pipeline) look(ctx context.Context) error {
	if p.Plan != nil {
		return nil
	}
	if err := p.turnDay(ctx, time.Now()); err != nil {
		return err
	}
	if err := p.find(); err != nil {
		return err
	}
	return p.sweep(ctx)
}

// find opens the streams that have appeared.
func (p *Pipeline) find() error {
	if now := time.Now(); now.Sub(p.looked) < findEvery {
		return nil
	} else {
		p.looked = now
	}
	var committed map[string][]byte
	opened := map[string]string{}
	defer p.noteOpened(opened)
	for i := range p.Sources {
		src := &p.Sources[i]
		found, err := src.Streams.Discover()
		if err != nil {
			p.Logger.Warn("looking for streams", zap.String("source", src.Name), zap.Error(err))
			p.metrics.sourceErrors.WithLabelValues(src.Name).Inc()
		}
		for _, f := range found {
			if committed == nil {
				if committed, err = p.positions(); err != nil {
					return err
				}
			}
			if err := p.open(f, src, committed[f.ID()]); err != nil {
				return err
			}
			opened[f.ID()] = src.Name
			p.Logger.Info("following", zap.String("source", src.Name), zap.String("stream", f.ID()))
		}
	}
	return nil
}

// beginner is a stream that says at which byte of its first file it begins.
type beginner interface{ Begins() int64 }

// open adds a stream, which goes on from its committed position.
func (p *Pipeline) open(f source.Stream, src *Source, committed []byte) error {
	s, err := newStream(f, src, committed)
	if err != nil {
		return err
	}
	if err := s.recall(p.Store); err != nil {
		return err
	}
	s.Gone = 0
	if b, ok := f.(beginner); ok && src.WholeFiles {
		s.Ledger.begin(b.Begins())
	}
	p.streams = append(p.streams, s)
	return nil
}

func (p *Pipeline) positions() (map[string][]byte, error) {
	if err := p.settle(); err != nil {
		return nil, err
	}
	streams, err := p.Store.Streams()
	if err != nil {
		return nil, fmt.Errorf("reading positions: %w", err)
	}
	out := make(map[string][]byte, len(streams))
	for id, s := range streams {
		out[id] = s.State
	}
	return out, nil
}

// Positions gives source.Open the committed resume points.
func Positions(st committer) (func(streamID string) []byte, error) {
	streams, err := st.Streams()
	if err != nil {
		return nil, fmt.Errorf("reading positions: %w", err)
	}
	return func(id string) []byte { return SourcePosition(streams[id].State) }, nil
}

// take goes round the streams from where it last stopped until the batch is full or all are quiet.
func (p *Pipeline) take() (batch, error) {
	var b batch
	room, bytes, quiet := p.Batch, int64(batchBytes), 0
	for room > 0 && bytes > 0 && quiet < len(p.streams) {
		s := p.streams[p.next%len(p.streams)]
		p.next++
		if s.ended {
			quiet++
			continue
		}
		c, err := s.from.Next(min(room, p.Turn))
		switch {
		case errors.Is(err, io.EOF):
			s.ended = true
		case err != nil:
			s.complain(p.Logger, err)
			p.metrics.sourceErrors.WithLabelValues(s.source.Name).Inc()
			s.active = time.Now() // who cannot be read is not idle
		}
		now := time.Now()
		live := p.Follow && !s.source.WholeFiles && now.Sub(s.drained) < liveWithin
		if err == nil && (c == nil || c.Lag == 0) {
			s.drained = now
		}
		if c == nil {
			quiet++
			continue
		}
		quiet = 0
		s.active, s.lag = now, c.Lag
		room -= len(c.Records)
		bytes -= c.Bytes
		b = append(b, chunk{Chunk: c, stream: s, live: live})
		if len(b) >= p.Batch { // chunks without records count, too
			break
		}
	}
	if p.full = quiet < len(p.streams); len(b) > 0 {
		p.took = time.Now()
	}
	return b, nil
}

// complainEvery is how often one stream's same error is logged; the metric counts each.
const complainEvery = 10 * time.Minute

func (s *stream) complain(log *zap.Logger, err error) {
	if s.complaint == err.Error() && time.Since(s.complained) < complainEvery {
		return
	}
	s.complaint, s.complained = err.Error(), time.Now()
	log.Warn("a stream cannot be read; it is tried again every second", zap.String("source", s.source.Name), zap.Error(err))
}

func (p *Pipeline) allEnded() bool {
	return !slices.ContainsFunc(p.streams, func(s *stream) bool { return !s.ended })
}

// retire lets go of whole files that have ended, once the batch that holds their last records has been judged: their source
// has come as far as they had, and the next file goes on from there. Every other stream that ends stays, and holds back what
// it held: the end of a file advances nothing.
func (p *Pipeline) retire() {
	var ended []string
	p.streams = slices.DeleteFunc(p.streams, func(s *stream) bool {
		if !s.ended || !s.source.WholeFiles {
			return false
		}
		p.raiseFloor(s.source, s.watermark())
		s.from.Close()
		ended = append(ended, s.from.ID())
		return true
	})
	if len(ended) > 0 {
		p.note(kindEnd, map[string]any{"streams": ended})
	}
}
