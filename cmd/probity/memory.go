package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// What a command that ends within seconds may spend. Compiling and testing thousands of rules allocates gigabytes and keeps a
// few hundred megabytes, so that with the usual setting a third of the time went into collecting garbage.
const (
	garbagePercent = 400
	memoryLimit    = 3 << 29 // from here on the collector works harder again
)

// spendMemory collects less garbage, unless the environment says how much. The daemon never does so, nor leaves room: it lives
// long, and beside others.
func spendMemory() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(garbagePercent)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryLimit)
	}
}

// room is how many bytes of garbage a replay lets lie before they are collected. With a small heap the usual setting collects every
// few batches, over and over what has not changed; a large one is left to the usual setting, so that no more than this is ever
// added to what the process takes.
const room = 256 << 20

// leaveRoom adapts the collector to the heap from here on, unless the environment says how much garbage there may be.
func leaveRoom() {
	if os.Getenv("GOGC") == "" && os.Getenv("GOMEMLIMIT") == "" {
		afterEachCollection(func(live uint64) bool {
			debug.SetGCPercent(percentFor(live))
			return true
		})
	}
}

// percentFor is the setting that gives a heap its room: between the usual one and four times that.
func percentFor(live uint64) int {
	return int(min(max(room*100/max(live, 1), 100), garbagePercent))
}

// afterEachCollection calls do with what of the heap was found to live, as long as do says so. An object that nobody holds is
// found dead by each collection, and another one takes its place.
func afterEachCollection(do func(live uint64) (again bool)) {
	type canary struct{ _ [16]byte } // not a tiny one: these are found dead together
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	var sing func(*canary)
	sing = func(*canary) {
		metrics.Read(live)
		if do(live[0].Value.Uint64()) {
			runtime.SetFinalizer(&canary{}, sing)
		}
	}
	runtime.SetFinalizer(&canary{}, sing)
}
