package ruletest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"

	"probity/internal/alert"
	"probity/internal/engine"
	"probity/internal/event"
	"probity/internal/rule"
	"probity/internal/table"
)

// stage is the rule under test, compiled against the test's tables.
type stage struct {
	generation *engine.Generation
	places     map[event.ID]int // of each event in the timeline, from 1
}

// outcome is what a timeline gave.
type outcome struct {
	Alerts     []raised // by first, then group
	Undecided  int
	Suppressed int
}

// raised is what a test can say of an alert.
type raised struct {
	Group    map[string]string
	Count    int
	First    time.Time
	Last     time.Time
	Summary  string
	Evidence []int
}

// stage builds the test's generation and timeline, or notes problems.
func (c *testCase) stage() (*stage, []*event.Event) {
	schema, err := c.schema()
	if err != nil {
		c.problem("tables", err.Error(), "")
		return nil, nil
	}
	timeline, accounts := c.timeline(schema)
	if len(c.problems) > 0 {
		return nil, nil
	}
	first, last := span(timeline)
	set := table.NewSet(c.options.Zone, c.tables(accounts, first, last)...)
	schema.AddLookups(set.Lookups()...)
	rules, problems := rule.Load(schema, []rule.File{c.file})
	if c.problems = append(c.problems, problems...); len(c.problems) > 0 {
		return nil, nil
	}
	return &stage{
		generation: engine.NewGeneration(engine.GenerationOptions{Rules: rules, People: set}),
		places:     map[event.ID]int{},
	}, timeline
}

// schema is one like the caller's, whose lookups this test may bind.
func (c *testCase) schema() (*event.Schema, error) {
	declared := c.options.Schema.Declared()
	for i := range declared {
		declared[i].Name = strings.TrimPrefix(declared[i].Name, event.NativePrefix)
	}
	s, err := event.NewSchema(declared...)
	if err != nil {
		return nil, err
	}
	for _, l := range c.options.Schema.Lookups() {
		s.AddLookups(*l)
	}
	return s, nil
}

func span(timeline []*event.Event) (first, last time.Time) {
	lo, hi := timeline[0].Time(), timeline[0].Time()
	for _, ev := range timeline {
		lo, hi = min(lo, ev.Time()), max(hi, ev.Time())
	}
	return time.Unix(0, lo), time.Unix(0, hi)
}

// play judges the timeline one event at a time, from empty windows that forget nothing.
func (s *stage) play(timeline []*event.Event) (outcome, error) {
	var out outcome
	matcher, state := s.generation.NewMatcher(nil), engine.NewState(s.generation, 1)
	records := map[event.ID]*event.Record{}
	last := map[string]engine.Draft{}
	for i, ev := range timeline {
		matches := matcher.Match(ev, nil)
		if id := ev.Identity(); s.places[id] == 0 {
			s.places[id] = i + 1
		}
		for _, m := range matches {
			switch m.Outcome {
			case engine.Undecided:
				out.Undecided++
			case engine.Suppressed:
				out.Suppressed++
			default:
				records[m.ID] = m.Record
			}
		}
		for _, d := range state.Apply(0, matches, []int64{engine.Never}).Drafts {
			last[fmt.Sprint(d.Alert.Group, d.Alert.Period.Start)] = d
		}
	}
	if n := matcher.Counts[0].Errors; n > 0 {
		return out, fmt.Errorf("%d evaluations of a condition ended in an error of expr", n)
	}
	for _, d := range last {
		if d.Alert.Status == alert.Withdrawn {
			continue
		}
		a, err := s.dress(d, records)
		if err != nil {
			return out, err
		}
		out.Alerts = append(out.Alerts, a)
	}
	slices.SortFunc(out.Alerts, func(a, b raised) int {
		if c := a.First.Compare(b.First); c != 0 {
			return c
		}
		return strings.Compare(fmt.Sprint(a.Group), fmt.Sprint(b.Group))
	})
	return out, nil
}

// dress completes a draft with the records that it quotes, as a commit does.
func (s *stage) dress(d engine.Draft, records map[event.ID]*event.Record) (raised, error) {
	a := raised{Group: map[string]string{}}
	var quoted []*event.Record
	for _, id := range d.Quote {
		quoted = append(quoted, records[id])
		a.Evidence = append(a.Evidence, s.places[id])
	}
	slices.Sort(a.Evidence)
	if err := d.Dress(quoted); err != nil {
		return a, err
	}
	for _, k := range d.Alert.Group {
		a.Group[k.Field] = k.Value
	}
	a.Count, a.First, a.Last, a.Summary = d.Alert.Count, d.Alert.First, d.Alert.Last, d.Alert.Summary
	return a, nil
}

// replay plays the timeline in other orders and with each event twice: the alerts must be the same.
func (s *stage) replay(timeline []*event.Event, want outcome) (problems []string) {
	reversed := slices.Clone(timeline)
	slices.Reverse(reversed)
	shuffled := slices.Clone(timeline)
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	var doubled []*event.Event
	for _, ev := range timeline {
		doubled = append(doubled, ev, ev)
	}
	for _, v := range []struct {
		name     string
		timeline []*event.Event
	}{{"reversed", reversed}, {"shuffled", shuffled}, {"with each event twice", doubled}} {
		got, err := s.play(v.timeline)
		if err != nil {
			problems = append(problems, v.name+": "+err.Error())
		} else if diff := cmp.Diff(want.Alerts, got.Alerts); diff != "" {
			problems = append(problems, "the timeline "+v.name+" gives other alerts (- as written, + "+v.name+"):\n"+diff)
		}
	}
	return problems
}
