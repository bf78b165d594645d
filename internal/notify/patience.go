package notify

import (
	"time"

	"github.com/cenkalti/backoff/v5"

	"probity/internal/alert"
)

// patience decides when a sink that failed is tried again, and which alerts are held back meanwhile.
type patience struct {
	first, longest time.Duration
	pace           *backoff.ExponentialBackOff // of the sink
	held           map[string]*hold            // by alert id; at most one for each revision of a batch
	stuck          map[string]bool             // alerts held since the last arrival
}

// hold keeps the revisions of one alert back.
type hold struct {
	until time.Time
	pace  *backoff.ExponentialBackOff
}

func newPatience(first, longest time.Duration) patience {
	p := patience{first: first, longest: longest}
	p.forget()
	return p
}

// forget makes everything be tried at once.
func (p *patience) forget() {
	p.pace, p.held, p.stuck = p.newPace(), map[string]*hold{}, map[string]bool{}
}

func (p *patience) newPace() *backoff.ExponentialBackOff {
	pace := backoff.NewExponentialBackOff() // with a jitter of one half either way
	pace.InitialInterval, pace.Multiplier, pace.MaxInterval = p.first, 2, p.longest
	return pace
}

// next is the sink's next wait.
func (p *patience) next() time.Duration { return min(p.pace.NextBackOff(), p.longest) }

// ready returns the revisions of alerts that are not held back, in their order, and, if there are none, the time until the
// first hold ends: 0 if nothing is due.
func (p *patience) ready(due []alert.Delivery) (ready []alert.Delivery, next time.Duration) {
	now := time.Now()
	for _, d := range due {
		h := p.held[d.AlertID]
		if h == nil || !now.Before(h.until) {
			ready = append(ready, d)
		} else if wait := h.until.Sub(now); next == 0 || wait < next {
			next = wait
		}
	}
	return ready, next
}

// holds returns a predicate of the revisions that must not be offered after tried failed: itself, and, if its alert is held
// back, those behind it.
func (p *patience) holds(tried alert.Delivery) func(alert.Delivery) bool {
	held := p.held[tried.AlertID] != nil
	return func(d alert.Delivery) bool {
		return d.Seq == tried.Seq || held && d.AlertID == tried.AlertID
	}
}

// arrived ends all waiting of the sink and of the alert.
func (p *patience) arrived(alertID string) {
	p.pace.Reset()
	delete(p.held, alertID)
	clear(p.stuck)
}

// failed returns how long to wait, and whether the whole sink waits.
func (p *patience) failed(alertID string, f *Failure) (wait time.Duration, down bool) {
	switch f.Extent {
	case Refused:
		// The sink answered, and decided: as good as an arrival.
		p.arrived(alertID)
		return 0, false
	case Stuck:
		p.stuck[alertID] = true
		h := p.held[alertID]
		if h == nil {
			h = &hold{pace: p.newPace()}
			p.held[alertID] = h
		}
		wait = p.wait(h.pace, f)
		h.until = time.Now().Add(wait)
		if len(p.stuck) < stuckIsDown {
			return wait, false
		}
	}
	return p.wait(p.pace, f), true
}

// wait is what the sink asked for, or else the next of pace.
func (p *patience) wait(pace *backoff.ExponentialBackOff, f *Failure) time.Duration {
	if f.RetryAfter > 0 {
		return f.RetryAfter
	}
	return min(pace.NextBackOff(), p.longest)
}
