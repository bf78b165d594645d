package pipeline

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"pgregory.net/rapid"

	"probity/internal/alert"
	"probity/internal/decode"
	"probity/internal/engine"
	"probity/internal/rule"
	"probity/internal/store"
)

const countedFormat = `name: counted
description: a log with a counter
dataset: plain
framing: lines
decoder: logfmt
time: {from: ts, layouts: [rfc3339]}
map: {user.name: user, event.action: verb, object.id: object, query.count: rows}
sequence: {from: seq}
`

// shapes are rules of every type that waits, with points where they are about a person, and rules over their alerts.
var shapes = shapeFiles(map[string]string{
	"print": `when: event.action == "print"
points: 30
facts: [{say: restricted, when: object.restricted, speaks: for}]`,
	"burst": `when: event.action == "view"
correlation: {type: event_count, timespan: 5m, condition: {gte: 3}}
points: 10`,
	"unlinked": `when: event.action == "view"
correlation: {type: absence, absence: {link: event.action == "login", before: 5m, after: 10m}}
points: 20`,
	"first": `when: has(object.id)
correlation: {type: new_value, field: object.id, timespan: 1h, min_history: 5m}
points: 5`,
	"few": `when: event.action == "view"
correlation: {type: event_count, timespan: 10m, condition: {gt: 1, lt: 4}}
points: 7`,
	"rows": `when: has(query.count)
correlation: {type: value_sum, field: query.count, timespan: 10m, condition: {gte: 15}}
points: 3`,
	"usual": `when: has(event.action)
correlation: {type: baseline, baseline: {every: 25m, history: 2h, least: 2, above: 0}}
points: 9`,
	"peers": `when: has(event.action)
correlation: {type: baseline, baseline: {every: 10m, peers: event.dataset, least_peers: 2, above: 0}}`,
	"silent": `when: event.dataset == "plain"
correlation: {type: silence, timespan: 6m, group_by: [event.dataset]}`,
	"holes": `when: event.dataset == "plain"
correlation: {type: gap, timespan: 30m, grace: 1m}`,
	"risk": `when: event.dataset == "probity" and event.risk_score > 0
correlation: {type: value_sum, field: event.risk_score, timespan: 1h, condition: {gte: 40}}`,
	"kinds": `when: event.dataset == "probity"
correlation: {type: value_count, field: rule.id, timespan: 40m, condition: {gte: 3}}
facts: [{say: late in the hour, when: event.time.Minute() >= 30, speaks: for}]`,
	"early": `when: event.dataset == "probity" and event.time.Minute() < 30
correlation: {type: event_count, timespan: 1h, condition: {gte: 2}}`,
	"each": `when: event.dataset == "probity" and rule.id == "few"
exceptions: [{when: event.time.Minute() % 2 == 0, reason: R, approved_by: A, expires: 2027-01-01}]`,
})

func shapeFiles(bodies map[string]string) (out []rule.File) {
	for _, id := range slices.Sorted(maps.Keys(bodies)) {
		out = append(out, rule.File{Name: id, Data: []byte(prose + "id: " + id + "\n" + bodies[id] + "\nalert: {summary: '{{ .measured }} {{ .sum }} {{ .times }} {{ .object.id }}', period: 20m, evidence: 3}\n")})
	}
	return out
}

// rig judges lines of the counted format.
type rig struct {
	gen      *engine.Generation
	decoder  *decode.Decoder
	identity *alert.Identity
}

func newRig(t testing.TB, rules []rule.File, tables string) *rig {
	t.Helper()
	r := &rig{gen: new(world).generation(t, rules, tables)}
	format, problems := decode.ParseFormat("counted.yaml", []byte(countedFormat))
	must(t, problems.Err())
	var err error
	r.decoder, err = decode.New(decode.Options{Source: "log", Format: format, Schema: r.gen.Rules.Schema})
	must(t, err)
	r.identity, err = alert.NewIdentity([]byte(strings.Repeat("k", 32)))
	must(t, err)
	return r
}

