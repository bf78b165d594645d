package rule

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const goodRule = `id: restricted_denied_burst
version: 1
title: Repeated refusals on restricted records
severity: high
description: Somebody tries doors.
owner: ITSO
review_by: 2027-06-01
controls: {gpg13: [PMC7], dpa62: consultation}
proportionality: Refusals only.
actors: [operator, requestor]
params: {limit: 5, spell: 10m, roles: [acl-tester]}
when: |
  event.dataset == "niche" and
  event.reason == "denied" and event.action in ["view", "print"]
correlation:
  type: event_count
  group_by: [actor.id, subject.ids]
  timespan: spell
  condition: {gte: limit}
exceptions:
  - {when: 'actor.role in roles', reason: tests access control, approved_by: IAB, expires: 2027-01-31}
facts:
  - {say: on the list, when: listed(object.id), speaks: for}
response: Ask the line manager for the deployment record.
alert:
  summary: '{{ .actor.id }} was refused {{ .count }} times between {{ .first }} and {{ .last }}'
`

func TestARuleIsReadWhole(t *testing.T) {
	set, problems := Load(testSchema(t), []File{{"a.yaml", []byte(goodRule)}})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	r := set.Rules[0]
	got := []any{r.AtLeast, r.Timespan, r.Period, r.Quote, r.Wait, r.Datasets, r.Roles, len(r.Exceptions), r.GroupBy[1].List, set.Tables(r.Facts...)}
	want := []any{5, 10 * time.Minute, DefaultPeriod, DefaultEvidence, DefaultDecideWithin, []string{"niche"}, []Role{Operator, Requestor}, 1, true, []string{"sensitive"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(needs{{"niche"}, {"view", "print"}, nil}, r.needs); diff != "" {
		t.Error(diff)
	}
}

func TestANewThresholdOrTextKeepsTheStateANewConditionDoesNot(t *testing.T) {
	feed := func(from, to string) string {
		set, problems := Load(testSchema(t), []File{{"a.yaml", []byte(strings.Replace(goodRule, from, to, 1))}})
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		return set.Rules[0].Feed
	}
	was := feed("", "")
	for _, same := range [][2]string{{"limit: 5", "limit: 6"}, {"Somebody tries doors", "Doors"}, {"severity: high", "severity: low"}} {
		if feed(same[0], same[1]) != was {
			t.Errorf("%s → %s starts the rule anew", same[0], same[1])
		}
	}
	for _, other := range [][2]string{{`"denied"`, `"refused"`}, {"spell: 10m", "spell: 20m"}, {"group_by: [actor.id, subject.ids]", "group_by: [actor.id]"}, {"[operator, requestor]", "[operator]"}} {
		if feed(other[0], other[1]) == was {
			t.Errorf("%s → %s keeps windows that other matches fed", other[0], other[1])
		}
	}
}

func TestMistakesInRules(t *testing.T) {
	for _, c := range []struct{ name, from, to, want string }{
		{"unknown key", "owner:", "ownr:", `a.yaml:6:1: unknown key "ownr"; did you mean "owner"? then check again: the rest of the file has not been looked at yet`},
		{"no owner", "owner: ITSO\n", "", "a.yaml:1:1: a rule without owner; write owner: the role that answers for it"},
		{"no severity", "severity: high\n", "", "a.yaml:1:1: a rule without severity; write severity: and one of low, medium, high, critical"},
		{"no id", "id: restricted_denied_burst\n", "", "a.yaml:1:1: a rule without id; write id: and 3 to 64 lower-case letters, digits, - or _, a letter first"},
		{"a fact that does not speak", ", speaks: for", "", "a.yaml:23:5: a fact without speaks; write speaks: for (misuse) or against"},
		{"no type of correlation", "  type: event_count\n", "", "a.yaml:16:3: a correlation without type; write type: and one of event_count, value_count, value_sum, temporal, temporal_ordered, absence, new_value, baseline, silence, gap, clock_skew"},
		{"severity", "severity: high", "severity: serious", `a.yaml:4:11: severity "serious"; one of low, medium, high, critical`},
		{"field in the second line", "event.reason", "event.reson", "a.yaml:14:3: unknown field event.reson; did you mean event.reason?"},
		{"type", `event.reason == "denied"`, `event.reason == 5`, "a.yaml:14:16: invalid operation: == (mismatched types string and int); both sides must be of one type: texts stand in quotes, numbers, true and false do not"},
		{"a field that is compared with nothing", `event.reason == "denied"`, `event.reason`, "a.yaml:13:28: invalid operation: and (mismatched types bool and string); what stands beside it must be true or false: compare it with something"},
		{"assignment", `event.reason == "denied"`, `event.reason = "denied"`, `a.yaml:14:16: unexpected token Operator("="); write == to compare`},
		{"text without quotes", `"denied"`, `denied`, "a.yaml:14:19: unknown field denied; rules/README.md lists the fields, native ones are fields.NAME, other names are this rule's params; a text stands in quotes"},
		{"operator twice", "and event.action", "and and event.action", `a.yaml:14:32: unexpected token Operator("and"); write a clause before it`},
		{"open text", `"print"`, `"print`, "a.yaml:14:64: literal not terminated; close the text with the same quotation mark"},
		{"parameter of another kind", "limit: 5", "limit: five", `a.yaml:19:14: number "five", of parameter limit; write a whole number from 1 to 1000000, or the name of a parameter that is one`},
		{"open parenthesis", `event.reason == "denied"`, `(event.reason == "denied"`, "a.yaml:14:66: unexpected token EOF: the condition ends too early; close every parenthesis and bracket, and write something after the last operator"},
		{"misspelt parameter", "{gte: limit}", "{gte: limt}", `a.yaml:19:14: number "limt"; write a whole number from 1 to 1000000, or the name of a parameter that is one; did you mean limit?`},
		{"exception's field", "actor.role in", "actor.roll in", "a.yaml:21:13: unknown field actor.roll; actor has id, name and the columns of the people table: role, status"},
		{"exception without end", ", expires: 2027-01-31", "", "a.yaml:21:5: an exception without an end; write expires: 2027-01-31"},
		{"timespan", "timespan: spell", "timespan: spel", `a.yaml:18:13: timespan "spel"; write a length of time over 0 and up to 365d, or the name of a parameter that is one; did you mean spell?`},
		{"threshold", "{gte: limit}", "{gte: 0}", `a.yaml:19:14: number "0"; write a whole number from 1 to 1000000, or the name of a parameter that is one`},
		{"type of correlation", "event_count", "event_counts", `a.yaml:16:9: correlation type "event_counts"; one of event_count, value_count, value_sum, temporal, temporal_ordered, absence, new_value, baseline, silence, gap, clock_skew`},
		{"group key", "group_by: [actor.id,", "group_by: [actor.ide,", "a.yaml:17:14: unknown field actor.ide; actor has id, name and the columns of the people table: role, status"},
		{"parameter's name", "params: {limit: 5,", "params: {user: 5, limit: 5,", `a.yaml:11:16: parameter name "user" means something else in conditions; choose another name`},
		{"speaks", "speaks: for", "speaks: maybe", `a.yaml:23:5: speaks: "maybe"; write for (misuse) or against`},
		{"summary's field", ".actor.id }} was", ".actor.idd }} was", "a.yaml:26:12: summary names actor.idd, which is no field; use a field of the event, actor.id, actor.person, actor.name, count, times, first, last, when, rule.title, measured, sum"},
		{"summary's syntax", "{{ .count }}", "{{ .count", "a.yaml:26:12: summary: template: summary:1: function \"times\" not defined; mend the template"},
		{"actors", "[operator, requestor]", "[operator, sergeant]", `a.yaml:10:20: actor "sergeant"; write operator, requestor or both, once each`},
		{"date", "2027-06-01", "next summer", `a.yaml:7:12: "next summer" is not a date; write 2027-01-31 or 2027-01-31T12:00:00Z`},
		{"id", "id: restricted_denied_burst", "id: Burst", `a.yaml:1:5: rule id "Burst"; write 3 to 64 lower-case letters, digits, - or _, a letter first`},
	} {
		_, problems := Load(testSchema(t), []File{{"a.yaml", []byte(strings.Replace(goodRule, c.from, c.to, 1))}})
		if len(problems) == 0 || problems[0].String() != c.want {
			t.Errorf("%s:\n got %v\nwant %s", c.name, problems, c.want)
		}
	}
}

// A value that cannot be read hides nothing else of its file, and is not said to be missing.
func TestADateThatIsNoneHidesNoOtherProblem(t *testing.T) {
	text := goodRule
	for _, c := range [][2]string{{"2027-06-01", "next summer"}, {"expires: 2027-01-31", "expires: soon"}, {"version: 1", "version: one"}, {"severity: high", "severity: serious"},
		{"event.reason", "event.reson"}, {"speaks: for", "speaks: maybe"}} {
		if !strings.Contains(text, c[0]) {
			t.Fatalf("a poor test: no %s", c[0])
		}
		text = strings.Replace(text, c[0], c[1], 1)
	}
	set, problems := Load(testSchema(t), []File{{"a.yaml", []byte(text)}, {"b.yaml", []byte(strings.Replace(goodRule, "id: r", "id: other_r", 1))}})
	var got []string
	for _, p := range problems {
		got = append(got, p.What)
	}
	want := []string{`"one" where a number is needed`, `severity "serious"`, `"next summer" is not a date; write 2027-01-31 or 2027-01-31T12:00:00Z`,
		"unknown field event.reson; did you mean event.reason?", `"soon" is not a date; write 2027-01-31 or 2027-01-31T12:00:00Z`, `speaks: "maybe"`}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if len(set.Rules) != 1 || set.Rules[0].File != "b.yaml" {
		t.Errorf("in the set: %v", set.Rules)
	}
}

func TestOneIDInTwoFilesIsAProblem(t *testing.T) {
	_, problems := Load(testSchema(t), []File{{"a.yaml", []byte(goodRule)}, {"b.yaml", []byte(goodRule)}})
	if len(problems) != 1 || !strings.Contains(problems[0].String(), "b.yaml:1:5: rule id restricted_denied_burst stands in a.yaml, too") {
		t.Error(problems)
	}
}

// The index may only leave out rules that cannot match.
func TestTheFinderLeavesOutOnlyRulesThatCannotMatch(t *testing.T) {
	schema := testSchema(t)
	var files []File
	conditions := []string{
		`event.dataset == "niche"`, `event.dataset == "pnc" or event.action == "view"`, `event.action in ["view", "print"] and event.dataset == "niche"`,
		`not (event.dataset == "niche")`, `event.dataset == "niche" ? event.action == "view" : false`, `has(object.type)`,
		`object.type == "person" and event.action != "view"`, `(event.dataset == "niche" and event.action == "view") or (event.dataset == "pnc" and event.action == "print")`,
	}
	for i, c := range conditions {
		text := strings.Replace(goodRule, "restricted_denied_burst", "rule_"+string(rune('a'+i)), 1)
		at := strings.Index(text, "when: |")
		end := strings.Index(text, "correlation:")
		files = append(files, File{string(rune('a' + i)), []byte(text[:at] + "when: '" + c + "'\n" + text[end:])})
	}
	set, problems := Load(schema, files)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	finder, e := set.NewFinder(), set.NewEval()
	left := 0
	for _, dataset := range []string{"", "niche", "pnc", "storm"} {
		for _, action := range []string{"", "view", "print", "erase"} {
			for _, object := range []string{"", "person", "vehicle"} {
				ev := anEvent(schema)
				for f, v := range map[string]string{"event.dataset": dataset, "event.action": action, "object.type": object} {
					field, _ := schema.Field(f)
					ev.Slots[field].Str, ev.Slots[field].Kind = v, 0
					if v != "" {
						ev.Slots[field].Kind = 1
					}
				}
				found := map[string]bool{}
				candidates, _ := finder.Rules(ev)
				for _, r := range candidates {
					found[r.ID] = true
				}
				e.Begin(ev)
				for _, r := range set.Rules {
					if !found[r.ID] {
						left++
						if v := e.Verdict(r.Cond); v == True || v == Undecided {
							t.Errorf("%s/%s/%s: the finder left out %s, which is %v", dataset, action, object, r.Cond.Source, v)
						}
					}
				}
			}
		}
	}
	if left == 0 {
		t.Error("the finder left out nothing")
	}
}
