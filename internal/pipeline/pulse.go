package pipeline

import (
	"sync/atomic"
	"time"
)

// pulse says from outside of the loop that it lives; nanoseconds.
type pulse struct{ turned, busy, failing atomic.Int64 }

// Pulse returns when the loop last looked at its sources, and when it last found something there. A loop that has not
// looked for long is judging a batch, or its commit is being tried again.
func (p *Pipeline) Pulse() (turned, busy time.Time) {
	return time.Unix(0, p.pulse.turned.Load()), time.Unix(0, p.pulse.busy.Load())
}

func (p *pulse) turn() { p.turned.Store(time.Now().UnixNano()) }

func (p *pulse) work() { p.busy.Store(time.Now().UnixNano()) }

// Failing returns since when commits have failed, zero if the last one succeeded. Reading is stopped meanwhile.
func (p *Pipeline) Failing() time.Time {
	if at := p.pulse.failing.Load(); at != 0 {
		return time.Unix(0, at)
	}
	return time.Time{}
}
