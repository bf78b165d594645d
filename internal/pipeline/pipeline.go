package pipeline

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"probity/internal/alert"
	"probity/internal/decode"
	"probity/internal/engine"
	"probity/internal/event"
	"probity/internal/source"
	"probity/internal/store"
)

// Source is one configured source: its streams and how they are read.
type Source struct {
	Name     string
	Dataset  string
	Streams  streams
	Decoder  *decode.Decoder
	Lateness time.Duration // how much later than its neighbours an event may arrive

	WholeFiles bool // each stream is a file that ends, and another one follows
}

// streams finds the streams of a source; *source.Set is one.
type streams interface {
	Discover() ([]source.Stream, error)
	Due() time.Time // when it is worth asking them again, unless Options.Wake says that it is earlier
	Close() error
}

// committer is the point of no return; *store.Store and *store.Memory are.
type committer interface {
	Commit(*store.Commit) error
	Record(keys []store.RecordKey) (map[event.ID]*event.Kept, error)
	Revision(alertID string) (int, error)
	LastAlerts(ids []string) (map[string]*alert.Alert, error)
	Streams() (map[string]store.StreamState, error)
	EachTally(stream string, fn func(store.Tally) error) error
	EachWindow(workers int, fn func(worker int, feed, key string, state []byte) error) error
	EachPending(func(store.PendingMatch) error) error
	Generation() string
}

// Options are a pipeline's parts.
type Options struct {
	Sources    []Source
	Store      committer
	Identity   *alert.Identity
	Generation *engine.Generation
	Sinks      []string // each new revision is owed to each of them
	Routing    routing  // or to some of them only; nil: to all
	PerWeek    int      // alerts of one rule or person in seven days beyond which they are folded; 0: none is

	Follow    bool          // wait for more at the end; otherwise Run returns when every stream has ended
	Batch     int           // records a batch, at most; 0: 32768
	Turn      int           // records taken from one stream before the next has its turn; 0: Batch
	Shards    int           // of the window state; 0: one a core
	Workers   int           // that decode and match; 0: one a core
	IdleAfter time.Duration // a quiet stream's watermark is then advanced by the clock; 0: never
	Memory    int64         // bytes that windows may take; beyond it, rules give up what is oldest; 0: no bound
	Paused    func() bool   // true: nothing may be read for now; asked before each batch; may be nil
	Passing   bool          // nobody will go on from what the store holds: window states are not put there
	Until     time.Time     // at the end of finite sources, advance all watermarks to here
	Plan      *Plan         // a run to be repeated; nil: none. Its streams are read, and those of Sources are not

	Registerer prometheus.Registerer
	Logger     *zap.Logger
	Wake       <-chan struct{}     // sources may have something before they are due; nil: nobody says so
	Committed  func(*store.Commit) // after each commit; may be nil
	Times      func([]int64)       // the event times of each stretch that was read; may be nil
	Matched    func(*event.Event)  // each event once it met the rules, by all workers at once; it keeps nothing of it; may be nil
}

// Pipeline is a running system.
type Pipeline struct {
	Options
	metrics *metrics
	pulse   pulse
	state   *engine.State
	workers []*worker
	streams []*stream
	own     []engine.Own // what happened to Probity itself in this batch
	reload  chan swap
	next    int       // whose turn it is
	took    time.Time // when the last batch was taken
	full    bool      // and whether more may have been waiting
	looked  time.Time // when new streams were last looked for
	day     string    // that is running, UTC
	swept   time.Time // when undecided matches whose time is up were last dropped
	floor   map[*Source]int64
	expired map[string]bool // exceptions that were reported, by rule and reason
	started time.Time
	hidden  map[int]withheld     // by rule index: what is not to be counted; see withhold
	moved   map[string]int64     // records judged of each stream, where the journal does not say so yet
	noted   []store.JournalEntry // for the next commit
	writing chan error           // of the commit that is being written; nil if none is
	givenUp error                // why a commit was; none follows it
	matches []engine.Match       // memory of a batch's matches, empty between batches
	spare   [][]engine.Match     // likewise, of its tasks'
}

