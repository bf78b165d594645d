package daemon

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync/atomic"
	"time"

	"go.uber.org/zap"
)

// backlog says whether so much waits for a sink that nothing more may be read: nothing is dropped, and the disk is not filled
// by a receiver that nobody repairs. The loop asks before each batch; counting the outbox takes longer, and is done beside it.
type backlog struct{ why atomic.Pointer[string] }

func (b *backlog) full() bool { return b.why.Load() != nil }

// String is "" while there is room.
func (b *backlog) String() string {
	if why := b.why.Load(); why != nil {
		return *why
	}
	return ""
}

// What waits is counted once a second, but for at most a tenth of the time.
const (
	countOutboxEvery = time.Second
	countOutboxShare = 10
)

// watchOutbox keeps the backlog until ctx ends.
func (d *Daemon) watchOutbox(ctx context.Context) {
	for {
		began := time.Now()
		d.countOutbox()
		select {
		case <-ctx.Done():
			return
		case <-time.After(max(countOutboxEvery, countOutboxShare*time.Since(began))):
		}
	}
}

// countOutbox stops the reading above the limit, and lets it go on below nine tenths of it, so that it does not stutter. What
// cannot be counted changes nothing: an outbox that cannot be read fails the next commit, which stops the reading, too.
func (d *Daemon) countOutbox() {
	waiting, err := d.outstanding()
	if err != nil {
		return
	}
	limit, was := d.Config.Pipeline.Outbox, d.backlog.full()
	room := limit
	if was {
		room = limit / 10 * 9
	}
	for _, sink := range slices.Sorted(maps.Keys(waiting)) {
		if n := waiting[sink].Count; n > room {
			why := fmt.Sprintf("%d revisions wait for sink %s and pipeline.outbox_revisions is %d, so reading is stopped until the sink takes some", n, sink, limit)
			d.backlog.why.Store(&why)
			if !was {
				d.Logger.Error("the outbox is full; reading is stopped until the sink takes some", zap.String("sink", sink), zap.Int("waiting", n), zap.Int("limit", limit))
			}
			return
		}
	}
	if d.backlog.why.Store(nil); was {
		d.Logger.Info("the outbox has room again; reading goes on")
	}
}
