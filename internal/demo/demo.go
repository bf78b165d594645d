package demo

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"probity/internal/daemon"
	"probity/internal/notify"
	"probity/internal/sim"
)

// Defaults of Options: a force that every typology finds an offender in, and half a minute to watch.
const (
	DefaultSeed  = 1
	DefaultStaff = 120
	DefaultDays  = 3

	// showFor is how long the logs grow at speed 1.
	showFor = 25 * time.Second
)

// Options of a demo. Zero values stand for the defaults.
type Options struct {
	Seed        uint64    // of the simulated force; everything it does follows from it
	Staff, Days int       // how large it is, and how long its logs are
	Speed       float64   // 2: in half the time
	Once        bool      // as fast as it can
	Keep        bool      // leave the folder behind and say where it is
	Out         io.Writer // alerts and summary; nil: nowhere

	// TempDir is where the folder is made; "" is the system's.
	TempDir string
}

func (o *Options) fill() error {
	o.Seed = cmp.Or(o.Seed, DefaultSeed)
	o.Staff = cmp.Or(o.Staff, DefaultStaff)
	o.Days = cmp.Or(o.Days, DefaultDays)
	o.Speed = cmp.Or(o.Speed, 1)
	if !(o.Speed > 0) {
		return fmt.Errorf("demo: speed %g; it must be above 0", o.Speed)
	}
	if o.Out == nil {
		o.Out = io.Discard
	}
	return nil
}

// show is one demo.
type show struct {
	Options
	folder   *folder
	screen   *screen
	printer  *printer
	registry *prometheus.Registry
	daemon   *daemon.Daemon
	force    *sim.Force
	feed     *feed
	final    readings
}

// Run shows the demo. It ends by itself, or when ctx does; either way nothing is left behind unless Keep.
func Run(ctx context.Context, o Options) (err error) {
	if err := o.fill(); err != nil {
		return err
	}
	force, err := sim.New(sim.Options{Seed: o.Seed, Staff: o.Staff, Days: o.Days})
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	s := &show{Options: o, force: force, registry: prometheus.NewRegistry(), screen: newScreen(o.Out, stop)}
	s.printer = newPrinter(s.screen)
	if s.folder, err = newFolder(o.TempDir, force, o.Days); err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	defer func() { err = errors.Join(err, s.leave()) }()
	if err := s.play(ctx); err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	return nil
}

// leave removes the folder, or says where it is.
func (s *show) leave() error {
	s.screen.status("")
	if s.Keep {
		s.screen.print(fmt.Sprintf("kept: %s (configuration, tables, logs, alerts.jsonl, state; look closer with probity replay -c %s)\n", s.folder.path, s.folder.config()))
		return nil
	}
	return s.folder.remove()
}

// play runs the daemon on the growing logs, and looks at what it left once it has stopped.
func (s *show) play(ctx context.Context) error {
	if err := s.start(); err != nil {
		return err
	}
	running := begin(ctx, s.daemon.Run)
	defer running.end()
	s.screen.print(s.opening())
	performing := begin(ctx, s.perform)
	defer performing.end()
	select {
	case <-performing.done:
	case <-running.done:
		return cmp.Or(running.err, context.Cause(ctx), errors.New("the daemon stopped by itself"))
	}
	err := running.end()
	if ctx.Err() != nil {
		return errors.Join(context.Cause(ctx), err)
	}
	if err := errors.Join(performing.err, err); err != nil {
		return err
	}
	return s.conclude()
}

// task is something that runs beside the demo. Its panics become errors, so that the folder is removed before the end.
type task struct {
	stop context.CancelFunc
	done chan struct{}
	err  error // once done
}

func begin(ctx context.Context, run func(context.Context) error) *task {
	ctx, stop := context.WithCancel(ctx)
	t := &task{stop: stop, done: make(chan struct{})}
	go func() {
		defer close(t.done)
		defer func() {
			if p := recover(); p != nil {
				t.err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
			}
		}()
		t.err = run(ctx)
	}()
	return t
}

// end stops the task and waits for it.
func (t *task) end() error {
	t.stop()
	<-t.done
	return t.err
}

// start builds the daemon over the folder.
func (s *show) start() error {
	config, err := s.folder.load()
	if err != nil {
		return err
	}
	log, err := zap.Config{
		Level: zap.NewAtomicLevelAt(zap.InfoLevel), Encoding: "json", EncoderConfig: zap.NewProductionEncoderConfig(),
		OutputPaths: []string{s.folder.log()}, ErrorOutputPaths: []string{s.folder.log()},
	}.Build()
	if err != nil {
		return fmt.Errorf("the daemon's log: %w", err)
	}
	s.daemon, err = daemon.New(daemon.Options{Config: config, Logger: log, Registry: s.registry, Sinks: []notify.Sink{s.printer}})
	if err != nil {
		return fmt.Errorf("the daemon: %w", err)
	}
	return nil
}

// perform writes the logs and waits until everything in them is read, judged and delivered.
func (s *show) perform(ctx context.Context) error {
	s.feed = newFeed(s.folder.logs(), s.rate(), s.progress)
	if err := s.feed.write(ctx, s.force.Lines()); err != nil {
		return err
	}
	if err := s.allRead(ctx); err != nil {
		return err
	}
	if err := s.daemon.Drain(ctx); err != nil {
		return err
	}
	var err error
	s.final, err = read(s.registry) // while the daemon can still tell
	return err
}

// rate is how much faster than life the logs grow; 0 is as fast as they can.
func (s *show) rate() float64 {
	if s.Once {
		return 0
	}
	return s.Speed * float64(s.Days) * float64(24*time.Hour) / float64(showFor)
}

const (
	pollEvery = 25 * time.Millisecond
	patience  = 30 * time.Second // without a byte read, before the demo gives up
)

// allRead waits until the daemon has committed every byte that was written.
func (s *show) allRead(ctx context.Context) error {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	moved, before := time.Now(), -1.0
	for {
		r, err := read(s.registry)
		if err != nil {
			return err
		}
		missing, total := s.unread(r)
		if missing == "" {
			return nil
		}
		if total != before {
			moved, before = time.Now(), total
		}
		if time.Since(moved) > patience {
			return errors.New("the daemon reads no further: " + missing)
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		}
	}
}

// unread says which log is not read to its end, and how many bytes have been read in all.
func (s *show) unread(r readings) (missing string, total float64) {
	got := r.by("probity_bytes_total", "source")
	for source, written := range s.feed.written {
		total += got[source]
		if got[source] != float64(written) {
			missing = fmt.Sprintf("%.0f of %d bytes of %s", got[source], written, source)
		}
	}
	return missing, total
}
