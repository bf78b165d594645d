package rules

import (
	"flag"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"probity/internal/alert"
	"probity/internal/decode"
	"probity/internal/event"
	"probity/internal/rule"
	"probity/internal/ruletest"
	"probity/internal/table"
)

var update = flag.Bool("update", false, "write the generated parts of README.md")

func schema(t *testing.T) *event.Schema {
	t.Helper()
	s, err := event.NewSchema()
	if err != nil {
		t.Fatal(err)
	}
	s.AddLookups(table.Lookups()...)
	return s
}

func shipped(t *testing.T) ([]rule.File, *rule.Set) {
	t.Helper()
	files, err := Files()
	if err != nil {
		t.Fatal(err)
	}
	set, problems := rule.Load(schema(t), files)
	for _, p := range problems {
		t.Error(p)
	}
	return files, set
}

func run(t *testing.T, files []rule.File) []ruletest.Result {
	t.Helper()
	results, problems := ruletest.Run(files, ruletest.Options{Schema: schema(t), Formats: decode.Builtin})
	for _, p := range problems {
		t.Error(p)
	}
	return results
}

func TestShippedRulesPassTheirTests(t *testing.T) {
	files, _ := shipped(t)
	for _, r := range run(t, files) {
		for _, p := range r.Problems {
			t.Errorf("%s:%d: %s: %s", r.File, r.Line, r.Test, p)
		}
	}
}

func TestShippedRulesAreDocumented(t *testing.T) {
	_, set := shipped(t)
	today := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	systems := map[string]bool{}
	for _, r := range set.Rules {
		fail := func(format string, args ...any) { t.Helper(); t.Errorf(r.File+": "+format, args...) }
		if dir, name := path.Split(r.File); name != r.ID+".yaml" || !slices.Contains([]string{"niche/", "pnc/", "storm/", "crime/", "m365/", "all/"}, dir) {
			fail("rule %s stands in the wrong place", r.ID)
		}
		fires, misses := 0, 0
		for _, test := range r.Tests {
			if len(test.Alerts) > 0 {
				fires++
			} else {
				misses++
			}
			if test.Source != "" {
				systems[test.Source] = true
			}
		}
		if fires < 2 || misses < 2 {
			fail("%d tests that fire and %d near misses; two of each", fires, misses)
		}
		if !r.ReviewBy.After(today) {
			fail("review_by %s is over", r.ReviewBy.Format(time.DateOnly))
		}
		person := slices.ContainsFunc(r.GroupBy, func(g rule.GroupField) bool { return g.Name == "actor.id" })
		controls := []string{"gpg13", "iso27001"}
		switch {
		case person && r.Severity != alert.Low && r.Severity != alert.Medium:
			controls = append(controls, "dpa62", "law")
		case person:
			controls = append(controls, "dpa62")
		}
		for _, c := range controls {
			if len(r.Controls[c]) == 0 {
				fail("no controls of %s", c)
			}
		}
		if len(r.FalsePositives) < 2 || strings.Count(r.Response, "\n") < 3 {
			fail("two false positives and a response of three steps are the least")
		}
		if person && (r.Points == 0 && !r.OfAlerts || len(r.FalsePositives) < 3) {
			fail("a rule about persons has points and three false positives at least")
		}
		if person && !r.OfAlerts && !speaksBoth(r.Rule.Facts) {
			fail("facts for and against are needed")
		}
		if !strings.HasSuffix(r.Alert.Summary, ".") || strings.Contains(r.Alert.Summary, "\n") || !r.Measured() && (!strings.Contains(r.Alert.Summary, "{{.times}}") && !strings.Contains(r.Alert.Summary, "{{.count}}") || !strings.Contains(r.Alert.Summary, "{{.when}}")) {
			fail("the summary is one sentence that says how often and when")
		}
		for _, e := range r.Rule.Exceptions {
			if e.ApprovedBy != "Information Assurance Board" {
				fail("an exception that %s approved", e.ApprovedBy)
			}
		}
	}
	for _, s := range []string{"niche", "pnc", "storm", "crime", "m365"} {
		if !systems[s] {
			t.Errorf("no rule is tested on lines of %s", s)
		}
	}
}

// TestPointsAddUpSensibly holds what person_risk_score says of them: no alert reaches its limit, and a rule of low severity does
// not by coming again in every period.
func TestPointsAddUpSensibly(t *testing.T) {
	_, set := shipped(t)
	i := slices.IndexFunc(set.Rules, func(r *rule.Compiled) bool { return r.ID == "person_risk_score" })
	score := set.Rules[i]
	band := map[alert.Severity][2]int{alert.Low: {1, 10}, alert.Medium: {15, 20}, alert.High: {30, 40}, alert.Critical: {50, 60}}
	for _, r := range set.Rules {
		if r.Points == 0 {
			continue
		}
		if r.Points >= score.AtLeast {
			t.Errorf("%s: %d points are the limit of person_risk_score by themselves", r.File, r.Points)
		}
		if b := band[r.Severity]; r.Points < b[0] || r.Points > b[1] {
			t.Errorf("%s: %d points for severity %s, where others have %d to %d", r.File, r.Points, r.Severity, b[0], b[1])
		}
		periods := int(score.Timespan/r.Period) + 2 // that a window can touch
		if r.Severity == alert.Low && r.Points*periods >= score.AtLeast {
			t.Errorf("%s: %d points in each of %d periods reach the limit of person_risk_score alone", r.File, r.Points, periods)
		}
	}
}

