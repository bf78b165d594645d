package daemon

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"probity/internal/alert"
)

var updateMetrics = flag.Bool("update-metrics", false, "rewrite the table in dashboards/README.md")

// Every metric is described where a SOC looks for it, and nothing else is.
func TestTheMetricsAreDescribed(t *testing.T) {
	s := newSite(t)
	reg := prometheus.NewRegistry()
	s.start(Options{Registry: reg})
	descs := make(chan *prometheus.Desc, 1000)
	reg.Describe(descs)
	close(descs)
	var rows []string
	for d := range descs {
		name, help, labels := readDesc(d.String())
		if strings.HasPrefix(name, "probity_") {
			rows = append(rows, fmt.Sprintf("| `%s` | %s | %s |", name, labels, help))
		}
	}
	slices.Sort(rows)
	const file, begin, end = "../../dashboards/README.md", "<!-- metrics: generated -->\n", "<!-- end -->"
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, _ := strings.Cut(string(b), begin)
	table, tail, _ := strings.Cut(rest, end)
	want := "| metric | labels | tells |\n|---|---|---|\n" + strings.Join(slices.Compact(rows), "\n") + "\n"
	if *updateMetrics {
		if err := os.WriteFile(file, []byte(head+begin+want+end+tail), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if table != want {
		t.Errorf("%s is out of step; go test ./internal/daemon -run Metrics -update-metrics\n got %s\nwant %s", file, table, want)
	}
}

// readDesc reads what a Desc prints: Desc{fqName: "…", help: "…", constLabels: {}, variableLabels: {a,b}}.
func readDesc(s string) (name, help, labels string) {
	if _, err := fmt.Sscanf(s, "Desc{fqName: %q, help: %q,", &name, &help); err != nil {
		return "", "", ""
	}
	_, labels, _ = strings.Cut(s, "variableLabels: {")
	labels = strings.TrimRight(labels, "}")
	return name, help, strings.ReplaceAll(labels, ",", ", ")
}

// gauge is the value of the only series of a gauge or counter.
func gauge(t *testing.T, from prometheus.Gatherer, name string) float64 {
	t.Helper()
	families, err := from.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == name && len(f.GetMetric()) == 1 {
			return f.GetMetric()[0].GetGauge().GetValue() + f.GetMetric()[0].GetCounter().GetValue()
		}
	}
	t.Fatalf("no single series %s", name)
	return 0
}

func TestTheRoomOfTheStateFolderIsTold(t *testing.T) {
	t.Parallel()
	reg := prometheus.NewRegistry()
	reg.MustRegister(newDiskStates(t.TempDir()))
	free, size := gauge(t, reg, "probity_state_disk_free_bytes"), gauge(t, reg, "probity_state_disk_bytes")
	if size < 1<<20 || free < 0 || free > size {
		t.Errorf("%g of %g bytes are free", free, size)
	}
	nowhere := prometheus.NewRegistry()
	nowhere.MustRegister(newDiskStates("/nowhere/at/all"))
	if families, err := nowhere.Gather(); err != nil || len(families) != 0 {
		t.Errorf("a folder that cannot be asked tells %v, %v", families, err)
	}
}

func TestHowLongAlertsWaitedIsCountedOnceEach(t *testing.T) {
	t.Parallel()
	opened := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	closed := func(id string, s alert.Severity, after time.Duration) alert.Disposition {
		return alert.Disposition{AlertID: id, Severity: s, N: 1, At: opened.Add(after)}
	}
	got := triageTimes([]alert.Disposition{
		closed("a", alert.High, time.Hour), closed("b", alert.High, 9*time.Hour), closed("c", alert.Low, 60*24*time.Hour), closed("withheld", alert.High, time.Minute),
	}, map[string]time.Time{"a": opened, "b": opened, "c": opened})
	high, low, none := got[alert.High], got[alert.Low], got[alert.Critical]
	if high.n != 2 || high.sum != 36000 || high.buckets[3600] != 1 || high.buckets[8*3600] != 1 || high.buckets[24*3600] != 2 {
		t.Errorf("high: %+v", high)
	}
	if low.n != 1 || low.buckets[30*24*3600] != 0 || none.n != 0 || len(none.buckets) != len(triageBuckets) {
		t.Errorf("low %+v, critical %+v", low, none)
	}
}
