package rule

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const goodOverlay = `overlay: restricted_denied_burst
reason: a small force
owner: Head of Records
review_by: 2027-03-01
severity: low
points: 7
params: {limit: 8, roles: [acl-tester, auditor]}
decide_within: 72h
exceptions:
  - {when: 'actor.id == "S00009"', reason: audit, approved_by: IAB, expires: 2027-01-31}
alert: {period: 48h, evidence: 5}
`

func loadOverlaid(t *testing.T, overlay string) (*Set, []string) {
	t.Helper()
	set, problems := Load(testSchema(t), []File{{"over.yaml", []byte(overlay)}, {"a.yaml", []byte(goodRule)}})
	var texts []string
	for _, p := range problems {
		texts = append(texts, p.String())
	}
	return set, texts
}

func TestAnOverlayChangesARuleAndNotItsFile(t *testing.T) {
	set, problems := loadOverlaid(t, goodOverlay)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	r := set.Rules[0]
	both := sha256.Sum256([]byte(goodRule + goodOverlay))
	own := sha256.Sum256([]byte(goodOverlay))
	got := []any{r.AtLeast, r.Owner, r.ReviewBy.Format(time.DateOnly), string(r.Severity), r.Points, r.Wait, r.Period, r.Quote, len(r.Exceptions),
		r.Rule.Exceptions[1].ApprovedBy, set.Describe(r.Exceptions[0].Cond), r.File, r.Hash, r.Overlay}
	want := []any{8, "Head of Records", "2027-03-01", "low", 7, 72 * time.Hour, 48 * time.Hour, 5, 2,
		"IAB", `person(actor.id).role in ["acl-tester", "auditor"]`, "a.yaml", hex.EncodeToString(both[:]), hex.EncodeToString(own[:])}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestAnOverlayIsPartOfTheGeneration(t *testing.T) {
	hash := func(overlay string) string {
		set, problems := loadOverlaid(t, overlay)
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		return set.Hash()
	}
	if hash(goodOverlay) == hash(strings.Replace(goodOverlay, "limit: 8", "limit: 9", 1)) {
		t.Error("another overlay is another generation")
	}
}

func TestADisabledRuleIsNotJudgedAndIsListed(t *testing.T) {
	set, problems := loadOverlaid(t, "overlay: restricted_denied_burst\ndisabled: {reason: no restricted records here, approved_by: IAB}\n")
	want := []DisabledRule{{"restricted_denied_burst", "over.yaml", Disabled{"no restricted records here", "IAB"}}}
	if diff := cmp.Diff(want, set.Disabled); diff != "" || len(set.Rules) != 0 || len(problems) > 0 {
		t.Error(len(set.Rules), problems, diff)
	}
}

func TestMistakesInOverlaysHaveTheirPlaceThere(t *testing.T) {
	for _, c := range []struct{ name, from, to, want string }{
		{"unknown rule", "denied_burst", "denied_bursts", "over.yaml:1:10: no rule restricted_denied_bursts to change; did you mean restricted_denied_burst?"},
		{"no rule", "overlay: restricted_denied_burst", "overlay: ''", "over.yaml:1:10: an overlay of no rule; write overlay: and the id of the rule that it changes"},
		{"unknown key", "owner:", "ownr:", `over.yaml:3:1: unknown key "ownr"; did you mean "owner"?`},
		{"unknown parameter", "limit: 8", "limt: 8", `over.yaml:7:16: unknown parameter "limt"; rule restricted_denied_burst has limit, roles, spell`},
		{"another kind", "limit: 8", "limit: many", "over.yaml:7:17: parameter limit is a number, not a text; the rule has 5"},
		{"what the rule makes of it", "limit: 8", "limit: 0", `over.yaml:7:9: number "0", of parameter limit (at a.yaml:19:14, as this overlay leaves it); write a whole number from 1 to 1000000, or the name of a parameter that is one`},
		{"severity", "severity: low", "severity: grave", `over.yaml:5:11: severity "grave"; one of low, medium, high, critical`},
		{"exception's condition", `actor.id == "S00009"`, `actor.idd == "S00009"`, "over.yaml:10:13: unknown field actor.idd; actor has id, name and the columns of the people table: role, status"},
		{"exception without reason", "reason: audit, ", "", "over.yaml:10:5: an exception without reason; say it: reason: …"},
		{"evidence", "evidence: 5", "evidence: 500", "over.yaml:11:32: an alert cannot quote 500 records; choose 1 to 200"},
		{"disabled by nobody", "points: 7", "disabled: {reason: r}", "over.yaml:6:11: a rule disabled without approved_by; say who took the decision: approved_by: …"},
	} {
		if _, problems := loadOverlaid(t, strings.Replace(goodOverlay, c.from, c.to, 1)); len(problems) == 0 || problems[0] != c.want {
			t.Errorf("%s:\n got %q\nwant %s", c.name, problems, c.want)
		}
	}
}

func TestARuleHasOneOverlay(t *testing.T) {
	_, problems := Load(testSchema(t), []File{{"a.yaml", []byte(goodRule)}, {"o1.yaml", []byte(goodOverlay)}, {"o2.yaml", []byte(goodOverlay)}})
	if len(problems) != 1 || !strings.HasPrefix(problems[0].String(), "o2.yaml:1:10: rule restricted_denied_burst has an overlay in o1.yaml already") {
		t.Error(problems)
	}
}

func TestARulesOwnProblemsStayItsOwn(t *testing.T) {
	_, problems := Load(testSchema(t), []File{{"a.yaml", []byte(strings.Replace(goodRule, "{gte: limit}", "{gte: 0}", 1))}, {"over.yaml", []byte(goodOverlay)}})
	if len(problems) != 1 || !strings.HasPrefix(problems[0].String(), "a.yaml:19:14: number") {
		t.Error(problems)
	}
}
