package engine

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"probity/internal/alert"
	"probity/internal/event"
	"probity/internal/rule"
)

const prose = `version: 1
title: T
severity: high
description: D
owner: ITSO
review_by: 2027-06-01
proportionality: P
response: R
`

// shapeRules: the shapes beside those, over the same events.
var shapeRules = []rule.File{
	{Name: "spread", Data: []byte(prose + `id: spread
when: has(object.id)
correlation: {type: value_count, field: object.id, timespan: 30s, condition: {gte: 3}}
alert: {summary: "{{ .times }}", period: 1m}
`)},
	{Name: "view_print", Data: []byte(prose + `id: view_then_print
correlation:
  type: temporal_ordered
  timespan: 40s
  steps: [{name: look, when: event.action == "view"}, {name: copied, when: event.action == "print"}]
  where: look.object.id == copied.object.id
alert: {summary: "{{ .times }}", period: 1m}
`)},
	{Name: "both", Data: []byte(prose + `id: both_systems
when: event.action == "view"
correlation:
  type: temporal
  timespan: 10s
  steps: [{name: niche, when: event.dataset == "niche"}, {name: pnc, when: event.dataset == "pnc"}]
alert: {summary: "{{ .times }}", period: 1m}
`)},
	{Name: "unlinked", Data: []byte(prose + `id: view_without_pnc
when: event.dataset == "niche" and event.action == "view"
correlation: {type: absence, absence: {link: event.dataset == "pnc", before: 10s, after: 15s}}
alert: {summary: "{{ .times }}", period: 1m}
`)},
	{Name: "newrecord", Data: []byte(prose + `id: new_record
when: has(object.id)
correlation: {type: new_value, field: object.id, timespan: 60s, min_history: 10s}
alert: {summary: "{{ .times }}", period: 1m}
`)},
	{Name: "rows", Data: []byte(prose + `id: many_rows
when: has(query.count)
correlation: {type: value_sum, field: query.count, timespan: 20s, condition: {gte: 25}}
alert: {summary: "{{ .sum }} rows", period: 1m}
`)},
	{Name: "few", Data: []byte(prose + `id: few_views
when: event.action == "view"
correlation: {type: event_count, timespan: 30s, condition: {gt: 1, lt: 4}}
alert: {summary: "{{ .times }}", period: 1m}
`)},
	{Name: "kinds", Data: []byte(prose + `id: one_record_only
when: has(object.id)
correlation: {type: value_count, field: object.id, timespan: 30s, condition: {eq: 1}}
alert: {summary: "{{ .times }}", period: 1m}
`)},
	{Name: "usual", Data: []byte(prose + `id: more_than_usual
when: has(event.action)
correlation: {type: baseline, baseline: {every: 10s, history: 60s, least: 2, above: 0}}
alert: {summary: "{{ .measured }}", period: 1m}
`)},
	{Name: "peers", Data: []byte(prose + `id: more_records_than_peers
when: has(object.id)
correlation: {type: baseline, field: object.id, baseline: {measure: value_count, every: 15s, peers: event.dataset, least_peers: 2, above: 0}}
alert: {summary: "{{ .measured }}", period: 1m}
`)},
	{Name: "silent", Data: []byte(prose + `id: silent
when: has(event.dataset)
correlation: {type: silence, timespan: 7s, group_by: [event.dataset]}
alert: {summary: "{{ .event.dataset }}: {{ .measured }}", period: 1m}
`)},
	{Name: "holes", Data: []byte(prose + `id: holes
when: has(event.dataset)
correlation: {type: gap, timespan: 60s, grace: 5s}
alert: {summary: "{{ .event.dataset }}: {{ .measured }}", period: 1m}
`)},
}

// testRules: a single event, a count over a short window, one for both actors by record with an undecided lookup.
var testRules = []rule.File{
	{Name: "print", Data: []byte(prose + `id: every_print
when: event.action == "print"
alert: {summary: "{{ .actor.id }} printed {{ .object.id }} ({{ .count }})", evidence: 2, period: 1m}
facts: [{say: restricted, when: object.restricted, speaks: for}, {say: listed, when: listed(object.id), speaks: against}]
`)},
	{Name: "burst", Data: []byte(prose + `id: denied_burst
when: event.reason == "denied" and not (object.id == "own")
correlation: {type: event_count, timespan: 20s, condition: {gte: 3}}
exceptions: [{when: 'user.name == "tester"', reason: R, approved_by: A, expires: 2026-03-02T00:00:50Z}]
alert: {summary: "{{ .count }} refusals", period: 1m}
`)},
	{Name: "crowd", Data: []byte(prose + `id: on_record
actors: [operator, requestor]
when: event.action == "view" and listed(object.id)
correlation: {type: event_count, timespan: 15s, group_by: [object.id, subject.ids], condition: {gt: 1}}
alert: {summary: "{{ .count }} on {{ .object.id }}", period: 30s}
`)},
}

