//go:build measure

package main

import (
	"bufio"
	"flag"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

var (
	measureKeys  = flag.Int("measure.keys", 1_000_000, "window keys that a start restores")
	measureFiles = flag.Int("measure.files", 100, "quiet files that are followed")
)

// quietConfig has the pipeline of an installation, and no sink.
func quietConfig(paths string) string {
	config := strings.Replace(floodConfig, "pipeline: {batch: 40, idle_after: 24h} # many commits, so that faults meet them\n", "pipeline: {idle_after: 24h}\n", 1)
	return strings.Replace(config, "paths: [logs/flood.log]", "paths: ["+paths+"]", 1)
}

// From the start of the process to its first readiness, with a window for each of a million users.
func TestMeasureAStartWithAMillionWindowKeys(t *testing.T) {
	f := newFolder(t)
	f.write("rules/crowd.yaml", fmt.Sprintf(crowdRule, "90d"))
	f.write("probity.yaml", quietConfig("logs/flood.log"))
	f.write("logs/flood.log", "")
	log, err := os.OpenFile(f.path("logs/flood.log"), os.O_APPEND|os.O_WRONLY, 0)
	f.must(err)
	w := bufio.NewWriterSize(log, 1<<20)
	for n := range *measureKeys {
		at := floodBegins.Add(time.Duration(n) * time.Millisecond).Format(time.RFC3339Nano)
		_, err := fmt.Fprintf(w, `{"t":%q,"u":"user-%07d","a":"view","n":"%d"}`+"\n", at, n, n)
		f.must(err)
	}
	f.must(w.Flush())
	f.must(log.Close())

	p := f.start("run", "-c", "probity.yaml")
	f.awaitText(p, `"message":"following"`)
	holds := func(windows int) {
		t.Helper()
		if !eventuallyWithin(10*time.Minute, func() bool { return p.metric("probity_state_windows") == float64(windows) }) {
			t.Fatalf("%v windows instead of %d\n%s", p.metric("probity_state_windows"), windows, p.log())
		}
	}
	holds(*measureKeys)
	held := p.memory("VmRSS:")
	p.terminate(t, time.Minute)

	began := time.Now()
	p = f.start("run", "-c", "probity.yaml")
	if !eventuallyWithin(5*time.Minute, func() bool { code, _ := p.status("/readyz"); return code == http.StatusOK }) {
		t.Fatalf("it is not ready\n%s", p.log())
	}
	took, used := time.Since(began), p.cpu(t)
	t.Logf("%d windows: ready after %s with %.1f s of CPU; resident %.0f MiB before, %.0f MiB after, at most %d MiB",
		*measureKeys, took.Round(10*time.Millisecond), used.Seconds(), held, p.memory("VmRSS:"), p.peak())
	log, err = os.OpenFile(f.path("logs/flood.log"), os.O_APPEND|os.O_WRONLY, 0) // a batch says how many windows there are
	f.must(err)
	_, err = log.WriteString(floodLine(*measureKeys, floodBegins.Add(time.Hour), "view"))
	f.must(err)
	f.must(log.Close())
	holds(*measureKeys + 1)
	p.terminate(t, time.Minute)
}

// What a daemon takes while nothing is written.
func TestMeasureIdleWithAHundredQuietFiles(t *testing.T) {
	const watched = 20 * time.Second
	f := newFolder(t)
	f.write("rules/crowd.yaml", fmt.Sprintf(crowdRule, "90d"))
	f.write("probity.yaml", quietConfig("logs/*.log"))
	for n := range *measureFiles {
		f.write(fmt.Sprintf("logs/quiet%03d.log", n), floodLine(n, floodBegins, "view"))
	}
	p := f.start("run", "-c", "probity.yaml")
	f.awaitText(p, `"message":"following"`)
	if !eventually(func() bool { return p.metric("probity_events_total") == float64(*measureFiles) }) {
		t.Fatalf("%v of %d lines are judged\n%s", p.metric("probity_events_total"), *measureFiles, p.log())
	}
	<-time.After(5 * time.Second) // what follows reading, as closing the backlog's readers, is over
	before, began := p.cpu(t), time.Now()
	<-time.After(watched)
	used := p.cpu(t) - before
	t.Logf("%d quiet files: %.2f %% of a core over %s", *measureFiles, 100*used.Seconds()/time.Since(began).Seconds(), watched)
	p.terminate(t, 12*time.Second)
}

// cpu is what the process has used so far: proc(5), stat, in ticks of which Linux has 100 a second.
func (p *process) cpu(t *testing.T) time.Duration {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), ") ")
	fields := strings.Fields(rest)
	ticks := 0
	for _, field := range fields[11:13] {
		n, err := strconv.Atoi(field)
		if err != nil {
			t.Fatal(err)
		}
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}
