package notify

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"probity/internal/alert"
)

// remote is a receiver without a network, so that it lives in a synctest bubble's time.
type remote func(r *http.Request) (code int, header http.Header, err error)

func (f remote) RoundTrip(r *http.Request) (*http.Response, error) {
	code, header, err := f(r)
	if err != nil {
		return nil, err
	}
	return &http.Response{StatusCode: code, Header: header, Body: io.NopCloser(strings.NewReader("")), Request: r}, nil
}

// webhookTo is the production webhook over f instead of a network.
func webhookTo(t *testing.T, name string, f remote) Sink {
	s := mustSink(t, Config{Name: name, Type: "webhook", URL: "https://soc.example/in"}).(*webhook)
	s.client.Transport = f
	return s
}

// running starts n until the test ends, inside a bubble.
func running(t *testing.T, n *Notifier) {
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- n.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

func key(r *http.Request) string { return r.Header.Get("Idempotency-Key") }

// list is read by the test while a sink adds to it: waiting in a bubble is no synchronization for the race detector.
type list struct {
	mu   sync.Mutex
	keys []string
}

func (l *list) add(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.keys = append(l.keys, key)
}

func (l *list) all() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.keys)
}

// The sleeps here and below pass no real time: they are in bubbles of synctest.

func TestASinkThatIsDeadForSixHoursDelaysNoOther(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		var attempts []time.Duration
		var taken []string
		soc := webhookTo(t, "soc", func(r *http.Request) (int, http.Header, error) {
			since := time.Since(began)
			attempts = append(attempts, since)
			if since < 6*time.Hour {
				return 0, nil, errors.New("connection refused")
			}
			taken = append(taken, key(r))
			return 200, nil, nil
		})
		path := filepath.Join(dir, "alerts.jsonl")
		box := newMemory()
		n := mustNotifier(t, Options{Outbox: box, Sinks: []Sink{soc, mustSink(t, Config{Name: "file", Type: "file", Path: path})}})
		running(t, n)
		var all []alert.Delivery
		for i := range 6 * 60 { // a commit a minute
			d := revision(fmt.Sprint("a", i%7), i/7+1)
			all = append(all, d)
			box.add("soc", d)
			box.add("file", d)
			n.Wake()
			synctest.Wait()
			if got := len(linesIn(t, path)); got != i+1 {
				t.Fatalf("after %v the file has %d lines of %d", time.Since(began), got, i+1)
			}
			time.Sleep(time.Minute) // virtual
		}
		time.Sleep(DefaultLongestRetry)
		synctest.Wait()
		if diff := cmp.Diff(keys(all), taken); diff != "" {
			t.Errorf("the webhook got (-want +got):\n%s", diff)
		}
		failed := len(attempts) - len(all)
		if failed < 60 || failed > 250 {
			t.Errorf("%d attempts in 6 h; a wait is at most %v and on average little less", failed, DefaultLongestRetry)
		}
		for i := 1; i < failed; i++ {
			if wait := attempts[i] - attempts[i-1]; wait > DefaultLongestRetry || wait < DefaultFirstRetry/2 {
				t.Errorf("wait %d was %v", i, wait)
			}
		}
	})
}

func TestRetryAfterIsWaitedForExactly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		var attempts []time.Duration
		soc := webhookTo(t, "soc", func(*http.Request) (int, http.Header, error) {
			attempts = append(attempts, time.Since(began))
			switch len(attempts) {
			case 1:
				return 429, http.Header{"Retry-After": {"1800"}}, nil
			case 2:
				return 503, http.Header{"Retry-After": {time.Now().Add(2 * time.Minute).UTC().Format(http.TimeFormat)}}, nil
			}
			return 200, nil, nil
		})
		box := newMemory()
		box.add("soc", a1)
		n := mustNotifier(t, Options{Outbox: box, Sinks: []Sink{soc}})
		running(t, n)
		for range 60 {
			n.Wake() // new revisions are no reason to press a sink that asked for time
			time.Sleep(time.Minute)
		}
		synctest.Wait()
		if diff := cmp.Diff([]time.Duration{0, 30 * time.Minute, 32 * time.Minute}, attempts); diff != "" {
			t.Errorf("attempts (-want +got):\n%s", diff)
		}
	})
}

