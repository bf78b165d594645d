package window

import (
	"cmp"
	"slices"
)

// gap: the events of a key carry the numbers of a counter (not negative), and numbers are missing. Time is cut into cells of
// the length Grace; times and numbers may be out of step within it. Cell by cell, in order, the numbers seen are remembered, each
// for the timespan after the last cell with it, or an eighth more: not for as long as their neighbours come, or a counter
// that begins anew, and one that was forged far ahead, would hide gaps for ever. A number is a hit if
// its predecessor has been seen neither up to its cell nor in the cell after, but some lower number has, up to its cell. What
// is missing are the numbers between it and the nearest lower one that has been seen up to the cell after; from then on they
// are remembered as if they had been seen. It is told when the watermark has passed the end of the cell after. A number that
// is seen after all, in a cell before the alert's period closes, is no longer missing, and when all have been the gap is
// withdrawn. A counter that begins anew lower than before is no gap.
//
// No event is held, only runs of numbers. At most maxRuns of a key are remembered, the highest.

// Run is numbers without a gap.
type Run struct {
	Lo, Hi uint64
	At     int64 // in a cell: the time of Lo, the first if it was seen more than once; else the index of the cell up to which it counts as seen, see lastSeen
}

// Cell is the numbers seen within a cell of time.
type Cell struct {
	Index int64
	Runs  []Run // in order, none next to another
}

const maxRuns = 4096

// insertRun joins a run to others. at chooses between the marks of those that it joins, the lowest one first.
func insertRun(runs []Run, r Run, at func(lower, higher Run) int64) []Run {
	i, _ := slices.BinarySearchFunc(runs, r.Lo, func(x Run, lo uint64) int {
		if x.Hi+1 < lo {
			return -1
		}
		return 1
	})
	k := i
	for k < len(runs) && runs[k].Lo <= r.Hi+1 {
		x := runs[k]
		lower, higher := x, r
		if r.Lo < x.Lo {
			lower, higher = r, x
		}
		r = Run{min(x.Lo, r.Lo), max(x.Hi, r.Hi), at(lower, higher)}
		k++
	}
	return slices.Replace(runs, i, k, r)
}

// firstSeen keeps the time of the lowest number, the earlier if both have it.
func firstSeen(lower, higher Run) int64 {
	if lower.Lo == higher.Lo {
		return min(lower.At, higher.At)
	}
	return lower.At
}

// lastSeen rounds the cell with a number up, so that a counter that counts is remembered in few runs.
func (s *Spec) lastSeen(cell int64) int64 {
	step := max(1, s.Timespan/s.Grace/8)
	return floorDiv(cell, step)*step + step - 1
}

// see remembers numbers, in order; what is remembered longer already stays.
func see(runs []Run, seen []Run) []Run {
	var out []Run
	for _, x := range runs {
		left := []Run{x}
		i, _ := slices.BinarySearchFunc(seen, x.Lo, func(r Run, lo uint64) int { return cmp.Compare(r.Hi, lo) })
		for ; i < len(seen) && seen[i].Lo <= x.Hi; i++ {
			if x.At <= seen[i].At {
				last := left[len(left)-1]
				left = append(left[:len(left)-1], subtract([]Run{last}, seen[i])...)
				if len(left) == 0 {
					break
				}
			}
		}
		out = append(out, left...)
	}
	for _, r := range seen {
		fresh := []Run{r}
		for _, x := range runs {
			if x.At > r.At {
				fresh = subtract(fresh, x)
			}
		}
		out = append(out, fresh...)
	}
	slices.SortFunc(out, func(a, b Run) int { return cmp.Compare(a.Lo, b.Lo) })
	joined := out[:0]
	for _, r := range out {
		if n := len(joined); n > 0 && joined[n-1].Hi+1 == r.Lo && joined[n-1].At == r.At {
			joined[n-1].Hi = r.Hi
		} else {
			joined = append(joined, r)
		}
	}
	return joined
}

