package decode

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// The framers under test, with limits so small that every rule about long records is met.
var framers = map[string]func(limit int) Framer{
	"lines":      func(limit int) Framer { return &lineFramer{limit: limit} },
	"json-array": func(limit int) Framer { return &arrayFramer{limit: limit} },
	"winevent":   func(limit int) Framer { return &winEventFramer{limit: limit} },
	"csv header": func(limit int) Framer {
		return &csvFramer{limit: limit, separator: ',', header: true, required: []string{"t"}}
	},
	"csv columns": func(limit int) Framer {
		return &csvFramer{limit: limit, separator: ',', head: fixedHeader([]string{"t", "u"}, ',')}
	},
}

// framed is a record as tests compare it.
type framed struct {
	Data    string
	Offset  int64
	Partial bool
	Columns []string
	Reject  string
}

func show(records []Record) []framed {
	var out []framed
	for _, r := range records {
		f := framed{Data: string(r.Data), Offset: r.Offset, Partial: r.Partial, Reject: r.Reject}
		if r.Header != nil {
			f.Columns = r.Header.Columns
		}
		out = append(out, f)
	}
	return out
}

// whole frames src at once.
func whole(f Framer, src string) []framed {
	_, records := f.Frame([]byte(src), 0, true, 1<<30, nil)
	return show(records)
}

