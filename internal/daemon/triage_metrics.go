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
}

func newTriageStates(d *Daemon) *triageStates {
	return &triageStates{
		daemon: d,
		dispositions: prometheus.NewDesc("probity_alert_dispositions_total",
			"Times that alerts were closed, by outcome; the share of misuse and unintentional is the rule's precision.", []string{"rule", "severity", "outcome"}, nil),
		budget: prometheus.NewDesc("probity_alert_budget_used_ratio",
			"Alerts of the rule in seven days, by what the budget allows one rule; above 1 they go into digests.", []string{"rule"}, nil),
	}
}

// Describe lists the metrics.
func (s *triageStates) Describe(to chan<- *prometheus.Desc) {
	to <- s.dispositions
	to <- s.budget
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
	err := d.store.EachDisposition(func(x alert.Disposition) error {
		closings[closing{x.Rule, x.Severity, x.Outcome}]++
		return nil
	})
	if err != nil {
		to <- prometheus.NewInvalidMetric(s.dispositions, err)
	}
	for c, n := range closings {
		to <- prometheus.MustNewConstMetric(s.dispositions, prometheus.CounterValue, float64(n), c.rule, string(c.severity), string(c.outcome))
	}
	s.collectBudget(to)
}

func (s *triageStates) collectBudget(to chan<- prometheus.Metric) {
	d := s.daemon
	perWeek := d.Config.Budget.PerWeek
	if perWeek == 0 {
		return
	}
	used := map[string]int{}
	for _, r := range d.current.Load().Rules.Rules {
		used[r.ID] = 0
	}
	since := time.Now().AddDate(0, 0, -7)
	err := d.store.EachCase(func(c alert.Case) error {
		if c.OpenedAt.After(since) && !d.routes.Withheld(c) {
			used[c.Rule]++
		}
		return nil
	})
	if err != nil {
		to <- prometheus.NewInvalidMetric(s.budget, err)
		return
	}
	for rule, n := range used {
		to <- prometheus.MustNewConstMetric(s.budget, prometheus.GaugeValue, float64(n)/float64(perWeek), rule)
	}
}
