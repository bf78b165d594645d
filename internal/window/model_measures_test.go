package window

import (
	"maps"
	"slices"

	"pgregory.net/rapid"
)

// modelMeasures are the definitions of the shapes that measure.
var modelMeasures = map[Shape]func(*Spec, []Entry) map[int64]Open{
	Baseline: modelBaseline, Silence: modelSilence, Gap: modelGap, ClockSkew: modelSkew,
}

func drawNormal(t *rapid.T) Normal {
	n := Normal{
		Every:  rapid.Int64Range(3, 20).Draw(t, "every"),
		Values: rapid.Bool().Draw(t, "values"),
		Least:  rapid.IntRange(1, 3).Draw(t, "least"),
		Above:  rapid.Int64Range(0, 2).Draw(t, "above"),
	}
	n.History = n.Every * rapid.Int64Range(1, 6).Draw(t, "memory")
	return n
}

// modelBaseline has no peers; see TestABaselineAmongPeersEqualsItsDefinition.
func modelBaseline(s *Spec, entries []Entry) map[int64]Open {
	out := map[int64]Open{}
	for b, in := range modelBuckets(s, entries) {
		if m, hit := modelOwn(s, entries, b); hit {
			addHit(out, s.PeriodOf(in[len(in)-1].Time), m, in...)
		}
	}
	return out
}

func modelBuckets(s *Spec, entries []Entry) map[int64][]Entry {
	out := map[int64][]Entry{}
	for _, e := range entries {
		b := s.Normal.bucketOf(e.Time)
		out[b] = append(out[b], e)
	}
	return out
}

func modelNumber(s *Spec, in []Entry) int64 {
	values := map[uint64]bool{}
	for _, e := range in {
		values[e.Value] = true
	}
	if s.Normal.Values {
		return int64(len(values))
	}
	return int64(len(in))
}

// modelOwn compares a bucket with those before it.
func modelOwn(s *Spec, entries []Entry, b int64) (Measure, bool) {
	buckets := modelBuckets(s, entries)
	m := Measure{From: b * s.Normal.Every, To: (b + 1) * s.Normal.Every, Observed: modelNumber(s, buckets[b])}
	var history []int64
	for x, in := range buckets {
		if b-s.Normal.History/s.Normal.Every <= x && x < b {
			history = append(history, modelNumber(s, in))
		}
	}
	if len(history) < s.Normal.Least || m.Observed < int64(s.AtLeast) {
		return m, false
	}
	m.Own = modelUsual(history)
	return m, m.Observed > m.Own.Median+s.Normal.Above*m.Own.Spread
}

func modelUsual(numbers []int64) Usual {
	middle := func(xs []int64) int64 {
		slices.Sort(xs)
		return xs[len(xs)/2]
	}
	u := Usual{Among: len(numbers), Median: middle(numbers), Spread: 1}
	var off []int64
	for _, x := range numbers {
		off = append(off, max(x-u.Median, u.Median-x))
	}
	u.Spread = max(u.Spread, middle(off))
	for r := u.Spread; r*r <= u.Median; r++ {
		u.Spread = r
	}
	return u
}

func addHit(out map[int64]Open, period int64, m Measure, in ...Entry) {
	o := out[period]
	o.Period, o.Entries, o.Measures = period, union(o.Entries, in), append(o.Measures, m)
	slices.SortFunc(o.Measures, compareMeasures)
	out[period] = o
}

func modelSilence(s *Spec, entries []Entry) map[int64]Open {
	out := map[int64]Open{}
	for i, e := range entries {
		next := int64(never)
		for _, x := range entries[i+1:] {
			if x.Time > e.Time {
				next = x.Time
				break
			}
		}
		if i+1 < len(entries) && entries[i+1].Time == e.Time {
			continue // the last of a tie is followed by what the others are
		}
		if next == never || next > e.Time+s.Timespan {
			addHit(out, s.PeriodOf(e.Time), Measure{From: e.Time, To: next}, Entry{Time: e.Time})
		}
	}
	return out
}

