package daemon

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/cenkalti/backoff/v5"
	"go.uber.org/zap"

	"probity/internal/alert"
	"probity/internal/evidence"
	"probity/internal/notify"
)

// witnessPath is where witnesses stand in the configuration.
const witnessPath = "evidence.witness"

// witnessTypes are the types of sinks that take a checkpoint as it is.
var witnessTypes = []string{"file", "webhook"}

// witness tells one sink of the newest checkpoint. Each covers all before it, so one that was missed need not be told.
type witness struct {
	sink   notify.Sink
	log    *zap.Logger
	newest chan evidence.Checkpoint // capacity 1; a newer one takes the place of one that waits
	heard  atomic.Int64             // when it had a checkpoint last, Unix ns; the daemon's start before that

	firstRetry, longestRetry time.Duration

	told         evidence.Checkpoint // last
	before, mark int64               // the sink's marks, before and after told
}

func newWitness(sink notify.Sink, log *zap.Logger, started time.Time) *witness {
	w := &witness{sink: sink, log: log.With(zap.String("witness", sink.Name())), newest: make(chan evidence.Checkpoint, 1),
		firstRetry: time.Second, longestRetry: 5 * time.Minute}
	w.heard.Store(started.UnixNano())
	return w
}

// offer is called by one goroutine.
func (w *witness) offer(c evidence.Checkpoint) {
	select {
	case <-w.newest:
	default:
	}
	w.newest <- c
}

// run tells what is offered, again and again until the witness has it or something newer is offered.
func (w *witness) run(ctx context.Context) {
	wait := backoff.NewExponentialBackOff()
	wait.InitialInterval, wait.MaxInterval = w.firstRetry, w.longestRetry
	var c evidence.Checkpoint
	var again <-chan time.Time
	for down := false; ; {
		select {
		case c = <-w.newest:
		case <-again:
		case <-ctx.Done():
			return
		}
		again = nil
		err := w.tell(ctx, c)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			if !down {
				w.log.Warn("the witness does not have the newest checkpoint; it is tried again", zap.Error(err), zap.Uint64("entries", c.Size))
			}
			down, again = true, time.After(wait.NextBackOff())
		case down:
			w.log.Info("the witness has the newest checkpoint again", zap.Uint64("entries", c.Size))
			down = false
			wait.Reset()
		}
	}
}

// tell attempts once. Telling the same again proves that the way to the witness is still open.
func (w *witness) tell(ctx context.Context, c evidence.Checkpoint) error {
	if c.Size != w.told.Size || c.Root != w.told.Root {
		w.before = w.mark
	}
	d := alert.Delivery{Seq: int64(c.Size), Sink: w.sink.Name(), AlertID: fmt.Sprintf("checkpoint/%s/%x", c.Origin, c.Root[:8]), Revision: int(c.Size), Body: c.JSON()}
	_, mark, err := w.sink.Deliver(ctx, w.before, []alert.Delivery{d})
	if err != nil {
		return err
	}
	w.told, w.mark = c, mark
	w.heard.Store(time.Now().UnixNano())
	return nil
}
