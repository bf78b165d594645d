package window

import (
	"slices"

	"pgregory.net/rapid"

	"probity/internal/event"
)

// model is the definition of all shapes, over the whole set of entries of one key.
func model(s *Spec, entries []Entry) map[int64]Open {
	entries = slices.Clone(entries)
	slices.SortFunc(entries, compare)
	if measure := modelMeasures[s.Shape]; measure != nil {
		return measure(s, entries)
	}
	out := map[int64]Open{}
	for p, es := range modelAlerts(s, entries) {
		out[p] = Open{Period: p, Entries: es}
	}
	return out
}

// modelAlerts is what each period's alert holds.
func modelAlerts(s *Spec, entries []Entry) map[int64][]Entry {
	alerts := map[int64][]Entry{}
	for _, e := range entries {
		p := s.PeriodOf(e.Time)
		alerts[p] = append(alerts[p], modelHit(s, entries, e)...)
	}
	for p, es := range alerts {
		slices.SortFunc(es, compare)
		if alerts[p] = slices.CompactFunc(es, func(a, b Entry) bool { return compare(a, b) == 0 }); len(es) == 0 {
			delete(alerts, p)
		}
	}
	return alerts
}

// modelHit returns what a hit at e puts into its alert, nothing if e is no hit.
func modelHit(s *Spec, entries []Entry, e Entry) []Entry {
	var in []Entry
	values, sum := map[uint64]bool{}, 0
	for _, x := range entries {
		if e.Time-s.Timespan < x.Time && x.Time <= e.Time {
			in = append(in, x)
			values[x.Value] = true
			sum += int(x.Value)
		}
	}
	enough := func(n int) bool { return s.AtLeast <= n && (s.AtMost == 0 || n <= s.AtMost) }
	switch s.Shape {
	case EventCount:
		if enough(len(in)) {
			return in
		}
	case ValueCount:
		if enough(len(values)) {
			return in
		}
	case ValueSum:
		if enough(sum) {
			return in
		}
	case Temporal, TemporalOrdered:
		return modelTuples(s, in)
	case Absence:
		if e.Step == linkStep || slices.ContainsFunc(entries, func(x Entry) bool {
			return x.Step == linkStep && e.Time-s.Before <= x.Time && x.Time <= e.Time+s.After
		}) {
			return nil
		}
		return []Entry{e}
	case NewValue:
		if e.Step == AlibiStep {
			return nil
		}
		known := slices.ContainsFunc(entries, func(x Entry) bool { return x.Step != AlibiStep && x.Time <= e.Time-s.History })
		seen := slices.ContainsFunc(entries, func(x Entry) bool {
			return x.Value == e.Value && e.Time-s.Timespan <= x.Time && x.Time < e.Time
		})
		if !seen && known {
			return []Entry{e}
		}
	}
	return nil
}

// modelTuples tries every tuple of one entry a step and keeps the entries of those that fit.
func modelTuples(s *Spec, in []Entry) (out []Entry) {
	var try func(tuple []Entry)
	try = func(tuple []Entry) {
		if len(tuple) < s.Steps {
			for _, x := range in {
				if int(x.Step) == len(tuple) {
					try(append(slices.Clone(tuple), x))
				}
			}
			return
		}
		captured := make([]*Captured, len(tuple))
		for i, x := range tuple {
			captured[i] = x.Captured
			if s.Shape == TemporalOrdered && i > 0 && (x.Time < tuple[i-1].Time || x.ID == tuple[i-1].ID) {
				return
			}
		}
		if s.Where == nil || s.Where(captured) {
			out = append(out, tuple...)
		}
	}
	try(nil)
	return out
}

// sameFirst is a where: the first captured field is the same in all steps.
func sameFirst(tuple []*Captured) bool {
	for _, c := range tuple {
		if (*c)[0] == "" || (*c)[0] != (*tuple[0])[0] {
			return false
		}
	}
	return true
}

