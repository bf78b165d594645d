package pipeline

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"errors"
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
	"pgregory.net/rapid"

	"probity/internal/alert"
	"probity/internal/decode"
	"probity/internal/engine"
	"probity/internal/source"
	"probity/internal/store"
)

// accounts is what the tests of the ledger have in common: a source log of lines, and one of CSV as whole files.
type accounts struct {
	gen      *engine.Generation
	identity *alert.Identity
	lines    *decode.Decoder
	table    *decode.Decoder
}

const tableFormat = `name: rows
description: a table
dataset: plain
framing: csv
decoder: csv
csv: {header: true}
time: {from: ts, layouts: [rfc3339]}
map: {user.name: user, event.action: verb}
`

func newAccounts(t *testing.T) *accounts {
	t.Helper()
	a := &accounts{gen: new(world).generation(t, oneRule("told", `when: event.dataset == "probity" and event.action == "unaccounted"
correlation: {type: event_count, group_by: [object.id], timespan: 1s, condition: {gte: 1}}`), "")}
	var err error
	a.identity, err = alert.NewIdentity([]byte(strings.Repeat("k", 32)))
	must(t, err)
	for name, d := range map[string]struct {
		text string
		to   **decode.Decoder
	}{"log": {plainFormat, &a.lines}, "drop": {tableFormat, &a.table}} {
		format, problems := decode.ParseFormat(name+".yaml", []byte(d.text))
		must(t, problems.Err())
		*d.to, err = decode.New(decode.Options{Source: name, Format: format, Schema: a.gen.Rules.Schema})
		must(t, err)
	}
	return a
}

// pipeline reads dir/log* as chains and dir/drop as whole files.
func (a *accounts) pipeline(t testing.TB, dir string, st committer, o Options) *Pipeline {
	from, err := Positions(st)
	must(t, err)
	for name, s := range map[string]Source{
		"log": {Decoder: a.lines}, "drop": {Decoder: a.table, WholeFiles: true},
	} {
		path := filepath.Join(dir, name+"*")
		if s.WholeFiles {
			path = filepath.Join(dir, name)
		}
		set, err := source.Open(source.Options{
			Name: name, Paths: []string{path}, Framer: s.Decoder.NewFramer, Follow: o.Follow, WholeFiles: s.WholeFiles, Oldest: true, From: from, Grace: 1,
		})
		must(t, err)
		s.Name, s.Dataset, s.Streams = name, "plain", set
		o.Sources = append(o.Sources, s)
	}
	o.Store, o.Identity, o.Generation, o.Registerer = st, a.identity, a.gen, prometheus.NewRegistry()
	p, err := New(o)
	must(t, err)
	return p
}

// dying takes some commits and then none: what was read since is lost, as by kill -9.
type dying struct {
	*store.Memory
	left int
}

var errKilled = errors.New("killed")

func (d *dying) Commit(c *store.Commit) error {
	if d.left--; d.left < 0 {
		return fmt.Errorf("%w: %w", errKilled, store.ErrRefused)
	}
	return d.Memory.Commit(c)
}

// sums are the accounts of all streams together.
func sums(t testing.TB, st committer) (total Account) {
	rows, err := st.Streams()
	must(t, err)
	running, err := Running(rows)
	must(t, err)
	for i := range running {
		total.Add(&running[i])
	}
	return total
}

// drawLog is a log with whatever stands in logs beside records.
func drawLog(t *rapid.T, header string) []byte {
	var b bytes.Buffer
	b.WriteString(rapid.SampledFrom([]string{"", "", "\xef\xbb\xbf"}).Draw(t, "mark"))
	ending := rapid.SampledFrom([]string{"\n", "\r\n"}).Draw(t, "ending")
	if header != "" {
		b.WriteString(header + ending)
	}
	row := func(n int) string {
		if header != "" {
			return fmt.Sprintf(`2026-03-02T10:00:00Z,c%d,"view, twice`+ending+`and more"`, n)
		}
		return fmt.Sprintf("ts=2026-03-02T10:00:00Z user=c%d verb=view object=r", n)
	}
	for range rapid.IntRange(0, 30).Draw(t, "lines") {
		b.WriteString(rapid.SampledFrom([]string{
			row(1), row(2), row(3), "", "  ", "no time", "\x00\x00", strings.Repeat("long ", 1000),
			"\x00\x00\x00" + row(5), "\xef\xbb\xbf" + row(6), row(7) + "\xff",
		}).Draw(t, "line") + ending)
	}
	b.WriteString(rapid.SampledFrom([]string{"", "", row(4), "cut o", `2026-03-02T10:00:00Z,"open`}).Draw(t, "tail"))
	return b.Bytes()
}

