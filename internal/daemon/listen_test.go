package daemon

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"probity/internal/decode"
	"probity/internal/evidence"
	"probity/internal/fsx"
	"probity/internal/listen"
	"probity/internal/sim"
	"probity/internal/source"
)

func (s *site) linesOf(file string) (out []sim.Line) {
	for _, l := range s.lines {
		if l.File == file {
			out = append(out, l)
		}
	}
	return out
}

// address is where a source of the daemon listens.
func (d *Daemon) address(source string) net.Addr { return d.received[source].Addrs()[0] }

// send sends lines to a source over one TCP connection, and waits until all are in its spool.
func (s *site) send(d *Daemon, source string, lines ...sim.Line) {
	s.t.Helper()
	c, err := net.Dial("tcp", d.address(source).String())
	if err != nil {
		s.t.Fatal(err)
	}
	for i, l := range lines {
		text := bytes.TrimRight(l.Bytes, "\n")
		if i%2 == 0 {
			text = fmt.Appendf(nil, "%d %s", len(text), text)
		} else {
			text = append(bytes.Clone(text), '\n')
		}
		if _, err := c.Write(text); err != nil {
			s.t.Fatal(err)
		}
	}
	if err := c.Close(); err != nil {
		s.t.Fatal(err)
	}
}

func (s *site) spooled(source string) int {
	return strings.Count(s.read("state/spool/"+source+"/spool.log"), "\n")
}

func TestWhatIsReceivedIsJudgedAsIfItHadBeenFollowed(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.append(s.lines...)
	want, _ := s.replay(ReplayOptions{}) // of files
	for _, file := range []string{"storm.log", "crime.log"} {
		s.write("logs/"+file, "")
	}
	s.config("paths: [logs/storm.log]", `listen: {syslog: "tcp://127.0.0.1:0"}`, "paths: [logs/crime.log]", "listen: {syslog: tcp://127.0.0.1:0}")
	storm, crime := s.linesOf("storm.log"), s.linesOf("crime.log")
	if len(storm) < 20 || len(crime) < 20 {
		t.Fatal("a poor test")
	}
	half := len(storm) / 2
	d, stop := s.start(Options{})
	s.send(d, "crime", crime...)
	s.send(d, "storm", storm[:half]...)
	eventually(t, "the first half is spooled", func() bool { return s.spooled("storm") == half && s.spooled("crime") == len(crime) })
	stop() // in the middle of judging it
	d, stop = s.start(Options{})
	s.send(d, "storm", storm[half:]...)
	eventually(t, "the second half is spooled", func() bool { return s.spooled("storm") == len(storm) })
	s.drain(d)
	stop()
	got, err := delivered(s.read("alerts.jsonl"))
	if err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-followed +received):\n%s", diff)
	}
	replayed, _ := s.replay(ReplayOptions{})
	if diff := cmp.Diff(replayed, got); diff != "" {
		t.Errorf("(-replay of the spool +delivered):\n%s", diff)
	}
}

func TestALostMessageIsAGapInTheEvidence(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.config("paths: [logs/storm.log]", "listen: {syslog: tcp://127.0.0.1:0}")
	d, stop := s.start(Options{})
	c, err := net.Dial("tcp", d.address("storm").String())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Write([]byte("99 <13>torn")); err != nil {
		t.Fatal(err)
	}
	c.Close()
	eventually(t, "the gap is counted", func() bool {
		_, body := s.get(d, "GET", "/metrics")
		return strings.Contains(body, `probity_gaps_total{reason="dropped-torn",source="storm"} 1`)
	})
	stop()
	report, err := evidence.Verify(s.path("state/evidence"))
	if err != nil || !report.OK() {
		t.Fatalf("%v, %+v", err, report)
	}
	bodies := s.read("state/evidence/bodies/000001.jsonl")
	if !strings.Contains(bodies, "dropped-torn") || !strings.Contains(bodies, `\"to\":8`) {
		t.Errorf("no gap of 8 bytes in the evidence: %s", bodies)
	}
	found, err := s.config().Completeness(CompletenessOptions{Source: "storm", Days: 2, Now: time.Now()})
	if err != nil || !found.AddsUp() || len(found.Days) == 0 || found.Days[0].Lost != 8 || found.Days[0].There != 8 {
		t.Errorf("%v, %+v", err, found)
	}
}

