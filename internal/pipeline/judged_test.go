package pipeline

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"probity/internal/alert"
	"probity/internal/decode"
	"probity/internal/rule"
	"probity/internal/source"
	"probity/internal/store"
)

// script is a source whose chunks a test writes: each Next gives one.
type script struct{ chunks [][]string }

func (s *script) ID() string     { return "log:script" }
func (s *script) Close() error   { return nil }
func (s *script) Due() time.Time { return time.Time{} }

func (s *script) Discover() ([]source.Stream, error) {
	if s.chunks == nil {
		return nil, nil
	}
	return []source.Stream{s}, nil
}

func (s *script) Next(int) (*source.Chunk, error) {
	if len(s.chunks) == 0 {
		return nil, io.EOF
	}
	c := &source.Chunk{Path: "script", State: []byte("{}")}
	if len(s.chunks[0]) > 0 && strings.HasPrefix(s.chunks[0][0], "LOST ") {
		c.Gaps = []source.Gap{{Path: "script", From: 10, To: 110, Reason: strings.TrimPrefix(s.chunks[0][0], "LOST ")}}
		s.chunks = s.chunks[1:]
		return c, nil
	}
	for _, line := range s.chunks[0] {
		c.Records = append(c.Records, decode.Record{Data: []byte(line), Offset: c.Bytes})
		c.Bytes += int64(len(line)) + 1
	}
	s.chunks = s.chunks[1:]
	return c, nil
}

const plainFormat = `name: plain
description: a log without native ids
dataset: plain
framing: lines
decoder: logfmt
time: {from: ts, layouts: [rfc3339]}
map: {user.name: user, event.action: verb, object.id: object}
`

// scripted is a pipeline over chunks of lines, with some rules and tables.
func scripted(t *testing.T, st committer, rules []rule.File, tables string, chunks ...[]string) (*Pipeline, *prometheus.Registry) {
	t.Helper()
	gen := new(world).generation(t, rules, tables)
	format, problems := decode.ParseFormat("plain.yaml", []byte(plainFormat))
	must(t, problems.Err())
	d, err := decode.New(decode.Options{Source: "log", Format: format, Schema: gen.Rules.Schema})
	must(t, err)
	identity, err := alert.NewIdentity([]byte(strings.Repeat("k", 32)))
	must(t, err)
	reg := prometheus.NewRegistry()
	p, err := New(Options{
		Sources: []Source{{Name: "log", Dataset: "plain", Streams: &script{chunks}, Decoder: d, Lateness: time.Minute}},
		Store:   st, Identity: identity, Generation: gen, Registerer: reg, Batch: 1,
	})
	must(t, err)
	return p, reg
}

// runScript judges chunks of lines and returns the store and its alerts as "rule count (revision)".
func runScript(t *testing.T, rules []rule.File, tables string, chunks ...[]string) (*store.Memory, *prometheus.Registry, []string) {
	t.Helper()
	st := store.NewMemory()
	p, reg := scripted(t, st, rules, tables, chunks...)
	must(t, p.Run(context.Background()))
	return st, reg, alertTexts(t, st)
}

func alertTexts(t *testing.T, st *store.Memory) []string {
	var out []string
	must(t, st.EachAlert(func(a *alert.Alert) error {
		out = append(out, fmt.Sprintf("%s %d (revision %d)", a.Rule.ID, a.Count, a.Revision))
		return nil
	}))
	return out
}

func line(at string, object string) string {
	return fmt.Sprintf("ts=2026-03-02T%sZ user=c1 verb=view object=%s", at, object)
}

func oneRule(id, extra string) []rule.File {
	return []rule.File{{Name: id, Data: []byte(prose + "id: " + id + "\n" + extra + "\nalert: {summary: x, period: 1h}\n")}}
}

