package bench

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"testing"

	"probity/internal/daemon"
	"probity/internal/decode"
	"probity/internal/engine"
	"probity/internal/event"
	"probity/internal/rule"
)

// rig is one log's records with all that decodes and matches them.
type rig struct {
	records []decode.Record
	decoder *decode.Decoder
	worker  *decode.Worker
	matcher *engine.Matcher
	event   event.Event
	matches []engine.Match
}

// newRig writes so many lines of a log and compiles rules; nil: those that are shipped.
func newRig(tb testing.TB, name string, lines int, rules []rule.File) *rig {
	tb.Helper()
	s, err := build(tb.TempDir(), 1, lines, []string{name})
	if err != nil {
		tb.Fatal(err)
	}
	config, err := s.configure("c.yaml", "{builtin: true}", true)
	if err != nil {
		tb.Fatal(err)
	}
	p, err := daemon.PrepareReplay(daemon.ReplayOptions{Config: config, Rules: rules})
	if err != nil {
		tb.Fatal(err)
	}
	l, _ := logNamed(name)
	sources, err := p.Sources([]string{name + "=" + s.path(l.file)})
	if err != nil {
		tb.Fatal(err)
	}
	streams, err := sources[0].Streams.Discover()
	if err != nil {
		tb.Fatal(err)
	}
	defer streams[0].Close()
	r := &rig{decoder: sources[0].Decoder, worker: sources[0].Decoder.NewWorker(), matcher: p.NewMatcher()}
	for len(r.records) < lines {
		c, err := streams[0].Next(lines)
		if err != nil {
			tb.Fatal(err)
		}
		r.records = append(r.records, c.Records...)
	}
	return r
}

// judge decodes and matches a record, and says how many matches that gave.
func (r *rig) judge(tb testing.TB, rec decode.Record) int {
	if err := r.worker.Decode(rec, &r.event); err != nil {
		tb.Fatal(err)
	}
	r.matches = r.matcher.Match(&r.event, r.matches[:0])
	return len(r.matches)
}

// mostAllocations is what an event that matches nothing may cost, in allocations: the blocks in which a worker keeps what is not in
// the record as it stands there, such as a list of one name or an id joined of two columns, and of which it needs one now and then.
const mostAllocations = 0.005

// Most events are nobody's business. They cost no memory: what a worker needs for one it has from the one before.
func TestAnEventThatMatchesNothingAllocatesNothing(t *testing.T) {
	for _, name := range LogNames() {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, name, 2000, append(generatedFiles(200, 1), peerFiles()...))
			var quiet []decode.Record
			for _, rec := range r.records {
				if r.judge(t, rec) == 0 {
					quiet = append(quiet, rec)
				}
			}
			if len(quiet) < 1000 {
				t.Fatalf("%d of %d records match nothing", len(quiet), len(r.records))
			}
			evaluated := uint64(0)
			for _, c := range r.matcher.Counts {
				evaluated += c.Evaluated
			}
			if evaluated == 0 {
				t.Fatal("no rule is evaluated")
			}
			i := 0
			if got := testing.AllocsPerRun(len(quiet), func() { r.judge(t, quiet[i%len(quiet)]); i++ }); got != 0 {
				t.Errorf("%v allocations an event", got)
			}
			all := testing.AllocsPerRun(10, func() {
				for _, rec := range quiet {
					r.judge(t, rec)
				}
			})
			if each := all / float64(len(quiet)); each > mostAllocations {
				t.Errorf("%.4f allocations an event", each)
			} else {
				t.Logf("%.4f allocations an event", each)
			}
		})
	}
}

func BenchmarkDecodeLines(b *testing.B) {
	for _, name := range LogNames() {
		b.Run(name, func(b *testing.B) {
			r := newRig(b, name, 5000, peerFiles())
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if err := r.worker.Decode(r.records[i%len(r.records)], &r.event); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkFrameLines(b *testing.B) {
	for _, l := range logs {
		b.Run(l.name, func(b *testing.B) {
			r := newRig(b, l.name, 5000, peerFiles())
			block := []byte(l.header)
			for _, rec := range r.records {
				block = append(append(block, rec.Data...), '\n')
			}
			f := r.decoder.NewFramer()
			var out []decode.Record
			b.ReportAllocs()
			for b.Loop() {
				f.Reset()
				_, out = f.Frame(block, 0, true, 1<<30, out[:0])
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(r.records)), "ns/line")
		})
	}
}

// BenchmarkMatch matches decoded events of a log: nothing is decoded meanwhile, so each event is kept.
func BenchmarkMatch(b *testing.B) {
	sets := map[string][]rule.File{"shipped": nil}
	for _, n := range []int{40, 1000, 10_000} {
		sets[strconv.Itoa(n)] = generatedFiles(n, 1)
	}
	for _, n := range slices.Sorted(maps.Keys(sets)) {
		for _, name := range LogNames() {
			b.Run(fmt.Sprintf("rules=%s/%s", n, name), func(b *testing.B) {
				r := newRig(b, name, 2000, sets[n])
				events := make([]event.Event, len(r.records))
				for i, rec := range r.records {
					if err := r.worker.Decode(rec, &events[i]); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportAllocs()
				for i := 0; b.Loop(); i++ {
					r.matches = r.matcher.Match(&events[i%len(events)], r.matches[:0])
				}
			})
		}
	}
}