func TestFraming(t *testing.T) {
	tests := []struct {
		name, framer, src string
		limit             int
		want              []framed
	}{
		{"LF, CRLF, blank lines and a last line without an end", "lines", "\ufeffa\r\n\n \t\r\nb\nc", 80,
			[]framed{{Data: "a", Offset: 3}, {Data: "b", Offset: 11}, {Data: "c", Offset: 13, Partial: true}}},
		{"a long line comes in pieces and the next one whole", "lines", "aaaabbbbcc\ndd\n", 4,
			[]framed{{Data: "aaaa", Offset: 0, Reject: "too-long"}, {Data: "bbbb", Offset: 4, Reject: "too-long"}, {Data: "cc", Offset: 8, Reject: "too-long"}, {Data: "dd", Offset: 11}}},
		{"a line as long as the limit is whole", "lines", "aaaa\nb\n", 4, []framed{{Data: "aaaa"}, {Data: "b", Offset: 5}}},
		{"a long line whose last piece is empty", "lines", "aaaabbbb\nb\n", 4,
			[]framed{{Data: "aaaa", Reject: "too-long"}, {Data: "bbbb", Offset: 4, Reject: "too-long"}, {Data: "b", Offset: 9}}},
		{"a quoted newline is inside its record", "csv columns", "1,\"a\r\n\"\"b\"\r\n2,c\n", 80,
			[]framed{{Data: "1,\"a\r\n\"\"b\"", Columns: []string{"t", "u"}}, {Data: "2,c", Offset: 12, Columns: []string{"t", "u"}}}},
		{"a header row repeats, quoted and not", "csv header", "t,u\n1,a\n\"t\",\"u\"\nt,u\nt,v\n", 80,
			[]framed{{Data: "1,a", Offset: 4, Columns: []string{"t", "u"}}, {Data: "t,v", Offset: 20, Columns: []string{"t", "u"}}}},
		{"columns that stand as a header row are skipped", "csv columns", "t,u\n1,a\n", 80, []framed{{Data: "1,a", Offset: 4, Columns: []string{"t", "u"}}}},
		{"a row before the header is rejected", "csv header", "# exported\nt,u\n1,a\n", 80,
			[]framed{{Data: "# exported", Reject: "columns"}, {Data: "1,a", Offset: 15, Columns: []string{"t", "u"}}}},
		{"a quoted record that is too long is rejected at its first line", "csv columns", "1,\"aaa\nb,c\nd,e\nfffffff\n", 16,
			[]framed{{Data: "1,\"aaa", Reject: "too-long"}, {Data: "b,c", Offset: 7, Columns: []string{"t", "u"}}, {Data: "d,e", Offset: 11, Columns: []string{"t", "u"}}, {Data: "fffffff", Offset: 15, Columns: []string{"t", "u"}}}},
		{"a quote that nothing closes is rejected at its first line", "csv columns", "1,\"aaa\nb,c\n", 80,
			[]framed{{Data: "1,\"aaa", Reject: "quote"}, {Data: "b,c", Offset: 7, Columns: []string{"t", "u"}}}},
		{"a quote in mid-field is text", "csv columns", "1,a\"b\n2,c\n", 80,
			[]framed{{Data: "1,a\"b", Columns: []string{"t", "u"}}, {Data: "2,c", Offset: 6, Columns: []string{"t", "u"}}}},
		{"an array, pretty-printed", "json-array", "[\n {\"a\": [1,\n  \"]\"]},\r\n {\"b\":\"\\\"}\"}\n]\n", 80,
			[]framed{{Data: "{\"a\": [1,\n  \"]\"]}", Offset: 3}, {Data: "{\"b\":\"\\\"}\"}", Offset: 24}}},
		{"objects one a line, one of them torn", "json-array", "{\"a\":{\r\n{\"b\":2}\n{\"c\":3} {\"d\":4}\n", 80,
			[]framed{{Data: "{\"a\":{", Offset: 0}, {Data: "{\"b\":2}", Offset: 8}, {Data: "{\"c\":3}", Offset: 16}, {Data: "{\"d\":4}", Offset: 24}}},
		{"an element that is too long comes in pieces and the next one whole", "json-array", "[{\"aaaaaa\":1},{\"b\":2}]", 8,
			[]framed{{Data: "{\"aaaaaa", Offset: 1, Reject: "too-long"}, {Data: "\":1}", Offset: 9, Reject: "too-long"}, {Data: "{\"b\":2}", Offset: 14}}},
		{"events one a line and over many, with a root and without", "winevent", "\ufeff<?xml version=\"1.0\"?>\r\n<Events>\n<Event a='1'>\r\n <b/>\r\n</Event>\r\n<Event>c</Event><Event>d</Event>\n</Events>\n<Event>e</Event>\n", 80,
			[]framed{{Data: "<Event a='1'>\r\n <b/>\r\n</Event>", Offset: 35}, {Data: "<Event>c</Event>", Offset: 67}, {Data: "<Event>d</Event>", Offset: 83}, {Data: "<Event>e</Event>", Offset: 110}}},
		{"a torn event ends where the next one begins", "winevent", "<Event><a\n<Event>b</Event>\n<Event>c", 80,
			[]framed{{Data: "<Event><a\n"}, {Data: "<Event>b</Event>", Offset: 10}, {Data: "<Event>c", Offset: 27, Partial: true}}},
		{"what is no event is a record too, and ends with its line", "winevent", "<EventData>\r\nnoise<Event>b</Event>more\n<Events\n</Event>\n", 80,
			[]framed{{Data: "<EventData>"}, {Data: "noise", Offset: 13}, {Data: "<Event>b</Event>", Offset: 18}, {Data: "more", Offset: 34}, {Data: "<Events", Offset: 39}, {Data: "</Event>", Offset: 47}}},
		{"an event that is too long comes in pieces, its end tag in two of them, and the next one whole", "winevent", "<Event>aaaaaaaaaaaaaaaaaaaa</Event><Event>b</Event>", 17,
			[]framed{{Data: "<Event>aaaaaaaaaa", Reject: "too-long"}, {Data: "aaaaaaaaaa</Event", Offset: 17, Reject: "too-long"}, {Data: ">", Offset: 34, Reject: "too-long"}, {Data: "<Event>b</Event>", Offset: 35}}},
		{"a long line of something else comes in pieces up to the next event", "winevent", "xxxxxxxxxxxxxxxxxxxxxxxxx<Event>b</Event>", 16,
			[]framed{{Data: "xxxxxxxxxxxxxxxx", Reject: "too-long"}, {Data: "xxxxxxxxx", Offset: 16, Reject: "too-long"}, {Data: "<Event>b</Event>", Offset: 25}}},
		{"a mark at the start of a concatenated part is skipped", "lines", "a\n\ufeffb\nc\ufeff\n", 80,
			[]framed{{Data: "a"}, {Data: "b", Offset: 5}, {Data: "c\ufeff", Offset: 7}}},
		{"a mark before a header row that repeats", "csv header", "\ufefft,u\n1,a\n\ufefft,u\n2,b\n", 80,
			[]framed{{Data: "1,a", Offset: 7, Columns: []string{"t", "u"}}, {Data: "2,b", Offset: 18, Columns: []string{"t", "u"}}}},
		{"a mark before a second array", "json-array", "\ufeff[{}]\n\ufeff[{}]", 80, []framed{{Data: "{}", Offset: 4}, {Data: "{}", Offset: 12}}},
		{"a hole is rejected by itself, in pieces, and the line behind it is whole", "lines", "a\n\x00\x00\x00\x00\x00\x00bc\nd\x00\n", 4,
			[]framed{{Data: "a"}, {Data: "\x00\x00\x00\x00", Offset: 2, Reject: "nul"}, {Data: "\x00\x00", Offset: 6, Reject: "nul"}, {Data: "bc", Offset: 8}, {Data: "d\x00", Offset: 11}}},
		{"a hole before a row", "csv columns", "1,a\n\x00\x002,b\n", 80,
			[]framed{{Data: "1,a", Columns: []string{"t", "u"}}, {Data: "\x00\x00", Offset: 4, Reject: "nul"}, {Data: "2,b", Offset: 6, Columns: []string{"t", "u"}}}},
		{"a hole before an element", "json-array", "\x00\x00[{}]", 80, []framed{{Data: "\x00\x00", Reject: "nul"}, {Data: "{}", Offset: 3}}},
		{"what is no object is a record too", "json-array", "[1,\"a\",[2],null]}x", 80,
			[]framed{{Data: "1", Offset: 1}, {Data: "\"a\"", Offset: 3}, {Data: "[2]", Offset: 7}, {Data: "null", Offset: 11}, {Data: "}x", Offset: 16, Partial: true}}},
	}
	for _, tt := range tests {
		t.Run(tt.framer+": "+tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, whole(framers[tt.framer](tt.limit), tt.src)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestARotatedFileWithoutAHeaderRowKeepsTheColumns(t *testing.T) {
	f := framers["csv header"](80)
	f.Frame([]byte("t,u\n1,a\n"), 0, true, 10, nil)
	f.Reset()
	want := []framed{{Data: "2,b", Columns: []string{"t", "u"}}, {Data: "3,c", Offset: 4, Columns: []string{"t", "u"}}}
	if diff := cmp.Diff(want, whole(f, "2,b\n3,c\n")); diff != "" {
		t.Error(diff)
	}
	f.Reset()
	want = []framed{{Data: "4,d", Offset: 4, Columns: []string{"u", "t"}}}
	if diff := cmp.Diff(want, whole(f, "u,t\n4,d\n")); diff != "" {
		t.Error(diff)
	}
}

func TestAStateFromBeforeTheFormatChangedStillResumes(t *testing.T) {
	for state, want := range map[string][]framed{
		`{"v":1,"seen":true,"header":"YSxi"}`: {{Data: "2,b", Columns: []string{"a", "b"}}},
		`{"v":1,"seen":true}`:                 {{Data: "2,b", Reject: "columns"}},
	} {
		f := framers["csv header"](80)
		if err := f.Restore([]byte(state)); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, whole(f, "2,b\n")); diff != "" {
			t.Errorf("%s:\n%s", state, diff)
		}
	}
}

func TestFrameStopsAtMax(t *testing.T) {
	for name, src := range map[string]string{"lines": "a\nb\nc\n", "csv columns": "1,a\n2,b\n3,c\n", "json-array": "[{},{},{}]", "winevent": "<Event>1</Event>\n<Event>2</Event>\n<Event>3</Event>\n"} {
		f := framers[name](80)
		used, records := f.Frame([]byte(src), 0, false, 2, make([]Record, 0, 4))
		rest, more := f.Frame([]byte(src[used:]), int64(used), false, 2, nil)
		if len(records) != 2 || len(more) != 1 || used+rest != len(src) {
			t.Errorf("%s: %d and %d records, %d and %d bytes of %d", name, len(records), len(more), used, rest, len(src))
		}
	}
}

func TestAStateThatIsNotOursIsRefused(t *testing.T) {
	for name, framer := range framers {
		for _, state := range []string{"{", `{"v":2}`, `{"skip":true}`} {
			if err := framer(80).Restore([]byte(state)); err == nil {
				t.Errorf("%s restored %s", name, state)
			}
		}
	}
}

// text draws bytes that mean something to framing, in runs.
func text() *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		pieces := rapid.SliceOfN(rapid.SampledFrom([]string{
			"a", "bb", "cccccccc", "\n", "\n", "\r\n", ",", "\"", "\"\"", "t,u\n", "\"t\",\"u\"\r\n", "1,\"x\ny\"\n", "{", "}", "[", "]", "{\"k\":1}", "<Event>", "<Event ", "</Event>", "</Eve", "nt>", "<Events>", "</Events>", "<?xml ?>", "\\", " ", "\ufeff", "\xef", "\x00",
		}), 0, 40).Draw(t, "pieces")
		return strings.Join(pieces, "")
	})
}

