package ruletest

import (
	"strings"
	"testing"

	"probity/internal/rule"
)

// What waits for the watermark, and what looks at the clock, can be tested as anything else can.
const (
	quiet = `
when: event.dataset == "niche"
correlation: {type: silence, timespan: 1h}
alert: {summary: "{{.event.dataset}}: {{.measured}}."}
`
	skewed = `
when: event.dataset == "storm"
correlation: {type: clock_skew, timespan: 10m, tolerance: 2m, condition: {gte: 3}}
alert: {summary: "{{.event.dataset}}: {{.measured}}."}
`
	firstSeen = `
when: event.dataset == "niche"
correlation: {type: new_value, timespan: 30d, field: host.name, min_history: 1d}
alert: {summary: "{{.actor.id}} {{.times}} {{.when}}."}
`
	frame = `
id: busy
version: 1
title: t
severity: medium
description: d
owner: ISO
review_by: 2027-06-01
proportionality: p
response: r
`
	header = "      - AuditID,AuditTime,UserID,UserName,Workstation,ClientIP,Application,Verb,EntityType,EntityGUID,EntityURN,EntityLabel,Restricted,AccessDenied,LinkedOccurrence,SearchTerms,RowCount,Reason\n"
)

func row(id, at, host string) string {
	return "      - '" + id + "," + at + ",c4821,Q," + host + ",192.0.2.7,NicheRMS,View,Person,G,P/1,L,N,N,,,,'\n"
}

func TestWhatWaitsIsToldByTheEndOfATest(t *testing.T) {
	niche := "tests:\n  - name: t\n    source: niche\n    lines:\n" + header
	storm := "tests:\n  - name: t\n    events:\n"
	behind := "      - {event.time: 2026-03-02T12:00:00Z, event.ingested: 2026-03-02T12:05:00Z, event.dataset: storm, repeat: 3, every: 1m}\n"
	after := "      - {event.time: 2026-03-02T12:30:00Z, event.ingested: 2026-03-02T12:30:01Z, event.dataset: storm}\n"
	for name, c := range map[string]struct {
		rule, tests string
		problem     string
	}{
		"a source that goes on until the end": {rule: quiet, tests: niche + row("1", "2026-03-02 12:00:00.000", "A") +
			row("2", "2026-03-02 12:50:00.000", "A") + "    until: 2026-03-02T13:40:00Z\n    alerts: []\n"},
		"a source that says no more": {rule: quiet, tests: niche + row("1", "2026-03-02 12:00:00.000", "A") +
			"    alerts:\n      - {group: {event.dataset: niche}, summary: 'niche: nothing since 2026-03-02 12:00:00 UTC.'}\n"},
		"a source of which the end is not said": {rule: quiet, tests: niche + row("1", "2026-03-02 12:00:00.000", "A") + "    alerts: []\n",
			problem: "unexpected: alert {event.dataset: niche}"},
		"two silences of a day are counted": {rule: quiet, tests: niche + row("1", "2026-03-02 12:00:00.000", "A") + row("2", "2026-03-02 14:00:00.000", "A") +
			"    alerts:\n      - {group: {event.dataset: niche}, count: 2}\n"},
		"rows that wait for a watermark, through the daemon's loop": {rule: firstSeen, tests: niche + row("1", "2026-03-02 12:00:00.000", "A") +
			row("2", "2026-03-04 12:00:00.000", "B") + "    alerts:\n      - {group: {actor.id: 'niche:c4821'}, count: 1, evidence: [2]}\n"},
		"a clock that is behind": {rule: skewed, tests: storm + behind + after +
			"    alerts:\n      - {group: {event.dataset: storm}, count: 1, summary: 'storm: 5m0s behind from 2026-03-02 12:00:00 UTC to 2026-03-02 12:10:00 UTC.'}\n"},
		"records that nobody says were read as they were written": {rule: skewed, tests: strings.ReplaceAll(storm+behind+after, "event.ingested: 2026-03-02T12:05:00Z, ", "") + "    alerts: []\n"},
	} {
		t.Run(name, func(t *testing.T) {
			report, problems := Deep([]rule.File{{Name: "busy.yaml", Data: []byte(frame + c.rule + c.tests)}}, options(t))
			if len(problems) > 0 {
				t.Fatal(problems)
			}
			told := strings.Join(report.Results[0].Problems, "\n")
			if c.problem == "" && told != "" || !strings.Contains(told, c.problem) {
				t.Errorf("%q, want %q", told, c.problem)
			}
			for _, d := range report.Tests {
				for _, b := range d.Broken {
					t.Errorf("%s: %s", b.Property, b.What)
				}
			}
		})
	}
}
