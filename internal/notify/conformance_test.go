package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"probity/internal/alert"
	"probity/internal/fsx"
)

// harness is what the conformance suite needs to know of a sink.
type harness struct {
	open     func(t *testing.T) Sink // as after a restart: the same place, a new Sink
	arrivals func(t *testing.T) []arrival
	repeats  int // attempts that a kill between arrival and record may repeat

	shown func(d alert.Delivery) string  // what must arrive of a delivery; its body if nil
	last  bool                           // only the last revision of an alert is to be seen: the sink has states, not messages
	as    func(d alert.Delivery) arrival // what arrives of d, key and all; nil: see shown
}

// want is what must have arrived of deliveries made in that order.
func (h harness) want(ds ...alert.Delivery) []arrival {
	var out []arrival
	for i, d := range ds {
		if h.last && slices.ContainsFunc(ds[i+1:], func(later alert.Delivery) bool { return later.AlertID == d.AlertID }) {
			continue
		}
		a := arrivalsOf(d)[0]
		if h.as != nil {
			a = h.as(d)
		}
		if h.shown != nil {
			a.body = h.shown(d)
		}
		out = append(out, a)
	}
	if h.last { // in no order
		slices.SortFunc(out, func(a, b arrival) int { return strings.Compare(a.key, b.key) })
	}
	return out
}

type arrival struct{ key, body string }

func arrivalsOf(ds ...alert.Delivery) []arrival {
	var out []arrival
	for _, d := range ds {
		out = append(out, arrival{d.Key(), string(d.Body)})
	}
	return out
}

// harnesses: one for each kind of sink.
func harnesses(t *testing.T) map[string]harness {
	all := map[string]harness{
		"file": fileHarness(t), "file, ocsf": ocsfFileHarness(t), "webhook": webhookHarness(t), "alertmanager": alertmanagerHarness(t),
		"syslog": syslogHarness(t, ""), "syslog, cef": syslogHarness(t, "cef"), "html": htmlHarness(t), "limited file": limitedHarness(t),
	}
	if s := newMailServer(t, startTLS); s != nil {
		all["email"] = emailHarness(s)
	}
	return all
}

func fileHarness(t *testing.T) harness {
	path := filepath.Join(t.TempDir(), "out", "alerts.jsonl")
	return harness{
		open: func(t *testing.T) Sink { return mustSink(t, Config{Name: "s", Type: "file", Path: path}) },
		arrivals: func(t *testing.T) []arrival {
			return linesIn(t, path)
		},
	}
}

// linesIn reads a file sink's file; every line must be whole.
func linesIn(t *testing.T, path string) []arrival {
	t.Helper()
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	var out []arrival
	for line := range strings.Lines(string(text)) {
		var head struct {
			ID       string
			Revision int
		}
		if err := json.Unmarshal([]byte(line), &head); err != nil {
			t.Fatalf("line %q: %v", line, err)
		}
		out = append(out, arrival{fmt.Sprintf("%s/%d", head.ID, head.Revision), strings.TrimSuffix(line, "\n")})
	}
	return out
}

// ocsfFileHarness: lines that are not the revisions themselves must be found again after a kill, too.
func ocsfFileHarness(t *testing.T) harness {
	path := filepath.Join(t.TempDir(), "out", "findings.jsonl")
	return harness{
		open: func(t *testing.T) Sink {
			return mustSink(t, Config{Name: "s", Type: "file", Path: path, Format: "ocsf"})
		},
		arrivals: func(t *testing.T) []arrival {
			text, err := os.ReadFile(path)
			if err != nil && !errors.Is(err, os.ErrNotExist) {
				t.Fatal(err)
			}
			var out []arrival
			for line := range strings.Lines(string(text)) {
				var f ocsfFinding
				if err := json.Unmarshal([]byte(line), &f); err != nil {
					t.Fatalf("line %q: %v", line, err)
				}
				out = append(out, arrival{f.Metadata.UID, strings.TrimSuffix(line, "\n")})
			}
			return out
		},
		as: func(d alert.Delivery) arrival { return arrival{d.Key(), mustBody(asOCSF, d)} },
	}
}

func mustBody(f format, d alert.Delivery) string {
	b, err := f.body(d)
	if err != nil {
		panic(err)
	}
	return string(b)
}

func webhookHarness(t *testing.T) harness {
	r := newReceiver(t)
	return harness{
		open:     func(t *testing.T) Sink { return mustSink(t, Config{Name: "s", Type: "webhook", URL: r.server.URL}) },
		arrivals: func(*testing.T) []arrival { return r.all() },
		repeats:  1,
	}
}

// receiver is a web server that keeps what is posted. answer, if set, comes first and reports whether it took the request.
type receiver struct {
	server *httptest.Server
	mu     sync.Mutex
	posts  []arrival
	header http.Header // of the last one
	answer func(n int, w http.ResponseWriter, r *http.Request) bool
}

