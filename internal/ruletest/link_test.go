package ruletest

import (
	"testing"

	"probity/internal/rule"
)

// checked is a rule that finds checks which no incident explains.
const checked = `id: checked
version: 1
title: Checked
severity: low
description: d
owner: ITSO
review_by: 2027-06-01
proportionality: p
response: r
when: event.dataset == "pnc" and event.action == "search"
correlation:
  type: absence
  absence: {link: 'event.dataset == "storm" and event.action == "update" and object.type == "incident"', before: 30m, after: 2h}
alert: {summary: '{{.actor.id}}'}
tests:
  - name: a check and what may explain it
    events:
      - {event.time: 2026-03-02T12:00:00Z, event.dataset: pnc, event.action: search, user.id: S1}
`

// TestALinkThatIsUnknownAccountsForAMatch: a record that lacks what the link asks for, the fields that rules are found by
// included, may be the link, and then an alert would accuse for want of a field.
func TestALinkThatIsUnknownAccountsForAMatch(t *testing.T) {
	for event, alerts := range map[string]int{
		`event.action: update, user.id: S1, object.type: incident`: 0,
		`event.action: update, user.id: S1`:                        0,
		`user.id: S1, object.type: incident`:                       0,
		`user.id: S1`:                                              0,
		`event.action: view, user.id: S1, object.type: incident`:   1,
		`event.action: view, user.id: S1`:                          1,
		`event.action: update, user.id: S1, object.type: person`:   1,
		`event.action: update, user.id: S2`:                        1,
		`event.action: update, object.type: incident`:              1, // nobody's
	} {
		expected := "    alerts: []\n"
		if alerts > 0 {
			expected = "    alerts: [{group: {actor.id: S1}, count: 1}]\n"
		}
		text := checked + "      - {event.time: 2026-03-02T12:30:00Z, event.dataset: storm, " + event + "}\n" + expected
		results, problems := Run([]rule.File{{Name: "checked.yaml", Data: []byte(text)}}, options(t))
		if len(problems) > 0 || len(results) != 1 || !results[0].Passed {
			t.Errorf("%s: %v %+v", event, problems, results)
		}
	}
}