// absorbNumbers joins what both have seen.
func (w *Window) absorbNumbers(other *Window) {
	w.sums().runs = see(w.runs(), other.runs())
	for _, c := range other.cells() {
		mine := w.cell(c.Index)
		for _, r := range c.Runs {
			mine.Runs = insertRun(mine.Runs, r, firstSeen)
		}
	}
	w.rest().decided = max(w.decided(), other.decided())
}

// cell returns the numbers seen in a cell, none if it is a new one.
func (w *Window) cell(index int64) *Cell {
	i, ok := slices.BinarySearchFunc(w.cells(), index, func(c Cell, at int64) int { return cmp.Compare(c.Index, at) })
	if !ok {
		w.sums().cells = slices.Insert(w.cells(), i, Cell{Index: index})
	}
	return &w.cells()[i]
}

// below returns the highest number seen that is lower than n.
func below(runs []Run, n uint64) (uint64, bool) {
	i, _ := slices.BinarySearchFunc(runs, n, func(x Run, n uint64) int { return cmp.Compare(x.Lo, n) })
	if i == 0 {
		return 0, false
	}
	return min(runs[i-1].Hi, n-1), true
}

// Numbers are those that are remembered as seen, in order. Read only.
func (w *Window) Numbers() []Run { return w.runs() }

func (w *Window) addNumber(s *Spec, y Entry, changed []int64) (_ []int64, added bool) {
	index := floorDiv(y.Time, s.Grace)
	number := Run{y.Value, y.Value, y.Time}
	if index < s.cellsDone(w.decided()) {
		number.At = s.lastSeen(index)
		w.sums().runs = see(w.runs(), []Run{number})
		return w.fill(s, number, never, changed), true
	}
	c := w.cell(index)
	if seenBefore(c.Runs, number) {
		return changed, false
	}
	c.Runs = insertRun(c.Runs, number, firstSeen)
	return changed, true
}

// seenBefore reports whether a number is in a cell's runs, and none the later: insertRun would leave them as they are.
func seenBefore(runs []Run, number Run) bool {
	n := number.Lo
	i, _ := slices.BinarySearchFunc(runs, n, func(x Run, n uint64) int { return cmp.Compare(x.Hi, n) })
	return i < len(runs) && runs[i].Lo <= n && (runs[i].Lo < n || runs[i].At <= number.At)
}

// cellsDone is the first cell that a watermark has not judged.
func (s *Spec) cellsDone(watermark int64) int64 {
	if watermark == never {
		return never
	}
	return floorDiv(watermark, s.Grace) - 1
}

func (w *Window) decideCells(s *Spec, watermark int64, changed []int64) []int64 {
	done := s.cellsDone(watermark)
	for len(w.cells()) > 0 && w.cells()[0].Index < done {
		c := w.cells()[0]
		w.sums().runs = slices.DeleteFunc(w.runs(), func(r Run) bool { return r.At < c.Index-s.Timespan/s.Grace })
		var after []Run
		if len(w.cells()) > 1 && w.cells()[1].Index == c.Index+1 {
			after = w.cells()[1].Runs
		}
		for _, r := range c.Runs {
			changed = w.fill(s, r, (c.Index+1)*s.Grace, changed)
		}
		var told []Run
		told, changed = w.judgeCell(s, c, after, changed)
		var seen []Run
		for _, r := range append(told, c.Runs...) {
			seen = append(seen, Run{r.Lo, r.Hi, s.lastSeen(c.Index)})
		}
		slices.SortFunc(seen, func(a, b Run) int { return cmp.Compare(a.Lo, b.Lo) })
		w.sums().runs = see(w.runs(), seen)
		if n := len(w.runs()); n > maxRuns {
			w.sums().runs = slices.Delete(w.runs(), 0, n-maxRuns)
		}
		w.sums().cells = slices.Delete(w.cells(), 0, 1)
	}
	w.rest().decided = watermark
	return changed
}

