package notify

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"probity/internal/alert"
)

// outbox is where committed revisions wait, implemented by *store.Store.
type outbox interface {
	// Due returns up to limit revisions that neither arrived nor were refused, oldest first.
	Due(sink string, limit int) ([]alert.Delivery, error)
	// Delivered records durably that they arrived, and the sink's mark with them.
	Delivered(sink string, mark int64, seqs ...int64) error
	// Failed records an attempt. After a permanent failure the revision is no longer due.
	Failed(sink string, seq int64, reason string, permanent bool) error
	// Mark returns the mark that Delivered recorded last, 0 at first.
	Mark(sink string) (int64, error)

	// Arrived is Delivered for a sink that is told again what lasts: the last of each alert's revisions stays, as what lasts.
	Arrived(sink string, mark int64, seqs ...int64) error
	// Lasting returns what lasts, with the time at which it arrived.
	Lasting(sink string) ([]alert.Delivery, error)
	// Ended takes rows out of what lasts.
	Ended(sink string, seqs ...int64) error
}

// Defaults of Options.
const (
	DefaultBatch        = 128
	DefaultFirstRetry   = time.Second
	DefaultLongestRetry = 5 * time.Minute
)

// Options of a Notifier. Beside, Logger and Registerer may be nil; the rest has defaults.
type Options struct {
	Outbox     outbox
	Sinks      []Sink
	Beside     beside
	Logger     *zap.Logger
	Registerer prometheus.Registerer

	Batch        int           // revisions read from the outbox, and offered to a sink, at once
	FirstRetry   time.Duration // about how long a sink waits after its first failure; doubled for each further one
	LongestRetry time.Duration // the longest wait between two attempts, unless the sink asks for a longer one
}

func (o *Options) validate() error {
	if o.Outbox == nil {
		return errors.New("no outbox")
	}
	o.Batch = cmp.Or(o.Batch, DefaultBatch)
	o.FirstRetry = cmp.Or(o.FirstRetry, DefaultFirstRetry)
	o.LongestRetry = cmp.Or(o.LongestRetry, DefaultLongestRetry)
	if o.Batch < stuckIsDown {
		return fmt.Errorf("batch of %d; stuck alerts could fill it unnoticed below %d", o.Batch, stuckIsDown)
	}
	if o.FirstRetry < 0 || o.LongestRetry < o.FirstRetry {
		return fmt.Errorf("retries from %v to %v", o.FirstRetry, o.LongestRetry)
	}
	if o.Beside == nil {
		o.Beside = nothing{}
	}
	if o.Logger == nil {
		o.Logger = zap.NewNop()
	}
	if o.Registerer == nil {
		o.Registerer = prometheus.NewRegistry()
	}
	return distinct(o.Sinks)
}

// distinct holds that no two sinks have one name, or write one file: each would take the other's lines for a rotation.
func distinct(sinks []Sink) error {
	names, files := map[string]bool{}, map[string]string{}
	for _, s := range sinks {
		if names[s.Name()] {
			return fmt.Errorf("two sinks are named %q", s.Name())
		}
		names[s.Name()] = true
		if f, ok := as[*fileSink](s); ok {
			if other, taken := files[f.path]; taken {
				return fmt.Errorf("sinks %q and %q write the same file, %s", other, f.name, f.path)
			}
			files[f.path] = f.name
		}
		if h, ok := as[*htmlSink](s); ok {
			if other, taken := files[h.dir]; taken {
				return fmt.Errorf("sinks %q and %q write into the same folder, %s", other, h.name, h.dir)
			}
			files[h.dir] = h.name
		}
	}
	return nil
}

// Notifier drains the outbox, each sink on its own.
type Notifier struct{ queues []*queue }

// New returns a Notifier that does nothing until Run or Drain, and holds the sinks' files against other processes until Close.
func New(o Options) (*Notifier, error) {
	if err := o.validate(); err != nil {
		return nil, fmt.Errorf("notifier: %w", err)
	}
	if err := claimAll(o.Sinks); err != nil {
		return nil, fmt.Errorf("notifier: %w", err)
	}
	m, err := newMetrics(o.Registerer, o.Sinks)
	if err != nil {
		return nil, fmt.Errorf("notifier: registering metrics: %w", err)
	}
	n := &Notifier{}
	for _, s := range o.Sinks {
		if i, ok := as[informed](s); ok {
			i.inform(o.Beside)
		}
		n.queues = append(n.queues, newQueue(s, &o, m))
	}
	return n, nil
}

// Run delivers until ctx ends, and returns nil then: failures of sinks and outbox are waited out, logged and counted.
func (n *Notifier) Run(ctx context.Context) error {
	var running sync.WaitGroup
	for _, q := range n.queues {
		running.Go(func() { q.run(ctx) })
	}
	running.Wait()
	return nil
}

// Wake says that a commit may have put something into the outbox. It never waits.
func (n *Notifier) Wake() {
	for _, q := range n.queues {
		q.wakeUp()
	}
}

// Drain delivers until nothing is due, beside a Run or without one. A sink that is waiting to be tried again is tried at
// once. If ctx ends before, the error says which sinks have something left; it stays in the outbox.
func (n *Notifier) Drain(ctx context.Context) error {
	errs := make([]error, len(n.queues))
	var draining sync.WaitGroup
	for i, q := range n.queues {
		draining.Go(func() { errs[i] = q.drain(ctx) })
	}
	draining.Wait()
	return errors.Join(errs...)
}
