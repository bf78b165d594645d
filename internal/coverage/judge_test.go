package coverage

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"probity/internal/decode"
	"probity/internal/event"
	"probity/internal/rule"
	"probity/internal/table"
)

var update = flag.Bool("update", false, "write the golden files")

// frame is what every rule has, around what a test is about.
const frame = `id: %s
version: 1
title: a test
status: test
severity: high
description: a test
owner: ISO
review_by: 2027-06-01
controls: {gpg13: [PMC7], dpa62: consultation}
proportionality: a test
response: a test
alert: {summary: a test.}
%s
tests: []
`

// judged judges rules, each given by what it has beside the frame.
func judged(t *testing.T, stock Stock, rules map[string]string) map[string]Rule {
	t.Helper()
	schema, err := event.NewSchema()
	if err != nil {
		t.Fatal(err)
	}
	schema.AddLookups(table.Lookups()...)
	var files []rule.File
	for id, text := range rules {
		files = append(files, rule.File{Name: id + ".yaml", Data: fmt.Appendf(nil, frame, id, text)})
	}
	set, problems := rule.Load(schema, files)
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	out := map[string]Rule{}
	for _, r := range Judge(set, stock) {
		out[r.ID] = r
	}
	return out
}

func sources(t *testing.T, names ...string) (out []Source) {
	t.Helper()
	for _, n := range names {
		f, ok := decode.Builtin(n)
		if !ok {
			t.Fatal(n)
		}
		out = append(out, Source{Name: n, Dataset: f.Dataset, Format: f})
	}
	return out
}

func tables(t *testing.T, rows map[string]string) *table.Set {
	t.Helper()
	var out []*table.Table
	for name, row := range rows {
		text := "# exported_at=2026-03-02T02:00:00Z covers=2026-01-01/2026-03-02\n" + strings.Join(table.ColumnsOf(name), ",") + "\n" + row
		tab, err := table.Parse(name, table.Config{}, name+".csv", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, tab)
	}
	return table.NewSet(nil, out...)
}

const person = "S1,niche:c1;pnc:dp1,Evans,Alun,1988-05-17,4821,response,R-1,LLA,A1,,,active,2012-01-01,,,S9\n"

func TestARuleIsInactiveForWantOfWhatItCannotDoWithoutAndSaysSo(t *testing.T) {
	rules := map[string]string{
		"keeper":    "when: 'event.dataset == \"pnc\" and registered_to(object.id, actor.id)'\nactors: [operator, requestor]",
		"stranger":  "when: 'event.dataset == \"niche\" and not assigned(actor.id, purpose.ref)'",
		"perhaps":   "when: 'event.dataset == \"niche\" and (not has(purpose.ref) or not assigned(actor.id, purpose.ref))'",
		"waved":     "when: 'event.dataset == \"niche\"'\nexceptions: [{when: 'actor.role == \"x\"', reason: a, approved_by: b, expires: 2027-01-01}]",
		"counter":   "when: 'event.dataset in [\"niche\", \"crime\"]'\ncorrelation: {type: gap, group_by: [event.dataset, event.sequence_scope], timespan: 1d}",
		"sequence":  "when: 'true'\ncorrelation: {type: temporal, timespan: 1h, steps: [{name: a, when: 'event.dataset == \"niche\"'}, {name: b, when: 'event.dataset == \"m365\"'}]}",
		"anywhere":  "when: 'object.type == \"person\"'",
		"nowhere":   "when: 'event.dataset == \"niche\" and event.dataset == \"pnc\"'",
		"requested": "when: 'event.dataset == \"niche\" and has(requestor.id)'",
		"of_alerts": "when: 'event.dataset == \"probity\" and event.risk_score > 0'\ncorrelation: {type: event_count, timespan: 1d, condition: {gte: 2}}",
	}
	for _, c := range []struct {
		name  string
		stock Stock
		want  map[string]string // state and reasons
	}{
		{"all that they need", Stock{sources(t, "niche", "pnc", "storm", "crime", "m365"), tables(t, map[string]string{
			table.People: person, table.Vehicles: "QQ1,S1\n", table.Assignments: "",
		})}, map[string]string{
			"keeper": "active", "stranger": "active", "perhaps": "active", "waved": "active", "sequence": "active", "anywhere": "active", "of_alerts": "active",
			"counter":   "partial: the format of source crime never fills event.sequence_scope; the format of source crime never fills event.sequence",
			"nowhere":   "inactive: its condition wants what no system has",
			"requested": "inactive: the format of source niche never fills requestor.name",
		}},
		{"no tables", Stock{sources(t, "niche", "pnc"), nil}, map[string]string{
			"keeper": "inactive: no table vehicles; no table people", "stranger": "inactive: no table assignments; no table people",
			"perhaps": "partial: no table assignments; no table people", "waved": "inactive: no table people", "sequence": "inactive: no source of dataset m365",
		}},
		{"empty tables, and columns that are", Stock{sources(t, "niche", "pnc", "m365"), tables(t, map[string]string{
			table.People: "S1,,Evans,Alun,,,,,,,,,,,,,\n", table.Vehicles: "", table.Assignments: "",
		})}, map[string]string{
			"keeper":   "inactive: table vehicles has no rows; table people has neither accounts nor collar in any row",
			"stranger": "inactive: table people has neither accounts nor collar in any row",
			"waved":    "inactive: table people has no role in any row; table people has neither accounts nor collar in any row",
		}},
	} {
		got := judged(t, c.stock, rules)
		for id, want := range c.want {
			r := got[id]
			text := string(r.State)
			if len(r.Why) > 0 {
				text += ": " + strings.Join(r.Why, "; ")
			}
			if text != want {
				t.Errorf("%s: %s is %s\nwant %s", c.name, id, text, want)
			}
			if r.State == Inactive && id != "nowhere" && len(r.Connect) == 0 {
				t.Errorf("%s: %s does not say what to connect", c.name, id)
			}
		}
	}
}

