package daemon

import (
	"fmt"
	"os"
	"sync/atomic"

	"go.uber.org/zap"

	"probity/internal/fsx"
	"probity/internal/listen"
	"probity/internal/pipeline"
	"probity/internal/source"
)

// received is a source that listens, with how far its spool is judged.
type received struct {
	*listen.Listener
	at atomic.Pointer[func() []byte] // the source's committed resume point
}

// stand notes a committed position. It is read once a second at most, so it is not decoded before.
func (r *received) stand(at func() []byte) { r.at.Store(&at) }

// judged says how many segments no restart will read again.
func (r *received) judged(log *zap.Logger) func([]string) int {
	return func(oldestFirst []string) int {
		at := r.at.Load()
		if at == nil {
			return 0
		}
		n, err := source.LeftBehind((*at)(), oldestFirst)
		if err != nil {
			log.Warn("cannot tell how far the spool is judged; all of it stays", zap.Error(err))
		}
		return n
	}
}

// listen opens the spools and sockets of the sources that listen; Run receives.
func (d *Daemon) listen() error {
	d.received = map[string]*received{}
	metrics, err := listen.NewMetrics(d.Registry)
	if err != nil {
		return fmt.Errorf("registering metrics: %w", err)
	}
	for i := range d.parts.sources {
		s := &d.parts.sources[i]
		if s.Listen == nil {
			continue
		}
		r := &received{}
		o := listen.Options{
			Source: s.Name, Dir: d.Config.spoolDir(s.Source), Addresses: s.Listen.addresses(), TLS: s.Listen.tls(),
			MessageBytes: s.recordBytes(), MaxBytes: s.Spool.MaxBytes, Keep: s.Spool.Keep.Std(),
			MaxConnections: s.Listen.MaxConnections, IdleTimeout: s.Listen.IdleTimeout.Std(),
			Judged: r.judged(d.Logger), Metrics: metrics, Logger: d.Logger, FS: &fsx.FS{},
		}
		if s.Listen.Stdin {
			o.Framer, o.Stdin = s.decoder.NewFramer, d.Stdin
			if o.Stdin == nil {
				o.Stdin = os.Stdin
			}
		}
		if r.Listener, err = listen.New(o); err != nil {
			return err
		}
		d.received[s.Name] = r
		for _, at := range r.Addrs() {
			d.Logger.Info("receiving", zap.String("source", s.Name), zap.String("network", at.Network()), zap.Stringer("address", at))
		}
	}
	return nil
}

// followSpool opens the source that follows what r receives.
func (d *Daemon) followSpool(s *builtSource, r *received, from func(string) []byte) (pipeline.Source, error) {
	set, err := source.Open(source.Options{
		Name: s.Name, Paths: s.Paths, Framer: s.decoder.NewFramer, Follow: true, Oldest: true, Logger: d.Logger, Wake: d.wakeUp,
		From: func(id string) []byte {
			at := from(id)
			r.stand(func() []byte { return at })
			return at
		},
	})
	if err != nil {
		return pipeline.Source{}, err
	}
	f := &followed{Set: set, source: s.Source}
	d.sources = append(d.sources, f)
	return s.toPipeline(&spoolStreams{f, r.Listener}), nil
}

// spoolStreams are the streams of a spool, one.
type spoolStreams struct {
	*followed
	listener *listen.Listener
}

// Discover gives the spool's stream once.
func (s *spoolStreams) Discover() ([]source.Stream, error) {
	found, err := s.followed.Discover()
	for i, f := range found {
		found[i] = &spoolStream{Stream: f, listener: s.listener}
	}
	return found, err
}

// spoolStream hands on only what is durable, and the listener's losses as gaps.
type spoolStream struct {
	source.Stream
	listener *listen.Listener
	held     *source.Chunk // read, and not known to be durable
	last     source.Chunk  // handed on, without its records
}

// gapDropped begins the reason of a gap that the listener made: From is 0 and To the bytes, -1 if they are not known.
const gapDropped = "dropped-"

// Next is source.Stream's. Asking for durability after reading keeps a power cut from taking bytes whose effects are
// committed.
func (s *spoolStream) Next(maxRecords int) (*source.Chunk, error) {
	if s.held == nil {
		chunk, err := s.Stream.Next(maxRecords)
		if err != nil {
			return nil, err
		}
		s.held = chunk
	}
	if s.held != nil {
		if err := s.listener.Durable(); err != nil {
			return nil, fmt.Errorf("follow %s: %w", s.ID(), err)
		}
		s.last = source.Chunk{Path: s.held.Path, State: s.held.State, Lag: s.held.Lag}
	}
	chunk := s.held
	s.held = nil
	return s.withLosses(chunk), nil
}

// withLosses adds gaps, in a chunk of their own if there is none. Before the first chunk there is no position to commit with
// them, so they wait.
func (s *spoolStream) withLosses(chunk *source.Chunk) *source.Chunk {
	if s.last.State == nil {
		return chunk
	}
	losses := s.listener.Losses()
	if len(losses) > 0 && chunk == nil {
		again := s.last
		chunk = &again
	}
	for _, l := range losses {
		chunk.Gaps = append(chunk.Gaps, source.Gap{Path: "listener", From: 0, To: l.Bytes, Reason: gapDropped + l.Reason, Beyond: true})
	}
	return chunk
}
