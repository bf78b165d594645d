package notify

import (
	"context"
	"encoding/json"
	"slices"

	"probity/internal/alert"
	"probity/internal/page"
)

// limited is a sink with a ceiling: what is marked higher never goes there. It stands before every kind of sink alike.
type limited struct {
	Sink
	ceiling string
}

func (s *limited) unwrap() Sink { return s.Sink }

// Deliver hands on what comes before the first revision that is marked too high, or refuses that one.
func (s *limited) Deliver(ctx context.Context, mark int64, batch []alert.Delivery) (int, int64, error) {
	high := slices.IndexFunc(batch, func(d alert.Delivery) bool { return page.Rank(markingOf(d)) > page.Rank(s.ceiling) })
	switch {
	case high < 0:
		return s.Sink.Deliver(ctx, mark, batch)
	case high > 0:
		return s.Sink.Deliver(ctx, mark, batch[:high])
	case ctx.Err() != nil:
		return 0, mark, ctx.Err()
	}
	return 0, mark, failure(Refused, "it is marked %q, above the sink's ceiling %s", page.ShownMarking(markingOf(batch[0])), s.ceiling)
}

func markingOf(d alert.Delivery) string {
	var head struct {
		Marking string `json:"marking"`
	}
	if json.Unmarshal(d.Body, &head) != nil {
		return "" // which no ceiling admits
	}
	return head.Marking
}

// as finds what a sink can do beside delivering, through what stands before it.
func as[T any](s Sink) (T, bool) {
	for {
		if t, ok := s.(T); ok {
			return t, true
		}
		w, ok := s.(interface{ unwrap() Sink })
		if !ok {
			var none T
			return none, false
		}
		s = w.unwrap()
	}
}

func checkCeiling(ceiling string) []Flaw {
	if ceiling == "" || page.Known(ceiling) {
		return nil
	}
	return []Flaw{{"ceiling", "is no marking that can be compared", "write OFFICIAL, OFFICIAL-SENSITIVE, SECRET or TOP SECRET"}}
}

// Admits says whether a sink so configured takes what has that marking.
func (c Config) Admits(marking string) bool {
	return c.Ceiling == "" || page.Rank(marking) <= page.Rank(c.Ceiling)
}
