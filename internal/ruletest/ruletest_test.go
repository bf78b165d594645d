package ruletest

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"probity/internal/decode"
	"probity/internal/event"
	"probity/internal/rule"
	"probity/internal/table"
)

// head is a rule that finds two refusals within ten minutes on records that the person is not assigned to; tests follow.
const head = `id: refused_twice
version: 1
title: Refused twice
severity: low
description: d
owner: ITSO
review_by: 2027-06-01
proportionality: p
response: r
when: |
  event.reason == "denied" and not assigned_to_record(actor.id, object.id)
correlation: {type: event_count, timespan: 10m, condition: {gte: 2}}
exceptions:
  - {when: 'user.name == "robot"', reason: r, approved_by: a, expires: 2027-06-01}
alert: {summary: '{{.actor.id}} was refused {{.count}} times'}
tests:
`

// refusals is what most tests begin with: S1 is refused at noon and a minute later.
const refusals = `
  - name: t
    tables: {assignments: "", links: ""}
    events:
      - {event.time: 2026-03-02T12:00:00Z, event.dataset: niche, event.reason: denied, user.id: S1, object.id: R1, repeat: 2, every: 1m}
`

func options(t testing.TB) Options {
	t.Helper()
	s, err := event.NewSchema(event.FieldInfo{Name: "Size", Kind: event.Int})
	if err != nil {
		t.Fatal(err)
	}
	s.AddLookups(table.Lookups()...)
	return Options{Schema: s, Formats: decode.Builtin}
}

func run(t testing.TB, tests string) ([]Result, []string) {
	t.Helper()
	results, problems := Run([]rule.File{{Name: "r.yaml", Data: []byte(head + strings.TrimPrefix(tests, "\n"))}}, options(t))
	var texts []string
	for _, p := range problems {
		texts = append(texts, p.String())
	}
	return results, texts
}

// one runs one test, whose rule and test must be sound, and returns what it complains of.
func one(t *testing.T, test string) []string {
	t.Helper()
	results, problems := run(t, test)
	if len(problems) > 0 || len(results) != 1 {
		t.Fatalf("%d results; problems:\n%s", len(results), strings.Join(problems, "\n"))
	}
	if results[0].Passed != (len(results[0].Problems) == 0) {
		t.Errorf("passed: %v, with %q", results[0].Passed, results[0].Problems)
	}
	return results[0].Problems
}

