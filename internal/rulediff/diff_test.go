package rulediff

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"probity/internal/alert"
	"probity/internal/daemon"
	"probity/internal/ruletest"
	"probity/internal/sim"
)

// The test's own rules speak of nothing that a shipped rule depends on.
const busyRule = `
id: busy
version: 1
title: Many records
severity: medium
description: Many records were opened within half an hour.
owner: ITSO
review_by: 2027-06-01
proportionality: Needed for the test.
params: {limit: 5}
when: event.action in ["view", "search"] and user.id != "x"
correlation: {type: event_count, group_by: [actor.id], timespan: 30m, condition: {gte: limit}}
alert: {summary: '{{ .actor.id }} opened {{ .count }} records'}
response: None.
`

// The site has no table of sensitive records, so some of its matches are undecided.
const dutyRule = `
id: duty
version: 1
title: A search off duty
severity: high
description: A record was searched for by somebody who was not at work.
owner: ITSO
review_by: 2027-06-01
proportionality: Needed for the test.
when: event.action in ["search", "view"] and (event.action == "search" and duty(actor.id) == "off" or sensitive(object.id))
alert: {summary: '{{ .actor.id }} searched off duty'}
response: None.
`

// site is the logs and tables of a small force, and two folders of rules that are alike.
type site struct {
	t   *testing.T
	dir string
}

func newSite(t *testing.T) *site {
	t.Helper()
	force, err := sim.New(sim.Options{Seed: 11, Staff: 60, Days: 8})
	if err != nil {
		t.Fatal(err)
	}
	s := &site{t: t, dir: t.TempDir()}
	if err := force.Write(s.path("sim")); err != nil {
		t.Fatal(err)
	}
	for _, side := range []string{"base", "head"} {
		s.write(side+"/busy.yaml", busyRule)
		s.write(side+"/duty.yaml", dutyRule)
	}
	s.write("identity.key", strings.Repeat("k", alert.IdentityKeyBytes))
	s.write("probity.yaml", `identity_key_file: identity.key
sources:
  - {name: niche, format: niche, paths: [sim/logs/niche.csv]}
  - {name: pnc, format: pnc, paths: [sim/logs/pnc.log]}
tables:
  people: {path: sim/tables/people.csv, max_age: 30d}
  roster: {path: sim/tables/roster.csv, max_age: 30d}
rules: {paths: [base]}
`)
	return s
}

func (s *site) path(name string) string { return filepath.Join(s.dir, name) }

func (s *site) write(name, text string) {
	s.t.Helper()
	if err := os.MkdirAll(filepath.Dir(s.path(name)), 0o755); err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(s.path(name), []byte(text), 0o644); err != nil {
		s.t.Fatal(err)
	}
}

// change replaces texts (old, new, …) in a file.
func (s *site) change(name string, replace ...string) {
	s.t.Helper()
	text, err := os.ReadFile(s.path(name))
	if err != nil {
		s.t.Fatal(err)
	}
	s.write(name, strings.NewReplacer(replace...).Replace(string(text)))
}

func (s *site) config() *daemon.Config {
	s.t.Helper()
	c, problems := daemon.LoadConfig(s.path("probity.yaml"))
	if err := problems.Err(); err != nil {
		s.t.Fatal(err)
	}
	return c
}

func (s *site) side(name string) Side {
	s.t.Helper()
	side, err := ReadSide(context.Background(), s.path(name), nil)
	if err != nil {
		s.t.Fatal(err)
	}
	return side
}

func (s *site) run(o Options) *Report {
	s.t.Helper()
	o.Config, o.Base, o.Head = s.config(), s.side("base"), s.side("head")
	r, err := Run(context.Background(), o)
	if err != nil {
		s.t.Fatal(err)
	}
	return r
}

// alerts replays one side by itself, as the daemon would judge.
func (s *site) alerts(side string) map[string]*alert.Alert {
	s.t.Helper()
	c := s.config()
	c.Rules.Paths = []string{s.path(side)}
	out := map[string]*alert.Alert{}
	if _, err := daemon.Replay(context.Background(), daemon.ReplayOptions{Config: c}, func(a *alert.Alert) error {
		out[a.ID] = a
		return nil
	}); err != nil {
		s.t.Fatal(err)
	}
	return out
}

func TestAChangedThresholdAddsAndRemovesWhatTwoReplaysSay(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, limits := range [][2]string{{"5", "4"}, {"4", "7"}} {
		s.change("base/busy.yaml", "limit: 4", "limit: "+limits[0], "limit: 5", "limit: "+limits[0])
		s.change("head/busy.yaml", "limit: 4", "limit: "+limits[1], "limit: 5", "limit: "+limits[1])
		before, after := s.alerts("base"), s.alerts("head")
		want := Counts{}
		for id, a := range before {
			if a.Rule.ID != "busy" {
				continue
			}
			want.Base++
			if b := after[id]; b == nil {
				want.Removed++
			} else if !slices.Equal(a.EventIDs, b.EventIDs) {
				want.Altered++
			}
		}
		for id, b := range after {
			if b.Rule.ID == "busy" {
				want.Head++
				if before[id] == nil {
					want.Added++
				}
			}
		}
		if want.Added+want.Removed == 0 || want.Altered == 0 {
			t.Fatalf("a poor test: %+v", want)
		}
		r := s.run(Options{Examples: 2})
		if len(r.Rules) != 1 || r.Rules[0].Rule != "busy" {
			t.Fatalf("rules whose alerts differ: %+v", r.Rules)
		}
		if diff := cmp.Diff(want, r.Rules[0].Counts); diff != "" {
			t.Errorf("limit %s to %s (-two replays +diff):\n%s", limits[0], limits[1], diff)
		}
		if r.Base.Alerts != len(before) || r.Head.Alerts != len(after) || r.Base.Undecided == 0 {
			t.Errorf("sides: %+v %+v, replays gave %d and %d alerts", r.Base, r.Head, len(before), len(after))
		}
		kinds := map[Kind]int{}
		for _, e := range r.Rules[0].Examples {
			kinds[e.Kind]++
		}
		if kinds[AlertAltered] != min(2, want.Altered) || kinds[AlertAdded] != min(2, want.Added) || kinds[AlertRemoved] != min(2, want.Removed) {
			t.Errorf("examples %v of %+v", kinds, want)
		}
	}
}

