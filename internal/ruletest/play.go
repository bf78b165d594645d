package ruletest

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"probity/internal/alert"
	"probity/internal/engine"
	"probity/internal/event"
	"probity/internal/rule"
	"probity/internal/table"
)

// stage is the rule under test with the test's tables in force.
type stage struct {
	generation *engine.Generation
	people     *table.Set
	days       *time.Location   // those of the daemon; sentences are in UTC
	places     map[event.ID]int // of each event in the timeline, from 1
	texts      map[string]int   // the same by the event's id as alerts write it
	until      time.Time        // how far the watermark goes in the end; zero: past everything that a rule may wait for
}

// outcome is what a timeline gave.
type outcome struct {
	Alerts     []raised // by first, then group
	Undecided  int
	Suppressed int
	Counted    int // matches that count towards a hit
	Unknown    int // what would be judged, were it not for something empty
}

// raised is what a test can say of an alert.
type raised struct {
	Group    map[string]string
	Count    int
	First    time.Time
	Last     time.Time
	Summary  string
	Evidence []int
	Events   []int // all that it counts, as far as an alert lists them
}

// stage builds the test's generation and timeline, or notes problems. The tables are in force until the next stage of the
// suite is built.
func (c *testCase) stage() (*stage, []*event.Event) {
	timeline, tables := c.given(c.suite.rig.schema)
	if len(c.problems) > 0 {
		return nil, nil
	}
	set := table.NewSet(c.options.Zone, tables...)
	c.suite.rig.put(set)
	s := &stage{people: set, days: c.options.Zone, places: map[event.ID]int{}, texts: map[string]int{}, until: c.test.Until.Time}
	return s.under(c.suite.rules), timeline
}

// given reads the test's timeline and tables, or notes problems.
func (c *testCase) given(schema *event.Schema) ([]*event.Event, []*table.Table) {
	timeline, accounts := c.timeline(schema)
	if len(c.problems) > 0 { // the tables' rows are read against the times of events
		c.tableNames()
		return nil, nil
	}
	first, last := span(timeline)
	return timeline, c.tables(accounts, first, last)
}

// under is the same stage for another rule over the same rig: a mutant.
func (s *stage) under(rules *rule.Set) *stage {
	other := *s
	other.generation = engine.NewGeneration(engine.GenerationOptions{Rules: rules, People: s.people, Days: s.days})
	return &other
}

// schema is one like the caller's, whose lookups a timeline's own tables may bind.
func (c *testCase) schema() *event.Schema { return newRig(c.options.Schema).schema }

// end is what nothing is missing before any more once the timeline is over, as replay --until says it: no window is longer
// than a year.
func (s *stage) end(timeline []*event.Event) time.Time {
	if !s.until.IsZero() {
		return s.until
	}
	_, last := span(timeline)
	return last.Add(2 * 366 * 24 * time.Hour)
}

func span(timeline []*event.Event) (first, last time.Time) {
	lo, hi := timeline[0].Time(), timeline[0].Time()
	for _, ev := range timeline {
		lo, hi = min(lo, ev.Time()), max(hi, ev.Time())
	}
	return time.Unix(0, lo), time.Unix(0, hi)
}

// course is a way through a timeline. What the alerts are must not depend on it.
type course struct {
	events   []*event.Event
	shards   int            // 0: 1
	batch    int            // events a batch; 0: 1
	lateness time.Duration  // by which watermarks follow; 0: they never move
	restart  func(int) bool // whether the state is saved and restored after so many events; may be nil
}

// play judges the timeline from empty windows that forget nothing: one event at a time, a long one in batches.
func (s *stage) play(timeline []*event.Event) (outcome, error) {
	return s.walk(course{events: timeline, batch: 1 + len(timeline)/fewBatches})
}

