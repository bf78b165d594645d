package listen

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nxadm/tail/watch"
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"go.uber.org/goleak"
	"go.uber.org/zap"

	"probity/internal/decode"
	"probity/internal/fsx"
	"probity/internal/source"
)

// TestMain starts nxadm/tail's watcher first, because it keeps goroutines of its own for ever.
func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "tail")
	if err == nil {
		err = errors.Join(watch.Watch(dir), watch.Cleanup(dir))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "nxadm/tail cannot watch:", err)
	}
	_ = os.Remove(dir)
	goleak.VerifyTestMain(m, goleak.IgnoreCurrent())
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// eventually waits for what other goroutines bring about.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(20 * time.Second)
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("still not so: %s", what)
		}
	}
}

// lineFramer cuts lines; the spool's are whole.
type lineFramer struct{}

func (lineFramer) State() []byte        { return nil }
func (lineFramer) Restore([]byte) error { return nil }
func (lineFramer) Reset()               {}
func (lineFramer) Frame(b []byte, base int64, atEOF bool, most int, out []decode.Record) (used int, _ []decode.Record) {
	for len(out) < most {
		n := bytes.IndexByte(b[used:], '\n')
		if n < 0 {
			if atEOF && used < len(b) {
				out = append(out, decode.Record{Data: b[used:], Offset: base + int64(used), Partial: true})
				used = len(b)
			}
			break
		}
		out = append(out, decode.Record{Data: b[used : used+n], Offset: base + int64(used)})
		used += n + 1
	}
	return used, out
}

// follower follows a spool as the daemon does: by a source, with what was committed last.
type follower struct {
	t      testing.TB
	dir    string
	state  []byte
	got    []string
	gaps   []source.Gap
	held   *source.Chunk // not known to be durable
	stream source.Stream
	set    *source.Set
}

func (f *follower) open() {
	f.t.Helper()
	var err error
	f.set, err = source.Open(source.Options{
		Name: "s", Paths: []string{SpoolPath(f.dir)}, Framer: func() decode.Framer { return lineFramer{} }, Follow: true, Oldest: true,
		From: func(string) []byte { return f.state },
	})
	must(f.t, err)
	streams, err := f.set.Discover()
	must(f.t, err)
	if len(streams) != 1 {
		f.t.Fatalf("%d streams", len(streams))
	}
	f.stream = streams[0]
}

func (f *follower) close() {
	if f.set != nil {
		_ = f.set.Close()
		f.set, f.held = nil, nil
	}
}

// take reads what is there; what durable does not vouch for waits.
func (f *follower) take(most int, durable func() error) {
	f.t.Helper()
	for {
		if f.held == nil {
			var err error
			f.held, err = f.stream.Next(most)
			must(f.t, err)
		}
		if f.held == nil || durable() != nil {
			return
		}
		chunk := f.held
		f.held = nil
		for _, r := range chunk.Records {
			text := string(r.Data)
			if r.Partial {
				text += " (partial)"
			}
			f.got = append(f.got, text)
		}
		f.gaps = append(f.gaps, chunk.Gaps...)
		f.state = chunk.State
	}
}

// once is a daemon's life from start to stop that only reads.
func (f *follower) once(durable func() error) {
	f.t.Helper()
	f.open()
	defer f.close()
	f.take(1000, durable)
}

func (f *follower) judged(paths []string) int {
	n, err := source.LeftBehind(f.state, paths)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		f.t.Error(err)
	}
	return n
}

func openTestSpool(t testing.TB, dir string, disk *fsx.FS, maxBytes int64, judged func([]string) int) (*spool, error) {
	return openSpool(spoolOptions{
		Dir: dir, MaxBytes: maxBytes, Judged: judged, FS: disk, Logger: zap.NewNop(), Bytes: func(int64) {}, Failed: func() {},
	}, false)
}

// rig is a listener that runs, over a spool in a temporary folder.
type rig struct {
	t    testing.TB
	dir  string
	l    *Listener
	reg  *prometheus.Registry
	stop func() error
}

func testOptions(t testing.TB, reg *prometheus.Registry, addresses ...string) Options {
	t.Helper()
	metrics, err := NewMetrics(reg)
	must(t, err)
	o := Options{
		Source: "s", Dir: filepath.Join(t.TempDir(), "spool"), MessageBytes: 4 << 10, MaxBytes: 8 << 20, Keep: time.Hour, MaxConnections: 8,
		IdleTimeout: time.Minute, Judged: func([]string) int { return 0 }, Metrics: metrics, Logger: zap.NewNop(), FS: &fsx.FS{},
	}
	for _, text := range addresses {
		a, err := ParseAddress(text)
		must(t, err)
		o.Addresses = append(o.Addresses, a)
	}
	return o
}

// start runs a listener until the test ends.
func start(t testing.TB, change func(*Options), addresses ...string) *rig {
	t.Helper()
	r := &rig{t: t, reg: prometheus.NewRegistry()}
	o := testOptions(t, r.reg, addresses...)
	r.dir = o.Dir
	if change != nil {
		change(&o)
	}
	var err error
	r.l, err = New(o)
	must(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- r.l.Run(ctx) }()
	stopped, result := false, error(nil)
	r.stop = func() error {
		cancel()
		if !stopped {
			result, stopped = <-ended, true
		}
		return result
	}
	t.Cleanup(func() {
		if err := r.stop(); err != nil {
			t.Error(err)
		}
	})
	return r
}

func (r *rig) dial(i int) net.Conn {
	r.t.Helper()
	at := r.l.Addrs()[i]
	c, err := net.Dial(at.Network(), at.String())
	must(r.t, err)
	r.t.Cleanup(func() { _ = c.Close() })
	return c
}

// lines are those of the whole spool, oldest first.
func (r *rig) lines() []string { return spoolLines(r.t, r.dir) }

func spoolLines(t testing.TB, dir string) (out []string) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "spool.log*"))
	must(t, err)
	slices.Sort(names) // spool.log comes first
	for _, name := range append(names[1:], names[0]) {
		b, err := os.ReadFile(name)
		must(t, err)
		out = append(out, slices.Collect(strings.Lines(string(b)))...)
	}
	for i := range out {
		out[i] = strings.TrimSuffix(out[i], "\n")
	}
	return out
}

func (r *rig) awaitLines(want ...string) {
	r.t.Helper()
	var got []string
	eventually(r.t, fmt.Sprintf("%d lines", len(want)), func() bool { got = r.lines(); return len(got) >= len(want) })
	if !slices.Equal(got, want) {
		r.t.Errorf("got %.300q\nwant %.300q", got, want)
	}
}

// metric is a series, named as it is exposed without the prefix: dropped_total{spool_full}.
func (r *rig) metric(name, reason string) float64 {
	r.t.Helper()
	families, err := r.reg.Gather()
	must(r.t, err)
	for _, f := range families {
		if f.GetName() != "probity_listener_"+name {
			continue
		}
		for _, m := range f.GetMetric() {
			if reason == "" || slices.ContainsFunc(m.GetLabel(), func(l *dto.LabelPair) bool { return l.GetValue() == reason }) {
				return m.GetCounter().GetValue() + m.GetGauge().GetValue()
			}
		}
	}
	r.t.Fatalf("no metric %s %s", name, reason)
	return 0
}