// Whatever stands in the files, however it is cut and compressed, and wherever a kill falls: every byte that is there was judged,
// rejected, or stands between records, once.
func TestEveryByteIsAccountedForOnceAlsoAfterKills(t *testing.T) {
	a := newAccounts(t)
	var seen Account
	rapid.Check(t, func(rt *rapid.T) {
		dir, err := os.MkdirTemp(t.TempDir(), "")
		must(t, err)
		must(t, os.Mkdir(filepath.Join(dir, "drop"), 0o700))
		there := int64(0)
		for name, header := range map[string]string{"log": "", "log.1": "", "log.2.gz": "", "drop/a.csv": "ts,user,verb", "drop/b.csv.gz": "ts,user,verb"} {
			text := drawLog(rt, header)
			there += int64(len(text))
			if strings.HasSuffix(name, ".gz") {
				var packed bytes.Buffer
				w := gzip.NewWriter(&packed)
				_, err := w.Write(text)
				must(t, errors.Join(err, w.Close()))
				text = packed.Bytes()
			}
			must(t, os.WriteFile(filepath.Join(dir, name), text, 0o600))
		}
		st := store.NewMemory()
		o := Options{Batch: rapid.SampledFrom([]int{1, 3, 8192}).Draw(rt, "batch"), Workers: rapid.IntRange(1, 2).Draw(rt, "workers")}
		for again := true; again; {
			p := a.pipeline(t, dir, &dying{st, rapid.IntRange(2, 40).Draw(rt, "commits")}, o)
			err := p.Run(context.Background())
			if again = errors.Is(err, errKilled); !again {
				must(t, err)
			}
		}
		got := sums(t, st)
		if got.There != there || !got.AddsUp() || got.Lost+got.LostUnknown != 0 {
			rt.Fatalf("%d bytes are there; the account is %+v, and %d bytes are not accounted for", there, got, got.Unaccounted())
		}
		if alerts := lastRevisions(t, st); len(alerts) != 0 {
			rt.Fatalf("alerts: %v", alerts)
		}
		seen.Add(&got)
	})
	if seen.Judged == 0 || seen.Rejected == 0 || seen.Framing == 0 || seen.Files == 0 {
		t.Errorf("a poor test: %+v", seen)
	}
}

// faulty is a stream of chunks that a test makes.
type faulty []*source.Chunk

func (f *faulty) ID() string     { return "log:faulty" }
func (f *faulty) Close() error   { return nil }
func (f *faulty) Due() time.Time { return time.Time{} }

func (f *faulty) Discover() ([]source.Stream, error) {
	if len(*f) == 0 {
		return nil, nil
	}
	return []source.Stream{f}, nil
}

func (f *faulty) Next(int) (*source.Chunk, error) {
	if len(*f) == 0 {
		return nil, io.EOF
	}
	c := (*f)[0]
	*f = (*f)[1:]
	return c, nil
}