func TestOneStuckAlertHoldsItsOwnRevisionsOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		var taken list
		soc := webhookTo(t, "soc", func(r *http.Request) (int, http.Header, error) {
			if strings.HasPrefix(key(r), "a/") && time.Since(began) < time.Hour {
				return 500, nil, nil
			}
			taken.add(key(r))
			return 200, nil, nil
		})
		box := newMemory()
		for i := range 20 { // more than a batch of one alert
			box.add("soc", revision("a", i+1))
		}
		box.add("soc", b1)
		n := mustNotifier(t, Options{Outbox: box, Sinks: []Sink{soc}, Batch: 4})
		running(t, n)
		synctest.Wait()
		if diff := cmp.Diff([]string{"b/1"}, taken.all()); diff != "" {
			t.Errorf("at once (-want +got):\n%s", diff)
		}
		box.add("soc", revision("b", 2))
		n.Wake()
		synctest.Wait()
		if diff := cmp.Diff([]string{"b/1", "b/2"}, taken.all()); diff != "" {
			t.Errorf("after a wake (-want +got):\n%s", diff)
		}
		time.Sleep(time.Hour + DefaultLongestRetry)
		synctest.Wait()
		want := []string{"b/1", "b/2"}
		for i := range 20 {
			want = append(want, revision("a", i+1).Key())
		}
		if diff := cmp.Diff(want, taken.all()); diff != "" {
			t.Errorf("in the end (-want +got):\n%s", diff)
		}
	})
}

func TestManyStuckAlertsAreASinkThatIsDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var attempts atomic.Int32
		soc := webhookTo(t, "soc", func(*http.Request) (int, http.Header, error) { attempts.Add(1); return 500, nil, nil })
		box := newMemory()
		for i := range 100 {
			box.add("soc", revision(fmt.Sprint("a", i), 1))
		}
		running(t, mustNotifier(t, Options{Outbox: box, Sinks: []Sink{soc}}))
		synctest.Wait()
		if got := attempts.Load(); got != stuckIsDown {
			t.Errorf("%d attempts at first, want %d", got, stuckIsDown)
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		if got := attempts.Load(); got > 40 {
			t.Errorf("%d attempts in the first hour", got)
		}
	})
}

// One answer in a hundred is a 500, one a 503, one a refusal, one a reset: all arrive but what was refused, each alert's
// revisions in their order.
func TestARecurringFaultKeepsTheOrderOfEachAlert(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dice := rand.New(rand.NewPCG(1, 2))
		refused, taken := map[string]bool{}, map[string][]string{}
		soc := webhookTo(t, "soc", func(r *http.Request) (int, http.Header, error) {
			id, _, _ := strings.Cut(key(r), "/")
			switch dice.IntN(100) {
			case 0:
				return 500, nil, nil
			case 1:
				return 503, http.Header{"Retry-After": {"3"}}, nil
			case 2:
				refused[key(r)] = true
				return 422, nil, nil
			case 3:
				return 0, nil, io.ErrUnexpectedEOF
			}
			taken[id] = append(taken[id], key(r))
			return 200, nil, nil
		})
		box := newMemory()
		want := map[string][]string{}
		for i := range 3000 {
			d := revision(fmt.Sprint("a", i%37), i/37+1)
			box.add("soc", d)
			want[d.AlertID] = append(want[d.AlertID], d.Key())
		}
		if err := mustNotifier(t, Options{Outbox: box, Sinks: []Sink{soc}}).Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
		for id := range want {
			want[id] = slices.DeleteFunc(want[id], func(k string) bool { return refused[k] })
		}
		if len(refused) == 0 {
			t.Error("nothing was refused: the dice do not try what they are to try")
		}
		if diff := cmp.Diff(want, taken); diff != "" {
			t.Errorf("taken (-want +got):\n%s", diff)
		}
	})
}

