package pipeline

import (
	"encoding/json"
	"fmt"
	"math"
	"time"

	"github.com/cespare/xxhash/v2"

	"probity/internal/decode"
	"probity/internal/engine"
	"probity/internal/event"
	"probity/internal/source"
	"probity/internal/store"
)

// stream is one stream with what is known of its time.
type stream struct {
	from     source.Stream
	id       string
	source   *Source
	lateness int64 // nanoseconds; see newStream
	position
	ended   bool
	active  time.Time // when it last had something, or could not be read
	drained time.Time // when it was last read to its end
	lag     int64     // bytes known to wait
	behind  int64     // by how much its newest event was behind the clock when it was last read live; nanoseconds
	header  *decode.Header
	same    map[uint64]*same // identical records of a source without native ids
	noted   []uint64         // those of same that the next commit stores

	complaint  string // the last error that was logged
	complained time.Time
}

// position is what is committed of a stream: where to go on, and what its order has told so far.
type position struct {
	At       []byte           `json:"at"`       // the source's own resume point
	Top      [3]int64         `json:"top"`      // the three highest event times so far, highest first
	Advanced int64            `json:"advanced"` // the watermark was advanced to here by a decision
	Records  int64            `json:"records"`  // judged or rejected since the stream's beginning
	Sum      uint64           `json:"sum"`      // of the xxhash64 of their bytes: whether a repeated run reads the same ones
	Forgot   int64            `json:"forgot,omitempty"`
	Ledger   *ledger          `json:"ledger,omitempty"`
	Gone     int64            `json:"gone,omitempty"` // Unix s: when a whole file was first seen not to stand in its folder any more
	Same     map[uint64]*same `json:"same,omitempty"` // only read: state folders of version 1 have the counts here
}

// same counts identical records. They are stored beside the position, when they change (store.Tally), and forgotten in memory
// before Forgot exactly, in the store a little later.
type same struct {
	N     uint32 `json:"n"`
	Time  int64  `json:"t"`
	noted bool
}

var newPosition = position{Top: [3]int64{engine.Never, engine.Never, engine.Never}, Advanced: engine.Never}

// newStream resumes a stream from its committed position, if there is one. A source in local time has an hour more of
// lateness: in the repeated hour of October its events may look an hour early.
func newStream(from source.Stream, s *Source, committed []byte) (*stream, error) {
	st := &stream{from: from, source: s, active: time.Now()}
	if from != nil {
		st.id = from.ID()
	}
	st.lateness = int64(s.Lateness + s.Decoder.LateLocal())
	var err error
	if st.position, err = readPosition(committed); err != nil {
		return nil, err
	}
	if st.Ledger == nil {
		st.Ledger = newLedger(st.At)
	}
	st.same, st.Same = st.Same, nil
	if st.same == nil {
		st.same = map[uint64]*same{}
	}
	for k, v := range st.same {
		st.note(k, v)
	}
	return st, nil
}

