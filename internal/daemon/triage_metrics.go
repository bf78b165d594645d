package daemon

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"probity/internal/alert"
)

// triageStates are what closings and the budget say of rules at the moment of the scrape. They are read from the state folder, so
// a restart changes nothing. What is withheld is in neither.
type triageStates struct {
	daemon               *Daemon
	dispositions, budget *prometheus.Desc
	open, triaged        *prometheus.Desc
}

func newTriageStates(d *Daemon) *triageStates {
	return &triageStates{
		daemon: d,
		dispositions: prometheus.NewDesc("probity_alert_dispositions_total",
			"Times that alerts were closed, by outcome; the share of misuse and unintentional is the rule's precision.", []string{"rule", "severity", "outcome"}, nil),
		budget: prometheus.NewDesc("probity_alert_budget_used_ratio",
			"Alerts of the rule in seven days, by what the budget allows one rule; above 1 they go into digests.", []string{"rule"}, nil),
		open:    prometheus.NewDesc("probity_alerts_open", "Alerts that nobody has closed, or that were reopened by a further record.", []string{"severity"}, nil),
		triaged: prometheus.NewDesc("probity_alert_triage_seconds", "Time from an alert's first revision to its first closing, by severity at that closing.", []string{"severity"}, nil),
	}
}

// Describe lists the metrics.
func (s *triageStates) Describe(to chan<- *prometheus.Desc) {
	to <- s.dispositions
	to <- s.budget
	to <- s.open
	to <- s.triaged
}

// Collect reads them.
func (s *triageStates) Collect(to chan<- prometheus.Metric) {
	d := s.daemon
	d.storeUse.Lock()
	defer d.storeUse.Unlock()
	if d.store == nil { // closed, and whoever holds the registry may still ask
		return
	}
	type closing struct {
		rule     string
		severity alert.Severity
		outcome  alert.Outcome
	}
	closings := map[closing]int{}
	var first []alert.Disposition
	err := d.store.EachDisposition(func(x alert.Disposition) error {
		closings[closing{x.Rule, x.Severity, x.Outcome}]++
		if x.N == 1 {
			first = append(first, x)
		}
		return nil
	})
	if err != nil {
		to <- prometheus.NewInvalidMetric(s.dispositions, err)
	}
	for c, n := range closings {
		to <- prometheus.MustNewConstMetric(s.dispositions, prometheus.CounterValue, float64(n), c.rule, string(c.severity), string(c.outcome))
	}
	s.collectCases(to, first)
}

// collectCases tells what the cases say; first are the first closings.
func (s *triageStates) collectCases(to chan<- prometheus.Metric, first []alert.Disposition) {
	d := s.daemon
	perWeek := d.Config.Budget.PerWeek
	if perWeek == 0 && len(d.Config.Roles) == 0 {
		return
	}
	used, open, opened := map[string]int{}, map[alert.Severity]int{}, map[string]time.Time{}
	for _, r := range d.current.Load().Rules.Rules {
		used[r.ID] = 0
	}
	since := time.Now().AddDate(0, 0, -7)
	err := d.store.EachCase(func(c alert.Case) error {
		if d.routes.Withheld(c) {
			return nil
		}
		if c.OpenedAt.After(since) {
			used[c.Rule]++
		}
		switch c.State() {
		case alert.Open, alert.Reopened:
			open[c.Severity()]++
		}
		if c.Closings > 0 {
			opened[c.ID] = c.OpenedAt
		}
		return nil
	})
	if err != nil {
		to <- prometheus.NewInvalidMetric(s.budget, err)
		return
	}
	if len(d.Config.Roles) > 0 { // without, nobody can close anything
		times := triageTimes(first, opened)
		for _, severity := range alert.Severities {
			to <- prometheus.MustNewConstMetric(s.open, prometheus.GaugeValue, float64(open[severity]), string(severity))
			to <- times[severity].metric(s.triaged, string(severity))
		}
	}
	if perWeek == 0 {
		return
	}
	for rule, n := range used {
		to <- prometheus.MustNewConstMetric(s.budget, prometheus.GaugeValue, float64(n)/float64(perWeek), rule)
	}
}
