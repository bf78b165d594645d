package notify

import (
	"github.com/prometheus/client_golang/prometheus"
)

// metrics of all sinks. Every series exists from the start, so that "no failures" and "no such sink" look different.
type metrics struct {
	delivered *prometheus.CounterVec
	failed    *prometheus.CounterVec
	outbox    *prometheus.CounterVec
	up        *prometheus.GaugeVec
	seconds   *prometheus.HistogramVec
}

const (
	temporary = "temporary"
	permanent = "permanent"
)

func newMetrics(reg prometheus.Registerer, sinks []Sink) (*metrics, error) {
	bySink := []string{"sink"}
	m := &metrics{
		delivered: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "probity_deliveries_total",
			Help: "Alert revisions that arrived at the sink and are recorded so.",
		}, bySink),
		failed: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "probity_delivery_failures_total",
			Help: "Attempts that failed. Temporary ones are made again; a permanent one leaves its revision undelivered.",
		}, []string{"sink", "kind"}),
		outbox: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "probity_outbox_errors_total",
			Help: "Times that the outbox could not be read or written for the sink.",
		}, bySink),
		up: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "probity_sink_up",
			Help: "0 while the sink takes nothing and all its revisions wait, else 1.",
		}, bySink),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "probity_delivery_duration_seconds",
			Help:    "Duration of an attempt, which is one revision for a webhook and one batch for a file.",
			Buckets: prometheus.ExponentialBuckets(0.001, 4, 8), // 1 ms to 16 s
		}, bySink),
	}
	for _, c := range []prometheus.Collector{m.delivered, m.failed, m.outbox, m.up, m.seconds} {
		if err := reg.Register(c); err != nil {
			return nil, err
		}
	}
	for _, s := range sinks {
		m.delivered.WithLabelValues(s.Name())
		m.failed.WithLabelValues(s.Name(), temporary)
		m.failed.WithLabelValues(s.Name(), permanent)
		m.outbox.WithLabelValues(s.Name())
		m.up.WithLabelValues(s.Name()).Set(1)
		m.seconds.WithLabelValues(s.Name())
	}
	return m, nil
}
