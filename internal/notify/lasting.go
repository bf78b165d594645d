package notify

import (
	"context"
	"errors"
	"time"

	"go.uber.org/zap"

	"probity/internal/alert"
)

// lasting is a sink that shows what is so now, rather than what happened, and forgets: what it got it is told again until that
// has ended. The outbox keeps what lasts, so that it survives a restart. Calls are never concurrent, also not with Deliver.
type lasting interface {
	Sink

	// Restore comes once, before all else: the last revision that arrived of each alert that has not ended.
	Restore(standing []alert.Delivery)

	// Next is when Repeat is to be called; zero if nothing lasts.
	Next() time.Time

	// Repeat tells again what lasts. ended are the rows that need not be kept any more. A *Failure of extent Down is that of
	// a sink that took nothing, and leaves Next as it was; any other is of a part, which waits for the next repetition.
	Repeat(ctx context.Context) (ended []int64, err error)
}

// restore hands a lasting sink what lasts, once.
func (q *queue) restore() error {
	if q.lasting == nil || q.restored {
		return nil
	}
	standing, err := q.outbox.Lasting(q.sink.Name())
	if err != nil {
		return err
	}
	q.lasting.Restore(standing)
	q.restored = true
	return nil
}

// repeat has a lasting sink told again what lasts, and returns when to go on: r, or earlier. Its only error is that ctx ended.
func (q *queue) repeat(ctx context.Context, r rest) (rest, error) {
	if q.lasting == nil || r.deaf {
		return r, nil
	}
	select {
	case q.turn <- struct{}{}:
		defer func() { <-q.turn }()
	case <-ctx.Done():
		return rest{}, ctx.Err()
	}
	if next := q.lasting.Next(); !next.IsZero() && !next.After(time.Now()) {
		ended, err := q.lasting.Repeat(ctx)
		if ctx.Err() != nil {
			return rest{}, ctx.Err()
		}
		q.ended = append(q.ended, ended...)
		if wait, down := q.judgeRepeat(err); down {
			return rest{length: wait, deaf: true}, nil
		}
	}
	if err := q.recordEnded(); err != nil {
		return q.troubled("recording what has ended", err), nil
	}
	if next := q.lasting.Next(); !next.IsZero() {
		wait := max(time.Until(next), time.Nanosecond) // 0 would be for ever
		if r.length == 0 || wait < r.length {
			r.length = wait
		}
	}
	return r, nil
}

// judgeRepeat reports what became of a repetition, and whether the sink waits for it.
func (q *queue) judgeRepeat(err error) (wait time.Duration, down bool) {
	f, failed := errors.AsType[*Failure](err)
	if err != nil && !failed {
		f = &Failure{Extent: Down, Err: err}
	}
	if f == nil {
		if q.down || q.partly {
			q.setDown(false)
			q.log.Info("sink has been told again all that lasts")
		}
		q.partly = false
		q.patience.pace.Reset()
		return 0, false
	}
	q.metrics.failed.WithLabelValues(q.sink.Name(), temporary).Inc()
	if f.Extent != Down {
		if !q.partly {
			q.log.Warn("sink was told again what lasts, but for a part; it is told with the next repetition", zap.Error(f))
		}
		q.partly = true
		return 0, false
	}
	wait = q.patience.wait(q.patience.pace, f)
	if !q.down {
		q.log.Warn("sink could not be told again what lasts", zap.Error(f), zap.Duration("retry_in", wait))
	}
	q.setDown(true)
	return wait, true
}

// recordEnded takes what has ended out of the outbox; what could not be taken out stays noted.
func (q *queue) recordEnded() error {
	if len(q.ended) == 0 {
		return nil
	}
	if err := q.outbox.Ended(q.sink.Name(), q.ended...); err != nil {
		return err
	}
	q.ended = nil
	return nil
}
