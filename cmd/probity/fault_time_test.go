//go:build fault

package main

import (
	"testing"
	"time"
)

// Fault 20 in full.
func TestFaultClock(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ away, jump time.Duration }{
		"a day fast":                {-24 * time.Hour, 0},
		"a day slow":                {23*time.Hour + 30*time.Minute, 0},
		"more than a day slow":      {25 * time.Hour, 0},
		"right, and events jump":    {0, 23 * time.Hour},
		"a day fast, and set right": {-24 * time.Hour, 24 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wrongClock(t, c.away, c.jump)
		})
	}
}