func testSchema(listed map[string]bool) *event.Schema {
	s, err := event.NewSchema()
	if err != nil {
		panic(err)
	}
	s.AddLookups(event.Lookup{Name: "listed", Params: []event.Param{{Name: "record_ref", Kind: event.String}}, Result: event.Bool, Tables: []string{"sensitive"},
		Bind: func(string) event.LookupFunc {
			return func(args []event.Value, _ int64) (event.Value, event.Unknown) {
				if v, ok := listed[args[0].Str]; ok {
					return event.BoolValue(v), event.Known
				}
				return event.Value{}, event.UnknownTable
			}
		}})
	return s
}

// accounts resolves by a map of dataset:account.
type accounts map[string]string

func (a accounts) Resolve(dataset, account string, _ int64) event.Value {
	return event.StringValue(a[dataset+":"+account])
}

func (a accounts) ResolveRequestor(dataset, token string, at int64) event.Value {
	return a.Resolve(dataset, token, at)
}

func testGeneration(t testing.TB, people accounts, listed map[string]bool) *Generation {
	t.Helper()
	return generationOf(t, people, listed, testRules)
}

func generationOf(t testing.TB, people accounts, listed map[string]bool, files []rule.File) *Generation {
	t.Helper()
	set, problems := rule.Load(testSchema(listed), files)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return NewGeneration(GenerationOptions{Rules: set, People: people, Marking: "OFFICIAL-SENSITIVE"})
}

var start = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

func drawEvent(t *rapid.T, s *event.Schema, i int) *event.Event {
	ev := &event.Event{}
	ev.Reset(s)
	set := func(f event.Field, choices ...string) {
		ev.Slots[f] = event.StringValue(rapid.SampledFrom(choices).Draw(t, s.Info(f).Name))
	}
	at := start.Add(time.Duration(rapid.IntRange(0, 120).Draw(t, "second")) * time.Second)
	ev.Slots[event.FieldTime] = event.TimeValue(at.UnixNano())
	set(event.FieldDataset, "niche", "pnc")
	set(event.FieldAction, "view", "view", "print", "")
	set(event.FieldReason, "denied", "")
	set(event.FieldUserName, "c1", "c2", "tester", "")
	set(event.FieldRequestorName, "c1", "c3", "")
	set(event.FieldObjectID, "r1", "r2", "own", "unheard", "")
	ev.Slots[event.FieldSubjects] = event.ListValue(rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"p1", "p2"}), 0, 2, rapid.ID).Draw(t, "subjects"))
	if rapid.Bool().Draw(t, "restricted") {
		ev.Slots[event.FieldObjectRestricted] = event.BoolValue(true)
	}
	if n := rapid.IntRange(-1, 12).Draw(t, "rows"); n >= 0 {
		ev.Slots[event.FieldQueryCount] = event.IntValue(int64(n))
		ev.Slots[event.FieldSequence] = event.IntValue(int64(n))
	}
	ev.NativeID = fmt.Sprint(i)
	ev.Native = []event.Pair{{Name: "ID", Text: ev.NativeID}}
	ev.Original = []byte("line " + ev.NativeID)
	ev.Origin.Source = ev.Text(event.FieldDataset)
	return ev
}

