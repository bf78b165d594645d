package strictyaml

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Duration is a length of time as it is written: 90s, 10m, 24h, 90d, 2w. A day is 24 hours.
type Duration time.Duration

// FromScalar reads a duration.
func (d *Duration) FromScalar(text string) error {
	v, err := ParseDuration(text)
	*d = Duration(v)
	return err
}

// Std returns d as the standard library's type.
func (d Duration) Std() time.Duration { return time.Duration(d) }

func (d Duration) String() string { return time.Duration(d).String() }

// ParseDuration reads what time.ParseDuration reads, and whole days and weeks.
func ParseDuration(text string) (time.Duration, error) {
	for suffix, unit := range map[string]time.Duration{"d": 24 * time.Hour, "w": 7 * 24 * time.Hour} {
		if num, ok := strings.CutSuffix(text, suffix); ok {
			n, err := strconv.Atoi(num)
			if err != nil || n < 0 || n > 36500*int(24*time.Hour)/int(unit) {
				return 0, fmt.Errorf("%q is not a length of time; write 90s, 10m, 24h, 90d or 2w", text)
			}
			return time.Duration(n) * unit, nil
		}
	}
	v, err := time.ParseDuration(text)
	if err != nil || v < 0 {
		return 0, fmt.Errorf("%q is not a length of time; write 90s, 10m, 24h, 90d or 2w", text)
	}
	return v, nil
}

// Date is a day, or an instant, in UTC: 2027-01-31 or 2027-01-31T12:00:00Z.
type Date struct{ time.Time }

// FromScalar reads a date.
func (d *Date) FromScalar(text string) error {
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.Parse(layout, text); err == nil {
			d.Time = t.UTC()
			return nil
		}
	}
	return fmt.Errorf("%q is not a date; write 2027-01-31 or 2027-01-31T12:00:00Z", text)
}
