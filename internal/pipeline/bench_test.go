package pipeline

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"probity/internal/rule"
	"probity/internal/store"
)

// narrowRules match little, as most rules do on most events.
var narrowRules = []rule.File{
	{Name: "a", Data: []byte(prose + `id: denied_burst
when: event.dataset == "niche" and event.reason == "denied"
correlation: {type: event_count, timespan: 10m, condition: {gte: 5}}
alert: {summary: x}
`)},
	{Name: "b", Data: []byte(prose + `id: erasure
when: event.action == "delete" and object.type == "person"
alert: {summary: x}
`)},
}

// BenchmarkReplay replays a simulated force; events/s is of the whole path with a store in memory.
func BenchmarkReplay(b *testing.B) {
	w := newWorld(b, narrowRules)
	events := 0.0
	for b.Loop() {
		st := store.NewMemory()
		p, err := New(Options{
			Sources: w.sources(b, filepath.Join(w.dir, "logs"), systems, false, st), Store: st, Identity: w.identity, Generation: w.gen,
		})
		must(b, err)
		must(b, p.Run(context.Background()))
		events += testutil.ToFloat64(p.metrics.eventsRead.WithLabelValues("niche")) + testutil.ToFloat64(p.metrics.eventsRead.WithLabelValues("m365")) +
			testutil.ToFloat64(p.metrics.eventsRead.WithLabelValues("storm")) + testutil.ToFloat64(p.metrics.eventsRead.WithLabelValues("pnc")) +
			testutil.ToFloat64(p.metrics.eventsRead.WithLabelValues("crime"))
	}
	b.ReportMetric(events/b.Elapsed().Seconds(), "events/s")
}
