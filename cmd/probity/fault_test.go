//go:build fault

package main

import "flag"

// The tests of these files, all with the tag fault, do in full what a few of go test ./... do in passing. A process is started,
// something befalls it, its log, its disk or its receiver, and the oracle is always the same: see (*flood).hold.
//
//	go test -tags fault ./cmd/probity -run Fault                    # everything
//	go test -tags fault ./cmd/probity -run Fault -fault.share 0.05  # a twentieth of everything: .ci/run
//	go test -tags fault ./cmd/probity -run FaultSoak -fault.soak 24h -timeout 25h

var faultShare = flag.Float64("fault.share", 1, "do this share of each number of faults, between 0 and 1")

// share is how many of so many there are to be.
func share(of int) int { return max(1, int(float64(of)**faultShare)) }
