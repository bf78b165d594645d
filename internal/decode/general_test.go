package decode

import (
	"flag"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"probity/internal/event"
)

var cases = flag.Int("cases", 1000, "mutated records of each format in the comparison of the short ways with the general one")

// A worker has short ways for what is common. These tests decode everything twice, without them too, and compare.

// generalWorker has no short ways: fastjson reads all JSON, rows without quotes are cut at one separator after another, every rule
// goes through its spec, nothing is remembered of the record before, and package regexp finds what patterns find.
func generalWorker(d *Decoder) *Worker {
	plain := *d
	plain.columns, plain.rules, plain.layouts = nil, slices.Clone(d.rules), slices.Clone(d.layouts)
	for i := range plain.rules {
		r := &plain.rules[i]
		r.choices, r.spec = nil, withRegexp(r.spec)
	}
	for i := range plain.layouts {
		plain.layouts[i].date = 0
	}
	w := plain.NewWorker()
	w.record = generalParser(w.record)
	if w.payload != nil {
		w.payload = generalParser(w.payload)
	}
	return w
}

// withRegexp makes the patterns of a spec so large that they are left to package regexp.
func withRegexp(s spec) spec {
	if s.pattern != nil {
		p := *s.pattern
		p.alts = maxVisited + 1
		s.pattern = &p
	}
	s.first = slices.Clone(s.first)
	for i := range s.first {
		s.first[i] = withRegexp(s.first[i])
	}
	return s
}

func generalParser(p parser) parser {
	switch p := p.(type) {
	case *jsonParser:
		return wholeJSON{p}
	case *csvParser:
		return slowCSV{p}
	case *delimitedParser:
		return slowDelimited{p}
	}
	return p
}

type wholeJSON struct{ *jsonParser }

func (p wholeJSON) parse(n *natives, text string, _ *Header) *Reject {
	p.root = nil
	return p.whole(n, text)
}

type slowCSV struct{ *csvParser }

func (p slowCSV) parse(n *natives, text string, h *Header) *Reject {
	if h == nil {
		h = p.fixed
	}
	if h == nil {
		return &Reject{ReasonColumns, "no header row came before " + quote(text)}
	}
	p.symbols = n.fixed(h.Columns)
	if strings.ContainsAny(text, "\"\n") {
		return p.any(n, text)
	}
	return slowFields(n, p.symbols, text, p.separator, false)
}

type slowDelimited struct{ *delimitedParser }

func (p slowDelimited) parse(n *natives, text string, _ *Header) *Reject {
	return slowFields(n, n.fixed(p.columns), text, p.separator, p.trim)
}

func slowFields(n *natives, symbols []*symbol, text string, separator byte, trim bool) *Reject {
	fields := strings.Split(text, string(rune(separator)))
	if len(fields) != len(symbols) {
		return wrongColumns(len(fields), len(symbols), text)
	}
	for i, field := range fields {
		if trim {
			field = strings.Trim(field, " \t")
		}
		n.add(symbols[i], field, nil)
	}
	return nil
}

// twice decodes records with both ways, into events that are used again and again.
type twice struct {
	decoder *Decoder
	workers [2]*Worker
	events  [2]event.Event
}

func newTwice(d *Decoder) *twice {
	return &twice{decoder: d, workers: [2]*Worker{d.NewWorker(), generalWorker(d)}}
}

type fataler interface {
	Helper()
	Fatalf(string, ...any)
}

func (w *twice) decode(t fataler, rec Record) {
	t.Helper()
	var rejects [2]Reject
	for i, worker := range w.workers {
		if err := worker.Decode(rec, &w.events[i]); err != nil {
			rejects[i] = *err.(*Reject)
		}
	}
	if rejects[0] != rejects[1] {
		t.Fatalf("%q: reject %+v, the general way %+v", rec.Data, rejects[0], rejects[1])
	}
	if rejects[0].Reason != "" {
		return
	}
	short, general := &w.events[0], &w.events[1]
	for f := range general.Slots {
		if !short.Slots[f].Equal(general.Slots[f]) {
			t.Fatalf("%q: %s is %+v, the general way %+v", rec.Data, w.decoder.schema.Info(event.Field(f)).Name, short.Slots[f], general.Slots[f])
		}
	}
	if !slices.Equal(short.Native, general.Native) || short.NativeID != general.NativeID {
		t.Fatalf("%q: native %q %q, the general way %q %q", rec.Data, short.NativeID, short.Native, general.NativeID, general.Native)
	}
	if w.workers[0].Illegible() != w.workers[1].Illegible() {
		t.Fatalf("%q: illegible %v, the general way %v", rec.Data, w.workers[0].Illegible(), w.workers[1].Illegible())
	}
}

