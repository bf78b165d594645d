package pipeline

import (
	"context"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"probity/internal/store"
)

// A source that has stopped is what a silence is about: the clock tells it, and whoever delivers is owed it, as any alert.
func TestASilenceThatTheClockTellsIsDelivered(t *testing.T) {
	r := newRig(t, shapeFiles(map[string]string{"silent": "when: event.dataset == \"plain\"\ncorrelation: {type: silence, timespan: 1m}"}), "")
	st := store.NewMemory()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	var told *store.Commit
	last := "ts=" + time.Now().Add(-10*time.Minute).UTC().Format(time.RFC3339) + " user=c1 verb=view object=a"
	p, err := New(Options{
		Sources: []Source{{Name: "log", Dataset: "plain", Streams: &script{[][]string{{last}}}, Decoder: r.decoder, Lateness: time.Minute}},
		Store:   st, Identity: r.identity, Generation: r.gen, Registerer: prometheus.NewRegistry(), Sinks: []string{"file"},
		Follow: true, IdleAfter: 50 * time.Millisecond,
		Committed: func(c *store.Commit) {
			if len(c.Alerts) > 0 {
				told = c
				cancel()
			}
		},
	})
	must(t, err)
	must(t, p.Run(ctx))
	if told == nil {
		t.Fatalf("nobody was told: %v", revised(t, st))
	}
	if len(told.Sinks) != 1 {
		t.Errorf("the alert is owed to %v", told.Sinks)
	}
}

// So is what the end of a replay tells, where nothing before a time is missing any more.
func TestWhatTheEndTellsIsDelivered(t *testing.T) {
	r := newRig(t, shapeFiles(map[string]string{"silent": "when: event.dataset == \"plain\"\ncorrelation: {type: silence, timespan: 1m}"}), "")
	told := 0
	p, err := New(Options{
		Sources: []Source{{Name: "log", Dataset: "plain", Streams: &script{[][]string{{verb("10:00:00", "c1", "view", "a")}}}, Decoder: r.decoder}},
		Store:   store.NewMemory(), Identity: r.identity, Generation: r.gen, Registerer: prometheus.NewRegistry(),
		Until: time.Date(2026, 3, 3, 0, 0, 0, 0, time.UTC), Committed: func(c *store.Commit) { told += len(c.Alerts) },
	})
	must(t, err)
	must(t, p.Run(context.Background()))
	if told != 1 {
		t.Errorf("%d told", told)
	}
}
