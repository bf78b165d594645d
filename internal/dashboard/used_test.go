package dashboard

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// unused are metrics that neither a dashboard nor a rule of Prometheus asks, each with the reason. There are none now.
var unused = map[string]string{}

// told reads the metrics and their labels from the table that is generated from the daemon.
func told(t *testing.T) map[string][]string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(folder, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]string{"probity_build_info": {"version", "goversion"}, "up": nil}
	for _, m := range regexp.MustCompile("(?m)^\\| `(probity_[a-z0-9_]+)` \\| ([a-z, ]*) \\|").FindAllStringSubmatch(string(b), -1) {
		for l := range strings.SplitSeq(m[2], ",") {
			out[m[1]] = append(out[m[1]], strings.TrimSpace(l))
		}
	}
	return out
}

// asks is one selector of a query or rule.
type asks struct {
	where, metric string
	matchers      []string // labels
}

var (
	ofHistogram = regexp.MustCompile(`^(probity_[a-z0-9_]+_(?:seconds|records))_(?:bucket|sum|count)$`)
	matcher     = regexp.MustCompile(`([a-z_]+)(?:=~|!~|!=|=)"`)
)

func asked(where, expr string) (out []asks) {
	for _, m := range selector.FindAllStringSubmatch(expr, -1) {
		a := asks{where: where, metric: m[1]}
		if h := ofHistogram.FindStringSubmatch(m[1]); h != nil {
			a.metric = h[1]
		}
		for _, l := range matcher.FindAllStringSubmatch(m[2], -1) {
			if l[1] != "instance" && l[1] != "job" {
				a.matchers = append(a.matchers, l[1])
			}
		}
		out = append(out, a)
	}
	return out
}

// everything is what dashboards and rules ask.
func everything(t *testing.T) (out []asks) {
	panels, where := shown()
	for _, p := range panels {
		for _, q := range p.Targets {
			out = append(out, asked(where[p], q.Expr)...)
		}
	}
	for _, r := range rulesOf(t) {
		out = append(out, asked(r.Alert+r.Record, r.Expr)...)
	}
	return out
}

func TestOnlyMetricsAndLabelsAreAskedThatTheDaemonTells(t *testing.T) {
	have := told(t)
	if len(have) < 60 {
		t.Fatalf("%d metrics in the table", len(have))
	}
	recorded := map[string]bool{}
	for _, r := range rulesOf(t) {
		recorded[r.Record] = true
	}
	for _, a := range everything(t) {
		if !strings.HasPrefix(a.metric, "probity_") {
			continue
		}
		labels, ok := have[a.metric]
		if !ok {
			t.Errorf("%s: the daemon does not tell %s", a.where, a.metric)
		}
		for _, l := range a.matchers {
			if !slices.Contains(labels, l) && l != "le" {
				t.Errorf("%s: %s has no label %s", a.where, a.metric, l)
			}
		}
	}
	for _, r := range rulesOf(t) {
		for _, name := range regexp.MustCompile(`probity:[a-z0-9_:]+`).FindAllString(r.Expr, -1) {
			if !recorded[name] {
				t.Errorf("%s: nothing records %s", r.Alert+r.Record, name)
			}
		}
	}
}

func TestEveryMetricIsAskedSomewhereOrExcused(t *testing.T) {
	used := map[string]bool{}
	for _, a := range everything(t) {
		used[a.metric] = true
	}
	for name := range told(t) {
		if why := unused[name]; used[name] == (why != "") {
			t.Errorf("%s: asked by a dashboard or rule: %v; excused because: %q", name, used[name], why)
		}
	}
}

func TestWhatASelectorAsksIsRead(t *testing.T) {
	got := asked("x", `histogram_quantile(0.9, sum by (le) (rate(probity_commit_seconds_bucket{instance=~"$instance"}[5m]))) + probity_sink_up{sink="a",job="b"} + probity_delivery_duration_seconds_count`)
	if len(got) != 3 || got[0].metric != "probity_commit_seconds" || len(got[0].matchers) != 0 ||
		got[1].metric != "probity_sink_up" || !slices.Equal(got[1].matchers, []string{"sink"}) || got[2].metric != "probity_delivery_duration_seconds" {
		t.Errorf("%+v", got)
	}
}