// Who asked for a PNC check may not be who typed it. A rule that can find something about a person on the PNC judges both, but
// for those whose subject is the account that was used.
func TestBothActorsOfThePNCAreJudged(t *testing.T) {
	ofTheAccount := map[string]string{
		"concurrent_sessions":      "two places at once are those of who types",
		"dormant_account_revival":  "an account that wakes up is the operator's",
		"leaver_account_used":      "the account that was used; pnc_requestor_invalid says so of requesters",
		"suspended_user_active":    "the account that was used; pnc_requestor_invalid says so of requesters",
		"offduty_or_absent_access": "the account that was used; pnc_requestor_invalid says so of requesters",
		"pnc_originator_defective": "who types answers for what is written as originator",
		"pnc_requestor_invalid":    "who types for somebody who cannot have asked",
		"audit_sequence_gap":       "it watches the log",
		"audit_source_silent":      "it watches the log",
		"clock_skew":               "it watches the log",
	}
	_, set := shipped(t)
	for _, r := range set.Rules {
		both := slices.Contains(r.Roles, rule.Operator) && slices.Contains(r.Roles, rule.Requestor)
		_, excused := ofTheAccount[r.ID]
		switch reads := slices.Contains(r.Datasets, "pnc"); {
		case reads && !both && !excused:
			t.Errorf("%s reads the PNC and judges %v only", r.File, r.Roles)
		case excused && (both || !r.Reads("pnc")):
			t.Errorf("%s needs no excuse", r.ID)
		}
		if !both {
			continue
		}
		fires := false // a test, on what somebody asked an operator for
		for _, test := range r.Tests {
			for _, e := range test.Events {
				if e["event.dataset"] != "pnc" {
					continue
				}
				for _, a := range test.Alerts {
					if who := a.Group["actor.id"]; who != "" && e["requestor.id"] == who && e["user.id"] != who {
						fires = true
					}
				}
			}
			if test.Source == "pnc" && len(test.Alerts) > 0 && strings.Contains(strings.Join(test.Lines, ""), "|PC") {
				fires = true
			}
		}
		if !fires {
			t.Errorf("%s: no test fires on who asked for a check on the PNC", r.File)
		}
	}
}

func speaksBoth(facts []rule.Fact) bool {
	has := func(word string) bool {
		return slices.ContainsFunc(facts, func(f rule.Fact) bool { return f.Speaks == word })
	}
	return has("for") && has("against")
}

// TestNoClauseOfAConditionCanBeDroppedUnnoticed replaces each clause that stands on a line of its own by true: a test of
// the rule must notice. Clauses that only narrow which events meet the rule (event.dataset, object.type, a has() alone)
// change nothing but the cost, and are left out.
func TestNoClauseOfAConditionCanBeDroppedUnnoticed(t *testing.T) {
	files, _ := shipped(t)
	for _, f := range files {
		lines := strings.Split(string(f.Data), "\n")
		start := slices.Index(lines, "when: |") + 1
		if start == 0 {
			t.Errorf("%s: write when: | and a clause a line", f.Name)
			continue
		}
		for i := start; strings.HasPrefix(lines[i], "  "); {
			end := i + 1
			for strings.HasPrefix(lines[end], "   ") || lines[end] == "  )" {
				end++
			}
			clause := strings.TrimPrefix(strings.TrimSpace(strings.Join(lines[i:end], "\n")), "and ")
			if !narrows(clause) {
				replacement := "  and true"
				if i == start {
					replacement = "  true"
				}
				mutant := strings.Join(slices.Concat(lines[:i], []string{replacement}, lines[end:]), "\n")
				results := run(t, []rule.File{{Name: f.Name, Data: []byte(mutant)}})
				if !slices.ContainsFunc(results, func(r ruletest.Result) bool { return !r.Passed }) {
					t.Errorf("%s:%d: no test notices when this is dropped: %s", f.Name, i+1, clause)
				}
			}
			i = end
		}
	}
}

func narrows(clause string) bool {
	return strings.HasPrefix(clause, "event.dataset ") || strings.HasPrefix(clause, "object.type ") ||
		strings.HasPrefix(clause, "has(") && strings.HasSuffix(clause, ")") && strings.Count(clause, "(") == 1
}

func TestEmbeddedRulesAreThoseOnDisk(t *testing.T) {
	read := func(fsys fs.FS) map[string]string {
		out := map[string]string{}
		err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || path.Ext(name) != ".yaml" {
				return err
			}
			b, err := fs.ReadFile(fsys, name)
			out[name] = string(b)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	if diff := cmp.Diff(read(os.DirFS(".")), read(FS)); diff != "" {
		t.Error("on disk (-), embedded (+)\n", diff)
	}
}
