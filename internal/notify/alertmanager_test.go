package notify

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"probity/internal/alert"
	"probity/internal/strictyaml"
)

func alertmanagerHarness(t *testing.T) harness {
	r := newReceiver(t)
	return harness{
		open: func(t *testing.T) Sink {
			return mustSink(t, Config{Name: "s", Type: "alertmanager", URL: r.server.URL})
		},
		as:      func(d alert.Delivery) arrival { return arrival{key: d.Key()} },
		repeats: 1,
		arrivals: func(t *testing.T) (out []arrival) {
			for _, p := range r.all() {
				for _, a := range postedIn(t, p.body) {
					out = append(out, arrival{key: a.Labels["reference"] + "/" + a.Annotations["revision"]})
				}
			}
			return out
		},
	}
}

func postedIn(t *testing.T, body string) (posted []postedAlert) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(&posted); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	return posted
}

// instance keeps alerts as Alertmanager does, in a bubble's time: an alert is what was posted last under its labels.
type instance struct {
	t      *testing.T
	mu     sync.Mutex
	alerts map[string]postedAlert
	posts  []time.Time
	down   bool
	code   int
}

func newInstance(t *testing.T) *instance {
	return &instance{t: t, alerts: map[string]postedAlert{}, code: 200}
}

func (i *instance) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.down {
		return nil, errors.New("connection refused")
	}
	i.posts = append(i.posts, time.Now())
	if i.code == 200 {
		for _, a := range postedIn(i.t, string(body)) {
			if a.EndsAt.Before(a.StartsAt) {
				i.t.Errorf("an alert ends before it starts, which Alertmanager refuses: %v", a)
			}
			i.alerts[fmt.Sprint(a.Labels)] = a
		}
	}
	return &http.Response{StatusCode: i.code, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("")), Request: r}, nil
}

// firing are the alerts that have not ended.
func (i *instance) firing() (list []string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	for _, a := range i.alerts {
		if a.EndsAt.After(time.Now()) {
			list = append(list, a.Labels["reference"][:2]+" "+a.Labels["severity"]+" "+a.Annotations["revision"])
		}
	}
	slices.Sort(list)
	return list
}

func (i *instance) posted() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return len(i.posts)
}

func (i *instance) set(f func(*instance)) {
	i.mu.Lock()
	defer i.mu.Unlock()
	f(i)
}

// pool is the network that the instances are on, by host.
type pool map[string]*instance

func (p pool) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method != http.MethodPost || r.URL.Path != "/am/api/v2/alerts" {
		return nil, fmt.Errorf("%s %s is not the API", r.Method, r.URL.Path)
	}
	return p[r.URL.Host].RoundTrip(r)
}

// alertmanagerTo is the production sink over a pool in place of a network.
func alertmanagerTo(t *testing.T, p pool, c Config) *alertmanager {
	c.Name, c.Type = "am", "alertmanager"
	for host := range p {
		c.URLs = append(c.URLs, "https://"+host+"/am/")
	}
	slices.Sort(c.URLs)
	s := mustSink(t, c).(*alertmanager)
	s.client.Transport = p
	return s
}

// nowAlert is the sample as if it had happened now, in a period that ends in left.
func nowAlert(id string, revision int, left time.Duration) *alert.Alert {
	a := sample(revision)
	now := time.Now().UTC()
	a.ID, a.First, a.Last = strings.Repeat(id, 26), now.Add(-time.Minute), now
	a.Period = alert.Period{Start: now.Add(left - 24*time.Hour), End: now.Add(left)}
	return a
}

func expect(t *testing.T, when string, i *instance, want ...string) {
	t.Helper()
	synctest.Wait()
	if diff := cmp.Diff(want, i.firing()); diff != "" {
		t.Errorf("%s, firing (-want +got):\n%s", when, diff)
	}
}

// The sleeps here and below pass no real time: they are in bubbles of synctest.