// Without a native id, the second identical line is another event: somebody did it twice.
func TestIdenticalLinesWithoutANativeIDAreDistinctEvents(t *testing.T) {
	rules := oneRule("thrice", `when: event.action == "view"
correlation: {type: event_count, timespan: 10m, condition: {gte: 3}}`)
	l := line("10:00:00", "r")
	_, _, got := runScript(t, rules, "", []string{l, l}, []string{l})
	if diff := cmp.Diff([]string{"thrice 3 (revision 1)"}, got); diff != "" {
		t.Error(diff)
	}
}

// An event beyond the lateness is counted, still judged, and joins the alert whose windows are gone.
func TestAnEventLaterThanAllowedIsStillJudged(t *testing.T) {
	rules := oneRule("each", `when: event.dataset == "plain" and object.id == "secret"`)
	st, reg, got := runScript(t, rules, "",
		[]string{line("10:00:00", "secret")},
		[]string{line("15:00:00", "a"), line("15:00:01", "b"), line("15:00:02", "c")},
		[]string{line("10:30:00", "secret")})
	if diff := cmp.Diff([]string{"each 2 (revision 2)"}, got); diff != "" {
		t.Error(diff)
	}
	must(t, st.EachAlert(func(a *alert.Alert) error {
		if len(a.Evidence) != 2 || a.First.Format("15:04") != "10:00" || a.Last.Format("15:04") != "10:30" || len(a.Unknowns) != 1 {
			t.Errorf("%+v", a)
		}
		return nil
	}))
	must(t, testutil.GatherAndCompare(reg, strings.NewReader(`
# HELP probity_events_late_total Events that came later than their source is allowed.
# TYPE probity_events_late_total counter
probity_events_late_total{source="log"} 1
`), "probity_events_late_total"))
}

// One line from the future moves no watermark, so it makes nothing late.
func TestALineFromTheFutureMovesNothing(t *testing.T) {
	_, reg, _ := runScript(t, oneRule("each", `when: object.id == "secret"`), "",
		[]string{line("10:00:00", "a"), "ts=2099-01-01T00:00:00Z user=c1 verb=view object=f", line("10:00:10", "b"), line("10:00:20", "c")})
	must(t, testutil.GatherAndCompare(reg, strings.NewReader(`
# HELP probity_events_late_total Events that came later than their source is allowed.
# TYPE probity_events_late_total counter
probity_events_late_total{source="log"} 0
`), "probity_events_late_total"))
}

// Nightly exports: what a table could not say today, tomorrow's says, and the alert is raised then.
func TestAReloadJudgesUndecidedMatchesAgain(t *testing.T) {
	tables := t.TempDir()
	write := func(from, to, rows string) {
		must(t, os.WriteFile(filepath.Join(tables, "sensitive.csv"), []byte("# exported_at="+to+" covers="+from+"/"+to+"\nrecord_ref,label,allowed_roles,expires\n"+rows), 0o600))
	}
	rules := oneRule("listed_record", `when: sensitive(object.id)
decide_within: 36h`)
	write("2026-02-01T00:00:00Z", "2026-03-02T00:00:00Z", "")
	st, reg, got := runScript(t, rules, tables, []string{line("10:00:00", "r"), line("10:00:01", "other")})
	if len(got) != 0 {
		t.Fatal("an undecided match accuses:", got)
	}
	must(t, testutil.GatherAndCompare(reg, strings.NewReader(`
# HELP probity_rule_undecided_total Matches held back because a table does not say.
# TYPE probity_rule_undecided_total counter
probity_rule_undecided_total{rule="listed_record",severity="high"} 2
`), "probity_rule_undecided_total"))

	write("2026-02-01T00:00:00Z", "2026-03-03T00:00:00Z", "r,public figure,vetting,\n")
	p, _ := scripted(t, st, rules, tables) // as a restart with tomorrow's table would
	must(t, p.Run(context.Background()))
	if diff := cmp.Diff([]string{"listed_record 1 (revision 1)"}, alertTexts(t, st)); diff != "" {
		t.Error(diff)
	}
	waiting := 0
	must(t, st.EachPending(func(store.PendingMatch) error { waiting++; return nil }))
	if waiting != 0 {
		t.Errorf("%d matches still wait", waiting)
	}
}

