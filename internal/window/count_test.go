package window

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"probity/internal/event"
)

// model is the definition of event_count over the whole set of matching events of one key.
func model(s Spec, events []Entry) map[int64][]Entry {
	distinct := map[event.ID]Entry{}
	for _, e := range events {
		distinct[e.ID] = e
	}
	alerts := map[int64][]Entry{}
	for _, hit := range distinct {
		var in []Entry
		for _, e := range distinct {
			if hit.Time-s.Timespan < e.Time && e.Time <= hit.Time {
				in = append(in, e)
			}
		}
		if len(in) >= s.AtLeast {
			p := s.PeriodOf(hit.Time)
			alerts[p] = append(alerts[p], in...)
		}
	}
	for p, es := range alerts {
		slices.SortFunc(es, compare)
		alerts[p] = slices.Compact(es)
	}
	return alerts
}

func drawSpec(t *rapid.T) Spec {
	return Spec{
		Timespan: rapid.Int64Range(1, 30).Draw(t, "timespan"),
		Period:   rapid.Int64Range(1, 40).Draw(t, "period"),
		AtLeast:  rapid.IntRange(1, 5).Draw(t, "at_least"),
	}
}

func drawEvents(t *rapid.T) []Entry {
	return rapid.SliceOfNDistinct(rapid.Custom(func(t *rapid.T) Entry {
		return Entry{
			Time:  rapid.Int64Range(-50, 100).Draw(t, "time"),
			ID:    event.ID{rapid.Byte().Draw(t, "id"), rapid.Byte().Draw(t, "id2")},
			Facts: rapid.Uint32Range(0, 15).Draw(t, "facts"),
		}
	}), 0, 40, func(e Entry) event.ID { return e.ID }).Draw(t, "events")
}

// Alerts are a function of the set: any order within the lateness, doubled events, a watermark that forgets as early as it
// may, and a restart at any point.
func TestCountEqualsItsDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, events := drawSpec(t), drawEvents(t)
		lateness := rapid.Int64Range(0, 20).Draw(t, "lateness")
		keep := rapid.Int64Range(0, 10).Draw(t, "keep")
		// Within the lateness: events are read in the order of their time plus a delay of at most the lateness.
		type read struct {
			at int64
			e  Entry
		}
		var reads []read
		for _, e := range events {
			for range rapid.IntRange(1, 2).Draw(t, "copies") {
				reads = append(reads, read{e.Time + rapid.Int64Range(0, lateness).Draw(t, "delay"), e})
			}
		}
		slices.SortStableFunc(reads, func(a, b read) int { return int(a.at - b.at) })

		c := &Count{}
		got := map[int64][]Entry{}
		for _, r := range reads {
			for _, p := range c.Add(s, r.e, nil) {
				got[p] = slices.Clone(c.Alert(p))
			}
			if rapid.Bool().Draw(t, "expire") {
				due := c.First(s, keep)
				if forgot := c.Expire(s, r.at-lateness, keep); forgot != (due <= r.at-lateness && due < 1<<62) {
					t.Fatalf("Expire at %d: %v, but First said %d", r.at-lateness, forgot, due)
				}
			}
			if rapid.IntRange(0, 5).Draw(t, "restart") == 0 {
				var err error
				if c, err = Decode(c.Append(nil)); err != nil {
					t.Fatal(err)
				}
			}
		}
		if diff := cmp.Diff(model(s, events), got, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("model (-) and count (+) differ:\n%s", diff)
		}
	})
}

func TestAResolvedAccountsEntriesJoinThePersons(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, events := drawSpec(t), drawEvents(t)
		var a, b Count
		for i, e := range events {
			if i%2 == 0 {
				a.Add(s, e, nil)
			} else {
				b.Add(s, e, nil)
			}
		}
		a.Rename(s, &b)
		for p, want := range model(s, events) {
			if diff := cmp.Diff(want, a.Alert(p)); diff != "" {
				t.Fatal(diff)
			}
		}
	})
}

func FuzzDecode(f *testing.F) {
	var c Count
	for i := range int64(5) {
		c.Add(Spec{10, 20, 2}, Entry{Time: i * 3, ID: event.ID{byte(i)}, Facts: uint32(i)}, nil)
	}
	f.Add(c.Append(nil))
	f.Add([]byte{version, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := Decode(b)
		if err != nil {
			return
		}
		again, err := Decode(c.Append(nil))
		if err != nil {
			t.Fatalf("what was decoded does not decode again: %v", err)
		}
		if diff := cmp.Diff(c, again, cmp.AllowUnexported(Count{}), cmpopts.EquateEmpty()); diff != "" {
			t.Fatal(diff)
		}
	})
}

func BenchmarkAddInOrder(b *testing.B) {
	s := Spec{Timespan: 1000, Period: 100_000, AtLeast: 50}
	var c Count
	var changed []int64
	i := int64(0)
	for b.Loop() {
		i++
		changed = c.Add(s, Entry{Time: i, ID: event.ID{byte(i), byte(i >> 8), byte(i >> 16), byte(i >> 24)}}, changed[:0])
		if i%1000 == 0 {
			c.Expire(s, i, 0)
		}
	}
}