func TestAnAlertIsToldEveryMinuteUntilItHasEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		am, box := newInstance(t), newMemory()
		n := mustNotifier(t, Options{Outbox: box, Sinks: []Sink{alertmanagerTo(t, pool{"a": am}, Config{})}})
		running(t, n)
		box.add("am", sampled(nowAlert("a", 1, 2*time.Hour)))
		n.Wake()
		expect(t, "at once", am, "aa high 1")
		if box.outstanding("am") != 0 {
			t.Error("what lasts still waits to be delivered")
		}
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if got := am.posted(); got != 11 {
			t.Errorf("%d posts in ten minutes", got)
		}
		am.set(func(i *instance) { clear(i.alerts) }) // it restarts, and has forgotten
		time.Sleep(time.Minute)
		expect(t, "after its restart", am, "aa high 1")
		time.Sleep(2*time.Hour + 48*time.Minute) // 2 h 59 min: the period, and resolve_after of 1 h but for a minute
		expect(t, "before the end", am, "aa high 1")
		time.Sleep(time.Minute)
		expect(t, "at the end", am)
		time.Sleep(time.Hour)
		synctest.Wait()
		posts := am.posted()
		time.Sleep(24 * time.Hour)
		synctest.Wait()
		if am.posted() != posts || len(box.lasting["am"]) != 0 {
			t.Errorf("%d posts after its end, %d rows last", am.posted()-posts, len(box.lasting["am"]))
		}
	})
}

func TestAWithdrawnAlertResolvesAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		am, box := newInstance(t), newMemory()
		n := mustNotifier(t, Options{Outbox: box, Sinks: []Sink{alertmanagerTo(t, pool{"a": am}, Config{})}})
		running(t, n)
		box.add("am", sampled(nowAlert("a", 1, 2*time.Hour)), sampled(nowAlert("b", 1, 2*time.Hour)))
		n.Wake()
		expect(t, "both", am, "aa high 1", "bb high 1")
		gone := nowAlert("a", 2, 2*time.Hour)
		gone.Status, gone.Reason = alert.Withdrawn, "a link was recorded late"
		box.add("am", sampled(gone))
		n.Wake()
		expect(t, "one is withdrawn", am, "bb high 1")
		back := nowAlert("a", 3, 2*time.Hour)
		box.add("am", sampled(back))
		n.Wake()
		expect(t, "and comes back", am, "aa high 3", "bb high 1")
	})
}

// An alert about last month is not over before anybody has seen it.
func TestAnAlertThatIsFoundLateFiresFromItsArrival(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		am, box := newInstance(t), newMemory()
		n := mustNotifier(t, Options{Outbox: box, Sinks: []Sink{alertmanagerTo(t, pool{"a": am}, Config{ResolveAfter: strictyaml.Duration(30 * time.Minute)})}})
		am.down = true
		running(t, n)
		box.add("am", sampled(nowAlert("a", 1, -700*time.Hour)))
		n.Wake()
		time.Sleep(3 * time.Hour) // nobody hears it meanwhile
		am.set(func(i *instance) { i.down = false })
		time.Sleep(DefaultLongestRetry)
		expect(t, "once it is heard", am, "aa high 1")
		time.Sleep(30 * time.Minute)
		expect(t, "after resolve_after", am)
	})
}

func TestWhatIsFiringSurvivesARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		am, box := newInstance(t), newMemory()
		box.add("am", sampled(nowAlert("a", 1, 2*time.Hour)), sampled(nowAlert("b", 1, -time.Hour)), sampled(nowAlert("a", 2, 2*time.Hour)))
		first := mustNotifier(t, Options{Outbox: box, Sinks: []Sink{alertmanagerTo(t, pool{"a": am}, Config{})}})
		drain(t, first)
		expect(t, "delivered", am, "aa high 2", "bb high 1")
		am.set(func(i *instance) { clear(i.alerts) })
		time.Sleep(20 * time.Minute)
		running(t, mustNotifier(t, Options{Outbox: box, Sinks: []Sink{alertmanagerTo(t, pool{"a": am}, Config{})}}))
		expect(t, "both restarted", am, "aa high 2", "bb high 1")
		time.Sleep(40 * time.Minute)
		expect(t, "an hour after the arrival, of which the restart is none", am, "aa high 2")
	})
}

func TestADeadInstanceKeepsTheOtherFromNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b, box := newInstance(t), newInstance(t), newMemory()
		core, logs := observer.New(zap.InfoLevel)
		n := mustNotifier(t, Options{Outbox: box, Sinks: []Sink{alertmanagerTo(t, pool{"a": a, "b": b}, Config{})}, Logger: zap.New(core)})
		running(t, n)
		b.set(func(i *instance) { i.down = true })
		box.add("am", sampled(nowAlert("a", 1, 2*time.Hour)))
		n.Wake()
		expect(t, "the one that lives", a, "aa high 1")
		time.Sleep(30 * time.Minute)
		synctest.Wait()
		if got := a.posted(); got != 31 {
			t.Errorf("%d posts to the one that lives", got)
		}
		b.set(func(i *instance) { i.down = false })
		time.Sleep(time.Minute)
		expect(t, "the one that was dead", b, "aa high 1")
		if got := logs.Len(); got != 2 {
			t.Errorf("%d log lines, want one that it is down and one that it is not: %v", got, logs.All())
		}
	})
}

func TestAnInstanceThatRefusesARepetitionIsNotPressed(t *testing.T) {
	for code, most := range map[int]int{400: 61, 500: 25} {
		synctest.Test(t, func(t *testing.T) {
			am, box := newInstance(t), newMemory()
			core, logs := observer.New(zap.InfoLevel)
			n := mustNotifier(t, Options{Outbox: box, Sinks: []Sink{alertmanagerTo(t, pool{"a": am}, Config{})}, Logger: zap.New(core)})
			running(t, n)
			box.add("am", sampled(nowAlert("a", 1, 12*time.Hour)))
			n.Wake()
			synctest.Wait()
			am.set(func(i *instance) { i.code, i.posts = code, nil })
			time.Sleep(time.Hour)
			synctest.Wait()
			if got := am.posted(); got < 10 || got > most {
				t.Errorf("%d: %d posts in an hour", code, got)
			}
			if logs.Len() != 1 {
				t.Errorf("%d: %d log lines", code, logs.Len())
			}
		})
	}
}

func TestADeadSinkIsPressedLessAndLess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		am, box := newInstance(t), newMemory()
		n := mustNotifier(t, Options{Outbox: box, Sinks: []Sink{alertmanagerTo(t, pool{"a": am}, Config{})}})
		running(t, n)
		box.add("am", sampled(nowAlert("a", 1, 12*time.Hour)))
		n.Wake()
		synctest.Wait()
		am.set(func(i *instance) { i.code, i.posts = 503, nil })
		time.Sleep(6 * time.Hour)
		synctest.Wait()
		if got := am.posted(); got < 60 || got > 250 {
			t.Errorf("%d attempts in 6 h", got)
		}
		am.set(func(i *instance) { i.code = 200; clear(i.alerts) })
		time.Sleep(DefaultLongestRetry)
		expect(t, "after 6 h", am, "aa high 1")
	})
}

// To Alertmanager other labels are another alert, which would go on firing.
func TestAChangedSeverityEndsTheAlertThatHadTheOldOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		am, box := newInstance(t), newMemory()
		drain(t, mustNotifier(t, Options{Outbox: box, Sinks: []Sink{alertmanagerTo(t, pool{"a": am}, Config{})}}))
		box.add("am", sampled(nowAlert("a", 1, time.Hour)))
		drain(t, mustNotifier(t, Options{Outbox: box, Sinks: []Sink{alertmanagerTo(t, pool{"a": am}, Config{})}}))
		expect(t, "first", am, "aa high 1")
		worse := nowAlert("a", 2, time.Hour)
		worse.Rule.Severity = alert.Critical
		box.add("am", sampled(worse))
		time.Sleep(time.Second)
		drain(t, mustNotifier(t, Options{Outbox: box, Sinks: []Sink{alertmanagerTo(t, pool{"a": am}, Config{})}})) // after a restart, too
		expect(t, "then", am, "aa critical 2")
	})
}