// modelGap goes through the cells with sets of numbers.
func modelGap(s *Spec, entries []Entry) map[int64]Open {
	cells := map[int64]map[uint64]int64{} // number → when it was first seen in the cell
	var order []int64
	for _, e := range entries {
		c := floorDiv(e.Time, s.Grace)
		if cells[c] == nil {
			cells[c] = map[uint64]int64{}
			order = append(order, c)
		}
		if at, seen := cells[c][e.Value]; !seen || e.Time < at {
			cells[c][e.Value] = e.Time
		}
	}
	out, seen := map[int64]Open{}, map[uint64]int64{} // number → last cell
	for _, c := range order {
		forgetModelRuns(seen, c-s.Timespan/s.Grace)
		modelFill(s, out, cells[c], (c+1)*s.Grace)
		told := map[uint64]bool{}
		for n, at := range cells[c] {
			if missing := modelMissing(n, seen, cells[c], cells[c+1]); len(missing) > 0 {
				m := Measure{From: at, To: at, Next: n, Observed: int64(len(missing)), Missing: []Run{{Lo: missing[0], Hi: missing[len(missing)-1]}}}
				addHit(out, s.PeriodOf(at), m, Entry{Time: at, Value: n})
				for _, x := range missing {
					told[x] = true
				}
			}
		}
		for n := range cells[c] {
			seen[n] = s.lastSeen(c)
		}
		for n := range told {
			seen[n] = s.lastSeen(c)
		}
	}
	return out
}

// modelMissing are the numbers missing before n.
func modelMissing(n uint64, seen, cell, after map[uint64]int64) (missing []uint64) {
	has := func(sets []map[uint64]int64, x uint64) bool {
		return slices.ContainsFunc(sets, func(set map[uint64]int64) bool { _, ok := set[x]; return ok })
	}
	lower := false
	for x := range n {
		lower = lower || has([]map[uint64]int64{seen, cell}, x)
	}
	if !lower {
		return nil
	}
	for x := n; x > 0 && !has([]map[uint64]int64{seen, cell, after}, x-1); x-- {
		missing = append([]uint64{x - 1}, missing...)
	}
	return missing
}

func forgetModelRuns(seen map[uint64]int64, oldest int64) {
	maps.DeleteFunc(seen, func(_ uint64, last int64) bool { return last < oldest })
}

// modelFill takes numbers from what is missing in the alerts that are open.
func modelFill(s *Spec, out map[int64]Open, numbers map[uint64]int64, at int64) {
	for p, o := range out {
		if s.Closes(p) < at+s.Grace {
			continue
		}
		var left []Measure
		for _, m := range o.Measures {
			var missing []Run
			for _, r := range m.Missing {
				for x := r.Lo; x <= r.Hi; x++ {
					if _, came := numbers[x]; came {
						continue
					}
					if n := len(missing); n > 0 && missing[n-1].Hi == x-1 {
						missing[n-1].Hi = x
					} else {
						missing = append(missing, Run{Lo: x, Hi: x})
					}
				}
			}
			m.Missing, m.Observed = missing, 0
			for _, r := range missing {
				m.Observed += int64(r.Hi - r.Lo + 1)
			}
			if m.Observed > 0 {
				left = append(left, m)
			} else {
				o.Entries = slices.DeleteFunc(slices.Clone(o.Entries), func(e Entry) bool { return e.Value == m.Next && e.Time == m.From })
			}
		}
		if o.Measures = left; len(left) == 0 {
			delete(out, p)
		} else {
			out[p] = o
		}
	}
}

// modelSkew has seen the last bucket end only if another follows.
func modelSkew(s *Spec, entries []Entry) map[int64]Open {
	out := map[int64]Open{}
	for i := 0; i < len(entries); {
		b := floorDiv(entries[i].Time, s.Timespan)
		var ages []int64
		for ; i < len(entries) && floorDiv(entries[i].Time, s.Timespan) == b; i++ {
			ages = append(ages, int64(entries[i].Value))
		}
		m := Measure{From: b * s.Timespan, To: (b + 1) * s.Timespan}
		switch {
		case i == len(entries) || len(ages) < s.AtLeast:
			continue
		case slices.Min(ages) > s.Tolerance:
			m.Observed = slices.Min(ages)
		case slices.Max(ages) < -s.Tolerance:
			m.Observed = slices.Max(ages)
		default:
			continue
		}
		addHit(out, s.PeriodOf(m.From), m, Entry{Time: m.From, Value: uint64(len(ages))})
	}
	return out
}
