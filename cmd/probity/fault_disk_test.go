//go:build fault

package main

import (
	"fmt"
	"testing"
)

// Faults 14 and 15 in full: each fault at each of the first steps. One behind the point of no return is rightly passed over.
func TestFaultDisk(t *testing.T) {
	t.Parallel()
	for _, d := range diskFaults {
		t.Run(fmt.Sprintf("%s at %s", d.outcome, d.op), func(t *testing.T) {
			t.Parallel()
			met := 0
			for n := 1; n <= share(30); n++ {
				if failingDisk(t, d.outcome, d.op, d.says, n) {
					met++
				}
			}
			t.Logf("%d places, %d of them said so, 0 lost, 0 doubled", share(30), met)
		})
	}
}
