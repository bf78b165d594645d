package window

import (
	"cmp"
	"reflect"
	"slices"
)

// Measure is one hit of a shape that measures, beside its entries. Times are nanoseconds.
type Measure struct {
	From, To int64  // Baseline: the bucket, [From, To); Silence: the last event before and the first after it, To never while it lasts; Gap: the event after it
	Observed int64  // Baseline: events or values; Gap: numbers that are missing; ClockSkew: nanoseconds, negative if the clock is ahead
	Own      Usual  // Baseline: this key's own past
	Peers    Usual  // Baseline: the others of its group in the same bucket
	Missing  []Run  // Gap: which numbers
	Next     uint64 // Gap: the number after them
}

// Usual is what is usual, in whole numbers: the median and the spread around it of so many buckets or peers.
type Usual struct {
	Among  int // 0: not compared with
	Median int64
	Spread int64 // at least 1
}

// usual is the median of numbers in ascending order and their median absolute deviation, which a few outliers do not move
// (Rousseeuw and Croux 1993), but no less than what counts of rare events scatter by themselves, the root of their median.
// Of two middle numbers the higher stands for both: whoever is compared has it from there.
func usual(sorted []int64) Usual {
	n := len(sorted)
	if n == 0 {
		return Usual{}
	}
	median := sorted[n/2]
	deviations := make([]int64, n)
	for i, x := range sorted {
		deviations[i] = max(x-median, median-x)
	}
	slices.Sort(deviations)
	return Usual{Among: n, Median: median, Spread: max(deviations[n/2], root(median), 1)}
}

// root is the square root of n, rounded down.
func root(n int64) (r int64) {
	for bit := int64(1) << 31; bit > 0; bit >>= 1 {
		if next := r | bit; next*next <= n && next <= 3_037_000_499 {
			r = next
		}
	}
	return r
}

// Above reports by how many spreads an observation lies above what is usual, rounded down; 0 if it does not.
func (u Usual) Above(observed int64) int64 {
	if u.Among == 0 || observed <= u.Median {
		return 0
	}
	return (observed - u.Median) / u.Spread
}

// exceeds reports whether an observation lies more than so many spreads above.
func (u Usual) exceeds(observed, spreads int64) bool { return observed > u.Median+spreads*u.Spread }

// joinMeasures adds measures to a period's alert, by From; one of the same hit is replaced.
func (w *Window) joinMeasures(period int64, measures []Measure, changed []int64) []int64 {
	i, ok := w.find(period)
	if !ok || len(measures) == 0 {
		return changed
	}
	o := &w.open()[i]
	for _, m := range measures {
		at, there := slices.BinarySearchFunc(o.Measures, m, compareMeasures)
		switch {
		case !there:
			o.Measures = slices.Insert(o.Measures, at, m)
		case !reflect.DeepEqual(o.Measures[at], m):
			o.Measures[at] = m
		default:
			continue
		}
		changed = note(changed, period)
	}
	return changed
}

func compareMeasures(a, b Measure) int {
	return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.Next, b.Next))
}
