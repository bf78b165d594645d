//go:build fault

package main

import "testing"

// Fault 23 in full: a gibibyte without a newline, and the zeroes that a log has after a copytruncate under a writer that does
// not append.
func TestFaultAGibibyteWithoutANewline(t *testing.T) {
	withoutNewline(t, "x", share(1<<10)<<20, 400)
}

func TestFaultZeroesWithoutEnd(t *testing.T) {
	withoutNewline(t, "\x00", share(256)<<20, 400)
}
