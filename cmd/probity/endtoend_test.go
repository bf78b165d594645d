package main

import (
	"encoding/json"
	"fmt"
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

	revisions map[string]int // the highest that was taken, by alert
	attempts  map[string]int // by Idempotency-Key
	asked     int            // attempts in all

	// answer, if not nil, answers the n-th attempt, from 1, and takes the revision or does not. Set it before anything comes.
	answer func(n int, w http.ResponseWriter, req *http.Request, take func())
}

func newReceiver(t *testing.T) *receiver {
	r := &receiver{bodies: map[string]string{}, last: map[string]string{}, revisions: map[string]int{}, attempts: map[string]int{}}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

// ServeHTTP accepts a revision and notes what breaks the contract: a key with two bodies, a key that is not the body's, a
// revision that comes for the first time before the one before it.
func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return // a sender that is killed in the middle has sent nothing
	}
	key := req.Header.Get("Idempotency-Key")
	r.mu.Lock()
	r.asked++
	r.attempts[key]++
	n := r.asked
	r.mu.Unlock()
	take := func() { r.take(key, body) }
	if r.answer == nil {
		take()
		return
	}
	r.answer(n, w, req, take)
}

func (r *receiver) take(key string, body []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var a alert.Alert
	if json.Unmarshal(body, &a) != nil || a.Key() != key {
		r.faults = append(r.faults, "key "+key+" is not that of its body")
		return
	}
	if have, ok := r.bodies[key]; ok && have != string(body) {
		r.faults = append(r.faults, "key "+key+" came with two bodies")
	}
	if a.Revision > r.revisions[a.ID]+1 {
		r.faults = append(r.faults, fmt.Sprintf("key %s came after revision %d", key, r.revisions[a.ID]))
	}
	if a.Revision > r.revisions[a.ID] {
		r.revisions[a.ID], r.last[a.ID] = a.Revision, string(a.Canonical())
	}
	r.bodies[key] = string(body)
}

// agrees waits until the receiver has what the file sink has, and demands the same body of each revision and nothing that
// breaks the contract.
func (r *receiver) agrees(t *testing.T, in *inbox, p *process) {
	t.Helper()
	all := func() bool { r.mu.Lock(); defer r.mu.Unlock(); return len(r.bodies) >= len(in.bodies) }
	if !eventuallyWithin(time.Minute+time.Duration(len(in.bodies))*20*time.Millisecond, all) {
		t.Errorf("of %d revisions the receiver has %d\n%.20000s", len(in.bodies), len(r.bodies), p.log())
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if !maps.Equal(r.bodies, in.bodies) {
		t.Errorf("the sinks differ (-file +webhook):\n%.4000s", cmp.Diff(in.bodies, r.bodies))
	}
	if len(r.faults) > 0 {
		t.Error(some(r.faults))
	}
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
