package daemon

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"go.uber.org/zap"
)

// drainWithin bounds what stopping may take: what is left then waits in the outbox.
const drainWithin = 10 * time.Second

// Run follows, judges, commits and delivers until ctx ends, and then stops in order: no more is read, what was read is
// committed, the sinks get what is due within a bound. An error means that the state folder, a source or the listener
// cannot go on.
func (d *Daemon) Run(ctx context.Context) (err error) {
	defer func() { err = errors.Join(err, d.close()) }()
	loop, stopLoop := context.WithCancelCause(ctx)
	defer stopLoop(nil)
	beside, stopBeside := context.WithCancel(context.WithoutCancel(ctx))
	defer stopBeside()

	var running sync.WaitGroup
	server := d.server()
	running.Go(func() {
		if err := d.serveWeb(server); !errors.Is(err, http.ErrServerClosed) {
			stopLoop(err)
		}
	})
	questions := d.serveQuestions(&running, stopLoop)
	running.Go(func() { _ = d.notifier.Run(beside) })
	watching, stopWatching := context.WithCancel(beside)
	running.Go(func() { d.watch(watching) })
	running.Go(func() { d.checkpoints.run(watching) })
	running.Go(func() { d.around.Run(watching) })
	running.Go(func() { d.expire(watching) })
	d.countOutbox() // before the first record is read
	running.Go(func() { d.watchOutbox(watching) })
	running.Go(func() { d.systemd.feedWatchdog(watching, d.alive) })
	admin := d.serveAdmin(&running, stopLoop)
	receiving, stopReceiving := context.WithCancel(loop)
	defer stopReceiving()
	for _, r := range d.received {
		running.Go(func() {
			if err := r.Listener.Run(receiving); err != nil {
				d.Logger.Error("stopped before all that was received was in the spool; the rest is lost", zap.Error(err))
			}
		})
	}
	d.announce()

	err = d.pipeline.Run(loop)
	if ctx.Err() == nil && loop.Err() != nil {
		err = errors.Join(err, context.Cause(loop))
	}
	close(d.ended)
	stopReceiving()
	d.systemd.stopping()
	stopWatching()
	stopServing(admin)
	d.finish(ctx, err)
	stopServing(server)
	stopServing(questions)
	stopBeside()
	running.Wait()
	err = errors.Join(err, d.note("stop", map[string]any{"orderly": err == nil}))
	d.checkpoints.finish()
	return err
}

// answerWithin bounds how long a request under way may take once the daemon stops. Afterwards the state folder is closed, and
// nobody may ask for what waits in it.
const answerWithin = 2 * time.Second

func stopServing(server *http.Server) {
	ctx, cancel := context.WithTimeout(context.Background(), answerWithin)
	defer cancel()
	if server.Shutdown(ctx) != nil {
		server.Close() //nolint:errcheck // it has been asked to end
	}
}

func (d *Daemon) announce() {
	g := d.current.Load()
	d.Logger.Info("running", zap.String("version", Version()), zap.String("listen", d.Addr()),
		zap.Int("sources", len(d.sources)), zap.Int("rules", len(g.Rules.Rules)), zap.Int("tables", len(g.tables)), zap.String("generation", g.Hash))
	d.logFindings(g)
	d.systemd.ready()
}

// finish gives the sinks what is due, within the bound.
func (d *Daemon) finish(ctx context.Context, err error) {
	if err != nil {
		d.Logger.Error("the loop cannot go on", zap.Error(err))
	} else {
		d.Logger.Info("stopping: what was read is committed, delivering what is due")
	}
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainWithin)
	defer cancel()
	if err := d.notifier.Drain(drain); err != nil {
		d.Logger.Warn("stopped before all was delivered; it waits in the outbox", zap.Error(err))
	}
}

// logFindings tells the faults of tables, by line numbers.
func (d *Daemon) logFindings(g *generation) {
	for _, f := range g.findings {
		d.Logger.Warn("table has a fault that does not stop it", zap.String("table", f.Table), zap.String("what", f.What),
			zap.String("do", f.Do), zap.Int("rows", f.Count), zap.Ints("lines", f.Lines))
	}
}
