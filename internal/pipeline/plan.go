package pipeline

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"probity/internal/engine"
	"probity/internal/source"
	"probity/internal/store"
)

// Plan is a run that is to be repeated: the decisions of its journal, each at the place of every stream where the run took it,
// and the place where the run stands. No stream is read past its place in the next decision until all have reached theirs.
type Plan struct {
	// Generation builds the generation of that hash again. It is called once a decision, so that one is held at a time.
	Generation func(hash string) (*engine.Generation, error)

	steps   []step
	end     map[string]position // of each stream; read from here on to the end
	known   map[string]string   // the source of each stream that was ever opened
	last    map[string]int64    // how many records of each stream the run has judged
	sources []Source            // as configured: a start chooses of them
	streams map[string]*planned
	done    int              // steps that have been repeated
	cut     map[string]int64 // how many records of each stream may be read by now
}

// step is a journal entry.
type step struct {
	seq  int64
	kind string
	stepBody
}

type stepBody struct {
	At         map[string]int64  `json:"at"`
	Generation string            `json:"generation"`
	Sources    map[string]string `json:"sources"` // start: lateness by name
	Streams    json.RawMessage   `json:"streams"` // open: source by stream; end, forget: a list of streams
	Stream     string            `json:"stream"`  // idle: one of the two
	Source     string            `json:"source"`
	Watermark  time.Time         `json:"watermark"`
	Rule       string            `json:"rule"` // horizon
	Horizon    time.Time         `json:"horizon"`
	Own        engine.Own        `json:"own"`

	opened    map[string]string
	ended     []string
	forgotten []string
}

// ErrNoCounts says that a journal is from before it said where decisions were taken.
var ErrNoCounts = errors.New("the journal does not say after how many records its decisions were taken, because an older version of this program wrote it; such a run can be replayed without its journal only, and a state folder begun by this version can be repeated")

// NewPlan reads the journal and positions of a run, both of one commit.
func NewPlan(journal []store.JournalEntry, positions map[string]store.StreamState) (*Plan, error) {
	if len(journal) == 0 {
		return nil, errors.New("the journal is empty: nothing has been judged yet")
	}
	base := map[string]int64{} // records of a stream before it was forgotten: it counts from 0 then
	p := &Plan{end: map[string]position{}, known: map[string]string{}, last: map[string]int64{}, cut: map[string]int64{}}
	for _, e := range journal {
		s, err := readStep(e)
		if err != nil {
			return nil, fmt.Errorf("journal entry %d (%s): %w", e.Seq, e.Kind, err)
		}
		maps.Copy(p.known, s.opened)
		for id, n := range s.At {
			s.At[id] = base[id] + n
		}
		maps.Copy(p.last, s.At)
		for _, id := range s.forgotten {
			base[id] = p.last[id]
		}
		p.steps = append(p.steps, s)
	}
	for id, committed := range positions {
		pos, err := readPosition(committed.State)
		if err != nil {
			return nil, fmt.Errorf("stream %s: %w", id, err)
		}
		if _, ok := p.known[id]; !ok && pos.Records > 0 {
			return nil, fmt.Errorf("stream %s has %d records judged, and the journal does not say when it was opened", id, pos.Records)
		}
		p.end[id], p.last[id] = pos, base[id]+pos.Records
	}
	if p.steps[0].kind != kindStart || p.First() == "" {
		return nil, errors.New("the journal does not begin with a start and a generation")
	}
	maps.Copy(p.cut, p.steps[0].At)
	return p, nil
}

func readStep(e store.JournalEntry) (step, error) {
	s := step{seq: e.Seq, kind: e.Kind}
	if err := json.Unmarshal(e.Body, &s.stepBody); err != nil {
		return s, err
	}
	if s.At == nil {
		return s, ErrNoCounts
	}
	switch e.Kind {
	case kindStart, kindGeneration, kindIdle, kindSweep, kindHorizon, kindOwn:
		return s, nil
	case kindOpen:
		return s, json.Unmarshal(s.Streams, &s.opened)
	case kindEnd:
		return s, json.Unmarshal(s.Streams, &s.ended)
	case kindForget:
		return s, json.Unmarshal(s.Streams, &s.forgotten)
	}
	return s, errors.New("this program does not know such decisions; repeat the run with the version that wrote it, or a newer one")
}

// First is the hash of the generation that the run began with.
func (p *Plan) First() string {
	for _, s := range p.steps {
		if s.kind == kindGeneration {
			return s.Generation
		}
	}
	return ""
}

