package listen

import (
	"slices"
	"sync"
	"time"
)

// Loss is messages that were received and did not reach the spool.
type Loss struct {
	Reason   string // as in probity_listener_dropped_total
	Messages int64
	Bytes    int64 // -1 if the kernel did not say
}

// declareEvery is how long losses are added up before they are handed on: a flood is one gap a second, not one a datagram.
const declareEvery = time.Second

// losses adds up what is lost until it is declared.
type losses struct {
	mu    sync.Mutex
	sums  []Loss
	since time.Time // the first of sums
}

func (l *losses) add(reason string, messages, bytes int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.sums) == 0 {
		l.since = time.Now()
	}
	i := slices.IndexFunc(l.sums, func(s Loss) bool { return s.Reason == reason })
	if i < 0 {
		l.sums = append(l.sums, Loss{Reason: reason})
		i = len(l.sums) - 1
	}
	l.sums[i].Messages += messages
	if bytes < 0 {
		l.sums[i].Bytes = -1
	} else {
		l.sums[i].Bytes += bytes
	}
}

// lose counts a loss and keeps it to be declared.
func (l *Listener) lose(reason string, messages, bytes int64) {
	l.count.dropped[reason].Add(float64(messages))
	l.losses.add(reason, messages, bytes)
}

// Losses hands over what was lost since they were last handed over, once a second at most; nil if nothing was. Whoever takes
// them declares them.
func (l *Listener) Losses() []Loss {
	l.losses.mu.Lock()
	defer l.losses.mu.Unlock()
	if len(l.losses.sums) == 0 || time.Since(l.losses.since) < declareEvery {
		return nil
	}
	out := l.losses.sums
	l.losses.sums = nil
	return out
}
