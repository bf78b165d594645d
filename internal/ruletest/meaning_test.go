package ruletest

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"probity/internal/rule"
)

const meant = `id: many
version: 1
title: Many views
severity: medium
description: d
owner: ITSO
review_by: 2027-06-01
proportionality: p
params: {limit: 5, verbs: [view, print], unused: 1}
when: |
  event.dataset == "niche"
  and event.action in verbs
correlation: {type: event_count, group_by: [actor.id], timespan: 30m, condition: {gte: limit}}
exceptions:
  - {when: 'user.name == "robot"', reason: r, approved_by: a, expires: 2027-06-01}
facts:
  - {say: off duty, when: 'duty(actor.id) == "off"', speaks: for}
alert: {summary: '{{.actor.id}} viewed {{.count}} records'}
response: r
`

// loaded compiles one rule, changed by pairs of old and new text.
func loaded(t *testing.T, replace ...string) *rule.Set {
	t.Helper()
	text := meant
	for i := 0; i+1 < len(replace); i += 2 {
		if !strings.Contains(text, replace[i]) {
			t.Fatalf("%q is not in the rule", replace[i])
		}
		text = strings.Replace(text, replace[i], replace[i+1], 1)
	}
	set, problems := rule.Load(options(t).Schema, []rule.File{{Name: "many.yaml", Data: []byte(text)}})
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	return set
}

func TestAMeaningIsWhatDecidesAlertsAndNothingElse(t *testing.T) {
	for name, c := range map[string]struct {
		replace []string
		want    string // parts; - for text only
	}{
		"nothing":                           {nil, ""},
		"the title":                         {[]string{"Many views", "Lots of views"}, "-"},
		"the summary":                       {[]string{"viewed", "opened"}, "-"},
		"a comment and the layout":          {[]string{"\n  and event.action in verbs", " and event.action in verbs // all of them"}, "-"},
		"a version alone":                   {[]string{"version: 1", "version: 2"}, "-"},
		"a parameter that nothing uses":     {[]string{"unused: 1", "unused: 2"}, "-"},
		"a value in place of a parameter":   {[]string{"gte: limit", "gte: 5"}, "-"},
		"who approved an exception":         {[]string{"approved_by: a", "approved_by: b"}, "-"},
		"a threshold through its parameter": {[]string{"limit: 5", "limit: 6"}, "correlation.condition"},
		"a list through its parameter":      {[]string{"view, print", "view"}, "when"},
		"a timespan":                        {[]string{"30m", "20m"}, "correlation.timespan"},
		"a key":                             {[]string{"[actor.id]", "[actor.id, object.id]"}, "correlation.group_by"},
		"an exception's end":                {[]string{"approved_by: a, expires: 2027-06-01", "approved_by: a, expires: 2027-07-01"}, "exceptions"},
		"what a fact speaks for":            {[]string{"speaks: for", "speaks: against"}, "facts"},
		"severity and period":               {[]string{"severity: medium", "severity: high", "alert: {", "alert: {period: 12h, "}, "alert.period severity"},
		"an actor":                          {[]string{"version: 1", "version: 1\nactors: [operator, requestor]"}, "actors"},
		"how long a fact's table is awaited": {[]string{"version: 1", "version: 1\ndecide_within: 12h", `== "niche"`, `== "niche" and duty(actor.id) == "off"`},
			"decide_within when"},
		"a correlation where there was none": {[]string{"correlation: {type: event_count, group_by: [actor.id], timespan: 30m, condition: {gte: limit}}\n", ""},
			"correlation.condition correlation.timespan correlation.type"},
	} {
		t.Run(name, func(t *testing.T) {
			got := Changes(loaded(t), loaded(t, c.replace...))
			switch {
			case c.want == "" && len(got) > 0, c.want != "" && len(got) != 1:
				t.Fatalf("changes: %+v", got)
			case c.want == "":
				return
			}
			parts, kind := strings.Join(got[0].Parts, " "), Meaning
			if c.want == "-" {
				c.want, kind = "", Text
			}
			if parts != c.want || got[0].Kind != kind {
				t.Errorf("%s of %q, want %s of %q", got[0].Kind, parts, kind, c.want)
			}
		})
	}
}

func TestAMeaningUnderAnUnraisedVersionIsSilent(t *testing.T) {
	base := loaded(t)
	for _, c := range []struct {
		name    string
		replace []string
		silent  bool
	}{
		{"unraised", []string{"limit: 5", "limit: 6"}, true},
		{"raised", []string{"limit: 5", "limit: 6", "version: 1", "version: 2"}, false},
		{"text only", []string{"Many views", "Lots of views"}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, change := range Changes(base, loaded(t, c.replace...)) {
				if change.Silent() != c.silent {
					t.Errorf("%+v: silent %v", change, change.Silent())
				}
			}
		})
	}
}

func TestRulesThatComeAndGoAreTold(t *testing.T) {
	base, head := loaded(t), loaded(t, "id: many", "id: lots", "version: 1", "version: 3")
	want := []Change{
		{Rule: "lots", File: "many.yaml", Kind: Added, To: 3},
		{Rule: "many", File: "many.yaml", Kind: Removed, From: 1},
	}
	if diff := cmp.Diff(want, Changes(base, head)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := ChangedMeaning(base, head); len(got) > 0 {
		t.Errorf("rules of one set only have no changed meaning: %+v", got)
	}
}

func TestAnOverlayChangesTheMeaningAndNotTheVersion(t *testing.T) {
	with := func(overlay string) *rule.Set {
		t.Helper()
		set, problems := rule.Load(options(t).Schema, []rule.File{
			{Name: "many.yaml", Data: []byte(meant)},
			{Name: "force.yaml", Data: []byte("overlay: many\nreason: r\nowner: ITSO\nreview_by: 2027-06-01\n" + overlay)},
		})
		if err := problems.Err(); err != nil {
			t.Fatal(err)
		}
		return set
	}
	plain, strict, off := loaded(t), with("params: {limit: 8}\n"), with("disabled: {reason: r, approved_by: ISO}\n")
	for _, c := range []struct {
		name       string
		base, head *rule.Set
		want       Change
	}{
		{"it comes", plain, strict, Change{Kind: Meaning, Parts: []string{"correlation.condition"}, From: 1, To: 1}},
		{"it changes", with("params: {limit: 7}\n"), strict, Change{Kind: Meaning, Parts: []string{"correlation.condition"}, From: 1, To: 1}},
		{"it switches the rule off", plain, off, Change{Kind: Removed, From: 1}},
		{"it switches the rule on again", off, plain, Change{Kind: Added, To: 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.want.Rule, c.want.File, c.want.Overlay = "many", "many.yaml", true
			got := Changes(c.base, c.head)
			if diff := cmp.Diff([]Change{c.want}, got); diff != "" || got[0].Silent() {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