// checkStream frames src in blocks that end where split says, with a restart from the stored state between any two calls,
// and compares with framing it at once.
func checkStream(t interface {
	Fatalf(format string, args ...any)
}, framer func(int) Framer, limit int, src string, split func(rest int) int, most func() int) {
	want := whole(framer(limit), src)
	var got []framed
	f := framer(limit)
	pos, end := 0, 0
	for stalled := 0; ; {
		end = min(len(src), max(end, pos+split(len(src)-pos)))
		atEOF := end == len(src)
		used, records := f.Frame([]byte(src[pos:end]), int64(pos), atEOF, most(), nil)
		if used < 0 || used > end-pos {
			t.Fatalf("used %d of %d bytes", used, end-pos)
		}
		if used == 0 && end-pos > limit+4 {
			t.Fatalf("no progress on %d bytes with limit %d: %q", end-pos, limit, src[pos:end])
		}
		got = append(got, show(records)...)
		pos += used
		next := framer(limit)
		if err := next.Restore(f.State()); err != nil {
			t.Fatalf("restore: %v", err)
		}
		f = next
		if atEOF && used == 0 {
			if stalled++; stalled > 1 {
				break
			}
		}
		end++ // grow when nothing was used
	}
	if pos != len(src) {
		t.Fatalf("%d of %d bytes used at the end: %q", pos, len(src), src)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("source %q, limit %d (-at once +in blocks):\n%s", src, limit, diff)
	}
	checkAccount(t, src, want)
}

