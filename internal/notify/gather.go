package notify

import (
	"time"

	"probity/internal/alert"
)

// gathering is a sink for which some revisions wait for an hour of the day, and then go together. What waits is in the outbox
// and nowhere else, so a restart forgets nothing.
type gathering interface {
	// ripe picks what of due, which is in the order of the outbox, can go now, each alert's revisions in their order; next is
	// how long until more can, 0 if all can. If full, no more can be waited for, and all is ripe.
	ripe(now time.Time, due []alert.Delivery, full bool) (ripe []alert.Delivery, next time.Duration)
}

// lookAgain bounds the wait for an hour: the clock may be set, and a timer does not see that, nor a machine's sleep.
const lookAgain = 15 * time.Minute

// gathered is ready for a sink that gathers: it looks at all that is due, so that what is urgent is found behind what waits,
// and a digest is whole. Beyond the deepest look nothing is waited for: a flood goes out in several digests, early, and
// neither takes all memory nor stands in the way of what is urgent.
func (q *queue) gathered(by gathering) (ready []alert.Delivery, r rest, err error) {
	most := deepest * q.batch
	due, err := q.outbox.Due(q.sink.Name(), most)
	if err != nil {
		return nil, rest{}, err
	}
	ripe, hour := by.ripe(time.Now(), due, len(due) == most)
	ready, next := q.patience.ready(ripe)
	switch {
	case len(ready) > 0:
		return ready, rest{}, nil
	case next > 0 && (hour == 0 || next <= hour):
		return nil, rest{length: next}, nil
	case hour > 0:
		return nil, rest{length: min(hour, lookAgain), hour: next == 0}, nil
	}
	return nil, rest{}, nil
}
