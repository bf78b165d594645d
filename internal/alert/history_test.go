package alert

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// A history is held against one that counts every case for itself.
func TestAHistoryCountsTheOthersThatTheReaderMaySee(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var all []Case
		outcomes := map[string]Outcome{}
		for i := range rapid.IntRange(1, 12).Draw(rt, "alerts") {
			c := Case{
				ID: fmt.Sprint("a", i), Rule: rapid.SampledFrom([]string{"r", "q"}).Draw(rt, "rule"), Revision: 2, Status: rapid.SampledFrom([]Status{Open, Withdrawn}).Draw(rt, "status"),
				OpenedAt:  time.Unix(rapid.Int64Range(1, 9).Draw(rt, "at"), 0),
				Concerned: Concerned{Main: rapid.SampledFrom([]string{"", "S1", "s1", "S2"}).Draw(rt, "person"), Redacted: rapid.Bool().Draw(rt, "secret")}, // a mark for the test
			}
			if o := rapid.SampledFrom(append([]Outcome{""}, Outcomes...)).Draw(rt, "outcome"); o != "" {
				c.Closings, c.ClosedRevision, outcomes[c.ID] = 1, rapid.IntRange(1, 2).Draw(rt, "closed"), o
			}
			all = append(all, c)
		}
		of := all[:rapid.IntRange(1, len(all)).Draw(rt, "asked")]
		h := NewHistories(of, outcomes, func(c *Case) bool { return !c.Redacted })
		for _, c := range all {
			h.Add(c)
		}
		for _, c := range of {
			want := History{Rule: Tally{Rule: c.Rule}}
			person := map[string]Tally{}
			for _, other := range all {
				if other.ID == c.ID || other.Redacted {
					continue
				}
				if other.Rule == c.Rule {
					want.Rule.add(&other, outcomes[other.ID])
				}
				if c.Main != "" && strings.EqualFold(other.Main, c.Main) {
					n := person[other.Rule]
					n.Rule = other.Rule
					n.add(&other, outcomes[other.ID])
					person[other.Rule] = n
				}
			}
			want.Rule.Precision = PrecisionOf(want.Rule.Outcomes)
			got := h.Of(c)
			if diff := cmp.Diff(want.Rule, got.Rule); diff != "" {
				rt.Errorf("rule: %s", diff)
			}
			if len(got.Person) != len(person) {
				rt.Errorf("%d rules of the person, want %d", len(got.Person), len(person))
			}
			for i, n := range got.Person {
				if diff := cmp.Diff(person[n.Rule], n); diff != "" || i > 0 && got.Person[i-1].Alerts < n.Alerts {
					rt.Errorf("person: %s", diff)
				}
			}
		}
	})
}

func TestPrecisionSaysHowFarItCanBeTrusted(t *testing.T) {
	if PrecisionOf(nil) != nil {
		t.Error("of nothing")
	}
	// Wilson's intervals as tables have them.
	for _, c := range []struct {
		right, wrong int
		low, high    float64
	}{{0, 1, 0, 0.7935}, {1, 0, 0.2065, 1}, {3, 6, 0.1206, 0.6458}, {50, 50, 0.4038, 0.5962}} {
		p := PrecisionOf(map[Outcome]int{Misuse: c.right, Training: c.wrong})
		if d := max(p.Low-c.low, c.low-p.Low, p.High-c.high, c.high-p.High); d > 1e-3 || p.N != c.right+c.wrong {
			t.Errorf("%d of %d: %+v", c.right, c.right+c.wrong, p)
		}
	}
}
