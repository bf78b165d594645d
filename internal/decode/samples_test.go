package decode

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"probity/internal/event"
)

// fileOf reads the sample or the bad records of a format.
func fileOf(tb testing.TB, dir, kind string) []byte {
	tb.Helper()
	files, err := filepath.Glob(filepath.Join(dir, kind+".*"))
	if err != nil || len(files) != 1 {
		tb.Fatalf("%s: %d files named %s: %v", dir, len(files), kind, err)
	}
	src, err := os.ReadFile(files[0])
	if err != nil {
		tb.Fatal(err)
	}
	return src
}

func sampleOf(tb testing.TB, dir string) []byte { return fileOf(tb, dir, "sample") }

// fuzzDecoder checks on any bytes that a decoder neither panics nor gives an event without a time, keeps the original, and
// says nothing longer than it may about a record that it rejects.
func fuzzDecoder(f *testing.F, name string) {
	dir := filepath.Join(samples, name)
	d := decoderOf(f, formatOf(f, dir), nil, 4096)
	_, records := d.NewFramer().Frame(sampleOf(f, dir), 0, true, 1<<30, nil)
	var header *Header
	for _, rec := range records {
		f.Add(rec.Data)
		header = rec.Header
	}
	w := d.NewWorker()
	f.Fuzz(func(t *testing.T, data []byte) {
		before := string(data)
		var ev, again event.Event
		err := w.Decode(Record{Data: data, Header: header}, &ev)
		if string(data) != before || string(ev.Original) != before {
			t.Fatal("the record's bytes changed")
		}
		if r, ok := err.(*Reject); ok {
			if r.Reason == "" || len(r.Detail) > maxQuote+400 {
				t.Fatalf("reject %+v", r)
			}
			return
		}
		if err != nil {
			t.Fatalf("error %T", err)
		}
		if !ev.Slots[event.FieldTime].Has() {
			t.Fatal("no time")
		}
		for _, p := range ev.Native {
			if p.Text == "" {
				t.Fatalf("native field %q is empty", p.Name)
			}
		}
		id := ev.Identity()
		if err := w.Decode(Record{Data: data, Header: header}, &again); err != nil || again.Identity() != id || ev.Identity() != id {
			t.Fatalf("decoded twice, ids %s and %s, error %v", id, again.Identity(), err)
		}
	})
}

func FuzzDecodeNiche(f *testing.F)      { fuzzDecoder(f, "niche") }
func FuzzDecodePNC(f *testing.F)        { fuzzDecoder(f, "pnc") }
func FuzzDecodeStorm(f *testing.F)      { fuzzDecoder(f, "storm") }
func FuzzDecodeCrime(f *testing.F)      { fuzzDecoder(f, "crime") }
func FuzzDecodeM365(f *testing.F)       { fuzzDecoder(f, "m365") }
func FuzzDecodeM365CSV(f *testing.F)    { fuzzDecoder(f, "m365-csv") }
func FuzzDecodeSyslog3164(f *testing.F) { fuzzDecoder(f, "syslog-3164") }
func FuzzDecodeRegex(f *testing.F)      { fuzzDecoder(f, "regex") }
func FuzzDecodeCEF(f *testing.F)        { fuzzDecoder(f, "cef") }
func FuzzDecodeLEEF(f *testing.F)       { fuzzDecoder(f, "leef") }
func FuzzDecodeWinEvent(f *testing.F)   { fuzzDecoder(f, "winevent") }

// FuzzParseFormat checks that no format file brings the check down, and that New accepts what it accepts.
func FuzzParseFormat(f *testing.F) {
	for _, name := range BuiltinNames() {
		f.Add(BuiltinSource(name))
	}
	schema, err := event.NewSchema()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		format, problems := ParseFormat("f.yaml", src)
		if len(problems) > 0 {
			for _, p := range problems {
				if strings.TrimSpace(p.What) == "" {
					t.Fatalf("a problem that says nothing: %+v", p)
				}
			}
			return
		}
		d, err := New(Options{Source: "s", Format: format, Schema: schema})
		if err != nil {
			t.Fatalf("no problems, but: %v", err)
		}
		_, records := d.NewFramer().Frame([]byte("a,b\n1,2\n{\"a\":1}\n"), 0, true, 10, nil)
		w := d.NewWorker()
		var ev event.Event
		for _, rec := range records {
			_ = w.Decode(rec, &ev) // that it returns is what is tested
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	for _, name := range append(BuiltinNames(), "delimited", "logfmt", "regex", "syslog-3164") {
		b.Run(name, func(b *testing.B) {
			dir := filepath.Join(samples, name)
			d := decoderOf(b, formatOf(b, dir), nil, 0)
			_, records := d.NewFramer().Frame(sampleOf(b, dir), 0, true, 1<<30, nil)
			w := d.NewWorker()
			var ev event.Event
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				_ = w.Decode(records[i%len(records)], &ev) // some samples hold bad records
			}
		})
	}
}

func BenchmarkFrame(b *testing.B) {
	for _, name := range []string{"pnc", "niche", "m365-array", "winevent"} {
		b.Run(name, func(b *testing.B) {
			dir := filepath.Join(samples, name)
			d := decoderOf(b, formatOf(b, dir), nil, 0)
			src := sampleOf(b, dir)
			f := d.NewFramer()
			var out []Record
			b.SetBytes(int64(len(src)))
			b.ReportAllocs()
			for b.Loop() {
				f.Reset()
				_, out = f.Frame(src, 0, true, 1<<30, out[:0])
			}
		})
	}
}
