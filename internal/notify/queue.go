package notify

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"

	"probity/internal/alert"
)

// stuckIsDown is how many alerts in a row, with no arrival between them, must be stuck for the sink to count as down.
const stuckIsDown = 3

// deepest is how many batches of revisions that wait are looked past for one that need not. Behind more than these,
// revisions of other alerts wait too, until the first hold ends.
const deepest = 16

// queue takes one sink's revisions from the outbox to the sink. Run and Drain may work on it at once; the turn keeps them,
// and with them the sink and all fields below it, apart.
type queue struct {
	sink    Sink
	outbox  outbox
	batch   int
	log     *zap.Logger
	metrics *metrics
	wake    chan struct{}

	turn     chan struct{} // holds a token while somebody works; a mutex could not be waited for under a context
	patience               // whom to try when
	arrived  []int64       // at the sink, and not yet recorded
	mark     int64         // to be recorded with arrived
	down     bool          // what was logged and shown last

	lasting  lasting // the sink, if it is one
	restored bool    // it has been handed what lasts
	partly   bool    // logged: a part of what lasts could not be told again
	ended    []int64 // of what lasts, and not yet recorded

	reviewing reviewing // the sink, if it is one
	toReview  sync.Mutex
	reviews   reviews
}

func newQueue(s Sink, o *Options, m *metrics) *queue {
	lasting, _ := as[lasting](s)
	reviewing, _ := as[reviewing](s)
	return &queue{
		reviewing: reviewing,
		reviews:   reviews{all: true},
		sink:      s,
		lasting:   lasting,
		outbox:    o.Outbox,
		batch:     o.Batch,
		log:       o.Logger.With(zap.String("sink", s.Name())),
		metrics:   m,
		wake:      make(chan struct{}, 1),
		turn:      make(chan struct{}, 1),
		patience:  newPatience(o.FirstRetry, o.LongestRetry),
	}
}

// rest is what a round leaves to wait for: the zero rest is for new revisions only.
type rest struct {
	length time.Duration // until something can be tried again; 0: nothing is due
	hour   bool          // nothing failed: what is due waits for its hour
	deaf   bool          // the whole sink waits, so new revisions are no reason to try
}

func (q *queue) run(ctx context.Context) {
	defer q.hangUp()
	for {
		r, err := q.round(ctx, false)
		if err == nil {
			r, err = q.review(ctx, r)
		}
		if err == nil {
			r, err = q.repeat(ctx, r)
		}
		if err != nil || !q.pause(ctx, r) {
			return
		}
	}
}

func (q *queue) drain(ctx context.Context) error {
	defer q.hangUp()
	for first := true; ; first = false {
		r, err := q.round(ctx, first)
		if err == nil && (r.length == 0 || r.hour) {
			return nil
		}
		r.deaf = true // to leave Run its wake-ups
		if err == nil && !q.pause(ctx, r) {
			err = ctx.Err()
		}
		if err != nil {
			return fmt.Errorf("sink %q: not all is delivered: %w", q.sink.Name(), err)
		}
	}
}

// hangUp closes what the sink keeps open for the next delivery.
func (q *queue) hangUp() {
	if s, ok := as[interface{ CloseIdleConnections() }](q.sink); ok {
		s.CloseIdleConnections()
	}
}

func (q *queue) wakeUp() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// pause reports false if ctx ended.
func (q *queue) pause(ctx context.Context, r rest) bool {
	var over <-chan time.Time
	if r.length > 0 {
		timer := time.NewTimer(r.length)
		defer timer.Stop()
		over = timer.C
	}
	wake := q.wake
	if r.deaf {
		wake = nil
	}
	select {
	case <-ctx.Done():
		return false
	case <-over:
	case <-wake:
	}
	return true
}

// round delivers until nothing is due, or what is due must wait. Its only error is that ctx ended.
func (q *queue) round(ctx context.Context, afresh bool) (rest, error) {
	select {
	case q.turn <- struct{}{}:
		defer func() { <-q.turn }()
	case <-ctx.Done():
		return rest{}, ctx.Err()
	}
	if afresh {
		q.patience.forget()
	}
	if err := q.restore(); err != nil {
		return q.troubled("reading what lasts", err), nil
	}
	for ctx.Err() == nil {
		r, more := q.step(ctx)
		if !more {
			return r, nil
		}
	}
	return rest{}, ctx.Err()
}

// step takes one batch from the outbox to the sink.
func (q *queue) step(ctx context.Context) (r rest, more bool) {
	if err := q.record(); err != nil {
		return q.troubled("recording deliveries", err), false
	}
	mark, err := q.outbox.Mark(q.sink.Name())
	if err != nil {
		return q.troubled("reading the mark", err), false
	}
	ready, r, err := q.ready()
	if err != nil {
		return q.troubled("reading what is due", err), false
	}
	if len(ready) == 0 {
		return r, false
	}
	return q.offer(ctx, mark, ready)
}