// New restores what the store holds and puts the generation in force.
func New(o Options) (*Pipeline, error) {
	if o.Batch == 0 {
		o.Batch = 32768
	}
	if o.Turn == 0 {
		o.Turn = o.Batch
	}
	if o.Shards == 0 {
		o.Shards = runtime.GOMAXPROCS(0)
	}
	if o.Workers == 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	if o.Batch < 1 || o.Turn < 1 || o.Shards < 1 || o.Workers < 1 {
		return nil, errors.New("pipeline: batch, turn, shards and workers must be at least 1")
	}
	if o.Logger == nil {
		o.Logger = zap.NewNop()
	}
	p := &Pipeline{
		Options: o, metrics: newMetrics(o.Registerer), reload: make(chan swap), swept: time.Now(), started: time.Now(),
		floor: map[*Source]int64{}, expired: map[string]bool{}, moved: map[string]int64{},
	}
	for _, s := range o.Sources {
		p.metrics.source(s)
	}
	p.metrics.stateLimit.Set(float64(o.Memory))
	p.hire(o.Generation)
	if err := p.restoreFloors(); err != nil {
		return nil, err
	}
	p.noteStart()
	if err := p.restore(); err != nil {
		return nil, err
	}
	return p, nil
}

// Run is the loop. It returns nil when the finite sources have ended or ctx is done, with everything that was read
// committed; an error means that a source or the store cannot go on.
func (p *Pipeline) Run(ctx context.Context) (err error) {
	defer func() {
		err = errors.Join(err, p.settle())
		p.close()
	}()
	for {
		batch, err := p.follow(ctx)
		if errors.Is(err, errEnded) {
			return p.end(ctx)
		}
		if err != nil {
			return err
		}
		judged := p.judge(batch) // while the batch before is being committed
		if err := p.settle(); err != nil {
			return err
		}
		changes, err := p.correlate(judged)
		if err != nil {
			return err
		}
		p.commit(ctx, judged, changes)
	}
}

// end advances the watermarks as far as was asked for.
func (p *Pipeline) end(ctx context.Context) error {
	if p.Until.IsZero() || ctx.Err() != nil {
		return nil
	}
	if err := p.settle(); err != nil {
		return err
	}
	for _, s := range p.streams {
		s.advance(p.Until.UnixNano())
	}
	for i := range p.Sources {
		p.raiseFloor(&p.Sources[i], p.Until.UnixNano())
	}
	c, err := p.correlate(&judged{})
	if err != nil {
		return err
	}
	return p.commitNow(ctx, &judged{}, c)
}

func (p *Pipeline) close() {
	for _, s := range p.streams {
		s.from.Close()
	}
	for _, s := range p.Sources {
		s.Streams.Close()
	}
}

// deliver tells whoever delivers that there is something to deliver.
func (p *Pipeline) deliver(c *store.Commit) {
	if p.Committed != nil {
		p.Committed(c)
	}
}

// restore reads the committed positions and windows and, if the generation in force is not the committed one, adopts it.
func (p *Pipeline) restore() error {
	p.state = engine.NewState(p.Generation, p.Shards)
	p.state.Passing = p.Passing
	restoring := p.state.Restoring(p.Workers)
	goneBy := make([][]store.WindowState, p.Workers)
	err := p.Store.EachWindow(p.Workers, func(worker int, feed, key string, state []byte) error {
		ok, err := restoring.Take(worker, engine.Saved{Feed: feed, Key: key, State: state})
		if err == nil && !ok {
			goneBy[worker] = append(goneBy[worker], store.WindowState{Feed: feed, Key: key})
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("restoring windows: %w", err)
	}
	restoring.Done(p.fork)
	gone := slices.Concat(goneBy...)
	p.metrics.generation(p.Generation)
	p.reportExpired(time.Now())
	p.horizons()
	if p.Store.Generation() == p.Generation.Hash {
		return nil
	}
	once, cancel := context.WithCancel(context.Background())
	cancel() // a start tries the commit once: what it cannot write now, the next start will
	if err := p.adopt(once, p.Generation, gone); err != nil {
		return err
	}
	for _, a := range []*engine.Approval{p.Generation.Approval, p.Generation.Dropped} {
		if a != nil {
			return p.tell(once, *a, p.Generation)
		}
	}
	return nil
}
