package ruletest

import (
	"strings"
	"testing"

	"probity/internal/rule"
)

// documented uses everything that the catalogue shows.
const documented = `id: many_views
version: 2
title: Many views | of one kind
status: stable
severity: high
description: Many records were viewed.
owner: ISO
review_by: 2027-06-01
controls: {gpg13: [PMC7, PMC99], dpa62: consultation, law: [CMA1990-s1], iso27001: [A.8.16]}
proportionality: Only views are counted.
params: {limit: 3, spell: 90m, roles: [vetting, duty]}
when: |
  event.dataset in ["pnc", "niche", "other"]
  and event.action == "view" and not (actor.role in roles)
correlation: {type: event_count, group_by: [actor.id, object.id], timespan: spell, condition: {gt: limit}}
decide_within: 48h
exceptions:
  - {when: 'user.name == "a" || user.name == "b"', reason: A migration., approved_by: IAB, expires: 2027-01-31}
facts:
  - {say: off duty, when: 'duty(actor.id) == "off"', speaks: for}
points: 40
alert: {period: 7d, summary: '{{.actor.id}} viewed {{.count}}'}
false_positives: [A list that opens by itself.]
response: |
  1. Look.
  2. Ask.
tests: []
`

func TestTheCatalogueShowsAllThatRulesSay(t *testing.T) {
	set, problems := rule.Load(options(t).Schema, []rule.File{
		{Name: "all/many.yaml", Data: []byte(documented)}, {Name: "./r.yaml", Data: []byte(strings.TrimSuffix(head, "tests:\n"))},
	})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	c := NewCatalogue(set)
	var b strings.Builder
	if err := c.WriteMarkdown(&b); err != nil {
		t.Fatal(err)
	}
	goldenText(t, "docs/catalogue.md", b.String())
}