// ready returns a batch of what is due and need not wait or, if there is none, what to wait for. Where revisions that wait
// fill the batch, it looks past them, because one stuck alert can have many revisions.
func (q *queue) ready() (ready []alert.Delivery, r rest, err error) {
	gathers, ok := as[gathering](q.sink)
	if ok {
		return q.gathered(gathers)
	}
	for limit := q.batch; ; limit *= 2 {
		due, err := q.outbox.Due(q.sink.Name(), limit)
		if err != nil {
			return nil, rest{}, err
		}
		ready, next := q.patience.ready(due)
		if len(ready) > 0 || len(due) < limit || limit >= deepest*q.batch {
			return ready[:min(len(ready), q.batch)], rest{length: next}, nil
		}
	}
}

// offer offers the batch until all of it arrived, failed or must wait.
func (q *queue) offer(ctx context.Context, mark int64, batch []alert.Delivery) (r rest, more bool) {
	for len(batch) > 0 && ctx.Err() == nil {
		began := time.Now()
		done, newMark, err := q.sink.Deliver(ctx, mark, batch)
		q.metrics.seconds.WithLabelValues(q.sink.Name()).Observe(time.Since(began).Seconds())
		if done > 0 {
			mark = newMark
			if err := q.accept(batch[:done], mark); err != nil {
				return q.troubled("recording deliveries", err), false
			}
			batch = batch[done:]
		}
		if err == nil && done == 0 {
			err = errors.New("the sink took nothing and gave no reason")
		}
		if err == nil || ctx.Err() != nil {
			continue
		}
		r, ok := q.refuse(batch[0], err)
		if !ok {
			return r, false
		}
		batch = slices.DeleteFunc(batch, q.patience.holds(batch[0]))
	}
	return rest{}, true
}

// accept notes that the revisions arrived, and records it.
func (q *queue) accept(arrived []alert.Delivery, mark int64) error {
	for _, d := range arrived {
		q.arrived = append(q.arrived, d.Seq)
		q.patience.arrived(d.AlertID)
	}
	q.mark = mark
	if q.down {
		q.setDown(false)
		q.log.Info("sink is up again")
	}
	return q.record()
}

// record tells the outbox what arrived. What it cannot tell now stays noted, and is told before anything is sent again.
func (q *queue) record() error {
	if len(q.arrived) == 0 {
		return nil
	}
	record := q.outbox.Delivered
	if q.lasting != nil {
		record = q.outbox.Arrived
	}
	if err := record(q.sink.Name(), q.mark, q.arrived...); err != nil {
		return err
	}
	q.metrics.delivered.WithLabelValues(q.sink.Name()).Add(float64(len(q.arrived)))
	q.arrived = nil
	return nil
}

// refuse records that d did not arrive. It reports false if the sink as a whole has to wait.
func (q *queue) refuse(d alert.Delivery, cause error) (r rest, goOn bool) {
	f, ok := errors.AsType[*Failure](cause)
	if !ok {
		f = &Failure{Extent: Down, Err: cause}
	}
	forEver, label := f.Extent == Refused, temporary
	if forEver {
		label = permanent
	}
	q.metrics.failed.WithLabelValues(q.sink.Name(), label).Inc()
	wait, down := q.patience.failed(d.AlertID, f)
	q.report(d, f, wait, down)
	if down {
		q.setDown(true)
	}
	if err := q.outbox.Failed(q.sink.Name(), d.Seq, cause.Error(), forEver); err != nil {
		return q.troubled("recording a failure", err), false
	}
	if down {
		return rest{length: wait, deaf: true}, false
	}
	return rest{}, true
}

func (q *queue) report(d alert.Delivery, f *Failure, wait time.Duration, down bool) {
	fields := []zap.Field{zap.String("alert", d.AlertID), zap.Int("revision", d.Revision), zap.Int("attempt", d.Attempts+1), zap.Error(f)}
	switch {
	case f.Extent == Refused:
		q.log.Error("sink refused a revision; it is not delivered", fields...)
	case down:
		q.log.Warn("sink is down; its revisions wait", append(fields, zap.Duration("retry_in", wait))...)
	default:
		q.log.Warn("sink did not take a revision; its alert waits", append(fields, zap.Duration("retry_in", wait))...)
	}
}

func (q *queue) setDown(down bool) {
	q.down = down
	up := 1.0
	if down {
		up = 0
	}
	q.metrics.up.WithLabelValues(q.sink.Name()).Set(up)
}

// troubled is a failure of the outbox, which the sink cannot help: it waits as if it were down.
func (q *queue) troubled(doing string, err error) rest {
	wait := q.patience.next()
	q.metrics.outbox.WithLabelValues(q.sink.Name()).Inc()
	q.log.Error("outbox failed", zap.String("doing", doing), zap.Error(err), zap.Duration("retry_in", wait))
	return rest{length: wait, deaf: true}
}
