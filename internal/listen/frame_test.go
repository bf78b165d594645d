package listen

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"github.com/leodido/go-syslog/v4"
	"github.com/leodido/go-syslog/v4/octetcounting"
	"pgregory.net/rapid"
)

// framed is what came out of a stream: texts, with the size of those that were cut, and how it ended.
func framed(from io.Reader, limit int) (out []string, err error) {
	f := newFrames(from, limit)
	for {
		m, err := f.next()
		if errors.Is(err, errTorn) {
			return append(out, fmt.Sprintf("torn %d", m.size)), nil
		}
		if err != nil {
			return out, err
		}
		out = append(out, show(string(m.text), m.size))
	}
}

func show(text string, size int64) string {
	if int64(len(text)) != size {
		return fmt.Sprintf("%q of %d", text, size)
	}
	return strconv.Quote(text)
}

var octetCount = regexp.MustCompile(`^([1-9][0-9]{0,7}) `)

// modelFrames is RFC 6587 over the whole stream at once.
func modelFrames(b []byte, limit int) (out []string) {
	add := func(text []byte) { out = append(out, show(string(text[:min(len(text), limit+1)]), int64(len(text)))) }
	for {
		b = bytes.TrimLeft(b, "\r\n\x00")
		if len(b) == 0 {
			return out
		}
		if m := octetCount.FindSubmatch(b); m != nil {
			n, _ := strconv.Atoi(string(m[1]))
			b = b[len(m[0]):]
			if len(b) < n {
				return append(out, fmt.Sprintf("torn %d", len(b)))
			}
			add(b[:n])
			b = b[n:]
			continue
		}
		line, rest, _ := bytes.Cut(b, []byte{'\n'})
		add(line)
		b = rest
	}
}

func TestEachMessageSaysItsOwnFraming(t *testing.T) {
	for name, c := range map[string]struct {
		in   string
		want []string
	}{
		"lines":                            {"<13>a\n<13>b\r\n", []string{`"<13>a"`, `"<13>b\r"`}},
		"octet counts":                     {"5 <13>a6 <13>bb", []string{`"<13>a"`, `"<13>bb"`}},
		"mixed":                            {"5 <13>a<13>line\n6 <13>\nb", []string{`"<13>a"`, `"<13>line"`, `"<13>\nb"`}},
		"a line feed behind a count":       {"5 <13>a\n5 <13>b\n", []string{`"<13>a"`, `"<13>b"`}},
		"a line that begins with a date":   {"2026-03-02 x\n5 <13>a", []string{`"2026-03-02 x"`, `"<13>a"`}},
		"too many digits for a count":      {"123456789 x\n5 <13>a", []string{`"123456789 x"`, `"<13>a"`}},
		"no count begins with 0":           {"05 <13>a\n", []string{`"05 <13>a"`}},
		"a last line without its end":      {"<13>a\n<13>b", []string{`"<13>a"`, `"<13>b"`}},
		"a count that the stream ends in":  {"5 <13>a9 <13>", []string{`"<13>a"`, "torn 4"}},
		"too long by count, then a good":   {"12 0123456789ab5 <13>a", []string{`"012345678" of 12`, `"<13>a"`}},
		"too long by line, then a good":    {"<0123456789ab\n5 <13>a", []string{`"<01234567" of 13`, `"<13>a"`}},
		"garbage, then a good":             {"\xff\xfe\x01\n<13>a\n", []string{`"\xff\xfe\x01"`, `"<13>a"`}},
		"nothing but ends":                 {"\n\r\n\x00", nil},
		"a wrong count costs what it says": {"9 <13>a\n<13>b\n<13>c\n", []string{`"<13>a\n<13"`, `">b"`, `"<13>c"`}},
	} {
		limit := 8
		if !strings.Contains(name, "too long") {
			limit = 12
		}
		want := c.want
		got, err := framed(strings.NewReader(c.in), limit)
		if diff := cmp.Diff(want, got); diff != "" || err != nil && err != io.EOF {
			t.Errorf("%s: %v (-want +got):\n%s", name, err, diff)
		}
		if diff := cmp.Diff(want, modelFrames([]byte(c.in), limit)); diff != "" {
			t.Errorf("%s: the model (-want +got):\n%s", name, diff)
		}
	}
}