func newReceiver(t *testing.T) *receiver {
	r := &receiver{}
	r.server = httptest.NewServer(r)
	t.Cleanup(r.server.Close)
	return r
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return
	}
	r.mu.Lock()
	r.posts = append(r.posts, arrival{req.Header.Get("Idempotency-Key"), string(body)})
	r.header = req.Header
	n, answer := len(r.posts), r.answer
	r.mu.Unlock()
	if answer == nil || !answer(n, w, req) {
		w.WriteHeader(http.StatusNoContent)
	}
}

func (r *receiver) all() []arrival {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]arrival(nil), r.posts...)
}

func mustSink(t *testing.T, c Config) Sink {
	t.Helper()
	return mustSinkOn(t, c, &fsx.FS{})
}

func mustSinkOn(t *testing.T, c Config, fs *fsx.FS) Sink {
	t.Helper()
	s, err := NewSink(c, fs)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if c, ok := as[interface{ CloseIdleConnections() }](s); ok {
			c.CloseIdleConnections()
		}
	})
	return s
}

func mustNotifier(t *testing.T, o Options) *Notifier {
	t.Helper()
	n, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func drain(t *testing.T, n *Notifier) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if err := n.Drain(ctx); err != nil {
		t.Fatal(err)
	}
}

func TestEverySinkDeliversInOrderAndByteForByte(t *testing.T) {
	for name, h := range harnesses(t) {
		t.Run(name, func(t *testing.T) {
			all := []alert.Delivery{revision("a", 1), revision("b", 1), revision("a", 2), revision("a", 3), revision("b", 2)}
			box := newMemory()
			box.add("s", all...)
			n := mustNotifier(t, Options{Outbox: box, Sinks: []Sink{h.open(t)}, Batch: 3})
			drain(t, n)
			if diff := cmp.Diff(h.want(all...), h.arrivals(t), cmp.AllowUnexported(arrival{})); diff != "" {
				t.Errorf("arrivals (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(keys(all), box.recorded["s"]); diff != "" {
				t.Errorf("recorded (-want +got):\n%s", diff)
			}
		})
	}
}

func TestEverySinkReportsProgressOrAnError(t *testing.T) {
	for name, h := range harnesses(t) {
		t.Run(name, func(t *testing.T) {
			s := h.open(t)
			if s.Name() != "s" {
				t.Errorf("name %q", s.Name())
			}
			batch := []alert.Delivery{revision("a", 1), revision("a", 2)}
			done, _, err := s.Deliver(t.Context(), 0, batch)
			if err != nil || done < 1 || done > len(batch) {
				t.Errorf("done %d, error %v", done, err)
			}
		})
	}
}

func TestEverySinkDoesNothingOnceItsContextHasEnded(t *testing.T) {
	for name, h := range harnesses(t) {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			done, _, err := h.open(t).Deliver(ctx, 0, []alert.Delivery{revision("a", 1)})
			if done != 0 || !errors.Is(err, context.Canceled) {
				t.Errorf("done %d, error %v", done, err)
			}
			if got := h.arrivals(t); len(got) != 0 {
				t.Errorf("arrived: %v", got)
			}
		})
	}
}

// A kill between the arrival and its record: the outbox has never heard of it, and everything else is new.
func TestEverySinkSurvivesAKillBetweenSendAndRecord(t *testing.T) {
	all := []alert.Delivery{revision("a", 1), revision("a", 2), revision("b", 1)}
	for kill := 1; kill <= 3; kill++ {
		for name, h := range harnesses(t) {
			t.Run(fmt.Sprintf("%s, killed at record %d", name, kill), func(t *testing.T) {
				box := newMemory()
				box.add("s", all...)
				killed, cancel := context.WithCancel(t.Context())
				records := 0
				box.fault = func(op string) error {
					if op == "delivered" {
						records++
						if records == kill {
							cancel()
							return errors.New("killed")
						}
					}
					return nil
				}
				n := mustNotifier(t, Options{Outbox: box, Sinks: []Sink{h.open(t)}})
				_ = n.Drain(killed)
				cancel()
				n.Close() // as a kill would: its locks are gone, and nothing else
				box.fault = nil
				drain(t, mustNotifier(t, Options{Outbox: box, Sinks: []Sink{h.open(t)}}))

				bodies, attempts := map[string]string{}, 0
				for _, a := range h.arrivals(t) {
					if before, ok := bodies[a.key]; ok && before != a.body {
						t.Errorf("%s came with two bodies", a.key)
					}
					bodies[a.key] = a.body
					attempts++
				}
				want := map[string]string{}
				for _, a := range h.want(all...) {
					want[a.key] = a.body
				}
				if diff := cmp.Diff(want, bodies); diff != "" {
					t.Errorf("arrived (-want +got):\n%s", diff)
				}
				if attempts > len(all)+h.repeats {
					t.Errorf("%d attempts for %d revisions; a kill may repeat %d", attempts, len(all), h.repeats)
				}
			})
		}
	}
}
