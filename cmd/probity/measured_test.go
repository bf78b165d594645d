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
	resp, err := http.Get("http://" + p.listen() + "/metrics")
	if err != nil {
		return -1
	}
	defer resp.Body.Close()
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(resp.Body)
	if err != nil {
		return -1
	}
	sum := 0.0
	for _, m := range families[name].GetMetric() {
		sum += m.GetCounter().GetValue() + m.GetGauge().GetValue()
	}
	return sum
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
func (p *process) peak() (mib int) { return p.memory("VmHWM:") }

func (p *process) memory(row string) (mib int) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.Process.Pid))
	if err != nil {
		return -1
	}
	_, rest, _ := strings.Cut(string(text), row)
	kib := 0
	if _, err := fmt.Sscan(rest, &kib); err != nil {
		return -1
	}
	return kib >> 10
}