type fataler interface{ Fatal(args ...any) }

// run judges chunks of lines over a store, and what waits if until is not zero.
func (r *rig) run(t fataler, st committer, shards int, until time.Time, chunks ...[]string) {
	p, err := New(Options{
		Sources: []Source{{Name: "log", Dataset: "plain", Streams: &script{chunks}, Decoder: r.decoder, Lateness: 3 * time.Minute}},
		Store:   st, Identity: r.identity, Generation: r.gen, Registerer: prometheus.NewRegistry(), Batch: 1, Shards: shards, Workers: 1, Until: until,
	})
	if err == nil {
		err = p.Run(context.Background())
	}
	if err != nil {
		t.Fatal(err)
	}
}

// told are the last revisions that are open, canonically.
func told(st *store.Memory) map[string]string {
	out := map[string]string{}
	st.EachAlert(func(a *alert.Alert) error {
		if a.Status == alert.Open {
			out[a.Rule.ID+" "+a.ID[:8]] = string(a.Canonical())
		}
		return nil
	})
	return out
}

// drawLines are lines in the order of arrival, each within the lateness of its source.
func drawLines(t *rapid.T) []string {
	type arrival struct {
		at   int
		line string
	}
	var lines []arrival
	for i := range rapid.IntRange(3, 60).Draw(t, "lines") {
		second := rapid.IntRange(0, 3*3600).Draw(t, "second")
		at := time.Date(2026, 3, 2, 10, 0, second, 0, time.UTC)
		line := fmt.Sprintf("ts=%s user=%s verb=%s object=o%d n=%d", at.Format(time.RFC3339), rapid.SampledFrom([]string{"c1", "c1", "c2", "c3"}).Draw(t, "user"),
			rapid.SampledFrom([]string{"view", "view", "view", "print", "login"}).Draw(t, "verb"), rapid.IntRange(1, 3).Draw(t, "object"), i)
		if n := rapid.IntRange(-2, 12).Draw(t, "number"); n >= 0 {
			line += fmt.Sprintf(" seq=%d rows=%d", n, n)
		}
		lines = append(lines, arrival{second + rapid.IntRange(0, 170).Draw(t, "delay"), line})
	}
	slices.SortStableFunc(lines, func(a, b arrival) int { return cmp.Compare(a.at, b.at) })
	out := make([]string, len(lines))
	for i, l := range lines {
		out[i] = l.line
	}
	return out
}

// Alerts, and the alerts over alerts, are what one replay of all lines gives: line by line, in batches, over several shards,
// and after a restart anywhere.
func TestBothRoundsDependOnTheLinesAlone(t *testing.T) {
	r := newRig(t, shapes, "")
	until := time.Date(2026, 3, 9, 0, 0, 0, 0, time.UTC)
	raised := map[string]int{}
	rapid.Check(t, func(t *rapid.T) {
		lines := drawLines(t)
		whole := store.NewMemory()
		r.run(t, whole, 1, until, lines)
		want := told(whole)
		for key := range want {
			raised[strings.Fields(key)[0]]++
		}
		size, shards := rapid.SampledFrom([]int{1, 7, 10_000}).Draw(t, "batch"), rapid.SampledFrom([]int{1, 4}).Draw(t, "shards")
		stop := rapid.IntRange(0, len(lines)).Draw(t, "stopped after")
		st := store.NewMemory()
		r.run(t, st, shards, time.Time{}, slices.Collect(slices.Chunk(lines[:stop], size))...)
		r.run(t, st, shards, until, slices.Collect(slices.Chunk(lines[stop:], size))...)
		if diff := gocmp.Diff(want, told(st)); diff != "" {
			t.Fatalf("batches of %d, %d shards, stopped after %d: one replay (-), so (+):\n%s", size, shards, stop, diff)
		}
	})
	for _, c := range r.gen.Rules.Rules {
		if raised[c.ID] == 0 {
			t.Errorf("no draw raised an alert of %s: the property was not tested", c.ID)
		}
	}
}