// Beginnings gives source.Open the resume points at which the run's streams began.
func (p *Plan) Beginnings(streamID string) []byte {
	if _, ok := p.known[streamID]; !ok {
		return nil
	}
	return source.Beginning(p.end[streamID].At)
}

// Read tells the plan the configured sources, and takes their streams. What the run has read and is no longer there is an
// error that says how much of it is missing.
func (p *Plan) Read(sources []Source) error {
	p.sources, p.streams = sources, map[string]*planned{}
	var gone []error
	for i := range sources {
		found, err := sources[i].Streams.Discover()
		if err != nil {
			gone = append(gone, fmt.Errorf("source %s: %w", sources[i].Name, err))
		}
		for _, f := range found {
			p.streams[f.ID()] = &planned{Stream: f, plan: p}
		}
	}
	for _, id := range slices.Sorted(maps.Keys(p.known)) {
		if p.streams[id] != nil {
			continue
		}
		if n := p.last[id]; n > 0 {
			gone = append(gone, missing(id, n, n))
		}
		p.streams[id] = &planned{Stream: nothing(id), plan: p}
	}
	return errors.Join(gone...)
}

func missing(stream string, n, of int64) error {
	return fmt.Errorf("stream %s: %d of the %d records that were judged are no longer there; put the rotated files back beside the log, and try again", stream, n, of)
}

// planned is a stream that is read as far as the next decision.
type planned struct {
	source.Stream
	plan  *Plan
	given int64 // records
	over  bool  // there are no more
	err   error // of the last Next
}

// Next gives what stands before the cut. The end of the bytes is no end: the plan says when a stream ended.
func (s *planned) Next(maxRecords int) (*source.Chunk, error) {
	room := s.plan.cut[s.ID()] - s.given
	if room <= 0 || s.over {
		return nil, nil
	}
	c, err := s.Stream.Next(int(min(int64(maxRecords), room)))
	if s.over = errors.Is(err, io.EOF); s.over {
		err = nil
	}
	if c != nil {
		s.given += int64(len(c.Records))
	}
	s.err = err
	return c, err
}

// reached says whether everything before the cut has been read; an error says what stands in the way.
func (p *Plan) reached() error {
	var short []error
	for _, id := range slices.Sorted(maps.Keys(p.cut)) {
		s := p.streams[id]
		switch {
		case s == nil:
			short = append(short, fmt.Errorf("stream %s: the journal counts its records, and does not say when it was opened", id))
		case s.given >= p.cut[id]:
		case s.err != nil:
			short = append(short, s.err)
		default:
			short = append(short, missing(id, p.last[id]-s.given, p.last[id]))
		}
	}
	return errors.Join(short...)
}

// next is the decision that is due, nil at the end; the streams may then be read up to the one after it.
func (p *Plan) next() *step {
	if p.done == len(p.steps) {
		return nil
	}
	s := &p.steps[p.done]
	p.done++
	if p.done < len(p.steps) {
		maps.Copy(p.cut, p.steps[p.done].At)
	} else {
		maps.Copy(p.cut, p.last)
	}
	return s
}

// nothing is a stream of which nothing was read: a file that never came, or was empty.
type nothing string

func (n nothing) ID() string                    { return string(n) }
func (nothing) Next(int) (*source.Chunk, error) { return nil, io.EOF }
func (nothing) Close() error                    { return nil }

// noStreams are the streams of a source whose streams a plan opens.
type noStreams struct{}

func (noStreams) Discover() ([]source.Stream, error) { return nil, nil }
func (noStreams) Due() time.Time                     { return time.Time{} }
func (noStreams) Close() error                       { return nil }

// sourcesOf are the configured sources that a start named, with the lateness that they had then.
func (p *Plan) sourcesOf(s *step) ([]Source, error) {
	var out []Source
	for _, src := range p.sources {
		text, ok := s.Sources[src.Name]
		if !ok {
			continue
		}
		lateness, err := time.ParseDuration(text)
		if err != nil {
			return nil, err
		}
		src.Lateness, src.Streams = lateness, noStreams{}
		out = append(out, src)
	}
	if len(out) < len(s.Sources) {
		for _, src := range out {
			delete(s.Sources, src.Name)
		}
		return nil, fmt.Errorf("the run read the source %s, which is not in the configuration any more: put it back", strings.Join(slices.Sorted(maps.Keys(s.Sources)), ", "))
	}
	return out, nil
}