func TestAConnectionThatBreaksTearsItsMessageOnly(t *testing.T) {
	broken := errors.New("broken")
	for in, want := range map[string][]string{
		"<13>a\n<13>b": {`"<13>a"`, "torn 5"},
		"<13>a\n9 <13": {`"<13>a"`, "torn 3"},
		"<13>a\n9":     {`"<13>a"`, "torn 1"},
	} {
		got, _ := framed(io.MultiReader(strings.NewReader(in), iotest.ErrReader(broken)), 100)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", in, diff)
		}
	}
	f := newFrames(io.MultiReader(strings.NewReader("<13>b"), iotest.ErrReader(broken)), 100)
	if _, err := f.next(); !errors.Is(err, errTorn) || !errors.Is(err, broken) {
		t.Errorf("a torn message: %v", err)
	}
}

// pieces hands on a stream in pieces of the given lengths, again and again.
type pieces struct {
	rest    []byte
	lengths []byte
	i       int
}

func (p *pieces) Read(b []byte) (int, error) {
	if len(p.rest) == 0 {
		return 0, io.EOF
	}
	n := len(p.rest)
	if len(p.lengths) > 0 {
		n = min(n, int(p.lengths[p.i%len(p.lengths)])+1)
		p.i++
	}
	n = copy(b, p.rest[:n])
	p.rest = p.rest[n:]
	return n, nil
}

// FuzzFrames holds the reader, fed piece by piece, to a model that sees the whole stream.
func FuzzFrames(f *testing.F) {
	f.Add([]byte("5 <13>a<13>line\r\n6 <13>\nb\x00"), []byte{0, 3}, byte(4))
	f.Add([]byte("99999999 <13>a\n2026-03-02 x"), []byte{}, byte(200))
	f.Add(bytes.Repeat([]byte("<13>long\x00"), 300), []byte{255}, byte(255))
	f.Fuzz(func(t *testing.T, stream, lengths []byte, limit byte) {
		got, err := framed(&pieces{rest: stream, lengths: lengths}, int(limit)+1)
		if err != nil && err != io.EOF {
			t.Fatal(err)
		}
		if want := modelFrames(stream, int(limit)+1); !slices.Equal(got, want) {
			t.Errorf("%q (-model +got):\n%s", stream, cmp.Diff(want, got))
		}
	})
}

// On streams of valid messages go-syslog's own stream parser finds the same ones.
func TestOctetCountedMessagesAreFramedAsByGoSyslog(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var want []string
		var stream bytes.Buffer
		for _, text := range rapid.SliceOfN(rapid.StringMatching(`[a-z0-9 <>\n]{0,40}`), 1, 8).Draw(t, "texts") {
			m := "<34>1 2026-03-02T14:05:17Z host app - - - x" + text
			want = append(want, strconv.Quote(m))
			fmt.Fprintf(&stream, "%d %s", len(m), m)
		}
		theirs := 0
		octetcounting.NewParser(syslog.WithListener(func(r *syslog.Result) {
			if r.Error == nil {
				theirs++
			}
		})).Parse(bytes.NewReader(stream.Bytes()))
		got, _ := framed(bytes.NewReader(stream.Bytes()), 1<<10)
		if diff := cmp.Diff(want, got); diff != "" || theirs != len(want) {
			t.Fatalf("go-syslog finds %d of %d; (-sent +framed):\n%s", theirs, len(want), diff)
		}
	})
}

func TestAMessageIsOneLineAndNoMessageForgesAnother(t *testing.T) {
	for in, want := range map[string]string{
		"<13>a":          "<13>a\n",
		"a\nb\rc\x00d":   "a#012b#015c#000d\n",
		"\xff\t#012\x1b": "\xff\t#012\x1b\n",
		"\x00":           "#000\n",
	} {
		got, escaped := appendLine(nil, []byte(in))
		if string(got) != want || escaped != strings.ContainsAny(in, "\r\n\x00") {
			t.Errorf("%q: %q, escaped %t", in, got, escaped)
		}
		if strings.Count(string(got), "\n") != 1 {
			t.Errorf("%q became %q", in, got)
		}
	}
}
