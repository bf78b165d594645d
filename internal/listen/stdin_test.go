package listen

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"probity/internal/decode"
	"probity/internal/event"
)

// framerOf is the framer of a built-in format.
func framerOf(t testing.TB, format string, limit int) func() decode.Framer {
	t.Helper()
	schema, err := event.NewSchema()
	must(t, err)
	f, ok := decode.Builtin(format)
	if !ok {
		t.Fatalf("no format %s", format)
	}
	d, err := decode.New(decode.Options{Source: "s", Format: f, Schema: schema, MaxRecordBytes: limit})
	must(t, err)
	return d.NewFramer
}

// records frames bytes that are all there.
func records(framer decode.Framer, b []byte) (out []string) {
	_, framed := framer.Frame(b, 0, true, 1<<20, nil)
	for _, r := range framed {
		out = append(out, string(r.Data)+" "+r.Reject)
	}
	return out
}

func cutAll(framer decode.Framer, stream io.Reader) (out []byte, lines [][]byte, tooLong int) {
	c := cutter{framer: framer}
	b := make([]byte, 7)
	for {
		n, err := stream.Read(b)
		c.rest = append(c.rest, b[:n]...)
		for {
			cut := c.next(err != nil)
			if cut.size == 0 {
				break
			}
			out, tooLong = append(out, cut.lines...), tooLong+cut.tooLong
			lines = append(lines, cut.lines)
		}
		if err != nil {
			return out, lines, tooLong
		}
	}
}

// FuzzCut holds the cutter to the framer itself: what is framed of the spool is what is framed of the stream, except that of
// a line that is too long only the beginning is there.
func FuzzCut(f *testing.F) {
	f.Add([]byte("\xef\xbb\xbfa,b\n1,\"two\nlines\"\n\n3,4"), []byte{1, 7}, true)
	f.Add([]byte("a\r\n"+strings.Repeat("long", 160)+"\nb"), []byte{200}, false)
	f.Add([]byte("x,\"open\ny\nz\n"), []byte{}, true)
	f.Add([]byte("\x00\x00000\n\x00e\ne"), []byte{1}, true)
	f.Add([]byte("\x00\x00{}\n\x00\n{}"), []byte{2}, false)
	framers := map[bool]func() decode.Framer{true: framerOf(f, "niche", 256), false: framerOf(f, "m365", 256)}
	f.Fuzz(func(t *testing.T, stream, lengths []byte, csv bool) {
		framer := framers[csv]
		got, _, tooLong := cutAll(framer(), &pieces{rest: slices.Clone(stream), lengths: lengths})
		if len(got) > 0 && got[len(got)-1] != '\n' {
			t.Errorf("%q does not end with a line", got)
		}
		if n := len(stream); n > 0 && stream[n-1] != '\n' {
			stream = append(stream, '\n')
		}
		want, have := records(framer(), stream), records(framer(), got)
		if tooLong > 0 { // pieces of the same line differ in number
			want, have = whole(want), whole(have)
		}
		if !slices.Equal(want, have) {
			t.Errorf("%q became %q: (-stream +spool):\n%s", stream, got, cmp.Diff(want, have))
		}
	})
}

// whole are the records that were not too long.
func whole(records []string) []string {
	return slices.DeleteFunc(slices.Clone(records), func(r string) bool { return strings.HasSuffix(r, " "+decode.ReasonTooLong) })
}

func TestStandardInputIsSpooledInRecordsAndItsEndIsInOrder(t *testing.T) {
	var in bytes.Buffer
	in.WriteString("AuditID,Other\n")
	for i := range 3000 {
		fmt.Fprintf(&in, "%d,\"text of\nseveral lines, %s\"\n", i, strings.Repeat("x", i%90))
	}
	text := in.String()
	r := start(t, func(o *Options) {
		o.Stdin, o.Framer, o.MaxBytes = &in, framerOf(t, "niche", 4<<10), 1<<20
	})
	eventually(t, "all is in the spool", func() bool { return strings.Join(r.lines(), "\n")+"\n" == text })
	must(t, r.stop())
	names, err := os.ReadDir(r.dir)
	must(t, err)
	if len(names) < 2 {
		t.Fatal("a poor test: one segment")
	}
	for _, name := range names {
		b, err := os.ReadFile(r.dir + "/" + name.Name())
		must(t, err)
		if len(b) > 0 && !bytes.HasSuffix(b, []byte("\"\n")) {
			t.Errorf("%s ends within a record: %q", name.Name(), b[max(0, len(b)-40):])
		}
	}
}

func TestANULOnStandardInputDoesNotReachTheSpool(t *testing.T) {
	r := start(t, func(o *Options) { o.Stdin, o.Framer = strings.NewReader("a\x00b\nlast"), framerOf(t, "m365", 4<<10) })
	r.awaitLines("a#000b", "last")
}

// The goroutine that reads ends with the input, not before: goleak would see it.
func TestAStopDoesNotWaitForStandardInput(t *testing.T) {
	in, out, err := os.Pipe()
	must(t, err)
	defer in.Close()
	r := start(t, func(o *Options) { o.Stdin, o.Framer = in, framerOf(t, "m365", 4<<10) })
	_, err = out.WriteString("one\ntorn")
	must(t, err)
	r.awaitLines("one")
	must(t, r.stop())
	must(t, out.Close())
}