// sampleRecords are the records of a format's samples, good and bad.
func sampleRecords(tb testing.TB, d *Decoder, dir string) []Record {
	var out []Record
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		tb.Fatal(err)
	}
	for _, kind := range []string{"sample", "bad"} {
		if slices.ContainsFunc(files, func(f string) bool { return strings.HasPrefix(filepath.Base(f), kind+".") }) {
			_, out = d.NewFramer().Frame(fileOf(tb, dir, kind), 0, true, 1<<30, out)
		}
	}
	return out
}

// mutate changes a record in a few places, or puts a piece of another into it.
func mutate(r *rand.Rand, data, other []byte) []byte {
	pieces := []string{
		`"`, `\`, `\\`, `\"`, `\u00e9`, `\n`, `,`, `, `, `:`, ` : `, `{`, `}`, `[`, `]`, `null`, `true`, `0`, `-1.5e3`, `01`, "\xff", "\xe9", "é", "\ufffd", "\t",
		" ", "        ", `,"x",`, `,"a""b, c",`, "|", ";", "\n", "\r", `"a":"b",`, `""`, `,"a":[1],`, `,"a":{"b":"c"},`, "2026-03-29 01:30:00.000", "T", "Z", ".5", "+01:00", "PC", "Y",
	}
	data = slices.Clone(data)
	for range 1 + r.IntN(3) {
		at := r.IntN(len(data) + 1)
		switch to := min(at+r.IntN(12), len(data)); r.IntN(4) {
		case 0:
			data = slices.Delete(data, at, to)
		case 1:
			data = slices.Insert(data, at, data[at:to]...)
		case 2:
			data = slices.Replace(data, at, min(at+r.IntN(2), len(data)), []byte(pieces[r.IntN(len(pieces))])...)
		default:
			from := r.IntN(len(other) + 1)
			data = slices.Replace(data, at, to, other[from:min(from+r.IntN(40), len(other))]...)
		}
	}
	return data
}

// everyFormat are the folders of samples, with fields of each kind declared besides what the format maps.
func everyFormat(tb testing.TB) map[string]*Decoder {
	tb.Helper()
	dirs, err := filepath.Glob(filepath.Join(samples, "*"))
	if err != nil || len(dirs) == 0 {
		tb.Fatal(err)
	}
	out := map[string]*Decoder{}
	for _, dir := range dirs {
		fields := map[string]event.Kind{
			"UserType": event.Int, "RecordType": event.String, "Restricted": event.Bool, "AuditTime": event.Time, "SearchTerms": event.List, "EntityURN": event.String,
			"HitCount": event.Int, "Date": event.Time, "Result": event.Bool, "Operation": event.List, "Item": event.String,
		}
		f := formatOf(tb, dir)
		if columns, known := f.columns(); known || f.Framing == "csv" {
			maps.DeleteFunc(fields, func(name string, _ event.Kind) bool { return known && !slices.Contains(columns, name) })
		}
		out[dir] = decoderOf(tb, f, fields, 0)
	}
	return out
}

func TestTheShortWaysDecodeAsTheGeneralOne(t *testing.T) {
	for dir, d := range everyFormat(t) {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			records := sampleRecords(t, d, dir)
			w, r := newTwice(d), rand.New(rand.NewPCG(7, 7))
			for _, rec := range records {
				w.decode(t, rec)
			}
			for range *cases {
				rec := records[r.IntN(len(records))]
				rec.Data = mutate(r, rec.Data, records[r.IntN(len(records))].Data)
				w.decode(t, rec)
				if r.IntN(4) == 0 { // as it stands, behind what has spoilt it
					w.decode(t, records[r.IntN(len(records))])
				}
			}
		})
	}
}

