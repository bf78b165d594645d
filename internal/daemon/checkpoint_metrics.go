package daemon

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

func newCheckpointFailures() prometheus.Counter {
	return prometheus.NewCounter(prometheus.CounterOpts{
		Name: "probity_evidence_checkpoint_failures_total", Help: "Attempts to sign the evidence log that failed; the log says why.",
	})
}

// signedStates are what is true of checkpoints at the moment of the scrape. Without a key there are none.
type signedStates struct {
	checkpoints         *checkpoints
	failures            prometheus.Counter
	entries, witnessAge *prometheus.Desc
	intact              *prometheus.Desc
}

func newSignedStates(c *checkpoints) *signedStates {
	s := &signedStates{
		checkpoints: c,
		failures:    newCheckpointFailures(),
		entries:     prometheus.NewDesc("probity_evidence_checkpoint_entries", "Entries of the evidence log that the newest signed checkpoint covers.", nil, nil),
		intact:      prometheus.NewDesc("probity_evidence_intact", "0 if the evidence log was found not to hold what was signed or committed, when it was signed last; else 1.", nil, nil),
		witnessAge:  prometheus.NewDesc("probity_evidence_witness_age_seconds", "How long ago the witness took the newest checkpoint; since the start if it has not.", []string{"witness"}, nil),
	}
	if c != nil {
		s.failures = c.failures
	}
	return s
}

// Describe lists the metrics.
func (s *signedStates) Describe(to chan<- *prometheus.Desc) {
	s.failures.Describe(to)
	to <- s.entries
	to <- s.intact
	to <- s.witnessAge
}

// Collect reads them.
func (s *signedStates) Collect(to chan<- prometheus.Metric) {
	if s.checkpoints == nil {
		return
	}
	s.failures.Collect(to)
	to <- prometheus.MustNewConstMetric(s.entries, prometheus.GaugeValue, float64(s.checkpoints.size.Load()))
	to <- prometheus.MustNewConstMetric(s.intact, prometheus.GaugeValue, oneIf(!s.checkpoints.broken.Load()))
	for _, w := range s.checkpoints.witnesses {
		age := time.Since(time.Unix(0, w.heard.Load())).Seconds()
		to <- prometheus.MustNewConstMetric(s.witnessAge, prometheus.GaugeValue, age, w.sink.Name())
	}
}
