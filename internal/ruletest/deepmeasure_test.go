package ruletest

import (
	"strings"
	"testing"

	"probity/internal/rule"
)

// Rules that fire because of fewer events keep their properties: what a missing field means to them is not asked.
func TestRulesThatMeasureKeepTheirProperties(t *testing.T) {
	for name, c := range map[string]struct {
		body string
	}{
		"gap": {`when: event.dataset == "niche"
correlation: {type: gap, timespan: 1h}
alert: {summary: '{{.event.dataset}}: {{.measured}}'}
tests:
  - name: three and four are missing
    events:
      - {event.time: 2026-03-02T12:00:00Z, event.dataset: niche, event.sequence: 1}
      - {event.time: 2026-03-02T12:01:00Z, event.dataset: niche, event.sequence: 2}
      - {event.time: 2026-03-02T12:02:00Z, event.dataset: niche, event.sequence: 5}
    alerts: [{count: 1, summary: 'niche: 2 missing (3–4) before 2026-03-02 12:02:00 UTC'}]
`},
		"silence": {`when: event.dataset == "niche"
correlation: {type: silence, timespan: 10m}
alert: {summary: '{{.event.dataset}}: {{.measured}}'}
tests:
  - name: twice
    events:
      - {event.time: 2026-03-02T12:00:00Z, event.dataset: niche, user.id: S1, repeat: 5, every: 1m}
      - {event.time: 2026-03-02T13:00:00Z, event.dataset: niche, user.id: S1, repeat: 5, every: 1m}
    alerts: [{count: 2}]
`},
		"bounds": {`when: event.action == "view"
correlation: {type: event_count, timespan: 10m, condition: {gte: 2, lt: 4}}
alert: {summary: '{{.actor.id}} {{.times}}'}
tests:
  - name: three are few, five are not
    events:
      - {event.time: 2026-03-02T12:00:00Z, event.dataset: niche, event.action: view, user.id: S1, repeat: 3, every: 1m}
      - {event.time: 2026-03-02T12:00:00Z, event.dataset: niche, event.action: view, user.id: S2, repeat: 5, every: 1s}
    alerts: [{group: {actor.id: S1}, count: 3}, {group: {actor.id: S2}, count: 3}]
`},
		"sum": {`when: has(query.count)
correlation: {type: value_sum, field: query.count, timespan: 10m, condition: {gte: 100}}
alert: {summary: '{{.actor.id}} {{.sum}}'}
tests:
  - name: a hundred and twenty
    events:
      - {event.time: 2026-03-02T12:00:00Z, event.dataset: niche, user.id: S1, query.count: 40, repeat: 4, every: 1m}
    alerts: [{count: 4}]
`},
		"days of London": {`when: event.action == "view"
correlation: {type: baseline, baseline: {every: 1d, history: 20d, least: 3, above: 3}}
alert: {summary: '{{.actor.id}} {{.measured}}'}
tests:
  - name: half an hour to each side of midnight in London
    events:
      - {event.time: 2026-07-01T12:00:00Z, event.dataset: niche, event.action: view, user.id: S1, repeat: 5, every: 1d}
      - {event.time: 2026-07-08T22:30:00Z, event.dataset: niche, event.action: view, user.id: S1, repeat: 4, every: 1m}
      - {event.time: 2026-07-08T23:30:00Z, event.dataset: niche, event.action: view, user.id: S1, repeat: 4, every: 1m}
    alerts: []
`},
		"score": {`when: event.dataset == "probity" and event.risk_score > 0
correlation: {type: value_sum, field: event.risk_score, timespan: 30d, condition: {gte: 50}}
alert: {summary: '{{.actor.id}} {{.sum}}'}
tests:
  - name: two alerts
    events:
      - {event.time: 2026-03-02T12:00:00Z, event.dataset: probity, event.action: alert, rule.id: x, user.id: S1, event.risk_score: 30}
      - {event.time: 2026-03-03T12:00:00Z, event.dataset: probity, event.action: alert, rule.id: y, user.id: S1, event.risk_score: 30}
    alerts: [{count: 2}]
`},
	} {
		t.Run(name, func(t *testing.T) {
			text := strings.Split(head, "when: |")[0] + c.body
			r, problems := Deep([]rule.File{{Name: "r.yaml", Data: []byte(text)}}, options(t))
			if len(problems) > 0 {
				t.Fatal(problems)
			}
			for _, x := range r.Results {
				if !x.Passed {
					t.Error(x.Problems)
				}
			}
			for _, x := range r.Tests {
				if len(x.Broken) > 0 {
					t.Error(x.Broken)
				}
			}
		})
	}
}
