package pipeline

import (
	"os"
	"regexp"
	"slices"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"probity/internal/alert"
	"probity/internal/event"
)

// count is how many series of a metric there are, and their sum.
func count(t *testing.T, from prometheus.Gatherer, name string) (series int, sum float64) {
	t.Helper()
	families, err := from.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == name {
			for _, m := range f.GetMetric() {
				series++
				sum += m.GetCounter().GetValue() + m.GetGauge().GetValue()
			}
		}
	}
	return series, sum
}

// A series that begins with 1 has no rise that Prometheus could see.
func TestTheSeriesOfASourceAreThereBeforeItsFirstRecord(t *testing.T) {
	reg := prometheus.NewPedanticRegistry()
	m := newMetrics(reg)
	m.source(Source{Name: "log", Dataset: "plain"})
	for name, want := range map[string]int{
		"probity_records_total": 1, "probity_events_total": 1, "probity_events_late_total": 1, "probity_source_unaccounted_bytes_total": 1,
		"probity_gaps_total": len(lossReasons), "probity_alert_datasets_total": len(alert.Severities),
	} {
		if n, sum := count(t, reg, name); n != want || sum != 0 {
			t.Errorf("%s has %d series, of together %g; want %d, 0", name, n, sum, want)
		}
	}
	if n, at := count(t, reg, "probity_source_last_read_timestamp_seconds"); n != 1 || at < 1e9 {
		t.Errorf("a source of which nothing was read yet was read last at %g; want the start", at)
	}
}

func TestEveryReasonForALossIsKnownFromTheStart(t *testing.T) {
	src, err := os.ReadFile("../source/source.go")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`(?m)^\tGap[A-Z]\w+ += "([^"]+)"`).FindAllStringSubmatch(string(src), -1)
	for _, f := range found {
		if reason := f[1]; !slices.Contains(lossReasons, reason) {
			t.Errorf("source tells a loss %q, and its series is not there from the start: see lossReasons", reason)
		}
	}
	if len(found) != len(lossReasons) {
		t.Errorf("%d reasons found, %d listed", len(found), len(lossReasons))
	}
}

func TestAnAlertCountsOnceForEachSystemOfItsRecords(t *testing.T) {
	reg := prometheus.NewPedanticRegistry()
	m := newMetrics(reg)
	from := func(dataset string) event.Record {
		return event.Record{Fields: map[string]any{"event.dataset": dataset}}
	}
	m.systems(&alert.Alert{Evidence: []event.Record{from("niche"), from("m365"), from("niche"), {}}}, alert.High)
	if n, sum := count(t, reg, "probity_alert_datasets_total"); n != 2 || sum != 2 {
		t.Errorf("%d series, together %g; want 2, 2", n, sum)
	}
}