func TestAnOutboxThatFailsDelaysAndLosesNothing(t *testing.T) {
	for _, op := range []string{"lasting", "delivered", "ended"} {
		t.Run(op, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				am, box := newInstance(t), newMemory()
				began := time.Now()
				box.fault = func(at string) error {
					if at == op && time.Since(began) < 30*time.Minute {
						return errors.New("disk full")
					}
					return nil
				}
				n := mustNotifier(t, Options{Outbox: box, Sinks: []Sink{alertmanagerTo(t, pool{"a": am}, Config{ResolveAfter: 1})}})
				running(t, n)
				box.add("am", sampled(nowAlert("a", 1, time.Minute)), sampled(nowAlert("b", 1, 24*time.Hour)))
				n.Wake()
				time.Sleep(time.Hour)
				expect(t, "in the end", am, "bb high 1")
				if len(box.lasting["am"]) != 1 {
					t.Errorf("%d rows last", len(box.lasting["am"]))
				}
			})
		})
	}
}

func TestNobodyIsNamedUnlessThatIsConfigured(t *testing.T) {
	for _, named := range []bool{false, true} {
		r := newReceiver(t)
		s := mustSink(t, Config{Name: "s", Type: "alertmanager", URL: r.server.URL, Names: named, Runbook: "https://wiki.example/rules/{rule}?alert={reference}"})
		hand(t, s, sample(1))
		hand(t, s, withdrawn(2))
		for _, p := range r.all() {
			if (tellsNames(p.body) != nil) != named {
				t.Errorf("names: %v, and told is %s", named, p.body)
			}
		}
		got := postedIn(t, r.all()[0].body)[0]
		labels := map[string]string{"alertname": "restricted-denied-burst", "rule": "restricted-denied-burst", "severity": "high", "reference": sample(1).ID, "marking": "OFFICIAL-SENSITIVE"}
		if diff := cmp.Diff(labels, got.Labels); diff != "" {
			t.Errorf("labels (-want +got):\n%s", diff)
		}
		annotations := map[string]string{"revision": "1", "status": "open",
			"summary":     `Refusals on \restricted| records: 5 events between 2026-03-01 09:29Z and 2026-03-01 09:30Z`,
			"runbook_url": "https://wiki.example/rules/restricted-denied-burst?alert=" + sample(1).ID}
		if named {
			annotations["summary"] = `Mara QUILL was refused 5 times\u000aact=allowed | \u001b[2J`
		}
		if diff := cmp.Diff(annotations, got.Annotations); diff != "" {
			t.Errorf("annotations (-want +got):\n%s", diff)
		}
	}
}

func TestAnAlertFromTheFutureStartsWhenItArrives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		am := newInstance(t)
		a := nowAlert("a", 1, 48*time.Hour)
		a.First = time.Now().Add(time.Hour)
		gone := nowAlert("b", 1, 48*time.Hour)
		gone.Status, gone.First = alert.Withdrawn, a.First
		s := alertmanagerTo(t, pool{"a": am}, Config{})
		hand(t, s, a)
		hand(t, s, gone) // the instance looks at what ends before it starts
	})
}

func TestWhatOneInstanceRefusesAndAnotherMissesIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := newInstance(t), newInstance(t)
		a.code, b.code = 400, 503
		s := alertmanagerTo(t, pool{"a": a, "b": b}, Config{})
		wantDown(t, "one is down", s)
		b.code = 400
		_, _, err := s.Deliver(t.Context(), 0, []alert.Delivery{sampled(sample(1))})
		if f, ok := errors.AsType[*Failure](err); !ok || f.Extent != Refused {
			t.Errorf("both refuse: %v", err)
		}
	})
}