// checkAccount checks that records lie in the source in order, and that what lies between them is only what framing skips.
func checkAccount(t interface {
	Fatalf(format string, args ...any)
}, src string, records []framed) {
	at := 0
	for _, r := range records {
		start := int(r.Offset)
		if start < at || start+len(r.Data) > len(src) || src[start:start+len(r.Data)] != r.Data {
			t.Fatalf("record %+v does not lie behind %d in %q", r, at, src)
		}
		checkSkipped(t, src[at:start])
		at = start + len(r.Data)
	}
	checkSkipped(t, src[at:])
}

// aroundEvents are the tags that winevent framing skips.
var aroundEvents = regexp.MustCompile(`<(\?xml|/?Events)([ \t\r][^<>\n]*)?>`)

func checkSkipped(t interface {
	Fatalf(format string, args ...any)
}, skipped string) {
	skipped = strings.ReplaceAll(skipped, "\ufeff", "")
	skipped = aroundEvents.ReplaceAllString(skipped, "")
	if strings.Trim(skipped, " \t\r\n,[]") == "" {
		return
	}
	r := csv.NewReader(strings.NewReader(skipped))
	r.FieldsPerRecord = -1
	rows, err := r.ReadAll()
	if err != nil {
		t.Fatalf("%q was skipped: %v", skipped, err)
	}
	for _, row := range rows {
		// A last line may end in several carriage returns; each reader takes one off.
		isTime := func(cell string) bool { return strings.TrimRight(cell, "\r") == "t" }
		if strings.TrimSpace(strings.Join(row, "")) != "" && !slices.ContainsFunc(row, isTime) {
			t.Fatalf("%q was skipped, which is no header row", row)
		}
	}
}