// run judges events in the given order, batch by batch, and returns the last drafts, canonically, by alert. It starts anew from
// what was saved after every so many batches; 0: never.
func run(t *rapid.T, g *Generation, events []*event.Event, batch, shards, restart int, lateness int64) map[string]string {
	m := g.NewMatcher(nil)
	st := NewState(g, shards)
	kept := disk{}
	records := map[string]*event.Kept{}
	last := map[string]string{}
	newest := int64(Never)
	apply := func(matches []Match, watermark int64) {
		b := st.Apply(matches, slices.Repeat([]int64{watermark}, len(g.Rules.Rules)), Serially)
		kept.save(b.Windows)
		for _, d := range b.Drafts {
			key := fmt.Sprint(d.Alert.Rule.ID, d.Alert.Group, d.Alert.Period.Start)
			if d.Alert.Status == alert.Withdrawn {
				delete(last, key)
				continue
			}
			var quoted []*event.Kept
			for _, e := range d.Quote {
				quoted = append(quoted, records[e.ID.String()])
			}
			if err := d.Dress(quoted); err != nil {
				t.Fatal(err)
			}
			j, _ := json.Marshal(d.Alert)
			last[key] = string(j)
		}
		st.Settle()
	}
	batches := 0
	for chunk := range slices.Chunk(events, batch) {
		var matches []Match
		for _, ev := range chunk {
			matches = m.Match(ev, matches)
			newest = max(newest, ev.Time())
		}
		for _, x := range matches {
			if x.Outcome == Counted {
				records[x.Entry.ID.String()] = x.Record
			}
		}
		apply(matches, newest-lateness)
		if batches++; restart > 0 && batches%restart == 0 {
			st = kept.restored(t, g, shards)
		}
	}
	apply(nil, 1<<62) // nothing more comes: what waits is judged
	return last
}

// Alerts are a function of the set of events: whatever the order within the lateness, the batches, the shards, doubled
// events, and a restart after every batch.
func TestAlertsAreAFunctionOfTheSetOfEvents(t *testing.T) {
	g := generationOf(t, accounts{"niche:c1": "S1", "pnc:c1": "S1", "niche:c2": "S2"}, map[string]bool{"r1": true, "r2": false}, slices.Concat(testRules, shapeRules))
	alerts := map[string]int{}
	property := func(t *rapid.T) {
		var events []*event.Event
		for i := range rapid.IntRange(0, 40).Draw(t, "events") {
			events = append(events, drawEvent(t, g.Rules.Schema, i))
		}
		slices.SortStableFunc(events, func(a, b *event.Event) int { return int(a.Time() - b.Time()) })
		want := run(t, g, events, max(1, len(events)), 1, 0, 1<<60)
		for _, r := range g.Rules.Rules {
			for key := range want {
				if strings.HasPrefix(key, r.ID+"[") {
					alerts[r.ID]++
				}
			}
		}

		lateness := int64(rapid.IntRange(0, 60).Draw(t, "lateness")) * int64(time.Second)
		type read struct {
			ev *event.Event
			at int64
		}
		var reads []read
		for _, ev := range events {
			for range rapid.IntRange(1, 2).Draw(t, "copies") {
				reads = append(reads, read{ev, ev.Time() + rapid.Int64Range(0, lateness).Draw(t, "delay")})
			}
		}
		slices.SortStableFunc(reads, func(a, b read) int { return int(a.at - b.at) })
		shuffled := make([]*event.Event, len(reads))
		for i, r := range reads {
			shuffled[i] = r.ev
		}
		got := run(t, g, shuffled, rapid.IntRange(1, 10).Draw(t, "batch"), rapid.IntRange(1, 4).Draw(t, "shards"), rapid.IntRange(0, 5).Draw(t, "restart"), lateness)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
	}
	untested := func(r *rule.Compiled) bool { return alerts[r.ID] == 0 }
	rapid.Check(t, property)
	for range 4 { // a hundred draws may all miss what one rule wants
		if slices.ContainsFunc(g.Rules.Rules, untested) {
			rapid.Check(t, property)
		}
	}
	for _, r := range g.Rules.Rules {
		if untested(r) {
			t.Errorf("no draw raised an alert of %s: the property was not tested", r.ID)
		}
	}
}

// judgeAll gives events to a fresh state and returns it with its drafts by summary.
func judgeAll(t testing.TB, g *Generation, events ...*event.Event) (*State, []Match, []string) {
	t.Helper()
	m := g.NewMatcher(nil)
	st, _ := NewState(g, 1).Adopt(g, Never) // as a first start does
	var matches []Match
	for _, ev := range events {
		matches = m.Match(ev, matches)
	}
	b := st.Apply(matches, never3, Serially)
	return st, matches, texts(b.Drafts)
}

func texts(drafts []Draft) []string {
	var out []string
	for _, d := range drafts {
		out = append(out, fmt.Sprint(d.Alert.Rule.ID, " ", d.Alert.Group[0].Value, " ", d.Alert.Count, " ", d.Alert.Status))
	}
	slices.Sort(out)
	return out
}