// What mutations seldom hit, each after what comes before it.
func TestTheShortWaysKnowWhereTheyEnd(t *testing.T) {
	const csv = "name: x\nframing: csv\ndecoder: csv\ncsv: {columns: [t, a, b]}\ntime: {from: t, layouts: [unix]}\nmap: {object.id: a, object.name: b}\n"
	const inside = "name: x\nframing: csv\ndecoder: csv\ncsv: {columns: [a, k, p]}\npayload: {field: p, decoder: json, keep: [k, a]}\n" +
		"time: {from: t, layouts: [unix]}\nmap: {object.id: a, object.name: k}\n"
	for name, c := range map[string]struct {
		format string
		lines  []string
	}{
		"quotes":   {csv, []string{`1,"a","b"`, "1,\"a\",b\r", `1,"a""","""b"`, `1,"a"b,c`, `1,a"b,c`, `1,"a","b`, `1,"a","b",c`, `"1","a"`, `1,"",""`, "1,\"a\nb\",c", `1,"a,b",`, ``, `"`}},
		"names":    {jsonFormat, []string{`{"t":1,"a\"b":1}`, `{"t":1,"a"b":1}`, `{"t":1,"a\\":1}`, `{"t":1,"a\":1}`, `{"t":1,"c":2,"c":3}`, `{"t":1,"c":2,"d":3}`, `{"t" :1 , "c": 2}`}},
		"kept":     {inside, []string{`A,K,"{""t"":1,""a"":""x""}"`, `,K,"{""t"":1,""a"":[1],""k"":""x""}"`, `A,,"{""t"":1,""k"":""\u00e9""}"`, `A,K,"{""t"":1"`, `A,K,`}},
		"a number": {jsonFormat, []string{`{"t":1,"a":10,"b":0}`, `{"t":1,"a":-0.5e3,"b":01}`, `{"t":1,"a":1`, `{"t":1}`, `{"t":1.}`, `{"t":1 }`, `{"t":1}}`}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newTwice(decoderOf(t, parse(t, c.format), nil, 0))
			for _, line := range append(slices.Clone(c.lines), c.lines...) {
				w.decode(t, Record{Data: []byte(line)})
			}
		})
	}
}

func FuzzTheShortWaysDecodeAsTheGeneralOne(f *testing.F) {
	formats := everyFormat(f)
	dirs := slices.Sorted(maps.Keys(formats))
	headers := make([]*Header, len(dirs))
	for i, dir := range dirs {
		records := sampleRecords(f, formats[dir], dir)
		for j, rec := range records {
			f.Add(uint8(i), records[(j+1)%len(records)].Data, rec.Data)
			headers[i] = rec.Header
		}
	}
	f.Fuzz(func(t *testing.T, i uint8, before, line []byte) {
		n := int(i) % len(dirs)
		w := newTwice(formats[dirs[n]])
		for _, data := range [][]byte{before, line, before, line} {
			w.decode(t, Record{Data: data, Header: headers[n]})
		}
	})
}

// drawSpec draws where a field's text comes from, as it may stand in a format.
func drawSpec(t *rapid.T, depth int) Spec {
	names := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"a", "b", "c", "n.m", "l", "l[k=x].v"}), 1, 3, rapid.ID)
	texts := rapid.SampledFrom([]string{"x", "Y", "N", "View", "AclChange", "7", "192.0.2.1:80", "é"})
	var s Spec
	if rapid.IntRange(0, 3).Draw(t, "guarded") == 0 {
		s.When = map[string][]string{}
		for _, name := range names.Draw(t, "guards") {
			s.When[name] = rapid.SliceOfN(rapid.OneOf(texts, texts, rapid.Just("")), 1, 4).Draw(t, "asked")
		}
	}
	switch way := rapid.IntRange(0, 5).Draw(t, "way"); {
	case way == 0:
		text := texts.Draw(t, "constant")
		s.Const = &text
		return s
	case way <= 2 && depth > 0:
		for range rapid.IntRange(1, 3).Draw(t, "alternatives") {
			s.First = append(s.First, drawSpec(t, depth-1))
		}
		return s
	}
	s.From = names.Draw(t, "from")
	s.As = rapid.SampledFrom([]string{"", "", "host", "lower", "hyphens"}).Draw(t, "as")
	s.Pattern = rapid.SampledFrom([]string{"", "", "", `(?i)^(?P<value>[a-z]+)`, `\d(?P<value>.*)`}).Draw(t, "pattern")
	s.Split = rapid.SampledFrom([]string{"", "", "", ";"}).Draw(t, "split")
	if rapid.Bool().Draw(t, "table") {
		s.Values = rapid.MapOfN(texts, rapid.SampledFrom([]string{"view", "7", "true", ""}), 1, 4).Draw(t, "values")
		switch rapid.IntRange(0, 2).Draw(t, "lacks") {
		case 0:
			s.Default = "other"
		case 1:
			s.Otherwise = rapid.SampledFrom([]string{"", "missing", "lower", "hyphens"}).Draw(t, "otherwise")
		}
	}
	return s
}

