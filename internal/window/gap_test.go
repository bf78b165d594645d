package window

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// A number that a cell has already is told without joining it first: what joining would leave as it is.
func TestANumberThatACellHasIsSeen(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var runs []Run
		for range rapid.IntRange(0, 40).Draw(t, "numbers") {
			n := rapid.Uint64Range(0, 15).Draw(t, "number")
			number := Run{n, n, rapid.Int64Range(0, 5).Draw(t, "at")}
			before := slices.Clone(runs)
			seen := seenBefore(runs, number)
			if runs = insertRun(runs, number, firstSeen); seen != slices.Equal(before, runs) {
				t.Fatalf("%v among %v: %v", number, before, seen)
			}
		}
	})
}
