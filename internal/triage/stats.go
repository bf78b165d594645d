package triage

import (
	"cmp"
	"net/http"
	"slices"
	"time"

	"probity/internal/alert"
)

// week is what the alert budget is for.
const week = 7 * 24 * time.Hour

func (s *Server) stats(who *caller, r *http.Request) (any, error) {
	q, err := parseQuery(r.URL.Query())
	if err != nil {
		return nil, refuse(http.StatusBadRequest, err.Error())
	}
	first, last := map[string]time.Time{}, map[string]alert.Outcome{}
	err = s.Cases.EachDisposition(func(d alert.Disposition) error {
		if d.N == 1 {
			first[d.AlertID] = d.At
		}
		last[d.AlertID] = d.Outcome
		return nil
	})
	if err != nil {
		return nil, err
	}
	type key struct {
		rule     string
		severity alert.Severity
	}
	rules, waits := map[key]*RuleStat{}, map[key][]time.Duration{}
	now := s.Now()
	err = s.Cases.EachCase(func(c alert.Case) error {
		if c.OpenedAt.Before(q.Since) || !s.Roles.IsCounted(who.Roles, c) {
			return nil
		}
		k := key{c.Rule, c.Severity()}
		if rules[k] == nil {
			rules[k] = &RuleStat{Rule: k.rule, Severity: k.severity, Outcomes: map[alert.Outcome]int{}}
		}
		rules[k].add(&c, now)
		if o, ok := last[c.ID]; ok {
			rules[k].Outcomes[o]++
			waits[k] = append(waits[k], first[c.ID].Sub(c.OpenedAt))
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	out := Stats{PerWeek: s.PerWeek, Rules: []RuleStat{}}
	for k, st := range rules {
		st.conclude(waits[k])
		out.Rules = append(out.Rules, *st)
	}
	slices.SortFunc(out.Rules, func(a, b RuleStat) int {
		return cmp.Or(cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Severity, b.Severity))
	})
	return out, nil
}

func (st *RuleStat) add(c *alert.Case, now time.Time) {
	st.Alerts++
	if c.OpenedAt.After(now.Add(-week)) {
		st.Week++
	}
	if c.Folded > 0 {
		st.Folded++
	}
	switch c.State() {
	case alert.Open, alert.Reopened:
		st.Open++
	case alert.Closed:
		st.Closed++
	}
}

// conclude computes what needs all of the rule's alerts.
func (st *RuleStat) conclude(waits []time.Duration) {
	if len(waits) == 0 {
		return
	}
	st.Precision = alert.PrecisionOf(st.Outcomes)
	slices.Sort(waits)
	median := int64(waits[(len(waits)-1)/2] / time.Second)
	st.TriageSeconds = &median
}
