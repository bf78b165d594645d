package daemon

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"probity/internal/evidence"
	"probity/internal/notify"
	"probity/internal/pipeline"
	"probity/internal/route"
	"probity/internal/source"
	"probity/internal/store"
	"probity/internal/surround"
)

// Options of a daemon.
type Options struct {
	Config   *Config
	Logger   *zap.Logger
	Registry *prometheus.Registry
	Sinks    []notify.Sink // more than the configured ones
	Stdin    io.Reader     // of the source that listens to standard input; nil: os.Stdin
}

// Daemon is a running system. Reload, Drain and Addr may be called from any goroutine.
type Daemon struct {
	Options
	parts       *parts
	store       *store.Store
	pipeline    *pipeline.Pipeline
	notifier    *notify.Notifier
	sources     []*followed
	received    map[string]*received // by source
	admin       net.Listener         // the socket of who runs the daemon; nil if its path is too long
	listener    net.Listener
	asked       net.Listener // the socket for questions about alerts; nil without roles
	askedAfar   net.Listener // the same by certificate; nil unless configured
	routes      *route.Table
	metrics     *metrics
	systemd     systemd
	checkpoints *checkpoints // nil without a key
	around      *surround.Keeper
	started     time.Time
	backlog     backlog
	storeUse    sync.Mutex // held while the store is asked from outside of the loop, or closed

	reloading sync.Mutex                    // one reload at a time; for seen
	seen      string                        // the files of the generation as they were when it was read
	wanted    atomic.Pointer[Config]        // as read last: what to watch
	current   atomic.Pointer[generation]    // in force
	outcome   atomic.Pointer[reloadOutcome] // of the last reload
	wake      chan struct{}                 // a source may have something
	ended     chan struct{}                 // closed when the loop has ended
}

// New builds everything and opens the state folder and the listener. Whatever is wrong with the configuration comes as
// strictyaml.Problems. Only Run closes what New has opened.
func New(o Options) (*Daemon, error) {
	if o.Logger == nil {
		o.Logger = zap.NewNop()
	}
	if o.Registry == nil {
		o.Registry = prometheus.NewRegistry()
	}
	d := &Daemon{Options: o, parts: o.Config.build(), started: time.Now(), wake: make(chan struct{}, 1), ended: make(chan struct{})}
	d.wanted.Store(o.Config)
	d.seen = o.Config.fingerprint()
	d.parts.checkStateDir()
	d.parts.buildEvidence()
	g, problems := d.parts.generation()
	problems = append(d.parts.problems, problems...)
	if problems.Sort(); len(problems) > 0 {
		return nil, problems
	}
	d.current.Store(g)
	d.outcome.Store(&reloadOutcome{At: time.Now(), Successful: true})
	if err := d.open(); err != nil {
		return nil, errors.Join(err, d.close())
	}
	return d, nil
}

func (d *Daemon) open() (err error) {
	c := d.Config
	names := d.sinkNames()
	d.routes = d.parts.routes.Also(names[len(d.parts.sinks):]...)
	if d.store, err = store.Open(store.Options{Dir: c.StateDir, Sinks: names}); err != nil {
		return err
	}
	if err := d.openCheckpoints(); err != nil {
		return err
	}
	if err := d.note("start", map[string]any{"version": Version()}); err != nil {
		return err
	}
	if err := d.archive(d.current.Load()); err != nil {
		return err
	}
	d.unchecked()
	d.openSurroundings()
	d.notifier, err = notify.New(notify.Options{Outbox: d.store, Sinks: d.allSinks(), Beside: background{d.store, d}, Logger: d.Logger, Registerer: d.Registry})
	if err != nil {
		return err
	}
	sources, err := d.follow()
	if err != nil {
		return err
	}
	d.pipeline, err = pipeline.New(pipeline.Options{
		Sources: sources, Store: d.store, Identity: d.parts.identity, Generation: d.current.Load().Generation,
		Sinks: names, Routing: d.routes, PerWeek: c.Budget.PerWeek,
		Follow: true, Wake: d.wake, Batch: c.Pipeline.Batch, Shards: c.Pipeline.Shards, IdleAfter: c.Pipeline.IdleAfter.Std(), Memory: c.Pipeline.Memory,
		Paused: d.backlog.full, Registerer: d.Registry, Logger: d.Logger, Committed: d.committed,
	})
	if err != nil {
		return err
	}
	if d.metrics, err = newMetrics(d); err != nil {
		return err
	}
	if err := d.listenForQuestions(); err != nil {
		return err
	}
	if d.listener, err = net.Listen("tcp", c.Web.ListenAddress); err != nil {
		return fmt.Errorf("web.listen_address: %w", err)
	}
	return d.listenAdmin()
}

