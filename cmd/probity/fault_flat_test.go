//go:build fault

package main

import (
	"slices"
	"testing"
	"time"
)

// sample is what the daemon holds at an instant. Live is what the last collection left of the heap: what is above it in Go is
// garbage that waits, and room that the runtime keeps. Outside is what SQLite and its libc took by themselves.
type sample struct {
	at                                                         time.Time
	descriptors, goroutines, windows, reloads                  float64
	residentMiB, filesMiB, goMiB, outsideMiB, liveMiB, heapMiB float64
}

// sample looks at the process; false if it does not answer.
func (p *process) sample() (s sample, ok bool) {
	m := p.metrics()
	const mib = 1 << 20
	s = sample{
		at: time.Now(), descriptors: m["process_open_fds"], goroutines: m["go_goroutines"],
		windows: m["probity_state_windows"], reloads: m["probity_reloads_total"],
		residentMiB: p.memory("VmRSS:"), filesMiB: p.memory("RssFile:"),
		goMiB:   (m["go_memstats_sys_bytes"] - m["go_memstats_heap_released_bytes"]) / mib,
		liveMiB: m["go_memstats_next_gc_bytes"] / 2 / mib, // GOGC=100
		heapMiB: m["go_memstats_heap_inuse_bytes"] / mib,
	}
	s.outsideMiB = s.residentMiB - s.filesMiB - s.goMiB
	return s, s.goroutines > 0 && s.residentMiB > 0
}

// told tells what was held minute by minute: medians.
func told(t *testing.T, all []sample) {
	t.Helper()
	t.Log("minute  RSS = files + Go + outside   Go heap in use  live  | windows reloads descriptors goroutines samples")
	for minute := 0; len(all) > 0; minute++ {
		end := slices.IndexFunc(all, func(s sample) bool { return s.at.Sub(all[0].at) >= time.Minute })
		if end < 0 {
			end = len(all)
		}
		of := all[:end]
		m := func(of1 func(sample) float64) float64 { return median(of, of1) }
		t.Logf("%6d %6.1f %5.1f %6.1f %6.1f %16.1f %8.1f | %6.0f %6.0f %9.0f %9.0f %9d", minute,
			m(func(s sample) float64 { return s.residentMiB }), m(func(s sample) float64 { return s.filesMiB }),
			m(func(s sample) float64 { return s.goMiB }), m(func(s sample) float64 { return s.outsideMiB }),
			m(func(s sample) float64 { return s.heapMiB }), m(func(s sample) float64 { return s.liveMiB }),
			m(func(s sample) float64 { return s.windows }), m(func(s sample) float64 { return s.reloads }),
			m(func(s sample) float64 { return s.descriptors }), m(func(s sample) float64 { return s.goroutines }), len(of))
		all = all[end:]
	}
}

// flat demands that what the daemon holds does not grow from the second quarter, when its caches are full, to the last; memory
// only if the load is steady, that is if as many windows go as come.
func flat(t *testing.T, all []sample, steady bool) {
	t.Helper()
	if len(all) < 8 {
		t.Fatalf("only %d samples", len(all))
	}
	told(t, all)
	held := map[string]func(sample) float64{
		"descriptors": func(s sample) float64 { return s.descriptors },
		"goroutines":  func(s sample) float64 { return s.goroutines },
	}
	if steady {
		held["live MiB"] = func(s sample) float64 { return s.liveMiB }
		held["MiB"] = func(s sample) float64 { return s.residentMiB }
	}
	for name, of := range held {
		n := len(all)
		before, last := median(all[n/4:n/2], of), median(all[n*3/4:], of)
		t.Logf("%s: median %.1f in the second quarter, %.1f in the last, of %d samples", name, before, last, n)
		if last > before*1.15+5 {
			t.Errorf("%s grow from %.1f to %.1f", name, before, last)
		}
	}
}

func median(all []sample, of func(sample) float64) float64 {
	values := make([]float64, 0, len(all))
	for _, s := range all {
		values = append(values, of(s))
	}
	slices.Sort(values)
	return values[len(values)/2]
}
