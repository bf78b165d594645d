package rulediff

import (
	"bytes"
	"flag"
	"io"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"probity/internal/alert"
	"probity/internal/ruletest"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func TestAReportReadsWell(t *testing.T) {
	r := &Report{
		Base: Counted{Name: "main", Commit: "0123456789abcdef0123456789abcdef01234567", Rules: 3, Alerts: 12, Undecided: 40},
		Head: Counted{Name: "rules|new", Rules: 3, Alerts: 90, Undecided: 41, Suppressed: 2}, Records: 123456, Days: 28,
		Changes: []ruletest.Change{
			{Rule: "busy_hour", File: "rules/all/busy_hour.yaml", Kind: ruletest.Meaning, Parts: []string{"correlation.condition", "when"}, From: 2, To: 2},
			{Rule: "late", File: "rules/late.yaml", Kind: ruletest.Added, To: 1},
			{Rule: "old", File: "rules/old.yaml", Kind: ruletest.Removed, From: 4},
			{Rule: "quiet", File: "rules/quiet.yaml", Kind: ruletest.Text, From: 1, To: 1},
		},
		Severities: []SeverityDifference{
			{alert.Critical, Counts{Base: 1, Head: 81, Added: 80}, 0.25, 20.25},
			{alert.High, Counts{}, 0, 0},
			{alert.Medium, Counts{Base: 11, Head: 9, Removed: 2, Altered: 5}, 2.75, 2.25},
		},
		Rules: []RuleDifference{
			{Rule: "busy_hour", Was: alert.Medium, Is: alert.Medium, Counts: Counts{Base: 11, Head: 9, Removed: 2, Altered: 5}, Differs: map[string]int{"count": 5, "evidence": 4},
				Undecided: [2]int{40, 41}, RemovedOutcomes: map[alert.Outcome]int{alert.Misuse: 1, alert.Training: 1}, Examples: []Example{
					{Kind: AlertRemoved, ID: "aaaa", Count: 5, Summary: "S1 opened 5 records"},
					{Kind: AlertAltered, ID: "bbbb", Count: 9, Differs: []string{"count 7 → 9", "evidence"}, Summary: "S2 `typed` ![x](http://evil.example/) @all\x1b[2J 9 times"},
				}},
			{Rule: "late", Is: alert.Critical, Counts: Counts{Head: 80, Added: 80}, Suppressed: [2]int{0, 2}, Examples: []Example{{Kind: AlertAdded, ID: "cccc", Count: 1}}},
		},
		Budget:   &Budget{PerWeek: 20, Base: 0.25, Head: 20.25},
		Outcomes: &Outcomes{Removed: map[alert.Outcome]int{alert.Misuse: 1, alert.Training: 1}},
	}
	for _, c := range []struct {
		name   string
		report *Report
		write  func(*Report, io.Writer) error
	}{
		{"full.txt", r, (*Report).WriteText},
		{"full.md", r, (*Report).WriteMarkdown},
		{"empty.txt", &Report{Base: Counted{Name: "a"}, Head: Counted{Name: "b"}}, (*Report).WriteText},
		{"empty.md", &Report{Base: Counted{Name: "a"}, Head: Counted{Name: "b"}}, (*Report).WriteMarkdown},
	} {
		t.Run(c.name, func(t *testing.T) { golden(t, c.name, func(w io.Writer) error { return c.write(c.report, w) }) })
	}
}

func golden(t *testing.T, name string, write func(io.Writer) error) {
	t.Helper()
	file := "testdata/" + name
	var b bytes.Buffer
	if err := write(&b); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(file, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), b.String()); diff != "" {
		t.Errorf("%s; -update rewrites it (-want +got):\n%s", file, diff)
	}
}

func TestABudgetIsExceededByMoreThanItNotByAsMuch(t *testing.T) {
	for _, c := range []struct {
		budget *Budget
		want   bool
	}{
		{nil, false},
		{&Budget{PerWeek: 20, Head: 20}, false},
		{&Budget{PerWeek: 20, Head: 20.25}, true},
	} {
		if got := c.budget.Exceeded(); got != c.want {
			t.Errorf("%+v: %v", c.budget, got)
		}
	}
}
