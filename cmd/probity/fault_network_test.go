//go:build fault

package main

import (
	"maps"
	"net/http"
	"slices"
	"sync"
	"testing"
)

// Fault 18 in full: all kinds at random, among them one attempt in a hundred with a 500. Six hours without any receiver pass
// in virtual time, in internal/notify.
func TestFaultReceiver(t *testing.T) {
	t.Parallel()
	dice := diceOf(t)
	var mu sync.Mutex // of the dice
	kinds := slices.Sorted(maps.Keys(refusals))
	for range share(5) {
		failingReceiver(t, func(_ int, w http.ResponseWriter, req *http.Request, take func()) {
			mu.Lock()
			roll, kind := dice.IntN(100), kinds[dice.IntN(len(kinds))]
			mu.Unlock()
			switch {
			case roll == 0:
				refusals["500"](w, req, take)
			case roll < 5:
				refusals[kind](w, req, take)
			default:
				take()
			}
		})
	}
}
