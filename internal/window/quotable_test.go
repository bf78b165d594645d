package window

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"probity/internal/event"
)

// keeping is a store that keeps a record no longer than it must: while a window holds its entry, and while an alert does.
type keeping map[event.ID]int64

func (k keeping) until(id event.ID, at int64) {
	if have, ok := k[id]; !ok || have < at {
		k[id] = at
	}
}

// What is kept of the entries is enough for every alert to quote its first ones, whenever it is told.
func TestWhatAnAlertQuotesIsKept(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSpec(t)
		if s.Measured() {
			return // their alerts quote nothing
		}
		quote := rapid.IntRange(1, 3).Draw(t, "quote")
		lateness := rapid.Int64Range(0, 20).Draw(t, "lateness")
		keep := max(s.Wait, rapid.Int64Range(0, 10).Draw(t, "keep"))
		lasts := s.Timespan + s.Period + s.Before + s.After + s.Settles() + keep
		if s.Shape == Baseline {
			lasts += s.Settles()
		}
		w, kept := New(), keeping{}
		tell := func(changed []int64) {
			for _, p := range changed {
				holds := Distinct(w.Alert(p))
				for i, e := range holds {
					if _, ok := kept[e.ID]; !ok && i < quote {
						t.Fatalf("period %d quotes %+v, which is not kept", p, e)
					}
					if i < quote || s.Deferred() {
						kept.until(e.ID, e.Time+lasts)
					}
				}
			}
		}
		for _, r := range arrivals(t, s, drawEntries(t, s), lateness) {
			changed, added := w.Add(s, r.Entry, nil)
			if added && w.Quotable(s, r.Entry, quote) {
				kept.until(r.ID, s.Leaves(r.Time, keep))
			}
			tell(changed)
			if rapid.Bool().Draw(t, "advance") {
				watermark := r.at - lateness
				tell(w.Decide(s, watermark, nil, nil))
				w.Forget(s, watermark, keep)
				for id, until := range kept {
					if until < watermark {
						delete(kept, id)
					}
				}
			}
		}
		tell(w.Decide(s, 10_000, nil, nil))
	})
}

func TestWhatNoAlertCanQuoteIsNotKept(t *testing.T) {
	entries := func(w *Window, s *Spec, all ...Entry) (quotable []bool) {
		for _, e := range all {
			w.Add(s, e, nil)
			quotable = append(quotable, w.Quotable(s, e, 2))
		}
		return quotable
	}
	for name, test := range map[string]struct {
		spec    Spec
		entries []Entry
		want    []bool
	}{
		"a link":                        {Spec{Shape: Absence, Period: 10, Before: 5, After: 5}, []Entry{{Time: 1, ID: event.ID{1}}, {Time: 2, ID: event.ID{2}, Step: linkStep}}, []bool{true, false}},
		"a value that was seen":         {Spec{Shape: NewValue, Period: 10, Timespan: 20}, []Entry{{Time: 1, ID: event.ID{1}, Value: 7}, {Time: 2, ID: event.ID{2}, Value: 7}, {Time: 2, ID: event.ID{3}, Value: 8}, {Time: 40, ID: event.ID{4}, Value: 7}}, []bool{true, false, true, true}},
		"the third event of a bucket":   {Spec{Shape: Baseline, Period: 100, Normal: Normal{Every: 10}}, []Entry{{Time: 1, ID: event.ID{1}}, {Time: 2, ID: event.ID{2}}, {Time: 3, ID: event.ID{3}}, {Time: 1, ID: event.ID{0}}, {Time: 11, ID: event.ID{5}}}, []bool{true, true, false, true, true}},
		"the second value of an event":  {Spec{Shape: Baseline, Period: 100, Normal: Normal{Every: 10, Values: true}}, []Entry{{Time: 1, ID: event.ID{1}, Value: 1}, {Time: 1, ID: event.ID{1}, Value: 2}, {Time: 2, ID: event.ID{2}, Value: 1}}, []bool{true, true, true}},
		"of a count, all may be quoted": {Spec{Shape: EventCount, Period: 100, Timespan: 10, AtLeast: 2}, []Entry{{Time: 1, ID: event.ID{1}}, {Time: 2, ID: event.ID{2}}, {Time: 3, ID: event.ID{3}}}, []bool{true, true, true}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := entries(New(), &test.spec, test.entries...); !slices.Equal(got, test.want) {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

// What comes before an entry, as the comment of Quotable says it, in plain lines.
func TestWhetherAnEntryIsQuotableIsWhatIsSaid(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := &Spec{Shape: rapid.SampledFrom([]Shape{Baseline, NewValue}).Draw(t, "shape"), Timespan: rapid.Int64Range(1, 30).Draw(t, "timespan"), Period: 100, AtLeast: 1}
		if s.Shape == Baseline {
			s.Normal = drawNormal(t)
		}
		w, n := New(), rapid.IntRange(1, 4).Draw(t, "quote")
		var all []Entry
		for range rapid.IntRange(0, 40).Draw(t, "entries") {
			e := Entry{Time: rapid.Int64Range(0, 60).Draw(t, "time"), Value: rapid.Uint64Range(0, 3).Draw(t, "value")}
			e.ID = event.ID{byte(e.Time), rapid.Byte().Draw(t, "id") % 3}
			if !s.Normal.Values && s.Shape == Baseline {
				e.Value = 0 // an event is one entry
			}
			if _, added := w.Add(s, e, nil); !added {
				continue
			}
			seen, before := false, map[event.ID]bool{}
			for _, o := range all {
				seen = seen || o.Value == e.Value && o.Time < e.Time && o.Time >= e.Time-s.Timespan
				if s.Shape == Baseline && o.compare(&e) < 0 && o.ID != e.ID && s.Normal.bucketOf(o.Time) == s.Normal.bucketOf(e.Time) {
					before[o.ID] = true
				}
			}
			all = append(all, e)
			want := s.Shape == NewValue && !seen || s.Shape == Baseline && len(before) < n
			if got := w.Quotable(s, e, n); got != want {
				t.Fatalf("%+v among %+v: %v", e, all, got)
			}
		}
	})
}
