package daemon

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"probity/internal/alert"
)

// triageBuckets are upper bounds: an hour, a shift, days, weeks.
var triageBuckets = []time.Duration{time.Hour, 4 * time.Hour, 8 * time.Hour, 24 * time.Hour, 48 * time.Hour, 72 * time.Hour, 7 * 24 * time.Hour, 14 * 24 * time.Hour, 30 * 24 * time.Hour}

// histogram is one that is counted anew at each scrape.
type histogram struct {
	n       uint64
	sum     float64
	buckets map[float64]uint64
}

func newHistogram(bounds []time.Duration) *histogram {
	h := &histogram{buckets: map[float64]uint64{}}
	for _, bound := range bounds {
		h.buckets[bound.Seconds()] = 0
	}
	return h
}

func (h *histogram) observe(took time.Duration) {
	h.n++
	h.sum += took.Seconds()
	for bound := range h.buckets {
		if took.Seconds() <= bound {
			h.buckets[bound]++
		}
	}
}

func (h *histogram) metric(d *prometheus.Desc, labels ...string) prometheus.Metric {
	return prometheus.MustNewConstHistogram(d, h.n, h.sum, h.buckets, labels...)
}

// triageTimes counts how long alerts waited, by severity, with 0 where none was closed. A first closing that is not in opened
// is of a case that was reopened and is withheld again.
func triageTimes(first []alert.Disposition, opened map[string]time.Time) map[alert.Severity]*histogram {
	out := map[alert.Severity]*histogram{}
	for _, severity := range alert.Severities {
		out[severity] = newHistogram(triageBuckets)
	}
	for _, x := range first {
		since, ok := opened[x.AlertID]
		if !ok {
			continue
		}
		out[x.Severity].observe(x.At.Sub(since))
	}
	return out
}
