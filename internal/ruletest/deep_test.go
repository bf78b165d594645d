package ruletest

import (
	"bytes"
	"encoding/xml"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"probity/internal/rule"
	"probity/rules"
)

// twoRefusals is a test that fires and a near miss of the rule in head.
var twoRefusals = strings.TrimPrefix(refusals, "\n") + `    alerts: [{group: {actor.id: S1}, count: 2}]
` + strings.Replace(strings.Replace(strings.TrimPrefix(refusals, "\n"), "name: t", "name: near", 1), "repeat: 2", "repeat: 1", 1) + "    alerts: []\n"

func deep(t testing.TB, tests string) Report {
	t.Helper()
	r, problems := Deep([]rule.File{{Name: "r.yaml", Data: []byte(head + tests)}}, options(t))
	for _, p := range problems {
		t.Fatal(p)
	}
	for i := range r.Results {
		r.Results[i].Duration = 0
	}
	for i := range r.Tests {
		r.Tests[i].Duration = 0
	}
	return r
}

func TestTheShippedRulesHoldEveryPropertyAndTheirTestsNoticeTheMutants(t *testing.T) {
	if testing.Short() {
		t.Skip("long")
	}
	files, err := rules.Files()
	if err != nil {
		t.Fatal(err)
	}
	r, problems := Deep(files, options(t))
	for _, p := range problems {
		t.Error(p)
	}
	for _, d := range r.Tests {
		for _, b := range d.Broken {
			t.Errorf("%s:%d: %s: %s: %s", d.File, d.Line, d.Test, b.Property, b.What)
		}
	}
	if len(r.Scores) != len(files) {
		t.Errorf("%d of %d rules are scored", len(r.Scores), len(files))
	}
	if under := r.Under(90); under != nil {
		t.Errorf("the tests of %v notice less than nine of ten mutants", under)
	}
	sum := r.Total()
	t.Logf("%d plays; %d mutants killed, %d survived, %d equivalent, %d invalid", r.Plays(), sum.Killed, sum.Survived, sum.Equivalent, sum.Invalid)
}

func TestSurvivorsAreListedWithTheirPlace(t *testing.T) {
	var got []string
	for _, s := range deep(t, twoRefusals).Scores[0].Survivors {
		got = append(got, s.What)
	}
	for _, want := range []string{
		`when: true in place of not assigned_to_record(actor.id, object.id)`,
		`correlation.timespan: 10m0s made 5m0s`,
		`exceptions.0: left out: user.name == "robot"`,
	} {
		if !slices.Contains(got, want) {
			t.Errorf("not listed: %s\n%s", want, strings.Join(got, "\n"))
		}
	}
	if slices.ContainsFunc(got, func(s string) bool { return strings.Contains(s, "gte 2 made 3") }) {
		t.Error("a threshold of 3 is noticed by the test that fires")
	}
}

func TestAFailingTestIsToldAndNotTriedAndItsRuleNotScored(t *testing.T) {
	r := deep(t, strings.TrimPrefix(refusals, "\n")+"    alerts: []\n")
	if Failed(r.Results) != 1 || len(r.Tests) != 0 || len(r.Scores) != 0 {
		t.Errorf("%+v", r)
	}
}

func TestARuleOfWhichNotAllTestsAreSelectedIsNotScored(t *testing.T) {
	o := options(t)
	o.Run = regexp.MustCompile("/near$")
	r, _ := Deep([]rule.File{{Name: "r.yaml", Data: []byte(head + twoRefusals)}}, o)
	if len(r.Tests) != 1 || len(r.Scores) != 0 {
		t.Errorf("%+v", r)
	}
}

// tried is a test ready for its properties, whose expectation may be spoilt.
func tried(t *testing.T, test string) *trial {
	t.Helper()
	c, stage, timeline := staged(t, test)
	want, err := stage.play(timeline)
	if err != nil {
		t.Fatal(err)
	}
	return &trial{rehearsal: &rehearsal{testCase: c, stage: stage, timeline: timeline, want: want}}
}

func TestEachPropertyThatDoesNotHoldIsTold(t *testing.T) {
	unknown := func(t *trial) { third(t); t.want.Alerts = nil } // two of three still fire where one lacks a field
	other := func(t *trial) { t.want.Alerts[0].Count++ }
	for property, c := range map[string]struct {
		spoil func(*trial)
		try   func(*trial)
	}{
		"orders":                     {other, (*trial).orders},
		"lateness":                   {other, (*trial).latecomers},
		"doubled":                    {other, (*trial).doubled},
		"restarts":                   {other, (*trial).restarts},
		"splits":                     {other, (*trial).splits},
		"missing fields":             {unknown, (*trial).missingFields},
		"one event fewer":            {func(t *trial) { t.stage.generation.Rules.Rules[0].AtLeast = 3; third(t) }, (*trial).nearMisses},
		"one second past the window": {func(t *trial) { t.stage.generation.Rules.Rules[0].Timespan = 10 * time.Minute; longer(t) }, (*trial).nearMisses},
	} {
		t.Run(property, func(t *testing.T) {
			sound := tried(t, refusals+"    alerts: [{}]\n")
			if c.try(sound); len(sound.broken) > 0 {
				t.Fatalf("%+v", sound.broken)
			}
			spoilt := tried(t, refusals+"    alerts: [{}]\n")
			c.spoil(spoilt)
			c.try(spoilt)
			if len(spoilt.broken) == 0 || !slices.ContainsFunc(spoilt.broken, func(b Broken) bool { return b.Property == property }) {
				t.Errorf("not told: %+v", spoilt.broken)
			}
		})
	}
}

