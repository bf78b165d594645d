package engine

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"probity/internal/event"
)

// However many of its events stand for the others, a rule of silence says the same of a log.
func TestAStretchOfEventsIsHeardAsEachOfThemIs(t *testing.T) {
	g := generationOf(t, accounts{}, nil, oneOf(t, "{type: silence, timespan: 5s, group_by: [user.name]}", "20s"))
	fewer, told := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		gathering, alone := g.NewMatcher(nil), g.NewMatcher(nil)
		together, apart := NewState(g, 1), NewState(g, 1)
		compare := func(gathered, each []Match, watermark int64) {
			want := drafted(apart.Apply(each, []int64{watermark}, Serially).Drafts)
			got := drafted(together.Apply(gathered, []int64{watermark}, Serially).Drafts)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatal(diff)
			}
			if diff := cmp.Diff(holds(apart), holds(together)); diff != "" {
				t.Fatal(diff)
			}
			told += len(got)
		}
		for batch := range rapid.IntRange(1, 4).Draw(t, "batches") {
			var gathered, each []Match
			for range rapid.IntRange(0, 30).Draw(t, "events") {
				second := 15*batch + rapid.IntRange(0, 40).Draw(t, "second")
				ev := at(g, second, fields{event.FieldAction: "view", event.FieldUserName: rapid.SampledFrom([]string{"c1", "c1", "c1", "c2"}).Draw(t, "user")})
				gathered = gathering.Match(ev, gathered)
				each = append(each, alone.Match(ev, nil)...)
			}
			said := 0
			for i := range gathered {
				said += 1 + int(gathered[i].Between)
			}
			if said != len(each) {
				t.Fatalf("%d events are said to be %d", len(each), said)
			}
			fewer += len(each) - len(gathered)
			compare(gathered, each, start.UnixNano()+int64(15*(batch+1))*1e9) // nothing later comes before it
		}
		compare(nil, nil, 1<<62)
	})
	if fewer == 0 || told == 0 {
		t.Errorf("%d events were said by others, and %d alerts told: the test looks at nothing", fewer, told)
	}
}

// drafted writes all that the drafts say.
func drafted(drafts []Draft) (out []string) {
	for i := range drafts {
		a := drafts[i].Alert
		out = append(out, fmt.Sprint(a.Group, a.Period, a.Count, a.First, a.Last, a.Status, a.Measures))
	}
	return out
}

func TestAThousandEventsOfALogAreTwoMatchesForARuleOfSilence(t *testing.T) {
	g := generationOf(t, accounts{}, nil, oneOf(t, "{type: silence, timespan: 1h, group_by: [event.dataset]}", "1d"))
	m := g.NewMatcher(nil)
	var matches []Match
	for second := range 1000 {
		matches = m.Match(view(g, second), matches)
	}
	if len(matches) != 2 || matches[0].Between+matches[1].Between != 998 || m.Counts[0].Matches != 1000 {
		t.Errorf("%d matches, %+v, %+v", len(matches), matches, m.Counts)
	}
	if again := m.Match(view(g, 1000), nil); len(again) != 1 {
		t.Errorf("of another task: %d matches", len(again))
	}
}
