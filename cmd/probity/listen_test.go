package main

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"probity/internal/evidence"
	"probity/internal/sim"
)

// receiving is the address of the daemon's syslog listener, "" before it says so.
func (p *process) receiving() string {
	_, rest, _ := strings.Cut(p.log(), `"network":"tcp","address":"`)
	address, _, _ := strings.Cut(rest, `"`)
	return address
}

// sendUntilCut sends lines by syslog over TCP and returns how many it could; those behind them were never sent.
func sendUntilCut(address string, lines []sim.Line) int {
	c, err := net.Dial("tcp", address)
	if err != nil {
		return 0
	}
	defer c.Close()
	for i, l := range lines {
		text := bytes.TrimRight(l.Bytes, "\n")
		if _, err := fmt.Fprintf(c, "%d %s", len(text), text); err != nil {
			return i
		}
	}
	return len(lines)
}

// spooledLines are the lines in the spool of a source, oldest first.
func (f *force) spooledLines(source string) (out []string) {
	f.t.Helper()
	names, err := filepath.Glob(f.path("state/spool/" + source + "/spool.log.*"))
	if err != nil {
		f.t.Fatal(err)
	}
	for _, name := range append(names, f.path("state/spool/"+source+"/spool.log")) {
		b, err := os.ReadFile(name)
		if err != nil && !os.IsNotExist(err) {
			f.t.Fatal(err)
		}
		out = append(out, slices.Collect(strings.Lines(string(b)))...)
	}
	return out
}

// Whatever kill -9 meets while syslog comes in, what is in the spool was sent, in order and once, and is judged once: the
// alerts are those of one replay of it. What a sender still had in flight is not promised.
func TestKillWhileSyslogComesIn(t *testing.T) {
	t.Parallel()
	f := newForce(t)
	f.write("probity.yaml", strings.NewReplacer(
		"paths: [storm.log]", `listen: {syslog: "tcp://127.0.0.1:0"}`,
	).Replace(forceConfig))
	var storm []sim.Line
	for _, l := range f.lines {
		if l.File == "storm.log" {
			storm = append(storm, l)
		} else {
			f.append(l)
		}
	}
	seed := rand.Uint64()
	t.Logf("seed %d, %d lines", seed, len(storm))
	dice := rand.New(rand.NewPCG(seed, 0))
	for rest := storm; len(rest) > 0; {
		p := f.start("run", "-c", "probity.yaml")
		if !eventually(func() bool { return p.receiving() != "" }) {
			t.Fatalf("it does not listen:\n%s", p.log())
		}
		sent := make(chan int, 1)
		share := rest[:min(len(rest), len(storm)/16+1)]
		go func() { sent <- sendUntilCut(p.receiving(), share) }()
		select {
		case <-time.After(time.Duration(dice.Int64N(int64(250 * time.Millisecond)))):
		case err := <-p.ended:
			t.Fatalf("it ended by itself: %v\n%s", err, p.log())
		}
		if err := p.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		<-p.ended
		rest = rest[max(<-sent, 1):]
	}
	p := f.start("run", "-c", "probity.yaml")
	f.awaitAll(p, f.replayed())
	p.terminate(t, 8*time.Second)
	next := 0
	spooled := f.spooledLines("storm")
	for _, line := range spooled {
		for next < len(storm) && string(bytes.TrimRight(storm[next].Bytes, "\n"))+"\n" != line {
			next++ // in flight at a kill
		}
		if next++; next > len(storm) {
			t.Fatalf("%q was never sent, or comes twice", line)
		}
	}
	if len(spooled) < len(storm)/4 {
		t.Errorf("a poor test: %d of %d lines are in the spool", len(spooled), len(storm))
	}
	t.Logf("%d of %d lines came into the spool", len(spooled), len(storm))
	if report, err := evidence.Verify(f.path("state/evidence")); err != nil || !report.OK() {
		t.Errorf("evidence: %v, %+v", err, report)
	}
}

func TestStandardInputIsJudgedLikeAFile(t *testing.T) {
	t.Parallel()
	f := newForce(t)
	f.append(f.lines...)
	want := f.replayed()
	binary, err := build()
	if err != nil {
		t.Fatal(err)
	}
	in, err := os.Open(f.path("niche.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	p := &process{Cmd: exec.Command(binary, "run", "-c", "probity.yaml", "--stdin", "niche"), ended: make(chan error, 1)}
	p.Dir, p.Stdin, p.Stdout, p.Stderr = f.dir, in, p, p
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Process.Kill() })
	go func() { p.ended <- p.Wait() }()
	f.awaitAll(p, want)
	p.terminate(t, 8*time.Second)
	if got, err := f.delivered(); err != nil || !maps.Equal(got, want) {
		t.Errorf("%v\n%s", err, cmp.Diff(want, got))
	}
}
