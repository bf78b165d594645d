package daemon

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// receiver is a webhook's other end.
type receiver struct {
	*httptest.Server
	mu   sync.Mutex
	text strings.Builder
	keys map[string]int
}

func newReceiver(t *testing.T) *receiver {
	r := &receiver{keys: map[string]int{}}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			t.Error(err)
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.text.Write(append(bytes.TrimSuffix(body, []byte("\n")), '\n'))
		r.keys[req.Header.Get("Idempotency-Key")]++
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) got() (string, map[string]int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.String(), r.keys
}

func TestAlertsOfGrowingLogsReachEverySinkAndAreThoseOfAReplay(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	hook := newReceiver(t)
	c := s.config("sinks:", "sinks:\n  - {name: hook, type: webhook, url: "+hook.URL+"}")
	d, stop := s.start(Options{Config: c})
	third := len(s.lines) / 3
	s.append(s.lines[:third]...)
	eventually(t, "an alert in the file before the logs are complete", func() bool { return s.read("alerts.jsonl") != "" })
	s.append(s.lines[third:]...)
	s.drain(d)

	want, sum := s.replay(ReplayOptions{})
	if len(want) < 5 || sum.Late != 0 || sum.Rejects != 0 {
		t.Fatalf("a poor test: %d alerts, %+v", len(want), sum)
	}
	checkMetrics(t, s, d, sum)
	stop()
	posted, keys := hook.got()
	for name, text := range map[string]string{"file": s.read("alerts.jsonl"), "webhook": posted} {
		got, err := delivered(text)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-replay +delivered):\n%s", name, diff)
		}
	}
	for key, n := range keys {
		if n != 1 {
			t.Errorf("revision %s was posted %d times", key, n)
		}
	}
}

// checkMetrics scrapes as Prometheus does.
func checkMetrics(t *testing.T, s *site, d *Daemon, sum Summary) {
	t.Helper()
	_, body := s.get(d, "GET", "/metrics")
	problems, err := promlint.New(strings.NewReader(body)).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		if strings.HasPrefix(p.Metric, "probity_") {
			t.Errorf("%s: %s", p.Metric, p.Text)
		}
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for name, f := range families {
		for _, m := range f.GetMetric() {
			got[name] += value(m)
		}
	}
	for name, want := range map[string]float64{
		"probity_records_total":                 float64(sum.Records),
		"probity_events_total":                  float64(sum.Events),
		"probity_rejects_total":                 0,
		"probity_alerts_total":                  float64(sum.Alerts),
		"probity_source_files":                  float64(len(files)),
		"probity_outbox_revisions":              0,
		"probity_rules":                         2,
		"probity_build_info":                    1,
		"probity_config_last_reload_successful": 1,
		"probity_reloads_total":                 0,
		"probity_table_stale":                   2, // the simulated exports are of March
	} {
		if got[name] != want {
			t.Errorf("%s = %v, want %v", name, got[name], want)
		}
	}
	for _, name := range []string{"go_goroutines", "process_open_fds", "probity_table_exported_timestamp_seconds", "probity_deliveries_total"} {
		if got[name] == 0 {
			t.Errorf("%s is missing or 0", name)
		}
	}
}

func value(m *dto.Metric) float64 {
	return m.GetCounter().GetValue() + m.GetGauge().GetValue() + m.GetUntyped().GetValue()
}

func TestARestartGoesOnWhereTheLastRunStopped(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for from, n := 0, len(s.lines)/4+1; from < len(s.lines); from += n {
		d, stop := s.start(Options{})
		s.append(s.lines[from:min(from+n, len(s.lines))]...)
		if from+n >= len(s.lines) {
			s.drain(d)
		}
		stop() // the others in the middle of it
	}
	want, _ := s.replay(ReplayOptions{})
	got, err := delivered(s.read("alerts.jsonl"))
	if err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-replay +delivered):\n%s", diff)
	}
}

func TestASecondDaemonOnOneStateFolderIsRefused(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.start(Options{})
	_, err := New(Options{Config: s.config()})
	if err == nil || !strings.Contains(err.Error(), "state folder") {
		t.Errorf("got %v", err)
	}
}