func TestTheSameRulesDifferInNothing(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.change("head/busy.yaml", "Many records", "Lots of records", "response: None.", "response: Ask.")
	r := s.run(Options{Examples: 3})
	if len(r.Rules) > 0 || r.Base.Alerts == 0 || r.Base.Alerts != r.Head.Alerts {
		t.Errorf("%+v %+v %+v", r.Base, r.Head, r.Rules)
	}
	if len(r.Changes) != 1 || r.Changes[0].Kind != ruletest.Text || len(r.Silent()) > 0 {
		t.Errorf("rule changes: %+v", r.Changes)
	}
}

func TestANewSeverityAltersAlertsAndMovesThemOntoTheBudget(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.change("head/busy.yaml", "severity: medium", "severity: critical")
	r := s.run(Options{Budget: 1})
	got, high := r.Rules[0], map[alert.Severity]Counts{}
	for _, d := range r.Severities {
		high[d.Severity] = d.Counts
	}
	if got.Was != alert.Medium || got.Is != alert.Critical || got.Altered != got.Base || got.Differs["severity"] != got.Altered || len(got.Differs) != 1 {
		t.Errorf("%+v", got)
	}
	if high[alert.Medium].Base != got.Base || high[alert.Medium].Head != 0 || high[alert.Critical] != (Counts{Head: got.Base, Altered: got.Base}) {
		t.Errorf("by severity: %+v", high)
	}
	searches := high[alert.High].Head
	weekly := func(n int) float64 { return float64(n) * 7 / float64(r.Days) }
	if r.Days < 8 || r.Budget.Base != weekly(searches) || r.Budget.Head != weekly(searches+got.Base) || !r.Budget.Exceeded() {
		t.Errorf("budget %+v over %d days, %d high", r.Budget, r.Days, searches)
	}
	if silent := r.Silent(); len(silent) != 1 || silent[0].Rule != "busy" {
		t.Errorf("the version was not raised: %+v", silent)
	}
}

func TestARuleThatGoesTakesItsAlertsAlong(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	if err := os.Remove(s.path("head/duty.yaml")); err != nil {
		t.Fatal(err)
	}
	r := s.run(Options{})
	if len(r.Rules) != 1 || r.Rules[0].Rule != "duty" || r.Rules[0].Head != 0 || r.Rules[0].Removed != r.Rules[0].Base || r.Rules[0].Is != "" {
		t.Errorf("%+v", r.Rules)
	}
	if r.Rules[0].Undecided[0] == 0 || r.Rules[0].Undecided[1] != 0 {
		t.Errorf("undecided %v", r.Rules[0].Undecided)
	}
}

func TestWithoutNamesThereAreNone(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.change("head/busy.yaml", "limit: 5", "limit: 3")
	r := s.run(Options{Examples: 1000})
	named := regexp.MustCompile(`S[0-9]{5}|[a-z]+:[a-z][0-9]+`) // persons and accounts of the simulated force
	outputs := func() (texts []string) {
		for _, write := range []func(*bytes.Buffer) error{
			func(b *bytes.Buffer) error { return r.WriteText(b) },
			func(b *bytes.Buffer) error { return r.WriteMarkdown(b) },
			func(b *bytes.Buffer) error { return json.NewEncoder(b).Encode(r) },
		} {
			var b bytes.Buffer
			if err := write(&b); err != nil {
				t.Fatal(err)
			}
			texts = append(texts, b.String())
		}
		return texts
	}
	for _, text := range outputs() {
		if !named.MatchString(text) {
			t.Fatalf("a poor test, no name in:\n%s", text)
		}
	}
	r.WithoutNames()
	for _, text := range outputs() {
		if name := named.FindString(text); name != "" {
			t.Errorf("%s in:\n%s", name, text)
		}
	}
}

func TestABrokenSideIsRefusedBeforeAnythingIsJudged(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.change("head/busy.yaml", "user.id", "user.ide")
	_, err := Run(context.Background(), Options{
		Config: s.config(), Base: s.side("base"), Head: s.side("head"),
		Progress: func(string, int) { t.Error("the logs were judged") },
	})
	if want := s.path("head/busy.yaml") + ":11:"; err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("%v, want %s…", err, want)
	}
}

func TestProgressIsToldOfBothSides(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	last := map[string]int{}
	r := s.run(Options{Progress: func(side string, events int) { last[filepath.Base(side)] = events }})
	if want := map[string]int{"base": r.Records, "head": r.Records}; fmt.Sprint(last) != fmt.Sprint(want) {
		t.Errorf("%v, want %v", last, want)
	}
}
