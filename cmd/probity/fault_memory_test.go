//go:build fault

package main

import (
	"flag"
	"testing"
)

var faultKeys = flag.Int("fault.keys", 1_000_000, "hostile keys; 10000000 take half an hour")

// Fault 24 in full.
func TestFaultHostileKeys(t *testing.T) {
	hostileKeys(t, share(*faultKeys), max(8, share(64))<<20, 800)
}
