package ruletest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"probity/internal/rule"
)

// compare says in sentences how what a test gave differs from what it expects.
func (c *testCase) compare(got outcome) (problems []string) {
	left := slices.Clone(got.Alerts)
	for i := range c.test.Alerts {
		want := &c.test.Alerts[i]
		best, differences := -1, []string(nil)
		for j := range left {
			d, sameGroup := differ(want, &left[j])
			if sameGroup && (best < 0 || len(d) < len(differences)) {
				best, differences = j, d
			}
		}
		if best < 0 {
			problems = append(problems, "missing: "+describeExpected(want))
			continue
		}
		for _, d := range differences {
			problems = append(problems, "alert "+describeGroup(left[best].Group)+": "+d)
		}
		left = slices.Delete(left, best, best+1)
	}
	for i := range left {
		problems = append(problems, "unexpected: "+describe(&left[i]))
	}
	if got.Undecided != c.test.Undecided {
		problems = append(problems, fmt.Sprintf("undecided: expected %d matches that wait for a newer table, got %d", c.test.Undecided, got.Undecided))
	}
	if got.Suppressed != c.test.Suppressed {
		problems = append(problems, fmt.Sprintf("suppressed: expected %d matches that an exception holds back, got %d", c.test.Suppressed, got.Suppressed))
	}
	if len(problems) > 0 && len(got.Alerts) < len(c.test.Alerts) && got.Unknown > 0 {
		problems = append(problems, fmt.Sprintf("unknown: %d times the condition or an exception asks for what is empty in the record or a table, and unknown never accuses; probity rules explain --event shows which", got.Unknown))
	}
	return problems
}

// differ compares the keys that the test gives.
func differ(want *rule.ExpectedAlert, got *raised) (differences []string, sameGroup bool) {
	if want.Group != nil && !maps.Equal(want.Group, got.Group) {
		return nil, false
	}
	add := func(key string, want, got any) {
		differences = append(differences, fmt.Sprintf("%s: expected %v, got %v", key, want, got))
	}
	if want.Count != 0 && want.Count != got.Count {
		add("count", want.Count, got.Count)
	}
	if !want.First.IsZero() && !want.First.Equal(got.First) {
		add("first", stamp(want.First.Time), stamp(got.First))
	}
	if !want.Last.IsZero() && !want.Last.Equal(got.Last) {
		add("last", stamp(want.Last.Time), stamp(got.Last))
	}
	if want.Summary != "" && want.Summary != got.Summary {
		add("summary", fmt.Sprintf("\n  %q", want.Summary), fmt.Sprintf("\n  %q", got.Summary))
	}
	if want.Evidence != nil && !slices.Equal(want.Evidence, got.Evidence) {
		add("evidence", want.Evidence, got.Evidence)
	}
	return differences, true
}

func describe(a *raised) string {
	return fmt.Sprintf("alert %s, count %d, first %s, last %s, evidence %v, %q", describeGroup(a.Group), a.Count, stamp(a.First), stamp(a.Last), a.Evidence, a.Summary)
}

func describeExpected(a *rule.ExpectedAlert) string {
	s := "alert " + describeGroup(a.Group)
	if a.Count != 0 {
		s += fmt.Sprintf(", count %d", a.Count)
	}
	return s
}

func describeGroup(g map[string]string) string {
	parts := make([]string, 0, len(g))
	for _, k := range slices.Sorted(maps.Keys(g)) {
		parts = append(parts, k+": "+g[k])
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }
