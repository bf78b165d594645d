package main

import (
	"fmt"
	"net/http"
	"os"
	"strings"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// metric is the sum of a metric over its labels as /metrics tells it now, -1 while nobody answers.
func (p *process) metric(name string) float64 {
	m := p.metrics()
	if m == nil {
		return -1
	}
	return m[name]
}

// metrics are the sums of all counters and gauges, by name; nil while nobody answers.
func (p *process) metrics() map[string]float64 {
	resp, err := http.Get("http://" + p.listen() + "/metrics")
	if err != nil {
		return nil
	}
	defer resp.Body.Close()
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(resp.Body)
	if err != nil {
		return nil
	}
	sums := make(map[string]float64, len(families))
	for name, family := range families {
		for _, m := range family.GetMetric() {
			sums[name] += m.GetCounter().GetValue() + m.GetGauge().GetValue()
		}
	}
	return sums
}

// status is the answer of a path, "" while there is none.
func (p *process) status(path string) (code int, text string) {
	resp, err := http.Get("http://" + p.listen() + path)
	if err != nil {
		return 0, ""
	}
	defer resp.Body.Close()
	var b strings.Builder
	_ = resp.Write(&b)
	return resp.StatusCode, b.String()
}

// peak is the most memory that the process ever had, in MiB: its resident set, which counts whatever a limit of systemd or
// of a container would.
func (p *process) peak() (mib int) { return int(p.memory("VmHWM:")) }

func (p *process) memory(row string) (mib float64) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.Process.Pid))
	if err != nil {
		return -1
	}
	_, rest, _ := strings.Cut(string(text), row)
	kib := 0.0
	if _, err := fmt.Sscan(rest, &kib); err != nil {
		return -1
	}
	return kib / (1 << 10)
}