func TestARefusalIsRecordedLoggedAndCountedOnce(t *testing.T) {
	core, logs := observer.New(zap.DebugLevel)
	reg := prometheus.NewPedanticRegistry()
	box := newMemory()
	box.add("soc", a1, a2, b1)
	var taken []string
	soc := webhookTo(t, "soc", func(r *http.Request) (int, http.Header, error) {
		if key(r) == "a/1" {
			return 413, nil, nil
		}
		taken = append(taken, key(r))
		return 200, nil, nil
	})
	n := mustNotifier(t, Options{Outbox: box, Sinks: []Sink{soc}, Logger: zap.New(core), Registerer: reg})
	drain(t, n)
	drain(t, n)
	if diff := cmp.Diff([]string{"a/2", "b/1"}, taken); diff != "" {
		t.Errorf("taken (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"!soc a/1 HTTP 413"}, box.failures); diff != "" {
		t.Errorf("failures (-want +got):\n%s", diff)
	}
	var lines []map[string]any
	for _, l := range logs.All() {
		fields := l.ContextMap()
		fields["message"] = l.Message
		lines = append(lines, fields)
	}
	wantLog := []map[string]any{{
		"message": "sink refused a revision; it is not delivered", "sink": "soc", "alert": "a", "revision": int64(1), "attempt": int64(1), "error": "HTTP 413",
	}}
	if diff := cmp.Diff(wantLog, lines); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
	want := `
# HELP probity_deliveries_total Alert revisions that arrived at the sink and are recorded so.
# TYPE probity_deliveries_total counter
probity_deliveries_total{sink="soc"} 2
# HELP probity_delivery_failures_total Attempts that failed. Temporary ones are made again; a permanent one leaves its revision undelivered.
# TYPE probity_delivery_failures_total counter
probity_delivery_failures_total{kind="permanent",sink="soc"} 1
probity_delivery_failures_total{kind="temporary",sink="soc"} 0
# HELP probity_outbox_errors_total Times that the outbox could not be read or written for the sink.
# TYPE probity_outbox_errors_total counter
probity_outbox_errors_total{sink="soc"} 0
# HELP probity_sink_up 0 while the sink takes nothing and all its revisions wait, else 1.
# TYPE probity_sink_up gauge
probity_sink_up{sink="soc"} 1
`
	if err := testutil.GatherAndCompare(reg, strings.NewReader(want), "probity_deliveries_total", "probity_delivery_failures_total", "probity_outbox_errors_total", "probity_sink_up"); err != nil {
		t.Error(err)
	}
	problems, err := testutil.GatherAndLint(reg)
	if err != nil || len(problems) > 0 {
		t.Errorf("lint: %v, %v", problems, err)
	}
}

func TestDownAndUpAreShownAndLogged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		core, logs := observer.New(zap.DebugLevel)
		box := newMemory()
		box.add("soc", a1)
		var dead atomic.Bool
		dead.Store(true)
		soc := webhookTo(t, "soc", func(*http.Request) (int, http.Header, error) {
			if dead.Load() {
				return 503, nil, nil
			}
			return 200, nil, nil
		})
		n := mustNotifier(t, Options{Outbox: box, Sinks: []Sink{soc}, Logger: zap.New(core)})
		up := n.queues[0].metrics.up.WithLabelValues("soc")
		running(t, n)
		synctest.Wait()
		if got := testutil.ToFloat64(up); got != 0 {
			t.Errorf("up is %v while the sink is down", got)
		}
		dead.Store(false)
		time.Sleep(DefaultLongestRetry)
		synctest.Wait()
		if got := testutil.ToFloat64(up); got != 1 {
			t.Errorf("up is %v after the sink came back", got)
		}
		var messages []string
		for _, l := range logs.All() {
			messages = append(messages, l.Message)
		}
		if diff := cmp.Diff([]string{"sink is down; its revisions wait", "sink is up again"}, messages); diff != "" {
			t.Errorf("log (-want +got):\n%s", diff)
		}
	})
}

func TestAnOutboxThatFailsIsWaitedOutAndNothingIsSentTwice(t *testing.T) {
	for _, op := range []string{"due", "mark", "delivered", "failed"} {
		t.Run(op, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				var taken []string
				first := true
				soc := webhookTo(t, "soc", func(r *http.Request) (int, http.Header, error) {
					if first {
						first = false
						return 503, nil, nil
					}
					taken = append(taken, key(r))
					return 200, nil, nil
				})
				box := newMemory()
				box.add("soc", a1, a2, b1)
				box.fault = func(at string) error {
					if at == op && time.Since(began) < time.Hour {
						return errDisk
					}
					return nil
				}
				running(t, mustNotifier(t, Options{Outbox: box, Sinks: []Sink{soc}}))
				time.Sleep(2 * time.Hour)
				synctest.Wait()
				if diff := cmp.Diff([]string{"a/1", "a/2", "b/1"}, taken); diff != "" {
					t.Errorf("taken (-want +got):\n%s", diff)
				}
				if left := box.outstanding("soc"); left != 0 {
					t.Errorf("%d left", left)
				}
			})
		})
	}
}

