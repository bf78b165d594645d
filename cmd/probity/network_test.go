package main

import (
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// also is a configuration that delivers to the receiver besides.
func (r *receiver) also(config string) string {
	return strings.Replace(config, "sinks:", fmt.Sprintf("sinks:\n  - {name: soc, type: webhook, timeout: 400ms, url: %q}", r.URL), 1)
}

// refusals are what a receiver does instead of taking a revision, or after it took it and before it says so.
var refusals = map[string]func(w http.ResponseWriter, req *http.Request, take func()){
	"500": func(w http.ResponseWriter, _ *http.Request, _ func()) { w.WriteHeader(http.StatusInternalServerError) },
	"429 with Retry-After": func(w http.ResponseWriter, _ *http.Request, _ func()) {
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusTooManyRequests)
	},
	"503":                   func(w http.ResponseWriter, _ *http.Request, _ func()) { w.WriteHeader(http.StatusServiceUnavailable) },
	"hanging":               func(_ http.ResponseWriter, req *http.Request, _ func()) { <-req.Context().Done() },
	"reset before anything": func(w http.ResponseWriter, _ *http.Request, _ func()) { reset(w) },
	"taken, then reset": func(w http.ResponseWriter, _ *http.Request, take func()) {
		take()
		reset(w)
	},
	"2xx, then reset": func(w http.ResponseWriter, _ *http.Request, take func()) {
		take()
		w.Header().Set("Content-Length", "1000")
		w.WriteHeader(http.StatusAccepted)
		_ = http.NewResponseController(w).Flush()
		reset(w)
	},
}

// reset ends a connection as a machine does that has lost it.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(err) // the server is ours, and it speaks HTTP/1.1
	}
	_ = conn.(*net.TCPConn).SetLinger(0)
	_ = conn.Close()
}

// Fault 18, some kinds, once each: what the receiver did not take is sent again under the same key with the same body, the
// order of an alert's revisions is kept, and the file sink has everything at once.
func TestAReceiverThatFailsGetsEverythingInOrder(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"500", "429 with Retry-After", "hanging", "taken, then reset"} {
		refuse := refusals[name]
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dice := diceOf(t)
			failsAt := map[int]bool{1 + dice.IntN(40): true}
			failingReceiver(t, func(n int, w http.ResponseWriter, req *http.Request, take func()) {
				if failsAt[n] {
					refuse(w, req, take)
					return
				}
				take()
			})
		})
	}
}

func failingReceiver(t *testing.T, answer func(int, http.ResponseWriter, *http.Request, func())) {
	t.Helper()
	f, hook := newFlood(t), newReceiver(t)
	hook.answer = answer
	f.write("probity.yaml", hook.also(floodConfig))
	p := f.run()
	for range 4 {
		f.add(log, f.next(30))
		f.await(p) // the file sink waits for nobody
	}
	f.holdBoth(p, hook)
	if !maps.Equal(hook.got(), f.in.last) {
		t.Error("the last revisions at the receiver are not those of the file")
	}
	t.Logf("%d revisions, %d attempts", len(hook.bodies), hook.asked)
}

// A receiver that is not there: neither detection nor the other sink waits, and when it comes, it gets everything.
func TestAReceiverThatIsNotThereDelaysNobody(t *testing.T) {
	t.Parallel()
	f, hook := newFlood(t), newReceiver(t)
	address := hook.Listener.Addr().String()
	f.write("probity.yaml", hook.also(floodConfig))
	hook.Close()
	p := f.run()
	for range 5 {
		f.add(log, f.next(40))
		f.await(p)
	}
	if !eventually(func() bool { return p.metric("probity_outbox_revisions") > 0 }) {
		t.Errorf("nothing waits for the receiver:\n%s", p.log())
	}
	if code, text := p.status("/readyz"); code != 200 {
		t.Errorf("/readyz says %d %s: a sink that is down is no reason to restart", code, text)
	}
	hook.returns(t, address)
	f.holdBoth(p, hook)
}

// returns opens a receiver that was closed again, at its old address.
func (r *receiver) returns(t *testing.T, address string) {
	t.Helper()
	listener, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	back := httptest.NewUnstartedServer(r)
	_ = back.Listener.Close()
	back.Listener = listener
	back.Start()
	t.Cleanup(back.Close)
}

// holdBoth is hold where a receiver has to have everything, too.
func (f *flood) holdBoth(p *process, hook *receiver) {
	f.t.Helper()
	f.await(p)
	want := f.replays()
	f.awaitAll(p, want)
	f.must(f.in.read())
	hook.agrees(f.t, f.in, p)
	p.terminate(f.t, 12*time.Second)
	f.judgeEnded(want)
}

// Fault 19: more waits for a receiver than may. Reading pauses, also after a kill, and says so; nothing is dropped.
func TestAFullOutboxPausesReadingAndSaysSo(t *testing.T) {
	t.Parallel()
	f, hook := newFlood(t), newReceiver(t)
	address := hook.Listener.Addr().String()
	f.write("probity.yaml", strings.Replace(hook.also(floodConfig), "batch: 40", "batch: 40, outbox_revisions: 100", 1))
	hook.Close()
	p := f.run()
	paused := func() bool {
		code, text := p.status("/readyz")
		return code == 503 && strings.Contains(text, "reading is stopped")
	}
	f.add(log, f.next(300))
	if !eventually(paused) {
		t.Fatalf("reading goes on:\n%s", p.log())
	}
	p.kill(t)
	p = f.start("run", "-c", "probity.yaml")
	if !eventually(paused) {
		t.Fatalf("after a kill it does not pause:\n%s", p.log())
	}
	read := p.metric("probity_records_total")
	f.add(log, f.next(50))
	pause(diceOf(t), 2*time.Second) // time enough to read them, were it not paused
	if now := p.metric("probity_records_total"); now != read {
		t.Errorf("%v records were read while the outbox was full", now-read)
	}
	f.awaitText(p, "the outbox is full")
	hook.returns(t, address)
	f.holdBoth(p, hook)
	f.awaitText(p, "the outbox has room again")
	t.Logf("%d lines, %d revisions, 0 lost, 0 doubled", f.n, len(f.in.bodies))
}