func TestMetricsAreWellFormedAndNameNobody(t *testing.T) {
	_, reg, _ := runScript(t, oneRule("each", `when: object.id == "Zebedee-Unusual"`), "", []string{"ts=2026-03-02T10:00:00Z user=Quillfeather-Unusual verb=view object=Zebedee-Unusual", "nonsense"})
	problems, err := testutil.GatherAndLint(reg)
	must(t, err)
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
	families, err := reg.Gather()
	must(t, err)
	for _, f := range families {
		if text := f.String(); strings.Contains(text, "Unusual") {
			t.Errorf("a name in %s", text)
		}
	}
}

// What an exception hid can be shown: which events, of which rule, on whose word. Once it has expired, by event time, the
// alert says so, and so does a metric.
func TestWhatAnExceptionHoldsBackIsKeptForTheRecord(t *testing.T) {
	rules := oneRule("viewed", `when: event.action == "view"
exceptions: [{when: 'object.id == "demo"', reason: shown to every new colleague, approved_by: IAB, expires: 2026-03-02T12:00:00Z}]`)
	st := &keeping{Memory: store.NewMemory()}
	p, reg := scripted(t, st, rules, "", []string{line("10:00:00", "demo"), line("11:00:00", "demo")}, []string{line("13:00:00", "demo")})
	must(t, p.Run(context.Background()))
	var got []string
	for _, e := range st.evidence {
		if e.Kind == "suppressed" {
			b, err := json.Marshal(e.Body)
			must(t, err)
			got = append(got, string(b))
		}
	}
	if len(got) != 1 || !strings.Contains(got[0], `"rule":"viewed","version":1,"reason":"shown to every new colleague","approved_by":"IAB","expires":"2026-03-02T12:00:00Z","count":2`) ||
		!strings.Contains(got[0], `"log.file.path":"script","log.offset":0`) || strings.Contains(got[0], "c1") {
		t.Errorf("evidence: %s", got)
	}
	must(t, st.EachAlert(func(a *alert.Alert) error {
		if want := []string{"an exception (shown to every new colleague; approved by IAB) expired on 2026-03-02 and no longer holds anything back"}; a.Count != 1 || !cmp.Equal(want, a.Expired) {
			t.Errorf("%d events, %q", a.Count, a.Expired)
		}
		return nil
	}))
	if n := testutil.ToFloat64(p.metrics.exceptionsExpired.WithLabelValues("viewed", "high")); n != 1 {
		t.Errorf("%v expired exceptions in the metric; %v", n, reg)
	}
}

// Bytes that nobody could read are never silence: a rule makes them an alert, once for every time.
func TestLostBytesRaiseAnAlert(t *testing.T) {
	rules := []rule.File{{Name: "lost", Data: []byte(prose + `id: lost
when: event.dataset == "probity" and event.action == "gap"
correlation: {type: event_count, group_by: [object.id], timespan: 1s, condition: {gte: 1}}
alert: {summary: "{{.object.id}} lost {{.query.count}} bytes ({{.event.reason}})", period: 365d}
`)}}
	st, _, got := runScript(t, rules, "", []string{line("10:00:00", "r")}, []string{"LOST truncated"}, []string{line("10:00:01", "r")}, []string{"LOST replaced"})
	if diff := cmp.Diff([]string{"lost 2 (revision 2)"}, got); diff != "" {
		t.Error(diff)
	}
	must(t, st.EachAlert(func(a *alert.Alert) error {
		if a.Summary != "log lost 100 bytes (truncated)" || len(a.Evidence) != 2 || !strings.Contains(a.Evidence[0].Original, `"place":"script from byte 10"`) {
			t.Errorf("%+v", a)
		}
		return nil
	}))
}