func TestATestIsComparedExactly(t *testing.T) {
	for name, c := range map[string]struct {
		test string
		want []string
	}{
		"everything as expected": {refusals + `
    alerts:
      - {group: {actor.id: S1}, count: 2, first: 2026-03-02T12:00:00Z, last: 2026-03-02T12:01:00Z, summary: S1 was refused 2 times, evidence: [1, 2]}
`, nil},
		"what is left out is not compared": {refusals + "    alerts: [{}]\n", nil},
		"every key that differs is told": {refusals + `
    alerts:
      - {group: {actor.id: S1}, count: 3, first: 2026-03-02T12:00:01Z, last: 2026-03-02T12:02:00Z, summary: S1 was refused, evidence: [1]}
`, []string{
			"alert {actor.id: S1}: count: expected 3, got 2",
			"alert {actor.id: S1}: first: expected 2026-03-02T12:00:01Z, got 2026-03-02T12:00:00Z",
			"alert {actor.id: S1}: last: expected 2026-03-02T12:02:00Z, got 2026-03-02T12:01:00Z",
			"alert {actor.id: S1}: summary: expected \n  \"S1 was refused\", got \n  \"S1 was refused 2 times\"",
			"alert {actor.id: S1}: evidence: expected [1], got [1 2]",
		}},
		"an alert too many": {refusals + "    alerts: []\n", []string{
			`unexpected: alert {actor.id: S1}, count 2, first 2026-03-02T12:00:00Z, last 2026-03-02T12:01:00Z, evidence [1 2], "S1 was refused 2 times"`,
		}},
		"an alert too few, and another group": {refusals + "    alerts: [{group: {actor.id: S2}, count: 2}]\n", []string{
			"missing: alert {actor.id: S2}, count 2",
			`unexpected: alert {actor.id: S1}, count 2, first 2026-03-02T12:00:00Z, last 2026-03-02T12:01:00Z, evidence [1 2], "S1 was refused 2 times"`,
		}},
		"alerts of one group are told apart by what is expected of them": {`
  - name: t
    tables: {assignments: "", links: ""}
    events:
      - {event.time: 2026-03-02T12:00:00Z, event.dataset: niche, event.reason: denied, user.id: S1, object.id: R1, repeat: 2, every: 1m}
      - {event.time: 2026-03-03T12:00:00Z, event.dataset: niche, event.reason: denied, user.id: S1, object.id: R1, repeat: 3, every: 1m}
    alerts:
      - {group: {actor.id: S1}, count: 3}
      - {group: {actor.id: S1}, count: 2}
`, nil},
		"a near miss that misses because a table was forgotten": {`
  - name: t
    tables: {assignments: ""}
    events:
      - {event.time: 2026-03-02T12:00:00Z, event.dataset: niche, event.reason: denied, user.id: S1, object.id: R1, repeat: 2, every: 1m}
    alerts: []
`, []string{"undecided: expected 0 matches that wait for a newer table, got 2"}},
		"undecided and suppressed matches that were expected and did not come": {refusals + `
    alerts: [{count: 2}]
    undecided: 1
    suppressed: 1
`, []string{
			"undecided: expected 1 matches that wait for a newer table, got 0",
			"suppressed: expected 1 matches that an exception holds back, got 0",
		}},
		"a match that an exception holds back": {`
  - name: t
    tables: {assignments: "", links: "", people: "staff_id,accounts\nS9,niche:robot"}
    events:
      - {event.time: 2026-03-02T12:00:00Z, event.dataset: niche, event.reason: denied, user.name: robot, object.id: R1}
    alerts: []
`, []string{"suppressed: expected 0 matches that an exception holds back, got 1"}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, one(t, c.test)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestTablesOfATest(t *testing.T) {
	for name, test := range map[string]string{
		"leave out columns, and lines without anything": `
  - name: t
    tables:
      people: |
        staff_id,accounts

        S1,niche:c1
      assignments: |
        purpose_ref,staff_id
        R2,S1
      links: ""
    events:
      - {event.time: 2026-03-02T12:00:00Z, event.dataset: niche, event.reason: denied, user.name: c1, object.id: R1, repeat: 2, every: 1m}
      - {event.time: 2026-03-02T12:05:00Z, event.dataset: niche, event.reason: denied, user.name: C1, object.id: R2}
    alerts: [{group: {actor.id: S1}, count: 2}]
`,
		"are complete unless they say otherwise": `
  - name: t
    tables:
      assignments: "# miss=unknown\npurpose_ref,staff_id"
      links: ""
    events:
      - {event.time: 2026-03-02T12:00:00Z, event.dataset: niche, event.reason: denied, user.id: S1, object.id: R1, repeat: 2, every: 1m}
    alerts: []
    undecided: 2
`,
		"cover and age as their own first line says": `
  - name: t
    tables:
      assignments: ""
      links: "# exported_at=2026-03-02T12:00:30Z covers=2026-03-01/2026-03-02T12:00:30Z\nrecord_ref,purpose_ref"
    events:
      - {event.time: 2026-03-02T12:00:00Z, event.dataset: niche, event.reason: denied, user.id: S1, object.id: R1, repeat: 2, every: 1m}
    alerts: []
    undecided: 1
`,
		"that are supplied cover a timeline of years": `
  - name: t
    tables: {assignments: "", links: ""}
    events:
      - {event.time: 2024-03-02T12:00:00Z, event.dataset: niche, event.reason: denied, user.id: S1, object.id: R1, repeat: 2, every: 1m}
      - {event.time: 2026-03-02T12:00:00Z, event.dataset: niche, event.reason: denied, user.id: S1, object.id: R1, repeat: 2, every: 1m}
    alerts: [{count: 2, evidence: [1, 2]}, {count: 2, evidence: [3, 4]}]
`,
	} {
		t.Run(name, func(t *testing.T) {
			if problems := one(t, test); problems != nil {
				t.Error(strings.Join(problems, "\n"))
			}
		})
	}
}

func TestEveryTableCanBeLeftEmpty(t *testing.T) {
	first := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	for _, name := range table.Names() {
		c := testCase{test: &rule.Test{Tables: map[string]string{name: ""}}}
		if got := c.tables(nil, first, first); len(got) != 1 || got[0].Rows() != 0 || len(c.problems) > 0 {
			t.Errorf("%s: %d tables, %v", name, len(got), c.problems)
		}
	}
}

func TestLinesAreReadAsTheDaemonReadsThem(t *testing.T) {
	got := one(t, `
  - name: t
    source: crime
    lines:
      - ts=2026-03-02T12:00:00+00:00 id=1 user=c1 verb=view crime_ref=CR/26/1 result=denied
      - ts=2026-03-02T12:01:00+00:00 id=2 user=c1 verb=view crime_ref=CR/26/1 result=denied
      - ts=2026-03-02T12:02:00+00:00 id=3 user=c1 verb=view crime_ref=CR/26/1 result=ok
    tables: {people: "staff_id,accounts\nS1,crime:c1", assignments: "", links: ""}
    alerts: [{group: {actor.id: S1}, count: 2, evidence: [1, 2]}]
`)
	if got != nil {
		t.Error(strings.Join(got, "\n"))
	}
}

func TestProblemsOfATestHavePlaces(t *testing.T) {
	ok := "\n    tables: {assignments: \"\", links: \"\"}\n    alerts: []\n"
	const sound = "{event.dataset: niche, event.time: 2026-03-02T12:00:00Z}"
	for test, want := range map[string][]string{
		"  - name: t\n    events:\n      - {event.time: 2026-03-02T12:00:00Z, event.dataset: niche, user.nam: x}" + ok: {
			"r.yaml:19:76: unknown field user.nam; did you mean user.name?"},
		"  - name: t\n    events:\n      - {event.time: today, object.restricted: yes please, event.sequence: \"1\", user.name: 7, fields.Size: big}" + ok: {
			"r.yaml:19:9: an event without event.dataset; write event.dataset: niche, or another system",
			"r.yaml:19:22: event.time is a time, not today; write 2026-03-02T14:05:17Z",
			"r.yaml:19:48: object.restricted is a bool, not yes please; write true or false",
			"r.yaml:19:76: event.sequence is a int, not 1; write a number",
			"r.yaml:19:92: user.name is a string, not 7; quote it: \"…\"",
			"r.yaml:19:108: fields.Size is a int, not big; write a number"},
		"  - name: t\n    events:\n      - {event.dataset: niche, event.time: 2026-03-02T12:00:00Z, repeat: 3}" + ok: {
			"r.yaml:19:9: repeat without every; write every: 1m"},
		"  - name: t\n    events:\n      - {event.dataset: niche, event.time: 2026-03-02T12:00:00Z, repeat: 0, every: soon, native: x}" + ok: {
			"r.yaml:19:74: repeat: 0; write a number from 1 to 10000",
			"r.yaml:19:84: every: soon; write a length of time such as 1m",
			"r.yaml:19:98: native is not a mapping; write native: {Name: text}"},
		"  - name: t" + ok: {"r.yaml:17:5: a test without events or lines; write what happened"},
		"  - name: t\n    lines: [x]" + ok: {
			"r.yaml:18:12: lines without a format; write source: niche, or the name of another format"},
		"  - name: t\n    source: nich\n    lines: [x]" + ok: {
			"r.yaml:18:13: unknown format \"nich\"; name a built-in format or one of the configuration"},
		"  - name: t\n    source: crime\n    lines:\n      - ts=2026-03-02T12:00:00Z id=1\n      - no time here" + ok: {
			"r.yaml:21:9: the line is rejected: time: nothing in ts; mend it; a test must say what it tests"},
		"  - name: t\n    tables:\n      nobody: x\n      links: |\n        record_ref,purpose_ref\n        R1,5326/1\n        R1\n    events:\n      - " + sound + "\n    alerts: []\n": {
			"r.yaml:19:15: unknown table \"nobody\"; the tables are people, roster, vehicles, associations, nominals, assignments, links, sensitive, honeytokens",
			"r.yaml:23:9: table links: 3 cells where the header has 4; quote cells that hold a comma"},
		"  - name: t\n    events:\n      - " + sound + ok + "  - name: t\n    events:\n      - " + sound + ok: {
			"r.yaml:22:5: test name \"t\"; give each test its own name, a sentence"},
	} {
		_, got := run(t, test)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s\n%s", test, diff)
		}
	}
}

func TestARuleWithProblemsIsNotTested(t *testing.T) {
	file := rule.File{Name: "r.yaml", Data: []byte(strings.Replace(head, "event.reason ==", "event.raison ==", 1) + refusals)}
	results, problems := Run([]rule.File{file}, options(t))
	if len(results) != 0 || len(problems) != 1 || problems[0].Line != 11 {
		t.Error(results, problems)
	}
}

func TestOnlySelectedTestsAreRunAndProgressIsTold(t *testing.T) {
	o := options(t)
	o.Run = regexp.MustCompile("refused_twice/second")
	var progress []string
	o.Progress = func(step string, done, total int) {
		progress = append(progress, fmt.Sprintf("%d of %d %s", done, total, step))
	}
	two := strings.TrimPrefix(refusals, "\n") + "    alerts: [{}]\n" + strings.Replace(strings.TrimPrefix(refusals, "\n"), "name: t", "name: second", 1) + "    alerts: [{}]\n"
	results, problems := Run([]rule.File{{Name: "r.yaml", Data: []byte(head + two)}}, o)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	for i := range results {
		results[i].Duration = 0
	}
	want := []Result{{Rule: "refused_twice", File: "r.yaml", Line: 22, Test: "second", Passed: true}}
	if diff := cmp.Diff(want, results); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"1 of 1 rules read", "1 of 1 rules tested"}, progress); diff != "" {
		t.Error(diff)
	}
}

