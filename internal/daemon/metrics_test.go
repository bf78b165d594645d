package daemon

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
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
