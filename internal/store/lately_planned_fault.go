//go:build fault

package store

import "os"

// LatelyVariable, set in the environment of a build with the tag fault, leaves a thirty-second of the memory of what was lately.
// What it holds at most takes a long time to gather, and as long as it grows nobody can tell it from a leak: with little of it, a
// soak of a minute can.
const LatelyVariable = "PROBITY_FAULT_LITTLE_LATELY"

func shareOfLately() int {
	if os.Getenv(LatelyVariable) != "" {
		return 32
	}
	return 1
}
