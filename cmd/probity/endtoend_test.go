package main

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"probity/internal/alert"
)

// receiver is a real HTTP server that gets alerts.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	bodies map[string]string // by Idempotency-Key
	last   map[string]string // last revision by alert, canonically
	faults []string
}

func newReceiver(t *testing.T) *receiver {
	r := &receiver{bodies: map[string]string{}, last: map[string]string{}}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

// ServeHTTP accepts a revision and notes what breaks the contract: a key with two bodies, a key that is not the body's.
func (r *receiver) ServeHTTP(_ http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	r.mu.Lock()
	defer r.mu.Unlock()
	key := req.Header.Get("Idempotency-Key")
	var a alert.Alert
	if err != nil || json.Unmarshal(body, &a) != nil || a.Key() != key {
		r.faults = append(r.faults, "key "+key+" is not that of its body")
		return
	}
	if have, ok := r.bodies[key]; ok && have != string(body) {
		r.faults = append(r.faults, "key "+key+" came with two bodies")
	}
	r.bodies[key], r.last[a.ID] = string(body), string(a.Canonical())
}

func (r *receiver) got() map[string]string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.last)
}

// The built binary follows growing files, a real HTTP server gets every alert, and /metrics reads as Prometheus text.
func TestFromALineInALogToAnAlertAtAReceiver(t *testing.T) {
	t.Parallel()
	f, hook := newForce(t), newReceiver(t)
	f.write("probity.yaml", strings.Replace(forceConfig, "sinks:", "sinks:\n  - {name: soc, type: webhook, url: \""+hook.URL+"\"}", 1))
	p := f.start("run", "-c", "probity.yaml")
	f.append(f.lines...)
	want := f.replayed()
	if !eventually(func() bool { return maps.Equal(hook.got(), want) }) {
		t.Fatalf("(-replay +received):\n%s\n%s", cmp.Diff(want, hook.got()), p.log())
	}
	if len(hook.faults) > 0 {
		t.Error(hook.faults)
	}

	resp, err := http.Get("http://" + p.listen() + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	sum := func(name string) (n int) {
		for _, m := range families[name].GetMetric() {
			n += int(m.GetCounter().GetValue())
		}
		return n
	}
	got := map[string]int{"events": sum("probity_events_total"), "rejects": sum("probity_rejects_total"), "alerts": sum("probity_alerts_total")}
	expected := map[string]int{"events": len(f.lines) - 1, "rejects": 0, "alerts": len(want)} // one line is the CSV header
	if diff := cmp.Diff(expected, got); diff != "" {
		t.Error(diff)
	}
	p.terminate(t, 8*time.Second)
}
