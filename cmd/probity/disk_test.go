package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"probity/internal/alert"
)

// diskFaults are what a disk does, and the words in which the daemon must say it.
var diskFaults = []struct{ outcome, op, says string }{
	{"enospc", "write", "no space left on device"},
	{"enospc", "create", "no space left on device"},
	{"eio", "sync", "input/output error"},
	{"eio", "begin", "input/output error"},
	{"eio", "commit", "input/output error"},
	{"eio", "committed", "input/output error"},
	{"short", "write", "input/output error"},
}

// Faults 14 and 15, each once, at a start and while it runs.
func TestADiskThatFailsStopsReadingAndLosesNothing(t *testing.T) {
	t.Parallel()
	for i, d := range diskFaults {
		n := []int{9, 2}[i%2]
		t.Run(fmt.Sprintf("%s at %s %d", d.outcome, d.op, n), func(t *testing.T) {
			t.Parallel()
			failingDisk(t, d.outcome, d.op, d.says, n)
		})
	}
}

// failingDisk lets the disk fail three times from the n-th step on. While the daemon runs it says so and goes on by itself;
// a start that meets the fault ends with it, and the next one goes on.
func failingDisk(t *testing.T, outcome, op, says string, n int) (met bool) {
	t.Helper()
	f := newFlood(t)
	f.add(log, f.next(60)+"no JSON\n"+f.next(20))
	p := f.startFaulty(fmt.Sprintf("%s %s * %d %d", outcome, op, n, n+2))
	done := make(chan struct{})
	go func() {
		defer close(done)
		in, want := f.inbox(), f.wanted()
		eventuallyWithin(30*time.Second, func() bool { return in.read() == nil && len(in.each) == len(want) })
	}()
	select {
	case err := <-p.ended:
		if err == nil || p.ProcessState.ExitCode() != 1 {
			t.Errorf("ended with %v, want status 1", err)
		}
		if !strings.Contains(p.log(), says) || !strings.Contains(p.log(), f.path("")) {
			t.Errorf("it ends without saying %q and of which file:\n%s", says, p.log())
		}
		p, met = f.run(), true
	case <-done:
		met = strings.Contains(p.log(), says)
		p.stop(t)
		p = f.run()
	}
	f.hold(p)
	return met
}

// stop ends a daemon whose disk may fail just then, which it says, and ends with status 1; one that has hardly started may not
// know the signal yet.
func (p *process) stop(t *testing.T) {
	t.Helper()
	if err := p.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-p.ended:
		said := strings.Contains(p.log(), "input/output error") || strings.Contains(p.log(), "no space left on device")
		if err != nil && p.listen() != "" && !said {
			t.Errorf("after SIGTERM: %v\n%s", err, p.log())
		}
	case <-time.After(15 * time.Second):
		t.Errorf("still running 15 s after SIGTERM\n%s", p.log())
	}
}

// A real file system that fills up, and is then cleared.
func TestAFullDiskStopsReadingAndGoesOnByItself(t *testing.T) {
	t.Parallel()
	f := newFlood(t)
	mountSmall(t, f.path("small"))
	f.write("probity.yaml", strings.NewReplacer("state_dir: state", "state_dir: small/state", "path: alerts.jsonl", "path: small/alerts.jsonl").Replace(floodConfig))
	f.must(os.Symlink("small/state", f.path("state")))
	f.in.path = f.path("small/alerts.jsonl")
	f.must(os.Symlink("small/alerts.jsonl", f.path("alerts.jsonl")))
	p := f.run()
	f.add(log, f.next(30))
	f.await(p)
	for range 3 {
		before := p.metric("probity_commit_failures_total")
		full := f.fill("small/ballast")
		f.add(log, f.next(400))
		if !eventually(func() bool { return p.metric("probity_commit_failures_total") > before }) {
			t.Fatalf("the disk is full with %d bytes, and every commit succeeds\n%s", full, p.log())
		}
		if code, text := p.status("/readyz"); code != 503 || !strings.Contains(text, "commits have failed since") {
			t.Errorf("/readyz says %d %s", code, text)
		}
		f.must(os.Remove(f.path("small/ballast")))
		f.await(p)
		if code, text := p.status("/readyz"); code != 200 {
			t.Errorf("/readyz says %d %s afterwards", code, text)
		}
	}
	f.hold(p)
}

// fill writes until the disk is full.
func (f *flood) fill(name string) (bytes int) {
	ballast, err := os.Create(f.path(name))
	f.must(err)
	defer ballast.Close()
	for block := make([]byte, 4096); ; {
		n, err := ballast.Write(block)
		bytes += n
		if err != nil {
			return bytes
		}
	}
}

// What internal/store finds damaged, seen from outside: the start is refused, with status 1, file, place and what to do.
func TestADamagedStateIsRefusedWithFilePlaceAndAdvice(t *testing.T) {
	t.Parallel()
	f := newFlood(t)
	p := f.run()
	f.add(log, f.next(50))
	f.hold(p)
	for _, pattern := range []string{"state.db", "windows-*.log", "evidence/0*.log", "evidence/bodies/0*.jsonl"} {
		t.Run(pattern, func(t *testing.T) {
			names, err := filepath.Glob(f.path("state/" + pattern))
			if err != nil || len(names) == 0 {
				t.Fatalf("no such file: %v", err)
			}
			whole, err := os.ReadFile(names[0])
			f.must(err)
			damaged := bytes.Clone(whole)
			at := len(damaged) / 3
			if pattern == "state.db" { // not every page of a database is in use
				at = bytes.LastIndex(damaged, []byte(alert.SchemaVersion))
			}
			damaged[at] ^= 0x10
			f.must(os.WriteFile(names[0], damaged, 0o600))
			defer func() { f.must(os.WriteFile(names[0], whole, 0o600)) }()
			p := f.start("run", "-c", "probity.yaml")
			select {
			case <-p.ended:
			case <-time.After(20 * time.Second):
				p.kill(t)
				t.Fatalf("it runs with a damaged %s:\n%s", names[0], p.log())
			}
			if p.ProcessState.ExitCode() != 1 || !strings.Contains(p.log(), names[0]) || !strings.Contains(p.log(), "damage in") {
				t.Errorf("status %d, and it says:\n%s", p.ProcessState.ExitCode(), p.log())
			}
		})
	}
}