// judgeCell tells the numbers of a cell that something is missing before, and returns what is.
func (w *Window) judgeCell(s *Spec, c Cell, after []Run, changed []int64) (told []Run, _ []int64) {
	for i, r := range c.Runs {
		a, seen := below(w.runs(), r.Lo)
		if i > 0 {
			a, seen = max(a, c.Runs[i-1].Hi), true
		}
		if b, ok := below(after, r.Lo); ok {
			a = max(a, b)
		}
		if !seen || a+1 == r.Lo {
			continue
		}
		missing := Run{Lo: a + 1, Hi: r.Lo - 1}
		told = append(told, missing)
		m := Measure{From: r.At, To: r.At, Observed: numbers([]Run{missing}), Missing: []Run{missing}, Next: r.Lo}
		p := s.PeriodOf(r.At)
		changed = w.joinMeasures(p, []Measure{m}, w.join(p, []Entry{{Time: r.At, Value: r.Lo}}, changed))
	}
	return told, changed
}

// fill takes numbers that came after all from what is missing, of the alerts that are open at the end of their cell.
func (w *Window) fill(s *Spec, r Run, at int64, changed []int64) []int64 {
	for i := 0; i < len(w.open()); i++ {
		o := &w.open()[i]
		if s.Closes(o.Period) < at+s.Grace { // what closes it judges the cell first
			continue
		}
		for k := 0; k < len(o.Measures); k++ {
			m := &o.Measures[k]
			left := subtract(m.Missing, r)
			if slices.Equal(left, m.Missing) {
				continue
			}
			changed = note(changed, o.Period)
			next, from := m.Next, m.From
			if m.Missing, m.Observed = left, numbers(left); m.Observed == 0 {
				o.Entries = slices.DeleteFunc(o.Entries, func(e Entry) bool { return e.Value == next && e.Time == from })
				o.Measures = slices.Delete(o.Measures, k, k+1)
				k--
			}
		}
		if len(o.Entries) == 0 {
			w.rest().open = slices.Delete(w.open(), i, i+1)
			i--
		}
	}
	return changed
}

// subtract returns runs without the numbers of r; each keeps its mark.
func subtract(runs []Run, r Run) (out []Run) {
	for _, x := range runs {
		if x.Hi < r.Lo || r.Hi < x.Lo {
			out = append(out, x)
			continue
		}
		if x.Lo < r.Lo {
			out = append(out, Run{x.Lo, r.Lo - 1, x.At})
		}
		if r.Hi < x.Hi {
			out = append(out, Run{r.Hi + 1, x.Hi, x.At})
		}
	}
	return out
}

func numbers(runs []Run) (n int64) {
	for _, r := range runs {
		n += int64(r.Hi - r.Lo + 1)
	}
	return n
}

// forgetRuns drops runs that no later cell would remember.
func (w *Window) forgetRuns(s *Spec, bound int64) bool {
	if len(w.cells()) > 0 {
		return w.close(s, bound)
	}
	n := len(w.runs())
	oldest := floorDiv(bound, s.Grace) - s.Timespan/s.Grace - 1
	w.sums().runs = slices.DeleteFunc(w.runs(), func(r Run) bool { return r.At < oldest })
	return w.close(s, bound) || len(w.runs()) < n
}

func (w *Window) dueCell(s *Spec, keep int64) int64 {
	due := int64(endOfTime)
	if len(w.cells()) > 0 {
		due = (w.cells()[0].Index + 2) * s.Grace
	} else if len(w.runs()) > 0 {
		newest := slices.MaxFunc(w.runs(), func(a, b Run) int { return cmp.Compare(a.At, b.At) }).At
		due = forth((newest+s.Timespan/s.Grace+2)*s.Grace, keep)
	}
	if len(w.open()) > 0 {
		due = min(due, forth(s.Closes(w.open()[0].Period), keep))
	}
	return due
}