// follow opens the sources at their committed positions.
func (d *Daemon) follow() ([]pipeline.Source, error) {
	from, err := pipeline.Positions(d.store)
	if err != nil {
		return nil, err
	}
	if err := d.listen(); err != nil {
		return nil, err
	}
	out := make([]pipeline.Source, len(d.parts.sources))
	for i, s := range d.parts.sources {
		if r := d.received[s.Name]; r != nil {
			if out[i], err = d.followSpool(&s, r, from); err != nil {
				return nil, err
			}
			continue
		}
		set, err := source.Open(source.Options{
			Name: s.Name, Paths: s.Paths, Framer: s.decoder.NewFramer, Follow: true, From: from, WholeFiles: s.WholeFiles, Logger: d.Logger, Wake: d.wakeUp,
		})
		if err != nil {
			return nil, err
		}
		f := &followed{Set: set, source: s.Source}
		d.sources = append(d.sources, f)
		out[i] = s.toPipeline(f)
	}
	return out, nil
}

// allSinks are the configured sinks and those given in code.
func (d *Daemon) allSinks() []notify.Sink { return slices.Concat(d.parts.sinks, d.Sinks) }

func (d *Daemon) sinkNames() []string {
	var names []string
	for _, s := range d.allSinks() {
		names = append(names, s.Name())
	}
	return names
}

// wakeUp says that a source may have something. It never waits.
func (d *Daemon) wakeUp() {
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

// followed is a source's streams, closed once: the pipeline does that when it ends well, else the daemon.
type followed struct {
	*source.Set
	source *Source
	closed sync.Once
}

// Close is called by the pipeline and, for a pipeline that failed or never ran, by the daemon.
func (f *followed) Close() (err error) {
	f.closed.Do(func() { err = f.Set.Close() })
	return err
}

// archive keeps what a generation is made of before the commit that puts it in force, so that the journal names none that
// cannot be built again.
func (d *Daemon) archive(g *generation) error {
	if err := newArchive(d.Config.StateDir).keep(g.Hash, g.made); err != nil {
		return err
	}
	g.made = nil
	return nil
}

func (d *Daemon) committed(c *store.Commit) {
	for _, s := range c.Streams {
		if r := d.received[s.Source]; r != nil {
			r.stand(func() []byte { return pipeline.SourcePosition(s.State) })
		}
	}
	if len(c.Alerts) > 0 {
		d.around.Committed(slices.Collect(maps.Keys(c.Cases)))
		d.notifier.Wake()
	}
	d.checkpoints.grown(d.store.EvidenceHead())
}

// note writes an entry of the daemon's own into the evidence.
func (d *Daemon) note(kind string, body any) error {
	d.storeUse.Lock()
	defer d.storeUse.Unlock()
	if d.store == nil {
		return fmt.Errorf("recording the %s in the evidence: the state folder is closed", kind)
	}
	err := d.store.Commit(&store.Commit{Evidence: []evidence.Entry{{Kind: kind, Body: body}}})
	if err != nil {
		return fmt.Errorf("recording the %s in the evidence: %w", kind, err)
	}
	return nil
}

// outstanding says what waits for each sink; nothing once the state folder is closed, when whoever holds the registry may
// still ask.
func (d *Daemon) outstanding() (map[string]store.OutboxStat, error) {
	d.storeUse.Lock()
	defer d.storeUse.Unlock()
	if d.store == nil {
		return nil, nil
	}
	return d.store.Outstanding()
}

// Addr is the address of the HTTP listener.
func (d *Daemon) Addr() string { return d.listener.Addr().String() }

// close closes what New has opened and the pipeline does not close.
func (d *Daemon) close() error {
	var errs []error
	if d.listener != nil {
		if err := d.listener.Close(); !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	errs = append(errs, d.stopQuestions())
	for _, s := range d.sources {
		errs = append(errs, s.Close())
	}
	errs = append(errs, d.checkpoints.close(), d.closeAdmin())
	for _, r := range d.received {
		errs = append(errs, r.Listener.Close())
	}
	if d.notifier != nil {
		errs = append(errs, d.notifier.Close())
	}
	d.storeUse.Lock()
	defer d.storeUse.Unlock()
	if d.store != nil {
		errs = append(errs, d.store.Close())
		d.store = nil
	}
	return errors.Join(errs...)
}

// drainPoll is how often Drain asks whether the loop has come to rest; restAfter how long it must have found nothing, which
// is longer than any source waits between two looks.
const (
	drainPoll = 50 * time.Millisecond
	restAfter = 1500 * time.Millisecond
)

// Drain waits until the sources have had nothing new for a moment and every sink has all that was committed. It needs a Run
// beside it.
func (d *Daemon) Drain(ctx context.Context) error {
	tick := time.NewTicker(drainPoll)
	defer tick.Stop()
	asked := time.Now()
	for {
		turned, busy := d.pipeline.Pulse()
		if busy.Before(asked) {
			busy = asked
		}
		if turned.Sub(busy) >= restAfter {
			return d.notifier.Drain(ctx)
		}
		select {
		case <-tick.C:
		case <-d.ended:
			return errors.New("the daemon has stopped")
		case <-ctx.Done():
			return fmt.Errorf("waiting for the sources to be read: %w", ctx.Err())
		}
	}
}