func TestWhatDoesNotAddUpIsTold(t *testing.T) {
	text := []byte(line("10:00:00", "r"))
	n := int64(len(text))
	records := func(bytes int64, finished *source.Finished, gaps ...source.Gap) *source.Chunk {
		return &source.Chunk{
			Path: "f", Records: []decode.Record{{Data: text}}, Bytes: bytes, State: []byte(`{"v":1}`), Gaps: gaps, Finished: finished,
		}
	}
	for _, c := range []struct {
		name   string
		chunks faulty
		want   float64 // bytes in the metric
		off    int64   // of the day
	}{
		{"a file that was handed on whole", faulty{records(n+1, nil), records(n+1, &source.Finished{Path: "f", Size: 2*n + 2})}, 0, 0},
		{"a file left before its end", faulty{records(n+1, &source.Finished{Path: "f", Size: n + 100})}, 99, 99},
		{"a file handed on twice", faulty{records(n+1, nil), records(n+1, &source.Finished{Path: "f", Size: n + 1})}, float64(n + 1), -n - 1},
		{"a gap within the file", faulty{records(n+1, &source.Finished{Path: "f", Size: n + 11}, source.Gap{From: n + 1, To: n + 11})}, 0, 0},
		{"a gap beside the file", faulty{records(n+1, &source.Finished{Path: "f", Size: n + 1}, source.Gap{From: n + 1, To: n + 11, Beyond: true})}, 0, 0},
		{"a loss of unknown length", faulty{records(n+1, &source.Finished{Path: "f", Size: n + 1}, source.Gap{From: n + 1, To: -1})}, 0, 0},
		{"records longer than what was read", faulty{records(n-5, &source.Finished{Path: "f", Size: n - 5})}, 5, -5},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := newAccounts(t)
			st := &keeping{Memory: store.NewMemory()}
			p, err := New(Options{
				Sources: []Source{{Name: "log", Dataset: "plain", Streams: &c.chunks, Decoder: a.lines}},
				Store:   st, Identity: a.identity, Generation: a.gen, Registerer: prometheus.NewRegistry(), Batch: 1,
			})
			must(t, err)
			must(t, p.Run(context.Background()))
			if got := testutil.ToFloat64(p.metrics.unaccounted.WithLabelValues("log")); got != c.want {
				t.Errorf("%v bytes in the metric, want %v", got, c.want)
			}
			got := sums(t, st)
			if got.Unaccounted() != c.off {
				t.Errorf("the day is off by %d, want %d: %+v", got.Unaccounted(), c.off, got)
			}
			if alerts := lastRevisions(t, st); (len(alerts) == 1) != (c.want != 0) {
				t.Errorf("alerts: %v", alerts)
			}
		})
	}
}

// What the workers report is not believed: what was framed is counted beside them.
func TestARecordThatAWorkerDropsIsTold(t *testing.T) {
	a, b := decode.Record{Data: []byte("four")}, decode.Record{Data: []byte("other")}
	chunkOf := func(d done) *chunk {
		return &chunk{Chunk: &source.Chunk{Path: "f", Records: []decode.Record{a, b}, Bytes: 11, State: []byte(`{"v":1}`)}, done: d}
	}
	for name, c := range map[string]struct {
		done done
		want []mismatch
	}{
		"both judged":           {done{Events: 2, Judged: 9}, nil},
		"one judged":            {done{Events: 1, Rejects: 1, Judged: 4, Rejected: 5}, nil},
		"one dropped":           {done{Events: 1, Judged: 4}, []mismatch{{wrongRecords, "f, 2 records framed, 1 events, 0 rejects", 5}}},
		"one twice":             {done{Events: 2, Rejects: 1, Judged: 9, Rejected: 5}, []mismatch{{wrongRecords, "f, 2 records framed, 2 events, 1 rejects", -5}}},
		"a reject that was cut": {done{Events: 1, Rejects: 1, Judged: 4, Rejected: 2}, []mismatch{{wrongRecords, "f, 2 records framed, 1 events, 1 rejects", 3}}},
	} {
		l := newLedger(nil)
		got := l.account("2026-03-02", nil, chunkOf(c.done))
		if diff := cmp.Diff(c.want, got, cmp.AllowUnexported(mismatch{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		l.File = 0 // its state says that nothing is open
		l.measure([]byte(`{"v":1}`))
		if day := l.on("2026-03-02"); day.AddsUp() && c.want != nil {
			t.Errorf("%s: the day adds up: %+v", name, day)
		}
	}
}

// A state folder of an older version has positions without a ledger: their account begins where they stand.
func TestAPositionWithoutALedgerBeginsOne(t *testing.T) {
	at := []byte(`{"v":1,"open":{"path":"f","file":{"dev":1,"ino":2},"head":{"n":0},"offset":70,"before":{"n":0},"mtime":0}}`)
	s, err := newStream(nil, &Source{Decoder: &decode.Decoder{}}, []byte(`{"at":"`+b64(at)+`","top":[0,0,0],"advanced":0,"records":3,"sum":1}`))
	must(t, err)
	if diff := cmp.Diff(&ledger{File: 70, Measured: 70}, s.Ledger); diff != "" {
		t.Error(diff)
	}
	c := &chunk{Chunk: &source.Chunk{Bytes: 30, State: []byte(`{"v":1}`), Finished: &source.Finished{Size: 100}}}
	if wrong := s.Ledger.account("2026-03-02", s.At, c); len(wrong) != 0 || s.Ledger.Days[0].There != 30 {
		t.Errorf("%+v %+v", wrong, s.Ledger)
	}
}

func b64(b []byte) string { return base64.StdEncoding.EncodeToString(b) }