func TestWhateverARuleSaysTheShortWayIsTheGeneralOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := &Format{Name: "x", Dataset: "x", Decoder: "json", Time: &Time{From: Names{"t"}, Layouts: []string{"unix"}}, NativeID: Names{"a", "b"},
			Sequence: &Sequence{From: "c", Scope: []string{"a"}}, Map: map[string]Spec{}}
		for _, field := range []string{"event.action", "object.name", "object.restricted", "query.count", "subject.ids"} {
			f.Map[field] = drawSpec(t, 2)
		}
		schema, err := event.NewSchema()
		if err != nil {
			t.Fatal(err)
		}
		d, err := New(Options{Source: "s", Format: f, Schema: schema})
		if err != nil {
			t.Fatal(err)
		}
		w := newTwice(d)
		value := rapid.SampledFrom([]string{`"x"`, `"Y"`, `"n"`, `"View"`, `"AclChange"`, `7`, `"7"`, `true`, `null`, `""`, `"192.0.2.1:80"`, `"é"`, "\"\xe9\"", `"FORCE\\x"`,
			`"p; q;"`, `["x","y"]`, `[]`, `[{"k":"x","v":"Y"},{"k":"y"}]`, `{"m":"x"}`, `"` + strings.Repeat("long", 20) + `"`, `99999999999999999999`})
		for range rapid.IntRange(1, 12).Draw(t, "records") {
			line := `{"t":1`
			for _, name := range rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c", "n", "l", "n.m", "z"}), 0, 7).Draw(t, "members") {
				line += `,"` + name + `":` + value.Draw(t, name)
			}
			w.decode(t, Record{Data: []byte(line + "}")})
		}
	})
}

// A field whose texts are all different is not remembered without end, and reads the same when it is no longer.
func TestMoreTextsThanAWorkerRemembers(t *testing.T) {
	w := newTwice(decoderOf(t, parse(t, jsonFormat+"map: {event.action: {from: v, values: {V7: seven}, otherwise: lower}}\n"), nil, 0))
	for i := range 2 * maxReplaced {
		w.decode(t, Record{Data: []byte(`{"t":1,"v":"V` + strconv.Itoa(i) + `"}`)})
		w.decode(t, Record{Data: []byte(`{"t":1,"v":"V7"}`)})
	}
	if w.workers[0].words[0].replaced != maxReplaced {
		t.Errorf("%d texts were replaced, %d may be", w.workers[0].words[0].replaced, maxReplaced)
	}
}

func TestNumbersAndBooleansReadAsThePackagesSay(t *testing.T) {
	word := regexp.MustCompile(`^(?i:true|yes|y|1|false|no|n|0)$`)
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[-+]?[0-9_]{0,20}|(?i:true|yes|no|y|n|1|0|false|t)|ye[sſ]`).Draw(t, "text")
		want, err := strconv.ParseInt(text, 10, 64)
		if got, ok := readInt(text); ok != (err == nil) || ok && got != want {
			t.Errorf("%q: %d %v instead of %d %v", text, got, ok, want, err)
		}
		if v, ok := readBool(text); ok != word.MatchString(text) || v != (ok && strings.ContainsAny(text, "tTyY1")) {
			t.Errorf("%q: %v %v", text, v, ok)
		}
		padded := strings.Repeat(" ", rapid.IntRange(0, 3).Draw(t, "before")) + text + strings.Repeat(" ", rapid.IntRange(0, 20).Draw(t, "behind"))
		for _, text := range []string{padded, "\t" + padded + "\t", padded + "\t         "} {
			if got := trimmed(text); got != strings.Trim(text, " \t") {
				t.Errorf("%q is trimmed to %q", text, got)
			}
		}
	})
}
