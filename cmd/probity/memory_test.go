package main

import (
	"math"
	"runtime/debug"
	"testing"
)

func TestTheEnvironmentDecidesHowMuchGarbageIsCollected(t *testing.T) {
	for name, c := range map[string]struct {
		gogc, limit string
		percent     int
		bytes       int64
	}{
		"unless it says so": {"", "", garbagePercent, memoryLimit},
		"and is left alone": {"50", "1GiB", 77, math.MaxInt64},
	} {
		t.Run(name, func(t *testing.T) {
			defer debug.SetGCPercent(debug.SetGCPercent(77))
			defer debug.SetMemoryLimit(debug.SetMemoryLimit(math.MaxInt64))
			t.Setenv("GOGC", c.gogc)
			t.Setenv("GOMEMLIMIT", c.limit)
			spendMemory()
			if percent, bytes := debug.SetGCPercent(77), debug.SetMemoryLimit(-1); percent != c.percent || bytes != c.bytes {
				t.Errorf("%d %% and %d bytes, want %d %% and %d", percent, bytes, c.percent, c.bytes)
			}
		})
	}
}
