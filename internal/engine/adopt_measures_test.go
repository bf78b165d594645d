package engine

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"probity/internal/alert"
	"probity/internal/event"
	"probity/internal/rule"
)

// dated resolves an account only as of a time that it knows.
type dated struct{ accounts }

func (d dated) Resolve(dataset, account string, at int64) event.Value {
	if at < start.Add(-time.Hour).UnixNano() || at > start.Add(time.Hour).UnixNano() {
		return event.Value{}
	}
	return d.accounts.Resolve(dataset, account, at)
}

func oneOf(t *testing.T, correlation string, period string) []rule.File {
	t.Helper()
	return []rule.File{{Name: "r", Data: []byte(prose + "id: the_rule\nwhen: has(event.action)\ncorrelation: " + correlation + "\nalert: {summary: \"{{ .measured }}\", period: " + period + "}\n")}}
}

func view(g *Generation, second int) *event.Event {
	return at(g, second, fields{event.FieldDataset: "niche", event.FieldAction: "view", event.FieldUserName: "c1"})
}

// apply judges events one by one, each with a watermark of its time.
func apply(g *Generation, st *State, seconds ...int) (drafts []Draft) {
	for _, s := range seconds {
		ev := view(g, s)
		b := st.Apply(g.NewMatcher(nil).Match(ev, nil), []int64{ev.Time()}, Serially)
		st.Settle()
		drafts = append(drafts, b.Drafts...)
	}
	return drafts
}

// What is left of an account's days is moved with it, long after its events have been forgotten.
func TestAPastWithoutEventsMovesToThePerson(t *testing.T) {
	files := oneOf(t, "{type: baseline, baseline: {every: 10s, history: 600s, least: 3, above: 0}}", "1m")
	old := generationOf(t, nil, nil, files)
	st, _ := NewState(old, 1).Adopt(old, Never)
	apply(old, st, 1, 11, 21, 31)
	st.Apply(nil, []int64{start.Add(time.Minute).UnixNano()}, Serially)
	next := generationOf(t, nil, nil, files)
	next.people = dated{accounts{"niche:c1": "S1"}}
	moved, a := st.Adopt(next, Never)
	moved.Apply(nil, []int64{Never}, Serially, a.Changes...)
	if drafts := apply(next, moved, 71, 72, 73, 74, 95); len(drafts) != 1 || drafts[0].Alert.Group[0].Value != "S1" || drafts[0].Alert.Measures[0].Own.Among != 4 {
		t.Errorf("%+v", drafts)
	}
}

// Days of another zone are other days: what was counted by the old ones is not compared with.
func TestAnotherZoneStartsABaselineAnew(t *testing.T) {
	files := oneOf(t, "{type: baseline, baseline: {every: 1d, history: 30d, least: 2, above: 0}}", "1m")
	old := generationOf(t, accounts{}, nil, files)
	st, _ := NewState(old, 1).Adopt(old, Never)
	apply(old, st, 0, 86_400, 2*86_400)
	london, err := time.LoadLocation("Europe/London")
	if err != nil {
		t.Fatal(err)
	}
	next := generationOf(t, accounts{}, nil, files)
	next.days = london
	adopted, a := st.Adopt(next, start.UnixNano())
	if adopted.Windows() != 0 || !slices.ContainsFunc(a.Saved, func(s Saved) bool { return s.Feed != feedsFeed && s.State == nil }) {
		t.Errorf("the windows stayed: %+v", a.Saved)
	}
	if _, warming := adopted.Warming(next.Rules.Rules[0]); !warming {
		t.Error("it does not say since when it has been watching")
	}
	same, _ := st.Adopt(old, Never)
	if same.Windows() != 1 {
		t.Error("the same zone loses the windows")
	}
}

// Windows of a rule without an upper bound remember too little to say that there were few: with one it starts anew.
func TestAnUpperBoundThatIsAddedAccusesNobodyOfWhatIsForgotten(t *testing.T) {
	old := generationOf(t, accounts{}, nil, oneOf(t, "{type: event_count, timespan: 60s, condition: {gte: 2}}", "10s"))
	st, _ := NewState(old, 1).Adopt(old, Never)
	apply(old, st, 0, 20, 40, 60, 80, 100)
	bounded := generationOf(t, accounts{}, nil, oneOf(t, "{type: event_count, timespan: 60s, condition: {gte: 2, lt: 3}}", "10s"))
	adopted, a := st.Adopt(bounded, Never)
	b := adopted.Apply(nil, []int64{1 << 62}, Serially, a.Changes...)
	for _, d := range b.Drafts {
		if d.Alert.Status == alert.Open {
			t.Errorf("every window held three: %+v", d.Alert)
		}
	}
}

// The silences told of a period of one length are not told again in those of another.
func TestANewPeriodTellsNoSilenceAgain(t *testing.T) {
	silence := "{type: silence, timespan: 5s, group_by: [event.dataset]}"
	old := generationOf(t, accounts{}, nil, oneOf(t, silence, "10m"))
	st, _ := NewState(old, 1).Adopt(old, Never)
	if drafts := apply(old, st, 0, 30, 31); len(drafts) != 1 {
		t.Fatal(texts(drafts))
	}
	next := generationOf(t, accounts{}, nil, oneOf(t, silence, "1m"))
	adopted, a := st.Adopt(next, Never)
	adopted.Apply(nil, []int64{Never}, Serially, a.Changes...)
	if drafts := apply(next, adopted, 32, 33); len(drafts) > 0 {
		t.Errorf("told again: %v", texts(drafts))
	}
}

// An absence is told when its link can come no more, which may be after the end of its period; others of the rule have
// forgotten by then. It is an alert as any other, and no event of it came late.
func TestWhatIsStillOpenIsNotForgotten(t *testing.T) {
	g := generationOf(t, accounts{}, nil, oneOf(t, "{type: absence, absence: {link: 'event.action == \"login\"', after: 100s}}", "10s"))
	st, _ := NewState(g, 1).Adopt(g, Never)
	r := g.Rules.Rules[0]
	f := st.feeds[r.Feed]
	f.Forgot = start.Add(50 * time.Second).UnixNano()
	if st.Forgotten(r, start.Add(10*time.Second).UnixNano()) {
		t.Error("forgotten, and its last hit is not judged yet")
	}
	f.Forgot = start.Add(110 * time.Second).UnixNano()
	if !st.Forgotten(r, start.Add(10*time.Second).UnixNano()) {
		t.Error("not forgotten")
	}
}

func TestTheAgeOfAnEventDoesNotOverflow(t *testing.T) {
	for _, c := range []struct{ read, at, want int64 }{
		{10, 3, 7}, {3, 10, -7}, {math.MaxInt64, -5, math.MaxInt64}, {1 << 62, math.MinInt64, math.MaxInt64}, {-10, math.MaxInt64, math.MinInt64 + 1},
	} {
		if diff := cmp.Diff(c.want, age(c.read, c.at)); diff != "" {
			t.Error(diff)
		}
	}
}
