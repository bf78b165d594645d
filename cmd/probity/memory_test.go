package main

import (
	"math"
	"runtime"
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

func TestASmallHeapHasRoomForGarbageAndALargeOneNoMoreThanUsual(t *testing.T) {
	for live, want := range map[uint64]int{0: 400, 16 << 20: 400, 64 << 20: 400, 128 << 20: 200, 256 << 20: 100, 8 << 30: 100} {
		if got := percentFor(live); got != want {
			t.Errorf("%d MiB live: %d %%, want %d", live>>20, got, want)
		}
	}
}

func TestEachCollectionTellsWhatLives(t *testing.T) {
	const times = 3
	told := make(chan uint64, times)
	afterEachCollection(func(live uint64) bool {
		told <- live
		return len(told) < times
	})
	kept := make([]byte, 64<<20)
	for len(told) < times {
		runtime.GC() // which does not wait for what is done after it
	}
	runtime.KeepAlive(kept)
	for range times - 1 { // the first may have been before kept was made
		<-told
	}
	if live := <-told; live < uint64(len(kept)) {
		t.Errorf("%d bytes live, and %d are held", live, len(kept))
	}
}
