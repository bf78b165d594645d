package bench

import (
	"bytes"
	"fmt"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"time"
)

// cost is what a run took.
type cost struct {
	wall, cpu         time.Duration
	allocs, allocated uint64
	peak              int64  // bytes of resident set; 0 where the system does not say
	profile           []byte // of the processor, if it was asked for
}

// measure runs something with so many cores.
func measure(cores int, profile bool, run func() error) (c cost, err error) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(cores))
	debug.FreeOSMemory() // what was before is not its peak, nor its garbage
	resetPeak()
	var samples bytes.Buffer
	if profile {
		if err := pprof.StartCPUProfile(&samples); err != nil {
			return c, fmt.Errorf("profiling: %w", err)
		}
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	cpu, began := processorTime(), time.Now()
	err = run()
	c.wall, c.cpu = time.Since(began), processorTime()-cpu
	runtime.ReadMemStats(&after)
	if profile {
		pprof.StopCPUProfile()
		c.profile = samples.Bytes()
	}
	c.allocs, c.allocated = after.Mallocs-before.Mallocs, after.TotalAlloc-before.TotalAlloc
	c.peak = peak()
	return c, err
}