// third makes an alert of three events that two would have given: as if the engine counted wrongly.
func third(t *trial) {
	last := t.moved(t.timeline, t.timeline[1].Time()+1)[1]
	last.NativeID = "event 3"
	t.timeline = append(slices.Clone(t.timeline), last)
	t.want.Alerts[0].Count, t.want.Alerts[0].Events = 3, []int{1, 2, 3}
}

// longer judges by a window that the rule's check does not know of.
func longer(t *trial) {
	c := *t.stage.generation.Rules.Rules[0]
	c.Timespan = time.Second * 120
	t.stage.generation.Rules.Rules[0] = &c
}

func TestMissingFieldsAreThoseThatNoHasAsksFor(t *testing.T) {
	c := tried(t, refusals+"    alerts: [{}]\n")
	var names []string
	for _, f := range c.fields() {
		names = append(names, strings.Join(f, "+"))
	}
	if diff := cmp.Diff([]string{"event.reason", "object.id", "user.id+user.name"}, names); diff != "" {
		t.Error(diff)
	}
	if !actsOn([]string{"actor.id"}, "user.name") || actsOn([]string{"object.id"}, "user.name") {
		t.Error("actor.id stands for the persons, and for nothing else")
	}
}

func TestLinesGiveTheSameAlertsThroughTheDaemonsLoop(t *testing.T) {
	test := `
  - name: t
    source: crime
    lines:
      - ts=2026-03-02T12:00:00+00:00 id=1 user=c1 verb=view crime_ref=CR/26/1 result=denied
      - ts=2026-03-02T12:01:00+00:00 id=2 user=c1 verb=view crime_ref=CR/26/1 result=denied
      - ts=2026-03-02T12:02:00+00:00 id=3 user=c1 verb=view crime_ref=CR/26/1 result=ok
    tables: {people: "staff_id,accounts\nS1,crime:c1", assignments: "", links: ""}
    alerts: [{}]
`
	sound := tried(t, test)
	if sound.replays(); len(sound.broken) > 0 || sound.plays != 4 {
		t.Fatalf("%d plays, %+v", sound.plays, sound.broken)
	}
	spoilt := tried(t, test)
	spoilt.want.Alerts[0].Count++
	if spoilt.replays(); len(spoilt.broken) != 1 || spoilt.broken[0].Property != "replay" {
		t.Errorf("%+v", spoilt.broken)
	}
}

func TestJUnitHoldsEveryFindingAndNothingThatBreaksXML(t *testing.T) {
	r := Report{
		Results: []Result{
			{Rule: "a", File: "a.yaml", Line: 3, Test: "fires", Passed: true, Duration: 1500 * time.Microsecond},
			{Rule: "a", File: "a.yaml", Line: 9, Test: "misses <x> & \x1b[31m", Problems: []string{"unexpected: alert {actor.id: S1}", "summary: \"\x00]]>\""}},
		},
		Tests:  []DeepTest{{Rule: "a", File: "a.yaml", Line: 3, Test: "fires", Plays: 12, Broken: []Broken{{"orders", "the order [2 1] gives other alerts"}}}},
		Scores: []Score{{Rule: "a", File: "a.yaml", Killed: 3, Survived: 1, Survivors: []Survivor{{5, 3, rule.MadeTrue, "when: true in place of x"}}}},
	}
	var b bytes.Buffer
	if err := r.WriteJUnit(&b, nil, 80); err != nil {
		t.Fatal(err)
	}
	goldenText(t, "junit.xml", b.String())
	var back junitSuites
	if err := xml.Unmarshal(b.Bytes(), &back); err != nil || back.Tests != 4 || back.Failures != 3 {
		t.Errorf("%v: %d tests, %d failures", err, back.Tests, back.Failures)
	}
}

func TestATableOfVeryManyRulesShowsThoseWithFindings(t *testing.T) {
	var r Report
	for i := range 150 {
		id := "r" + strings.Repeat("x", i)
		r.Results = append(r.Results, Result{Rule: id, Passed: i != 7})
	}
	var b bytes.Buffer
	if err := r.WriteTable(&b, false); err != nil {
		t.Fatal(err)
	}
	want := "RULE      TESTS  FAILED  TIME\nrxxxxxxx  1      1       0s\nand 149 rules without findings\n"
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Error(diff)
	}
}
