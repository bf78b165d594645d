package daemon

import (
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"probity/internal/approval"
	"probity/internal/coverage"
)

// metrics are what the daemon itself tells, beside those of pipeline and notify.
type metrics struct {
	reloads    *prometheus.CounterVec
	successful prometheus.Gauge
	succeeded  prometheus.Gauge
}

const (
	reloadSuccess = "success"
	reloadRefused = "refused"
)

func newMetrics(d *Daemon) (*metrics, error) {
	m := &metrics{
		reloads: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "probity_reloads_total", Help: "Reloads of rules and tables; a refused one changes nothing.",
		}, []string{"result"}),
		successful: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "probity_config_last_reload_successful", Help: "1 if the last reload was put in force.",
		}),
		succeeded: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "probity_config_last_reload_success_timestamp_seconds", Help: "When rules and tables were last put in force.",
		}),
	}
	m.reloads.WithLabelValues(reloadSuccess)
	m.reloads.WithLabelValues(reloadRefused)
	m.successful.Set(1)
	m.succeeded.SetToCurrentTime()
	build := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "probity_build_info", Help: "This program.",
		ConstLabels: prometheus.Labels{"version": Version(), "goversion": runtime.Version()},
	}, func() float64 { return 1 })
	for _, c := range []prometheus.Collector{m.reloads, m.successful, m.succeeded, build, newStates(d), newDiskStates(d.Config.StateDir), newTriageStates(d), newSignedStates(d.checkpoints)} {
		if err := d.Registry.Register(c); err != nil {
			return nil, fmt.Errorf("registering metrics: %w", err)
		}
	}
	for _, c := range []prometheus.Collector{collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{})} {
		err := d.Registry.Register(c)
		if have := (prometheus.AlreadyRegisteredError{}); err != nil && !errors.As(err, &have) { // whoever embeds us may have them
			return nil, fmt.Errorf("registering metrics: %w", err)
		}
	}
	return m, nil
}

func (m *metrics) reloaded(ok bool) {
	if !ok {
		m.reloads.WithLabelValues(reloadRefused).Inc()
		m.successful.Set(0)
		return
	}
	m.reloads.WithLabelValues(reloadSuccess).Inc()
	m.successful.Set(1)
	m.succeeded.SetToCurrentTime()
}

// states are gauges that are true at the moment of the scrape: tables grow stale and revisions wait while nothing happens.
type states struct {
	daemon                                           *Daemon
	tableExported, tableStale, tableRows, findings   *prometheus.Desc
	outboxWaiting, outboxOldest, outboxUndeliverable *prometheus.Desc
	sourceFiles                                      *prometheus.Desc
	ruleActive                                       *prometheus.Desc
	approved                                         *prometheus.Desc
}

func newStates(d *Daemon) *states {
	by := func(label, name, help string) *prometheus.Desc {
		return prometheus.NewDesc(name, help, []string{label}, nil)
	}
	return &states{
		daemon:              d,
		tableExported:       by("table", "probity_table_exported_timestamp_seconds", "When the table's system exported it."),
		tableStale:          by("table", "probity_table_stale", "1 if the table is older than its max_age."),
		tableRows:           by("table", "probity_table_rows", "Rows of the table."),
		findings:            by("table", "probity_table_findings", "Rows that are read as unknown because of a fault."),
		outboxWaiting:       by("sink", "probity_outbox_revisions", "Alert revisions that wait to be delivered."),
		outboxOldest:        by("sink", "probity_outbox_oldest_seconds", "How long the oldest waiting revision has waited."),
		outboxUndeliverable: by("sink", "probity_outbox_undeliverable_revisions", "Alert revisions that the sink refused for ever."),
		sourceFiles:         by("source", "probity_source_files", "Files that the source's paths match; 0 is a blind spot."),
		ruleActive:          by("rule", "probity_rule_active", "1 if the rule can fire, 0 if a source, field or table that it needs is missing; /readyz says which."),
		approved:            prometheus.NewDesc("probity_rules_approved", "1 if all rules of the configured paths are as somebody who may has signed them, 0 if not; absent if nobody has to.", nil, nil),
	}
}

// Describe lists the gauges.
func (s *states) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		s.tableExported, s.tableStale, s.tableRows, s.findings, s.outboxWaiting, s.outboxOldest, s.outboxUndeliverable, s.sourceFiles, s.ruleActive, s.approved,
	} {
		to <- d
	}
}

// Collect reads them.
func (s *states) Collect(to chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, label string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, label)
	}
	g, now := s.daemon.current.Load(), time.Now()
	if a := g.Approval; a != nil {
		to <- prometheus.MustNewConstMetric(s.approved, prometheus.GaugeValue, oneIf(a.Status == approval.Approved))
	}
	faults := map[string]int{}
	for _, f := range g.findings {
		faults[f.Table] += f.Count
	}
	for _, t := range g.tables {
		gauge(s.tableExported, float64(t.ExportedAt.UnixNano())/1e9, t.Name)
		gauge(s.tableStale, oneIf(now.After(t.StaleAt)), t.Name)
		gauge(s.tableRows, float64(t.Rows), t.Name)
		gauge(s.findings, float64(faults[t.Name]), t.Name)
	}
	for i := range g.coverage {
		gauge(s.ruleActive, oneIf(g.coverage[i].State != coverage.Inactive), g.coverage[i].ID)
	}
	for _, f := range s.daemon.sources {
		gauge(s.sourceFiles, float64(f.source.files()), f.source.Name)
	}
	waiting, err := s.daemon.outstanding()
	if err != nil {
		to <- prometheus.NewInvalidMetric(s.outboxWaiting, err)
		return
	}
	for sink, w := range waiting {
		gauge(s.outboxWaiting, float64(w.Count), sink)
		gauge(s.outboxUndeliverable, float64(w.Failed), sink)
		age := 0.0
		if w.Count > 0 {
			age = now.Sub(w.Oldest).Seconds()
		}
		gauge(s.outboxOldest, age, sink)
	}
}

func oneIf(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