// What a source reads in the spool is handed on when its fsync has succeeded, and then once.
func TestWhatIsNotDurableIsHeldBack(t *testing.T) {
	t.Parallel()
	var broken atomic.Bool
	broken.Store(true)
	metrics, err := listen.NewMetrics(prometheus.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	in, write := io.Pipe()
	lines := func() decode.Framer { return &wholeLines{} }
	opened := false
	l, err := listen.New(listen.Options{
		Source: "s", Dir: dir, Stdin: in, Framer: lines, MessageBytes: 1 << 10, MaxBytes: 1 << 20, MaxConnections: 1, IdleTimeout: time.Second,
		Judged: func([]string) int { return 0 }, Metrics: metrics, Logger: zap.NewNop(),
		FS: &fsx.FS{Fault: func(op, _ string) error {
			if op == fsx.OpSync && opened && broken.Load() {
				return errors.New("the disk is gone")
			}
			return nil
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	opened = true
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- l.Run(ctx) }()
	set, err := source.Open(source.Options{Name: "s", Paths: []string{listen.SpoolPath(dir)}, Framer: lines, Follow: true, Oldest: true})
	if err != nil {
		t.Fatal(err)
	}
	streams, err := (&spoolStreams{&followed{Set: set}, l}).Discover()
	if err != nil || len(streams) != 1 {
		t.Fatalf("%d streams, %v", len(streams), err)
	}
	if _, err := write.Write([]byte("one\n")); err != nil {
		t.Fatal(err)
	}
	refused, got := 0, ""
	next := func() {
		chunk, err := streams[0].Next(10)
		if err != nil {
			refused++
		}
		if chunk != nil {
			for _, r := range chunk.Records {
				got += string(r.Data) + " "
			}
		}
	}
	eventually(t, "it is read and refused, again and again", func() bool { next(); return refused > 20 })
	if got != "" {
		t.Errorf("handed on before it was durable: %q", got)
	}
	broken.Store(false)
	eventually(t, "it is handed on", func() bool { next(); return got != "" })
	if _, err := write.Write([]byte("two\n")); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the next is, too", func() bool { next(); return strings.Contains(got, "two") })
	if got != "one two " {
		t.Errorf("got %q", got)
	}
	cancel()
	write.Close()
	if err := errors.Join(<-ended, set.Close()); err != nil {
		t.Error(err)
	}
}

// wholeLines frames lines.
type wholeLines struct{ decode.Framer }

func (*wholeLines) State() []byte        { return nil }
func (*wholeLines) Restore([]byte) error { return nil }
func (*wholeLines) Reset()               {}
func (*wholeLines) Frame(b []byte, base int64, _ bool, most int, out []decode.Record) (used int, _ []decode.Record) {
	for n := 0; len(out) < most; used += n + 1 {
		if n = bytes.IndexByte(b[used:], '\n'); n < 0 {
			break
		}
		out = append(out, decode.Record{Data: b[used : used+n], Offset: base + int64(used)})
	}
	return used, out
}

func TestStandardInputIsReadInPlaceOfASourcesPaths(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.append(s.lines...)
	want, _ := s.replay(ReplayOptions{})
	niche := s.read("logs/niche.csv")
	half := strings.Index(niche[len(niche)/2:], "\n") + len(niche)/2 + 1
	header, _, _ := strings.Cut(niche, "\n")
	for _, part := range []string{niche[:half], header + "\n" + niche[half:]} { // two exports, each with its header
		c := s.config()
		c.Stdin = "niche"
		before := len(s.log.String())
		d, stop := s.start(Options{Config: c, Stdin: strings.NewReader(part)})
		eventually(t, "the end is logged", func() bool { return strings.Contains(s.log.String()[before:], "standard input has ended") })
		s.drain(d)
		stop()
	}
	got, err := delivered(s.read("alerts.jsonl"))
	if err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-replay of the file +delivered):\n%s", diff)
	}
}

func TestEveryProblemOfAListenerHasItsPlace(t *testing.T) {
	s := newSite(t)
	const storm = "paths: [logs/storm.log]"
	base := siteConfig
	for name, c := range map[string]struct {
		listen string
		want   []string
	}{
		"one address":       {"listen: {syslog: udp://127.0.0.1:1514}", nil},
		"several, and room": {"listen: {syslog: ['udp://:1514', 'tcp://:1514'], max_connections: 9, idle_timeout: 1h}, spool: {max_bytes: 16777216, keep: 1d}", nil},
		"stdin":             {"listen: stdin", nil},
		"another word":      {"listen: stdout", []string{`DIR/probity.yaml:6:42: listen: "stdout" is neither stdin nor a mapping; write stdin, or {syslog: udp://127.0.0.1:514}`}},
		"paths as well": {"listen: stdin, paths: [a]", []string{
			"DIR/probity.yaml:6:56: paths, and listen; a source either follows files or listens: make two of it",
		}},
		"nothing": {"listen: {max_connections: 70000}", []string{
			"DIR/probity.yaml:6:42: nothing to listen to; write listen: stdin, or listen: {syslog: udp://127.0.0.1:514}",
			"DIR/probity.yaml:6:60: 70000 connections; choose 1 to 65536",
		}},
		"no address": {"listen: {syslog: [udp://127.0.0.1, 'http://x']}", []string{
			`DIR/probity.yaml:6:69: "http://x" is no address to listen on; write udp://127.0.0.1:514, tcp://127.0.0.1:514 or tls://0.0.0.0:6514`,
		}},
		"a port twice": {"listen: {syslog: ['tcp://:5140', 'tls://:5140']}", []string{
			"DIR/probity.yaml:6:42: tls without ca_file; write ca_file: PATH; both sides show certificates",
			"DIR/probity.yaml:6:67: tls://127.0.0.1:5140 is listened on already; give each its own port",
		}},
		"certificates that are not there": {"listen: {syslog: tls://, ca_file: ca, cert_file: c, key_file: k}", []string{
			"DIR/probity.yaml:6:42: read the authorities of clients: open DIR/ca: no such file or directory",
		}},
		"certificates without tls": {"listen: {syslog: tcp://, ca_file: ca, allowed_subjects: [a]}", []string{
			"DIR/probity.yaml:6:68: ca_file, and nothing listens with tls; write tls:// where it says tcp://, or leave it out",
			"DIR/probity.yaml:6:90: allowed_subjects, and nothing listens with tls; only a certificate proves who sends: write tls://, or leave it out",
		}},
		"a small spool, whole files": {"listen: stdin, whole_files: true, spool: {max_bytes: 1000}", []string{
			"DIR/probity.yaml:6:62: whole files, and listen; leave it out: what is received never ends",
			"DIR/probity.yaml:6:87: a spool of 1000 bytes; choose at least 16777216, 16 times max_record_bytes",
		}},
		"a spool without listen": {"paths: [logs/storm.log], spool: {keep: 1d}", []string{
			"DIR/probity.yaml:6:66: a spool, and nothing that is received; write listen: as well, or leave it out",
		}},
	} {
		got := s.problemsOf(strings.Replace(base, storm, c.listen, 1))
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	for name, c := range map[string]struct{ old, new, want string }{
		"csv by syslog":       {"paths: [logs/niche.csv]", "listen: {syslog: 'udp://'}", "format niche is framed as csv, and a syslog message is a line; use a format with framing: lines"},
		"an array from stdin": {"format: m365, paths: [logs/m365.ndjson]", "format: m365-array, listen: stdin", "format m365-array is framed as json-array, which has no end on standard input; use a format with framing: lines or csv"},
		"its own spool":       {"paths: [logs/niche.csv]", "paths: [state/spool/storm]", "it covers DIR/state/spool/storm/spool.log, which the spool of source storm writes; let the daemon not follow itself"},
	} {
		if err := os.MkdirAll(s.path("state/spool/storm"), 0o755); err != nil {
			t.Fatal(err)
		}
		text := strings.Replace(strings.Replace(base, c.old, c.new, 1), storm, "listen: {syslog: 'udp://'}", 1)
		if got := s.problemsOf(text); !slices.ContainsFunc(got, func(p string) bool { return strings.Contains(p, c.want) }) {
			t.Errorf("%s: %q", name, got)
		}
	}
	if got := s.problemsOf(strings.ReplaceAll(strings.ReplaceAll(base, storm, "listen: stdin"), "paths: [logs/crime.log]", "listen: stdin")); len(got) != 1 || !strings.Contains(got[0], "a second source that reads standard input") {
		t.Errorf("stdin twice: %q", got)
	}
}

func TestAnOpenListenerIsNoted(t *testing.T) {
	s := newSite(t)
	_, notes := s.config("paths: [logs/storm.log]", "listen: {syslog: ['udp://0.0.0.0:1514', tcp://127.0.0.1]}").Check()
	var open []string
	for _, n := range notes {
		if strings.Contains(n.What, "takes records from anybody") {
			open = append(open, n.What)
		}
	}
	if diff := cmp.Diff([]string{"udp://0.0.0.0:1514 takes records from anybody who can reach it"}, open); diff != "" {
		t.Error(diff)
	}
}

func TestAListenerThatCannotListenStopsTheStart(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	_, err = New(Options{Config: s.config("paths: [logs/storm.log]", "listen: {syslog: tcp://"+taken.Addr().String()+"}")})
	if err == nil || !strings.Contains(err.Error(), "source storm: listen on tcp://127.0.0.1:") {
		t.Errorf("got %v", err)
	}
}
