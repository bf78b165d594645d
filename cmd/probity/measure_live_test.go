//go:build measure

package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"probity/internal/alert"
)

// Measurements of the built command on the machine at hand. They fail where something is lost; how fast it was they only say:
//
//	go test -tags measure ./cmd/probity -run Measure -v -timeout 30m

var (
	measureRate = flag.Int("measure.rate", 20_000, "lines a second that are written")
	measureFor  = flag.Duration("measure.for", 20*time.Second, "how long they are")
)

const liveRule = `id: printed
version: 1
title: A print
severity: high
description: Each print, so that one can see how long it takes to be told of it.
owner: ITSO
review_by: 2027-06-01
proportionality: Needed for the measurement.
when: event.dataset == "flood" and event.action == "print"
correlation: {type: event_count, group_by: [object.id], timespan: 1s, condition: {gte: 1}}
alert: {period: 24h, summary: 'Printed {{ .object.id }}'}
response: None.
`

// crowdRule counts what everybody does, so that every commit has windows to write.
const crowdRule = `id: crowd
version: 1
title: Many lines
severity: low
description: Far more than anybody reaches.
owner: ITSO
review_by: 2027-06-01
proportionality: Needed for the measurement.
when: event.dataset == "flood" and event.action == "view"
correlation: {type: event_count, group_by: [actor.id], timespan: %s, condition: {gte: 100000}}
alert: {period: 24h, summary: '{{ .actor.id }}'}
response: None.
`

// measuredLine is a line of 400 bytes.
func measuredLine(to []byte, n int, user int, action string, at time.Time) []byte {
	start := len(to)
	to = fmt.Appendf(to, `{"t":%q,"u":"u%d","a":%q,"n":"%d","note":"`, at.UTC().Format(time.RFC3339Nano), user, action, n)
	for len(to)-start < 397 {
		to = append(to, 'x')
	}
	return append(to, "\"}\n"...)
}

// lag is how far the test itself was behind with writing. Where it was, the machine had no time for it, and so none for the
// daemon: the latencies say no more than that.
type lag struct {
	lines, late int
	worst       time.Duration
}

// lateAfter is what a ticker of 10 ms may be behind without anybody having been kept from the processor.
const lateAfter = 25 * time.Millisecond

// wrote notes a line that was to be written behind ago.
func (l *lag) wrote(behind time.Duration) {
	l.lines++
	if behind > lateAfter {
		l.late++
	}
	l.worst = max(l.worst, behind)
}

func (l *lag) String() string {
	load, _ := os.ReadFile("/proc/loadavg")
	return fmt.Sprintf("%.1f %% of the lines were written more than %s late, the worst %s; load %.14s",
		100*float64(l.late)/float64(l.lines), lateAfter, l.worst.Round(time.Millisecond), load)
}

// From a line written to its alert received: p50 and p99, at a rate, with commits on.
func TestMeasureHowSoonAnAlertIsReceived(t *testing.T) {
	const ticks, everyTick = 100, 10 // a second; one line of so many ticks is one that alerts
	f := newFolder(t)
	var mu sync.Mutex
	written, received := map[string]time.Time{}, map[string]time.Duration{}
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		now := time.Now()
		body, _ := io.ReadAll(r.Body)
		var a alert.Alert
		if json.Unmarshal(body, &a) != nil || len(a.Group) == 0 {
			return
		}
		mu.Lock()
		defer mu.Unlock()
		key := a.Group[0].Value
		if at, ours := written[key]; !ours {
			t.Errorf("an alert about %q, which was not written", key)
		} else if _, again := received[key]; !again {
			received[key] = now.Sub(at)
		}
	}))
	defer hook.Close()
	f.write("rules/live.yaml", liveRule)
	f.write("rules/crowd.yaml", fmt.Sprintf(crowdRule, "1h"))
	config := strings.Replace(floodConfig, "pipeline: {batch: 40, idle_after: 24h} # many commits, so that faults meet them\n", "", 1)
	f.write("probity.yaml", strings.Replace(config, "{name: file, type: file, path: alerts.jsonl}", "{name: hook, type: webhook, url: "+hook.URL+"}", 1))
	f.write("logs/flood.log", "")
	p := f.start("run", "-c", "probity.yaml")
	f.awaitText(p, `"message":"following"`)

	log, err := os.OpenFile(f.path("logs/flood.log"), os.O_APPEND|os.O_WRONLY, 0)
	f.must(err)
	defer log.Close()
	tick := time.NewTicker(time.Second / ticks)
	defer tick.Stop()
	n, alerts, used, began := 0, 0, p.cpu(t), time.Now()
	var behind lag
	var line []byte
	for round := 0; time.Since(began) < *measureFor; round++ {
		<-tick.C
		due := int(time.Since(began).Seconds() * float64(*measureRate))
		for ; n < due; n++ {
			now := time.Now()
			behind.wrote(now.Sub(began) - time.Duration(float64(n)/float64(*measureRate)*float64(time.Second)))
			line = measuredLine(line[:0], n, n%5000, "view", now)
			_, err := log.Write(line)
			f.must(err)
		}
		if round%everyTick == 0 {
			key := fmt.Sprint(1_000_000_000 + alerts)
			mu.Lock()
			written[key] = time.Now()
			mu.Unlock()
			_, err := log.Write(measuredLine(nil, 1_000_000_000+alerts, 0, "print", time.Now()))
			f.must(err)
			alerts++
		}
	}
	rate := float64(n) / time.Since(began).Seconds()
	if !eventuallyWithin(time.Minute, func() bool { mu.Lock(); defer mu.Unlock(); return len(received) == alerts }) {
		t.Fatalf("%d of %d alerts received\n%s", len(received), alerts, p.log())
	}
	used = p.cpu(t) - used
	p.terminate(t, 12*time.Second)
	took := make([]time.Duration, 0, alerts)
	for _, d := range received {
		took = append(took, d)
	}
	slices.Sort(took)
	t.Logf("%.0f lines/s of 400 bytes, %d alerts: p50 %s, p90 %s, p99 %s, longest %s; %.1f µs of CPU a line", rate, alerts,
		took[alerts/2].Round(time.Millisecond), took[alerts*90/100].Round(time.Millisecond), took[alerts*99/100].Round(time.Millisecond), took[alerts-1].Round(time.Millisecond),
		float64(used.Microseconds())/float64(n))
	t.Logf("the test itself: %s", &behind)
}
