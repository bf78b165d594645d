package demo

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
)

// readings are what the daemon's metrics said at one moment: what anybody can read at /metrics, and all that the demo knows
// of the daemon's inside.
type readings map[string][]reading

type reading struct {
	labels map[string]string
	value  float64
}

// read reads the counters and gauges.
func read(g prometheus.Gatherer) (readings, error) {
	families, err := g.Gather()
	if err != nil {
		return nil, fmt.Errorf("reading the daemon's metrics: %w", err)
	}
	out := readings{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			r := reading{labels: map[string]string{}, value: m.GetCounter().GetValue() + m.GetGauge().GetValue()}
			for _, l := range m.GetLabel() {
				r.labels[l.GetName()] = l.GetValue()
			}
			out[f.GetName()] = append(out[f.GetName()], r)
		}
	}
	return out, nil
}

// sum adds up all series of a metric.
func (r readings) sum(metric string) (total float64) {
	for _, x := range r[metric] {
		total += x.value
	}
	return total
}

// by adds up the series of a metric by one label.
func (r readings) by(metric, label string) map[string]float64 {
	out := map[string]float64{}
	for _, x := range r[metric] {
		out[x.labels[label]] += x.value
	}
	return out
}
