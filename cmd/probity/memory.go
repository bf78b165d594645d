package main

import (
	"os"
	"runtime/debug"
)

// What a command that ends within seconds may spend. Compiling and testing thousands of rules allocates gigabytes and keeps a
// few hundred megabytes, so that with the usual setting a third of the time went into collecting garbage.
const (
	garbagePercent = 400
	memoryLimit    = 3 << 29 // from here on the collector works harder again
)

// spendMemory collects less garbage, unless the environment says how much. The daemon never does so: it lives long, and
// beside others.
func spendMemory() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(garbagePercent)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryLimit)
	}
}