func drawSpec(t *rapid.T) *Spec {
	s := &Spec{
		Shape:    Shape(rapid.IntRange(0, int(ClockSkew)).Draw(t, "shape")),
		Timespan: rapid.Int64Range(1, 30).Draw(t, "timespan"),
		Period:   rapid.Int64Range(1, 40).Draw(t, "period"),
		AtLeast:  rapid.IntRange(1, 5).Draw(t, "at_least"),
		Steps:    rapid.IntRange(2, 3).Draw(t, "steps"),
		History:  rapid.Int64Range(0, 30).Draw(t, "history"),
	}
	if s.Shape == Absence {
		s.Before, s.After = rapid.Int64Range(0, 15).Draw(t, "before"), rapid.Int64Range(0, 15).Draw(t, "after")
	}
	if rapid.Bool().Draw(t, "where") {
		s.Where = sameFirst
	}
	switch s.Shape {
	case EventCount, ValueCount:
		if rapid.Bool().Draw(t, "bounded") {
			s.AtMost = rapid.IntRange(s.AtLeast, 6).Draw(t, "at_most")
			s.Wait = rapid.Int64Range(0, 8).Draw(t, "wait")
		}
	case ValueSum:
		s.AtLeast = rapid.IntRange(1, 20).Draw(t, "sum")
	case Baseline:
		s.Normal = drawNormal(t)
		s.Wait = rapid.Int64Range(0, 8).Draw(t, "wait")
	case Gap:
		s.Grace = rapid.Int64Range(1, 10).Draw(t, "grace")
	case ClockSkew:
		s.Tolerance = rapid.Int64Range(0, 4).Draw(t, "tolerance")
	}
	return s
}

func drawEntries(t *rapid.T, s *Spec) []Entry {
	return rapid.SliceOfNDistinct(rapid.Custom(func(t *rapid.T) Entry {
		e := Entry{
			Time:  rapid.Int64Range(-50, 100).Draw(t, "time"),
			ID:    event.ID{rapid.Byte().Draw(t, "id"), rapid.Byte().Draw(t, "id2")},
			Facts: rapid.Uint32Range(0, 15).Draw(t, "facts"),
		}
		switch s.Shape {
		case ValueCount, NewValue:
			e.Value = uint64(rapid.IntRange(1, 6).Draw(t, "value"))
			if s.Shape == NewValue {
				e.Step = uint8(rapid.IntRange(0, 3).Draw(t, "known") / 3)
			}
		case Temporal, TemporalOrdered:
			e.Step = uint8(rapid.IntRange(0, s.Steps-1).Draw(t, "step"))
			e.Captured = &Captured{rapid.SampledFrom([]string{"a", "b", ""}).Draw(t, "field")}
		case Absence:
			e.Step = uint8(rapid.IntRange(0, 1).Draw(t, "step"))
		case ValueSum, Gap:
			e.Value = uint64(rapid.IntRange(0, 15).Draw(t, "number"))
		case Baseline:
			e.Value = uint64(rapid.IntRange(1, 3).Draw(t, "value"))
		case ClockSkew:
			e.Value = uint64(rapid.Int64Range(-8, 8).Draw(t, "age"))
		}
		return e
	}), 0, 25, func(e Entry) event.ID { return e.ID }).Draw(t, "events")
}

// arrivals are the entries as they may be read: some doubled, each later than its time by at most the lateness.
//
// What clock_skew reads comes in the order of reading, and each reading counts.
func arrivals(t *rapid.T, s *Spec, entries []Entry, lateness int64) []arrival {
	var out []arrival
	copies := 2
	if s.Shape == ClockSkew {
		lateness, copies = 0, 1
	}
	for _, e := range entries {
		for range rapid.IntRange(1, copies).Draw(t, "copies") {
			out = append(out, arrival{e.Time + rapid.Int64Range(0, lateness).Draw(t, "delay"), e})
		}
	}
	slices.SortStableFunc(out, func(a, b arrival) int { return int(a.at - b.at) })
	return out
}

type arrival struct {
	at int64
	Entry
}
