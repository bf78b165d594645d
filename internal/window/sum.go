package window

import "math"

// value_sum: an event is a hit if the values of its window add up to at least AtLeast. All entries of the window belong to
// the alert. Values are amounts, not hashes, and never negative, so more events only add.

func (s *Spec) hitSum(window []Entry) []Entry {
	if Sum(window) < uint64(s.AtLeast) {
		return nil
	}
	return window
}

// Sum adds the values of entries, each event's once; it stops at the largest number.
func Sum(entries []Entry) (sum uint64) {
	for i, e := range entries {
		if i > 0 && entries[i-1].ID == e.ID {
			continue
		}
		if sum+e.Value < sum {
			return math.MaxUint64
		}
		sum += e.Value
	}
	return sum
}
