package surround

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"
	"go.uber.org/zap"

	"probity/internal/alert"
	"probity/internal/store"
)

// shelf is where alerts and their cases are; *store.Store is one.
type shelf interface {
	EachCase(func(alert.Case) error) error
	Cases(ids []string) (map[string]alert.Case, error)
	LastAlerts(ids []string) (map[string]*alert.Alert, error)
	Surround([]alert.Surroundings) error
	Surroundings(alert.Case) ([]alert.Surroundings, error)
}

// Options of a Keeper.
type Options struct {
	Shelf  shelf
	Logger *zap.Logger
	Kept   func(ids []string) // told of alerts about which more is known than before; may be nil
	Now    func() time.Time   // nil: time.Now
}

// looks are the times after the first look at which another is worth it, as long as lines behind a record are missing.
var looks = []time.Duration{time.Minute, 10 * time.Minute, time.Hour, 6 * time.Hour}

const (
	gather     = time.Second      // what is committed within one is looked at together: a flood of alerts is not to cost its commits twice
	atOnce     = 256              // alerts in one commit
	longestTry = 30 * time.Second // between two attempts while nothing can be committed
	remembered = 256              // alerts of which the surroundings are kept in memory, for pages that are written at once
)

// Keeper preserves. Its methods may be called by several goroutines.
type Keeper struct {
	Options
	wake chan struct{}

	mu      sync.Mutex
	waiting map[string]*wait // by alert

	looking sync.Mutex // held from a look to its commit, and for what is below
	recent  map[string][]alert.Surroundings
	order   []string // of recent, oldest first
}

// wait is when an alert is looked at next.
type wait struct {
	first, next time.Time // the first look, and the one that is due
}

// New returns a Keeper that does nothing until it is asked, or runs.
func New(o Options) *Keeper {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = zap.NewNop()
	}
	if o.Kept == nil {
		o.Kept = func([]string) {}
	}
	return &Keeper{Options: o, wake: make(chan struct{}, 1), waiting: map[string]*wait{}, recent: map[string][]alert.Surroundings{}}
}

// Committed says that these alerts have new revisions. It never waits.
func (k *Keeper) Committed(ids []string) {
	k.mu.Lock()
	now := k.Now()
	for _, id := range ids {
		k.waiting[id] = &wait{first: now, next: now.Truncate(gather).Add(gather)}
	}
	k.mu.Unlock()
	select {
	case k.wake <- struct{}{}:
	default:
	}
}

// Run preserves until ctx ends. It begins with what an earlier run has left.
func (k *Keeper) Run(ctx context.Context) {
	pace := backoff.NewExponentialBackOff()
	pace.MaxInterval = longestTry
	left := true
	for ctx.Err() == nil {
		var err error
		if left {
			if err = k.resume(); err == nil {
				left = false
			}
		}
		if err == nil {
			err = k.round(ctx)
		}
		rest := k.rest()
		if err == nil {
			pace.Reset()
		} else if !errors.Is(err, context.Canceled) {
			rest = pace.NextBackOff()
			k.Logger.Error("the lines around the records of alerts could not be preserved; it is tried again", zap.Error(err), zap.Duration("retry_in", rest))
		}
		k.pause(ctx, rest, err != nil)
	}
}

// resume finds the cases that are behind.
func (k *Keeper) resume() error {
	return k.Shelf.EachCase(func(c alert.Case) error {
		if c.Surrounded < c.Revision {
			k.mu.Lock()
			if k.waiting[c.ID] == nil {
				k.waiting[c.ID] = &wait{first: k.Now(), next: k.Now()} // when its last revision came is not known: it may have been just now
			}
			k.mu.Unlock()
		}
		return nil
	})
}

// round looks at all that is due.
func (k *Keeper) round(ctx context.Context) error {
	for ctx.Err() == nil {
		ids := k.due()
		if len(ids) == 0 {
			return nil
		}
		if err := k.preserve(ids); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// due returns some alerts whose time has come.
func (k *Keeper) due() (ids []string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	now := k.Now()
	for id, w := range k.waiting {
		if !w.next.After(now) {
			ids = append(ids, id)
			if len(ids) == atOnce {
				break
			}
		}
	}
	slices.Sort(ids)
	return ids
}

// rest is how long nothing is due; 0: until something is committed.
func (k *Keeper) rest() (rest time.Duration) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, w := range k.waiting {
		if d := max(w.next.Sub(k.Now()), time.Millisecond); rest == 0 || d < rest {
			rest = d
		}
	}
	return rest
}

func (k *Keeper) pause(ctx context.Context, rest time.Duration, deaf bool) {
	var over <-chan time.Time
	if rest > 0 {
		timer := time.NewTimer(rest)
		defer timer.Stop()
		over = timer.C
	}
	wake := k.wake
	if deaf {
		wake = nil
	}
	select {
	case <-ctx.Done():
	case <-over:
	case <-wake:
	}
}

// Of returns what was preserved for the alerts of these cases, and preserves it first if nobody has looked yet: nobody is shown
// an alert whose surroundings could still be lost. With an error, it returns what there is of the others.
func (k *Keeper) Of(cases ...alert.Case) (map[string][]alert.Surrounding, error) {
	var ids, fresh []string
	for _, c := range cases {
		ids = append(ids, c.ID)
		if len(c.Surroundings) == 0 && c.Surrounded == 0 {
			fresh = append(fresh, c.ID)
		}
	}
	var failed []error
	for some := range slices.Chunk(fresh, atOnce) {
		if err := k.preserve(some); err != nil {
			failed = append(failed, err)
		}
	}
	now, err := k.Shelf.Cases(ids)
	if err != nil {
		return nil, errors.Join(append(failed, err)...)
	}
	out := make(map[string][]alert.Surrounding, len(now))
	k.looking.Lock()
	defer k.looking.Unlock()
	for id, c := range now {
		entries, err := k.entries(c)
		if err != nil && !errors.Is(err, store.ErrErased) {
			failed = append(failed, err)
			continue
		}
		out[id] = alert.Newest(entries)
	}
	return out, errors.Join(failed...)
}