func TestAnOrderThatChangesTheAlertsIsTold(t *testing.T) {
	c, stage, timeline := staged(t, refusals+"    alerts: [{}]\n")
	got, err := stage.play(timeline)
	if err != nil {
		t.Fatal(err)
	}
	if problems := stage.replay(timeline, got); problems != nil {
		t.Error(problems)
	}
	got.Alerts[0].Count++
	if problems := stage.replay(timeline, got); len(problems) != 3 || !strings.HasPrefix(problems[0], "the timeline reversed gives other alerts") {
		t.Errorf("%q %v", problems, c.problems)
	}
}

func staged(t *testing.T, test string) (*testCase, *stage, []*event.Event) {
	t.Helper()
	o := options(t)
	o.Zone = time.UTC
	files := []rule.File{{Name: "r.yaml", Data: []byte(head + strings.TrimPrefix(test, "\n"))}}
	b, problems := o.read(files)
	suite, more := o.suite(b, 0)
	if len(problems)+len(more) > 0 || len(suite.cases) != 1 {
		t.Fatal(problems, more)
	}
	c := &suite.cases[0]
	s, timeline := c.stage()
	if len(c.problems) > 0 {
		t.Fatal(c.problems)
	}
	return c, s, timeline
}

func TestAMissingAlertIsExplainedByWhatIsEmpty(t *testing.T) {
	const robots = `
  - name: t
    tables: {assignments: "", links: ""}
    events:
      - {event.time: 2026-03-02T12:00:00Z, event.dataset: niche, event.reason: denied, user.id: S1, repeat: 2, every: 1m}
    alerts: [{count: 2}]
`
	results, problems := run(t, robots)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	want := []string{
		"missing: alert {}, count 2",
		"unknown: 2 times the condition or an exception asks for what is empty in the record or a table, and unknown never accuses; probity rules explain --event shows which",
	}
	if diff := cmp.Diff(want, results[0].Problems); diff != "" {
		t.Error(diff)
	}
}
