//go:build !linux

package bench

import "time"

// processorTime, resetPeak and peak are known on Linux only; elsewhere they are told as 0.
func processorTime() time.Duration { return 0 }

func resetPeak() {}

func peak() int64 { return 0 }