func TestAListThatIsNotCompleteMakesItsSilenceWorthless(t *testing.T) {
	text := "# exported_at=2026-03-02T02:00:00Z covers=2026-01-01/2026-03-02\npurpose_ref,staff_id,role,from,to\nP1,S1,,,\n"
	tab, err := table.Parse(table.Assignments, table.Config{Miss: table.MissUnknown}, "assignments.csv", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	people, err := table.Parse(table.People, table.Config{}, "people.csv", []byte("# exported_at=2026-03-02T02:00:00Z\n"+strings.Join(table.ColumnsOf(table.People), ",")+"\n"+person))
	if err != nil {
		t.Fatal(err)
	}
	got := judged(t, Stock{sources(t, "niche"), table.NewSet(nil, tab, people)}, map[string]string{
		"stranger": "when: 'event.dataset == \"niche\" and not assigned(actor.id, purpose.ref)'",
	})["stranger"]
	want := []string{"table assignments is not said to be complete (miss: no)"}
	if diff := cmp.Diff(want, got.Why); diff != "" || got.State != Inactive {
		t.Errorf("%s\n%s", got.State, diff)
	}
}

func TestSystemsOfARuleThatNamesNoneAreThoseThatKnowItsObjects(t *testing.T) {
	got := judged(t, Stock{sources(t, "niche", "pnc", "storm", "crime", "m365"), nil}, map[string]string{"anywhere": "when: 'object.type == \"person\"'"})["anywhere"]
	if diff := cmp.Diff(map[string]State{"niche": Active, "pnc": Active}, got.Systems); diff != "" {
		t.Error(diff)
	}
}

func TestTheReportAsItIsWritten(t *testing.T) {
	rules := judged(t, Stock{sources(t, "niche", "pnc"), tables(t, map[string]string{table.People: person})}, map[string]string{
		"keeper":   "when: 'event.dataset == \"pnc\" and registered_to(object.id, actor.id)'",
		"perhaps":  "when: 'event.dataset == \"niche\" and (not has(purpose.ref) or not assigned(actor.id, purpose.ref))'",
		"anywhere": "when: 'object.type == \"person\"'",
		"sender":   "when: 'event.dataset == \"m365\"'",
	})
	var list []Rule
	for _, id := range []string{"anywhere", "keeper", "perhaps", "sender"} {
		list = append(list, rules[id])
	}
	report := NewReport(list)
	if got := []int{report.Active, report.Partial, report.Inactive}; !slices.Equal(got, []int{1, 1, 2}) {
		t.Errorf("active, partial and inactive: %v", got)
	}
	for name, write := range map[string]func(*bytes.Buffer) error{
		"report.txt": func(b *bytes.Buffer) error { return report.WriteText(b) },
		"report.md":  func(b *bytes.Buffer) error { return report.WriteMarkdown(b) },
	} {
		var out bytes.Buffer
		if err := write(&out); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join("testdata", name)
		if *update {
			if err := os.WriteFile(path, out.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), out.String()); diff != "" {
			t.Errorf("%s: run go test ./internal/coverage -update\n%s", name, diff)
		}
	}
}