func at(g *Generation, second int, fields map[event.Field]string) *event.Event {
	ev := &event.Event{}
	ev.Reset(g.Rules.Schema)
	ev.Slots[event.FieldTime] = event.TimeValue(start.Add(time.Duration(second) * time.Second).UnixNano())
	for f, v := range fields {
		ev.Slots[f] = event.StringValue(v)
	}
	ev.NativeID = fmt.Sprint(second, fields)
	ev.Native = []event.Pair{{Name: "ID", Text: ev.NativeID}}
	return ev
}

var never3 = []int64{Never, Never, Never}

type fields = map[event.Field]string

func denied(user string) fields {
	return fields{event.FieldDataset: "niche", event.FieldReason: "denied", event.FieldUserName: user, event.FieldObjectID: "r1"}
}

func TestAnExceptionSuppressesUntilItExpiresByEventTime(t *testing.T) {
	g := testGeneration(t, accounts{}, nil)
	var events []*event.Event
	for _, s := range []int{10, 11, 12, 51, 52, 53} {
		events = append(events, at(g, s, denied("tester")))
	}
	_, matches, drafts := judgeAll(t, g, events...)
	suppressed := 0
	for _, m := range matches {
		if m.Outcome == Suppressed {
			suppressed++
		}
	}
	if diff := cmp.Diff([]string{"denied_burst niche:tester 3 open"}, drafts); diff != "" || suppressed != 3 {
		t.Error(suppressed, diff)
	}
}

// The exception asks for user.name, which the record lacks: unknown never accuses, so the match is not counted.
func TestAnUnknownExceptionHoldsBack(t *testing.T) {
	g := testGeneration(t, accounts{}, nil)
	m := g.NewMatcher(nil)
	f := denied("")
	delete(f, event.FieldUserName)
	if matches := m.Match(at(g, 10, f), nil); len(matches) != 0 {
		t.Error(matches)
	}
	if got := m.Counts[0].Unknown + m.Counts[1].Unknown + m.Counts[2].Unknown; got != 1 {
		t.Errorf("%d unknown conditions counted, want 1", got)
	}
}

func TestAnUndecidedMatchIsJudgedAgainByANewerTable(t *testing.T) {
	people := accounts{"niche:c1": "S1"}
	old := testGeneration(t, people, map[string]bool{})
	view := fields{event.FieldDataset: "niche", event.FieldAction: "view", event.FieldUserName: "c1", event.FieldObjectID: "r1"}
	a, b := at(old, 1, view), at(old, 2, view)
	for _, ev := range []*event.Event{a, b} {
		ev.Slots[event.FieldSubjects] = event.ListValue([]string{"p1"})
	}
	st, matches, drafts := judgeAll(t, old, a, b)
	if len(drafts) > 0 || len(matches) != 2 || matches[0].Outcome != Undecided {
		t.Fatal(drafts, matches)
	}
	for listed, want := range map[bool][]string{true: {"on_record r1 2 open"}, false: nil} {
		next := testGeneration(t, people, map[string]bool{"r1": listed})
		state, _ := st.Adopt(next, Never)
		m := next.NewMatcher(nil)
		var again []Match
		var ev event.Event
		for _, w := range matches {
			if err := w.Record.Event(next.Rules.Schema, &ev); err != nil {
				t.Fatal(err)
			}
			again = m.Rejudge(next.Rules.Rules[w.Rule.Index], w.Role, &ev, again)
		}
		got := texts(state.Apply(again, never3, Serially).Drafts)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("listed %v: %s", listed, diff)
		}
	}
}

func TestAResolvedAccountsWindowsMoveToThePerson(t *testing.T) {
	old := testGeneration(t, accounts{"pnc:c1": "S1"}, nil)
	pnc := denied("c1")
	pnc[event.FieldDataset] = "pnc"
	st, _, drafts := judgeAll(t, old, at(old, 1, denied("c1")), at(old, 2, denied("c1")), at(old, 3, pnc))
	if len(drafts) > 0 {
		t.Fatal(drafts)
	}
	next := testGeneration(t, accounts{"niche:c1": "S1", "pnc:c1": "S1"}, nil)
	moved, a := st.Adopt(next, Never)
	if diff := cmp.Diff([]string{"denied_burst S1 3 open"}, texts(moved.Apply(nil, never3, Serially, a.Changes...).Drafts)); diff != "" {
		t.Error(diff)
	}
	if _, again := moved.Adopt(next, Never); len(again.Changes) > 0 {
		t.Error("adopting the same again changes", again.Changes)
	}
}