func TestBlocksAndRestartsChangeNothing(t *testing.T) {
	for name, framer := range framers {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				src := text().Draw(t, "src")
				limit := rapid.IntRange(6, 24).Draw(t, "limit")
				checkStream(t, framer, limit, src,
					func(rest int) int { return rapid.IntRange(0, min(rest, 12)).Draw(t, "block") },
					func() int { return rapid.IntRange(1, 3).Draw(t, "max") })
			})
		})
	}
}

func TestCSVFramingAndTheStandardLibraryAgreeOnWellFormedFiles(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		field := rapid.StringOfN(rapid.SampledFrom([]rune("ab,\"\n \ré")), 0, 6, -1)
		rows := rapid.SliceOfN(rapid.SliceOfN(field, 2, 2), 1, 6).Draw(t, "rows")
		var b bytes.Buffer
		cw := csv.NewWriter(&b)
		cw.UseCRLF = rapid.Bool().Draw(t, "crlf")
		if err := cw.WriteAll(rows); err != nil {
			t.Fatal(err)
		}
		var want [][]string
		for r := csv.NewReader(bytes.NewReader(b.Bytes())); ; {
			row, err := r.Read()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			want = append(want, row)
		}
		d := &Decoder{limit: 1 << 20, refNames: map[string]int{}}
		p := &csvParser{text: &arena{}, separator: ',', fixed: fixedHeader([]string{"x", "y"}, ',')}
		_, records := (&csvFramer{limit: 1 << 20, separator: ',', head: p.fixed}).Frame(b.Bytes(), 0, true, 100, nil)
		var got [][]string
		for _, rec := range records {
			n := newNatives(d.refNames)
			n.begin(nil)
			if reject := p.parse(n, string(rec.Data), rec.Header); reject != nil {
				t.Fatalf("%q: %v", rec.Data, reject)
			}
			row := []string{"", ""}
			for _, pair := range n.pairs {
				row[slices.Index(p.fixed.Columns, pair.Name)] = pair.Text
			}
			got = append(got, row)
		}
		// A row of nothing but blanks is no record for framing.
		want = slices.DeleteFunc(want, func(row []string) bool { return len(row) == 1 })
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%q:\n%s", b.String(), diff)
		}
	})
}

// fuzzFraming checks restarts and accounting on any bytes; the split points come from the fuzzer too.
func fuzzFraming(f *testing.F, name string, seeds ...string) {
	for _, seed := range seeds {
		f.Add([]byte(seed), []byte{1, 7, 3})
	}
	f.Fuzz(func(t *testing.T, src, cuts []byte) {
		if len(src) > 4096 {
			return
		}
		i := 0
		next := func() int {
			if len(cuts) == 0 {
				return 5
			}
			i++
			return int(cuts[i%len(cuts)])
		}
		checkStream(t, framers[name], 16, string(src), func(int) int { return next() }, func() int { return next()%5 + 1 })
	})
}

func FuzzFrameLines(f *testing.F) {
	fuzzFraming(f, "lines", "a\r\nb\n", "aaaaaaaaaaaaaaaaaaaaaaaaaaa\nb")
}

func FuzzFrameCSVHeader(f *testing.F) {
	fuzzFraming(f, "csv header", "t,u\n1,\"a\nb\"\nt,u\n2,c\n", "x\nt,u\n\"never")
}

func FuzzFrameCSVColumns(f *testing.F) { fuzzFraming(f, "csv columns", "t,u\n1,\"a\nb\"\n2,\"c\n") }

func FuzzFrameJSONArray(f *testing.F) {
	fuzzFraming(f, "json-array", `[{"a":1},{"b":"]}"}]`, "{\"a\":{\n{\"b\":2}\n", `[{"aaaaaaaaaaaaaaaaaaaaaa":[{}]},1]`)
}

func FuzzFrameWinEvent(f *testing.F) {
	fuzzFraming(f, "winevent", "<Events><Event>1</Event>\n<Event a='b'></Event></Events>", "<Event>a<Event>bbbbbbbbbbbbbbbbbbbbbb</Event>", "aaaaaaaaaaaaaaaaaaaa</Event>\n<Event>")
}
