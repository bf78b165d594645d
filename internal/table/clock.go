package table

import (
	"sync"
	"time"

	"probity/internal/event"
)

func (s *Set) localHour(q query) (event.Value, event.Unknown) {
	return event.IntValue(int64(s.local(q).Hour())), event.Known
}

// localWeekday counts as ISO 8601 does: Monday is 1, Sunday 7.
func (s *Set) localWeekday(q query) (event.Value, event.Unknown) {
	return event.IntValue(int64(s.local(q).Weekday()+6)%7 + 1), event.Known
}

// localDate is the day as 2026-03-02. Days recur, so their texts are kept.
func (s *Set) localDate(q query) (event.Value, event.Unknown) {
	local := s.local(q)
	_, offset := local.Zone()
	day := (local.Unix() + int64(offset)) / (24 * 60 * 60)
	s.dates.RLock()
	text := s.dates.text[day]
	s.dates.RUnlock()
	if text == "" {
		text = local.Format(time.DateOnly)
		s.dates.Lock()
		s.dates.text[day] = text
		s.dates.Unlock()
	}
	return event.StringValue(text), event.Known
}

// dates are the texts of days, by days since 1970.
type dates struct {
	sync.RWMutex
	text map[int64]string
}

func (s *Set) local(q query) time.Time { return time.Unix(0, q.args[0].Num).In(s.zone) }