func TestAnAlertOfAResolvedAccountIsWithdrawn(t *testing.T) {
	old := testGeneration(t, accounts{}, nil)
	st, _, drafts := judgeAll(t, old, at(old, 1, denied("c1")), at(old, 2, denied("c1")), at(old, 3, denied("c1")))
	if diff := cmp.Diff([]string{"denied_burst niche:c1 3 open"}, drafts); diff != "" {
		t.Fatal(diff)
	}
	moved, a := st.Adopt(testGeneration(t, accounts{"niche:c1": "S1"}, nil), Never)
	if diff := cmp.Diff([]string{"denied_burst S1 3 open", "denied_burst niche:c1 0 withdrawn"}, texts(moved.Apply(nil, never3, Serially, a.Changes...).Drafts)); diff != "" {
		t.Error(diff)
	}
}

func TestARuleNewToRunningStateIsWarming(t *testing.T) {
	g := testGeneration(t, accounts{}, nil)
	st, _, _ := judgeAll(t, g, at(g, 1, denied("c1")))
	first, _ := st.Adopt(g, Never)
	bare := NewState(g, 1)
	if _, warming := first.Warming(g.Rules.Rules[0]); warming {
		t.Error("a rule that has seen the first event is not warming")
	}
	later := start.Add(time.Minute).UnixNano()
	second, a := bare.Adopt(g, later)
	for _, r := range g.Rules.Rules {
		if since, warming := second.Warming(r); !warming || since != later {
			t.Error(r.ID, since, warming)
		}
	}
	third := NewState(g, 2)
	for _, w := range a.Saved {
		if w.State == nil {
			continue
		}
		if ok, err := third.Restore(w); err != nil || !ok {
			t.Fatal(ok, err)
		}
	}
	if _, warming := third.Warming(g.Rules.Rules[0]); !warming {
		t.Error("a restart forgets that the rule is warming")
	}
}

func TestASummaryNamesWhatItLacksUnknown(t *testing.T) {
	g := testGeneration(t, accounts{}, nil)
	ev := at(g, 1, fields{event.FieldDataset: "m365", event.FieldAction: "print", event.FieldUserName: "x"})
	m, st := g.NewMatcher(nil), NewState(g, 1)
	b := st.Apply(m.Match(ev, nil), never3, Serially)
	d := b.Drafts[0]
	if err := d.Dress([]*event.Kept{ev.Keep(g.Rules.Schema, ev.Identity())}); err != nil {
		t.Fatal(err)
	}
	if want := "m365:x printed unknown (1)"; d.Alert.Summary != want {
		t.Errorf("got %q, want %q", d.Alert.Summary, want)
	}
	wantFacts := []alert.Fact{{Say: "restricted", Speaks: "for", Unknown: 1}, {Say: "listed", Speaks: "against", Unknown: 1}}
	if diff := cmp.Diff(wantFacts, d.Alert.Facts); diff != "" {
		t.Error(diff)
	}
	if got := strings.Join(d.Alert.Unknowns, "\n"); !strings.Contains(got, "restricted: unknown for 1 of 1 events (the record does not say)") || !strings.Contains(got, "tables asked: sensitive") {
		t.Error(got)
	}
}

func TestAnAlertThatManyShareNamesNoneOfThem(t *testing.T) {
	for field, want := range map[string]bool{
		"actor.id": true, "user.id": true, "requestor.name": true, "user.name": true,
		"object.id": false, "host.name": false, "event.dataset": false,
	} {
		d := Draft{Alert: &alert.Alert{Group: []alert.KeyPart{{Field: field, Value: "x"}}}}
		if got := d.aboutOne(); got != want {
			t.Errorf("grouped by %s: about one person %v, want %v", field, got, want)
		}
	}
	both := Draft{Alert: &alert.Alert{Group: []alert.KeyPart{{Field: "object.id", Value: "x"}, {Field: "actor.id", Value: "S1"}}}}
	if !both.aboutOne() {
		t.Error("an alert about a person and a record is about nobody")
	}
}

func TestAnEventThatNoRuleMatchesCostsNoAllocation(t *testing.T) {
	g := testGeneration(t, accounts{"niche:c1": "S1"}, nil)
	m := g.NewMatcher(nil)
	ev := at(g, 1, fields{event.FieldDataset: "niche", event.FieldAction: "view", event.FieldUserName: "c1", event.FieldReason: "none"})
	var out []Match
	if n := testing.AllocsPerRun(1000, func() { out = m.Match(ev, out[:0]) }); n != 0 {
		t.Errorf("%v allocations an event", n)
	}
}
