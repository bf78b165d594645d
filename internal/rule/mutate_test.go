package rule

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden files in testdata")

// mutantRule has one of everything that is changed.
const mutantRule = `id: mutant
version: 1
title: T
severity: low
description: d
owner: ITSO
review_by: 2027-06-01
proportionality: p
response: r
actors: [operator, requestor]
params: {limit: 3, words: [a, b], unused: 7}
when: |
  event.dataset == "niche"
  and (event.action in words or not listed(object.id))
  and has(query.count) and query.count >= 5
correlation: {type: event_count, group_by: [actor.id, object.id], timespan: 10m, condition: {gte: limit}}
exceptions:
  - {when: 'has(actor.id) and actor.role == "x"', reason: r, approved_by: a, expires: 2027-06-01}
alert: {summary: s}
`

func mutants(t *testing.T, text string) []string {
	t.Helper()
	p, problems := Parse(File{Name: "m.yaml", Data: []byte(text)})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	ms, err := p.Mutants(testSchema(t))
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, m := range ms {
		line := fmt.Sprintf("%d:%d %s %s", m.Line, m.Column, m.Kind, m.What)
		if m.Fate != Playable {
			line += " (" + string(m.Fate) + ")"
		}
		if (m.Set == nil) != (m.Fate != Playable) {
			t.Errorf("%s: set %v", line, m.Set)
		}
		out = append(out, line)
	}
	return out
}

func TestEverythingThatDecidesIsChangedOnce(t *testing.T) {
	golden := filepath.Join("testdata", "mutants.golden")
	got := strings.Join(mutants(t, mutantRule), "\n") + "\n"
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Error("run go test ./internal/rule -update\n", diff)
	}
}

func TestAMutantThatDoesNotLoadIsInvalid(t *testing.T) {
	text := strings.Replace(mutantRule, "{gte: limit}", "{gte: 1}", 1)
	if all := strings.Join(mutants(t, text), "\n"); !strings.Contains(all, "gte 1 made 0 (invalid)") {
		t.Error(all)
	}
}

func TestAConditionMeansTheSameIfTheLawsOfKleeneSaySo(t *testing.T) {
	schema := testSchema(t)
	fingerprint := func(when string) string {
		p, _ := Parse(File{Name: "m.yaml", Data: []byte(goodRule)})
		p.Rule.When = when
		s, problems := p.Compile(schema)
		if len(problems) > 0 {
			t.Fatal(when, problems)
		}
		return s.fingerprint()
	}
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{`event.action == "a" and true`, `event.action == "a"`, true},
		{`event.action == "a" or false`, `event.action == "a"`, true},
		{`event.action == "a" and false`, `false`, true},
		{`event.action == "a" or true`, `true`, true},
		{`event.action == "a" and event.action == "a"`, `event.action == "a"`, true},
		{`has(object.id) and listed(object.id)`, `listed(object.id)`, true},
		{`has(object.id) and (listed(object.id) or object.id == "x")`, `listed(object.id) or object.id == "x"`, true},
		{`has(object.id) and (listed(object.id) or event.action == "x")`, `listed(object.id) or event.action == "x"`, false},
		{`not (has(object.id) and listed(object.id))`, `not listed(object.id)`, false},
		{`not has(object.id) or listed(object.id)`, `listed(object.id)`, false},
		{`event.action == "a"`, `event.action == "b"`, false},
	} {
		if same := fingerprint(c.a) == fingerprint(c.b); same != c.same {
			t.Errorf("%s and %s: same %v, want %v", c.a, c.b, same, c.same)
		}
	}
}

func TestFieldsWhoseAbsenceARuleActsOn(t *testing.T) {
	p, _ := Parse(File{Name: "m.yaml", Data: []byte(strings.Replace(mutantRule, "event.dataset ==", "(not has(purpose.ref) or listed(purpose.ref)) and event.dataset ==", 1))})
	s, problems := p.Compile(testSchema(t))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if diff := cmp.Diff([]string{"actor.id", "purpose.ref"}, s.ActsOnMissing(s.Rules[0])); diff != "" {
		t.Error(diff)
	}
}