// recall restores how often records were seen.
func (s *stream) recall(from committer) error {
	err := from.EachTally(s.from.ID(), func(t store.Tally) error {
		if t.Time >= s.Forgot {
			s.same[t.Hash] = &same{N: t.N, Time: t.Time}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("reading the counts of stream %s: %w", s.from.ID(), err)
	}
	return nil
}

// readPosition reads a committed position; without one it is that of a new stream.
func readPosition(committed []byte) (position, error) {
	p := newPosition
	if len(committed) == 0 {
		return p, nil
	}
	if err := json.Unmarshal(committed, &p); err != nil {
		return p, fmt.Errorf("committed position: %w", err)
	}
	return p, nil
}

// SourcePosition is the source's own part of a committed position.
func SourcePosition(committed []byte) []byte {
	var p position
	if json.Unmarshal(committed, &p) != nil {
		return nil
	}
	return p.At
}

func (s *stream) save() []byte {
	b, err := json.Marshal(&s.position)
	if err != nil {
		panic(err) // numbers and bytes
	}
	return b
}

// watermark: no event before it is expected any more. The third-highest time so far less the lateness, so that one line
// from the future moves nothing.
func (s *stream) watermark() int64 {
	w := int64(engine.Never)
	if s.Top[2] != engine.Never {
		w = s.Top[2] - s.lateness
	}
	return max(w, s.Advanced)
}

// saw notes an event's time in the stream's order and reports whether it came later than allowed. A time beyond the ceiling
// moves nothing.
func (s *stream) saw(t, ceiling int64) (late bool) {
	late = t < s.watermark()
	switch {
	case t > ceiling:
	case t > s.Top[0]:
		s.Top = [3]int64{t, s.Top[0], s.Top[1]}
	case t > s.Top[1]:
		s.Top = [3]int64{s.Top[0], t, s.Top[1]}
	case t > s.Top[2]:
		s.Top[2] = t
	}
	return late
}

// compare notes how far the stream is behind the clock, where what was read had been written a moment ago. A clock that is a
// day fast, or a log that is delivered a day late, may not make the decision that it is idle run ahead of its own events.
func (s *stream) compare(read time.Time) {
	if s.Top[0] != engine.Never {
		s.behind = max(0, read.UnixNano()-s.Top[0])
	}
}

// advance moves the watermark by a decision.
func (s *stream) advance(to int64) { s.Advanced = max(s.Advanced, to) }

// nth numbers identical records of a source without native ids, in the stream's order. What the watermark has passed is
// forgotten: a repeat later than allowed counts as the first.
func (s *stream) nth(r *event.Kept) uint32 {
	var d xxhash.Digest
	d.ResetWithSeed(uint64(r.Time()))
	_, _ = d.Write(r.Original())
	k := d.Sum64()
	seen := s.same[k]
	if seen == nil {
		seen = &same{Time: r.Time()}
		s.same[k] = seen
	}
	n := seen.N
	seen.N++
	s.note(k, seen)
	return n
}

// note has a count stored by the next commit.
func (s *stream) note(k uint64, v *same) {
	if !v.noted {
		v.noted = true
		s.noted = append(s.noted, k)
	}
}

func (s *stream) forgetSame() {
	s.Forgot = s.watermark()
	for k, v := range s.same {
		if v.Time < s.Forgot {
			delete(s.same, k)
		}
	}
}

// tallies adds the counts that have changed since they were asked for last, and lasted.
func (s *stream) tallies(to []store.Tally) []store.Tally {
	for _, k := range s.noted {
		if v := s.same[k]; v != nil {
			to = append(to, store.Tally{Stream: s.from.ID(), Hash: k, Time: v.Time, N: v.N})
			v.noted = false
		}
	}
	s.noted = s.noted[:0]
	return to
}

// watermarks returns each rule's watermark: the least of the sources that it reads.
func (p *Pipeline) watermarks() []int64 {
	open := map[*Source]int64{}
	for _, s := range p.streams {
		w := s.watermark()
		if have, ok := open[s.source]; !ok || w < have {
			open[s.source] = w
		}
	}
	rules := p.Generation.Rules.Rules
	out := make([]int64, len(rules))
	for i := range out {
		out[i] = math.MaxInt64
	}
	for i := range p.Sources {
		s := &p.Sources[i]
		w, ok := open[s]
		if !ok {
			w = p.floorOf(s)
		}
		p.metrics.watermark(s.Name, w)
		for i, r := range rules {
			if !r.OfAlerts && r.Reads(s.Dataset) {
				out[i] = min(out[i], w)
			}
		}
	}
	alerts := p.alertsWatermark(out)
	for i, w := range out {
		if w == math.MaxInt64 {
			out[i] = engine.Never
		}
		if rules[i].OfAlerts {
			out[i] = alerts
		}
	}
	return out
}

// alertsWatermark: no alert that ends before it changes any more. It is behind the watermark of every rule that some source
// feeds by what its alerts wait for.
func (p *Pipeline) alertsWatermark(watermarks []int64) int64 {
	least := int64(math.MaxInt64)
	for i, w := range watermarks {
		switch r := p.Generation.Rules.Rules[i]; {
		case r.OfAlerts || w == math.MaxInt64:
		case w < engine.Never+p.Generation.Behind(r):
			return engine.Never
		default:
			least = min(least, w-p.Generation.Behind(r))
		}
	}
	if least == math.MaxInt64 {
		return engine.Never
	}
	return least
}

// floorOf is what a source without open streams has reached: the watermark of those that ended, or of a decision. A source
// that never had one holds back every rule that reads it, until the clock decides that it is idle.
func (p *Pipeline) floorOf(s *Source) int64 {
	if w, ok := p.floor[s]; ok {
		return w
	}
	return engine.Never
}

func (p *Pipeline) raiseFloor(s *Source, to int64) { p.floor[s] = max(p.floorOf(s), to) }

// restoreFloors takes from the committed positions how far each source had come, until its streams are open again, and what
// the journal is to say of them.
func (p *Pipeline) restoreFloors() error {
	streams, err := p.Store.Streams()
	if err != nil {
		return fmt.Errorf("reading positions: %w", err)
	}
	for i := range p.Sources {
		src := &p.Sources[i]
		for id, committed := range streams {
			if committed.Source != src.Name {
				continue
			}
			s, err := newStream(nil, src, committed.State)
			if err != nil {
				return fmt.Errorf("stream %s: %w", id, err)
			}
			p.moved[id] = s.Records
			w := s.watermark()
			if have, ok := p.floor[src]; ok && !src.WholeFiles {
				w = min(w, have)
			} else if ok {
				w = max(w, have)
			}
			p.floor[src] = w
		}
	}
	return nil
}