// walk judges the events of a course.
func (s *stage) walk(c course) (outcome, error) {
	var out outcome
	w := newWalk(s.generation, max(c.shards, 1))
	batch := max(c.batch, 1)
	c.events = s.inOrderOfReading(c.events)
	var matches []engine.Match
	for i, ev := range c.events {
		matches = w.matcher.Match(ev, matches)
		if id := ev.Identity(); s.places[id] == 0 {
			s.places[id] = i + 1
			s.texts[id.String()] = i + 1
		}
		w.saw(ev.Time(), c.lateness)
		if (i+1)%batch != 0 && i+1 != len(c.events) {
			continue
		}
		out.count(matches)
		w.apply(matches)
		matches = matches[:0]
		if c.restart != nil && c.restart(i+1) {
			if err := w.restart(s.generation); err != nil {
				return out, err
			}
		}
	}
	w.mark = max(w.mark, s.end(c.events).UnixNano())
	w.apply(nil)
	out.Unknown = int(w.matcher.Counts[0].Unknown)
	if n := w.matcher.Counts[0].Errors; n > 0 {
		return out, fmt.Errorf("%d evaluations of a condition ended in an error of expr", n)
	}
	for _, d := range w.last {
		if d.Alert.Status == alert.Withdrawn {
			continue
		}
		a, err := s.dress(d, w.records)
		if err != nil {
			return out, err
		}
		out.Alerts = append(out.Alerts, a)
	}
	out.sort()
	return out, nil
}

// inOrderOfReading are the events of a course for a rule that compares the clocks: the order in which they were read is part
// of what they say, and a source hands on no record twice. Other rules see a course as it is.
func (s *stage) inOrderOfReading(events []*event.Event) []*event.Event {
	if s.generation.Rules.Rules[0].Type != rule.ClockSkewType {
		return events
	}
	seen := map[event.ID]bool{}
	read := slices.DeleteFunc(slices.Clone(events), func(ev *event.Event) bool {
		id := ev.Identity()
		again := seen[id]
		seen[id] = true
		return again
	})
	slices.SortStableFunc(read, func(a, b *event.Event) int { return cmp.Compare(a.Ingested, b.Ingested) })
	return read
}

func (o *outcome) count(matches []engine.Match) {
	for i := range matches {
		switch matches[i].Outcome {
		case engine.Undecided:
			o.Undecided++
		case engine.Suppressed:
			o.Suppressed++
		default:
			o.Counted += 1 + int(matches[i].Between)
		}
	}
}

func (o *outcome) sort() {
	slices.SortFunc(o.Alerts, func(a, b raised) int {
		if c := a.First.Compare(b.First); c != 0 {
			return c
		}
		return strings.Compare(fmt.Sprint(a.Group), fmt.Sprint(b.Group))
	})
}

// dress completes a draft with the records that it quotes, as a commit does.
func (s *stage) dress(d engine.Draft, records map[event.ID]*event.Kept) (raised, error) {
	a := raised{Group: map[string]string{}}
	var quoted []*event.Kept
	for _, e := range d.Quote {
		quoted = append(quoted, records[e.ID])
		a.Evidence = append(a.Evidence, s.places[e.ID])
	}
	slices.Sort(a.Evidence)
	for _, id := range d.Alert.EventIDs {
		a.Events = append(a.Events, s.texts[id])
	}
	slices.Sort(a.Events)
	if err := d.Dress(quoted); err != nil {
		return a, err
	}
	for _, k := range d.Alert.Group {
		a.Group[k.Field] = k.Value
	}
	a.Count, a.First, a.Last, a.Summary = d.Alert.Count, d.Alert.First, d.Alert.Last, d.Alert.Summary
	return a, nil
}

// replayBatch is how many events of a timeline are judged together when it is played again: a burst saves its window and
// drafts its alert once a batch, which is most of what a burst costs.
const replayBatch = 16

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
		got, err := s.walk(course{events: v.timeline, batch: replayBatch})
		if err != nil {
			problems = append(problems, v.name+": "+err.Error())
		} else if diff := difference(want.Alerts, got.Alerts); diff != "" {
			problems = append(problems, "the timeline "+v.name+" gives other alerts (- as written, + "+v.name+"):\n"+diff)
		}
	}
	return problems
}

// difference is cmp.Diff. What is deeply equal has none: comparing so first spares a quarter of what a test cost beside playing it.
func difference(want, got []raised) string {
	if reflect.DeepEqual(want, got) {
		return ""
	}
	return gocmp.Diff(want, got)
}
