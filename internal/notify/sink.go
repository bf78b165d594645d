package notify

import (
	"context"
	"fmt"
	"net"
	"time"

	"probity/internal/alert"
)

// Sink is a place that revisions go to. It is never called concurrently. A new kind of sink is one file: its type, its line
// in kindOf, and its harness in the conformance suite.
type Sink interface {
	// Name is the configured name: key of the outbox rows and label of the metrics.
	Name() string

	// Deliver attempts the revisions of batch, which is not empty, in their order. The first done of them have arrived, and
	// will not be lost by a crash of this machine; newMark is then recorded with them, and handed to the next call as mark
	// (0 at first). A call may offer revisions again that arrived without being recorded.
	//
	// With a nil error done is at least 1; what is left of the batch is offered again at once. An error concerns
	// batch[done]; a *Failure says what must wait, any other error is Down. Once ctx has ended the sink returns soon, and
	// its error counts for nothing. Errors name no person and hold no secret.
	Deliver(ctx context.Context, mark int64, batch []alert.Delivery) (done int, newMark int64, err error)
}

// connector opens connections as a net.Dialer does, which it is.
type connector func(ctx context.Context, network, address string) (net.Conn, error)

// Extent says what a failure stops.
type Extent int

// From everything to nothing.
const (
	Down    Extent = iota // the sink: all its revisions wait
	Stuck                 // one alert: its revisions wait, those of other alerts go ahead
	Refused               // nothing: the revision will never be taken
)

// Failure is why a revision did not arrive.
type Failure struct {
	Extent     Extent
	RetryAfter time.Duration // when the sink asked to be tried again; 0 if it did not
	Err        error
}

func (f *Failure) Error() string { return f.Err.Error() }

// Unwrap returns the cause.
func (f *Failure) Unwrap() error { return f.Err }

func failure(extent Extent, format string, args ...any) *Failure {
	return &Failure{Extent: extent, Err: fmt.Errorf(format, args...)}
}
