package sim

import (
	"fmt"
	"time"
	_ "time/tzdata" // the same clock changes on every machine
)

// instant is a moment in milliseconds since 1970 UTC.
type instant int64

const (
	second instant = 1000
	minute         = 60 * second
	hour           = 60 * minute
)

func (t instant) time() time.Time { return time.UnixMilli(int64(t)).UTC() }

// calendar numbers the UK local days of the span; day 0 is the first. Days
// before it exist too: work began long before anyone looked at the logs.
type calendar struct {
	uk    *time.Location
	year  int
	month time.Month
	day   int
	epoch int // days from 1970-01-01 to day 0
}

func newCalendar(start time.Time) (calendar, error) {
	uk, err := time.LoadLocation("Europe/London")
	if err != nil {
		return calendar{}, fmt.Errorf("sim: time zone of the log files: %w", err)
	}
	if start.IsZero() {
		start = time.Date(2026, time.March, 2, 0, 0, 0, 0, uk)
	}
	c := calendar{uk: uk}
	c.year, c.month, c.day = start.In(uk).Date()
	c.epoch = int(time.Date(c.year, c.month, c.day, 0, 0, 0, 0, time.UTC).Unix() / 86400)
	return c, nil
}

// clock is the moment when UK clocks show hour:00 on day d, hour beyond 24
// being the next day. An hour that the March change skips is the one after it.
func (c calendar) clock(d, hour int) instant {
	return instant(time.Date(c.year, c.month, c.day+d, hour, 0, 0, 0, c.uk).UnixMilli())
}

// midnight begins day d, which has 23, 24 or 25 hours.
func (c calendar) midnight(d int) instant { return c.clock(d, 0) }

// dayOf is the number of the UK local day that holds t.
func (c calendar) dayOf(t instant) int {
	d := int((t - c.midnight(0)) / (24 * hour))
	for t < c.midnight(d) {
		d--
	}
	for t >= c.midnight(d+1) {
		d++
	}
	return d
}

func (c calendar) weekday(d int) time.Weekday {
	return time.Weekday(((c.epoch+d+4)%7 + 7) % 7) // 1970-01-01 was a Thursday
}

// date of day d.
func (c calendar) date(d int) date {
	y, m, dd := time.Date(c.year, c.month, c.day+d, 0, 0, 0, 0, time.UTC).Date()
	return date{y, int(m), dd}
}

// date is a day of the calendar without a time; the zero date is none.
type date struct{ year, month, day int }

// iso is 2026-03-02, empty for none.
func (d date) iso() string {
	if d == (date{}) {
		return ""
	}
	return fmt.Sprintf("%04d-%02d-%02d", d.year, d.month, d.day)
}

// slashed is 02/03/2026.
func (d date) slashed() string { return fmt.Sprintf("%02d/%02d/%04d", d.day, d.month, d.year) }

// packed is 02032026, or 20260302 in the order of iso.
func (d date) packed() string { return fmt.Sprintf("%02d%02d%04d", d.day, d.month, d.year) }

func (d date) packedISO() string { return fmt.Sprintf("%04d%02d%02d", d.year, d.month, d.day) }