func TestDrainTriesAWaitingSinkAtOnceAndSaysWhatIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		attempts := 0
		var dead atomic.Bool
		dead.Store(true)
		soc := webhookTo(t, "soc", func(*http.Request) (int, http.Header, error) {
			attempts++
			if dead.Load() {
				return 503, http.Header{"Retry-After": {"3600"}}, nil
			}
			return 200, nil, nil
		})
		box := newMemory()
		box.add("soc", a1)
		box.add("other", a1, b1)
		var other []string
		n := mustNotifier(t, Options{Outbox: box, Sinks: []Sink{soc, webhookTo(t, "other", func(r *http.Request) (int, http.Header, error) {
			other = append(other, key(r))
			return 200, nil, nil
		})}})
		running(t, n)
		synctest.Wait()
		began := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		err := n.Drain(ctx)
		if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), `sink "soc"`) || strings.Contains(err.Error(), "other") {
			t.Errorf("error %v", err)
		}
		if took := time.Since(began); took != 10*time.Second || attempts != 2 {
			t.Errorf("took %v, %d attempts", took, attempts)
		}
		dead.Store(false)
		if err := n.Drain(t.Context()); err != nil || attempts != 3 || box.outstanding("soc") != 0 {
			t.Errorf("error %v, %d attempts", err, attempts)
		}
		if diff := cmp.Diff([]string{"a/1", "b/1"}, other); diff != "" {
			t.Errorf("the other sink got (-want +got):\n%s", diff)
		}
	})
}

func TestDrainTriesAHeldAlertAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		attempts := 0
		soc := webhookTo(t, "soc", func(*http.Request) (int, http.Header, error) {
			if attempts++; attempts == 1 {
				return 500, nil, nil
			}
			return 200, nil, nil
		})
		box := newMemory()
		box.add("soc", a1)
		n := mustNotifier(t, Options{Outbox: box, Sinks: []Sink{soc}, FirstRetry: time.Minute})
		running(t, n)
		synctest.Wait()
		began := time.Now()
		if err := n.Drain(t.Context()); err != nil || time.Since(began) != 0 || attempts != 2 {
			t.Errorf("error %v after %v, %d attempts", err, time.Since(began), attempts)
		}
	})
}

func TestStuckAlertsWithArrivalsBetweenThemAreNoSinkThatIsDown(t *testing.T) {
	p := newPatience(time.Second, time.Minute)
	for i := range 2 * stuckIsDown {
		if _, down := p.failed(fmt.Sprint("stuck", i), failure(Stuck, "HTTP 500")); down {
			t.Fatalf("down after %d", i+1)
		}
		p.arrived("fine")
	}
	for i := range stuckIsDown {
		if _, down := p.failed(fmt.Sprint("more", i), failure(Stuck, "HTTP 500")); down != (i == stuckIsDown-1) {
			t.Errorf("down is %v after %d in a row", down, i+1)
		}
	}
}

func TestRunEndsInTheMiddleOfAnAttemptWithoutCountingItAsAFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		box := newMemory()
		box.add("soc", a1)
		soc := webhookTo(t, "soc", func(r *http.Request) (int, http.Header, error) {
			<-r.Context().Done()
			return 0, nil, r.Context().Err()
		})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := mustNotifier(t, Options{Outbox: box, Sinks: []Sink{soc}}).Run(ctx); err != nil {
			t.Error(err)
		}
		if len(box.failures) != 0 || box.outstanding("soc") != 1 {
			t.Errorf("failures %v, %d outstanding", box.failures, box.outstanding("soc"))
		}
	})
}

func TestOptionsThatCannotWorkAreRefused(t *testing.T) {
	box := newMemory()
	file := func(name, path string) Sink { return mustSink(t, Config{Name: name, Type: "file", Path: path}) }
	for want, o := range map[string]Options{
		"no outbox":               {},
		`two sinks are named "a"`: {Outbox: box, Sinks: []Sink{file("a", "/x"), file("a", "/y")}},
		`write the same file, /x`: {Outbox: box, Sinks: []Sink{file("a", "/x"), file("b", "/y/../x")}},
		"batch of 2":              {Outbox: box, Batch: 2},
		"retries from 1h0m0s":     {Outbox: box, FirstRetry: time.Hour},
	} {
		if _, err := New(o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q in it", err, want)
		}
	}
	reg := prometheus.NewRegistry()
	if _, err := New(Options{Outbox: box, Registerer: reg}); err != nil {
		t.Error(err)
	}
	if _, err := New(Options{Outbox: box, Registerer: reg}); err == nil {
		t.Error("the metrics were registered twice")
	}
}
