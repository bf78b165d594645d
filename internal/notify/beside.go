package notify

import (
	"context"

	"go.uber.org/zap"

	"probity/internal/alert"
)

// beside knows what is known of alerts beside their revisions, and changes while these stay: triage, history, the lines around
// their records. None of it is in a body, which is the same at every attempt. The daemon has it.
type beside interface {
	// Backgrounds is what the readers of a sink may be told. An alert that they may not be told of, any more, has none; what
	// cannot be found out is left out of it, and is said elsewhere.
	Backgrounds(sink string, ids []string) map[string]*alert.Background

	// Cases says how far alerts are triaged.
	Cases(ids []string) (map[string]alert.Case, error)

	// Body is the JSON of a revision as it was committed.
	Body(id string, n int) ([]byte, error)
}

// nothing is beside for who knows no more than revisions.
type nothing struct{}

func (nothing) Backgrounds(string, []string) map[string]*alert.Background { return nil }

func (nothing) Cases([]string) (map[string]alert.Case, error) { return nil, nil }

func (nothing) Body(string, int) ([]byte, error) { return nil, nil }

// informed is a sink that tells what is known beside a revision. It is informed once, before anything else.
type informed interface{ inform(beside) }

// reviewing is a sink that shows what is known beside a revision, and so is told when that changes. Calls are never concurrent,
// also not with Deliver.
type reviewing interface {
	// Review brings in step what the sink shows of these alerts; nil: of all that it shows, after a start, since nobody
	// knows what an earlier run did not come to.
	Review(ctx context.Context, ids []string) error
}

// reviews are the alerts that a sink is to review.
type reviews struct {
	all bool
	ids map[string]bool
}

// Review says that more, or something else, is known about alerts than their revisions say. It never waits. It need not be
// said again after a restart.
func (n *Notifier) Review(ids []string) {
	for _, q := range n.queues {
		if q.reviewing == nil {
			continue
		}
		q.toReview.Lock()
		if q.reviews.ids == nil {
			q.reviews.ids = map[string]bool{}
		}
		for _, id := range ids {
			q.reviews.ids[id] = true
		}
		q.toReview.Unlock()
		q.wakeUp()
	}
}

// review has a sink review what is to be reviewed, and returns when to go on: r, or earlier. Its only error is that ctx ended.
func (q *queue) review(ctx context.Context, r rest) (rest, error) {
	if q.reviewing == nil || r.deaf {
		return r, nil
	}
	q.toReview.Lock()
	due := q.reviews
	q.reviews = reviews{}
	q.toReview.Unlock()
	if !due.all && len(due.ids) == 0 {
		return r, nil
	}
	err := q.reviewed(ctx, due)
	if err == nil {
		return r, nil
	}
	q.toReview.Lock()
	q.reviews.all = q.reviews.all || due.all
	if q.reviews.ids == nil {
		q.reviews.ids = due.ids
	}
	for id := range due.ids {
		q.reviews.ids[id] = true
	}
	q.toReview.Unlock()
	if ctx.Err() != nil {
		return rest{}, ctx.Err()
	}
	wait := q.patience.next()
	q.log.Warn("sink could not bring in step what it shows; it is tried again", zap.Error(err), zap.Duration("retry_in", wait))
	if r.length == 0 || wait < r.length {
		r.length = wait
	}
	return r, nil
}

func (q *queue) reviewed(ctx context.Context, due reviews) error {
	select {
	case q.turn <- struct{}{}:
		defer func() { <-q.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if due.all {
		return q.reviewing.Review(ctx, nil)
	}
	ids := make([]string, 0, len(due.ids))
	for id := range due.ids {
		ids = append(ids, id)
	}
	return q.reviewing.Review(ctx, ids)
}
