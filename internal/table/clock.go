package table

import (
	"time"

	"probity/internal/event"
)

func (s *Set) localHour(args []event.Value, _ int64) (event.Value, event.Unknown) {
	return event.IntValue(int64(s.local(args).Hour())), event.Known
}

// localWeekday counts as ISO 8601 does: Monday is 1, Sunday 7.
func (s *Set) localWeekday(args []event.Value, _ int64) (event.Value, event.Unknown) {
	return event.IntValue(int64(s.local(args).Weekday()+6)%7 + 1), event.Known
}

func (s *Set) local(args []event.Value) time.Time { return time.Unix(0, args[0].Num).In(s.zone) }
