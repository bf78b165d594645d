package evidence

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"probity/internal/fsx"
)

// chainOf makes a log of n entries in one segment.
func chainOf(t *testing.T, n int) string {
	t.Helper()
	dir := t.TempDir()
	l := open(t, &fsx.FS{}, dir, Head{})
	for i := range n {
		if _, err := l.Append(noon, []Entry{{Kind: "alert", Body: map[string]any{"i": i, "big": 12345678901234567, "q": `"<>`}}}); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// edit rewrites the lines of a file.
func edit(t *testing.T, path string, change func(lines []string) []string) {
	t.Helper()
	p, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(strings.TrimSuffix(string(p), "\n"), "\n")
	lines[len(lines)-1] += "\n"
	if err := os.WriteFile(path, []byte(strings.Join(change(lines), "")), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestVerifySaysWhatHappenedToTheChainAndWhere(t *testing.T) {
	type fault struct {
		Line int
		Seq  uint64
		What string
	}
	tests := []struct {
		name   string
		file   func(dir string, n int) string
		change func(l []string) []string
		want   []fault
	}{
		{"an entry was changed", linksPath, func(l []string) []string {
			l[1] = strings.Replace(l[1], "12:00:00", "12:30:00", 1)
			return l
		}, []fault{{2, 2, "entry 2 was changed, or entry 3, which records another hash of it"}}},
		{"an entry was removed", linksPath, func(l []string) []string {
			return append(l[:2:2], l[3:]...)
		}, []fault{
			{3, 4, "before entry 4 the entries 3 to 3 were removed or moved"},
			{3, 3, "the body of entry 3 has no entry in its place"},
		}},
		{"an entry was inserted twice", linksPath, func(l []string) []string {
			return []string{l[0], l[1], l[1], l[2], l[3]}
		}, []fault{
			{3, 2, "entry 2 stands after entry 2: it was inserted or moved"},
			{3, 2, "the body of entry 2 is missing from bodies/000001.jsonl"},
		}},
		{"two entries changed places", linksPath, func(l []string) []string {
			return []string{l[0], l[2], l[1], l[3]}
		}, []fault{
			{2, 3, "before entry 3 the entries 2 to 2 were removed or moved"},
			{2, 2, "the body of entry 2 has no entry in its place"},
			{3, 2, "entry 2 stands after entry 3: it was inserted or moved"},
			{3, 2, "the body of entry 2 is missing from bodies/000001.jsonl"},
		}},
		{"a line is not an entry", linksPath, func(l []string) []string {
			l[2] = strings.Replace(l[2], `"seq":3`, `"seq": 3`, 1)
			return l
		}, []fault{
			{3, 3, "not an entry: it is not written in the form in which entries are written"},
			{3, 3, "entry 3 was changed, or entry 4, which records another hash of it"},
			{3, 3, "the body of entry 3 has no entry in its place"},
		}},
		{"a body was changed", bodiesPath, func(l []string) []string {
			l[1] = strings.Replace(l[1], `\"i\":1`, `\"i\":7`, 1)
			return l
		}, []fault{{2, 2, "the body of entry 2 was changed, or the hash of it in 000001.log line 2"}}},
		{"a body was removed", bodiesPath, func(l []string) []string {
			return append(l[:1:1], l[2:]...)
		}, []fault{{2, 2, "the body of entry 2 is missing from bodies/000001.jsonl"}}},
		{"the end was removed, which a walk alone cannot see", linksPath, func(l []string) []string {
			return l[:3]
		}, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := chainOf(t, 4)
			edit(t, test.file(dir, 1), test.change)
			r := verify(t, dir)
			var got []fault
			for _, f := range r.Faults {
				got = append(got, fault{f.Line, f.Seq, strings.ReplaceAll(f.What, dir+"/", "")})
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
			if r.Caveat == "" {
				t.Error("the report claims too much")
			}
		})
	}
}

func TestATornLastAppendIsANoteAndNoFault(t *testing.T) {
	dir := chainOf(t, 2)
	for _, path := range []string{linksPath(dir, 1), bodiesPath(dir, 1)} {
		f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		f.WriteString(`{"seq":3,"`)
		f.Close()
	}
	r := verify(t, dir)
	if !r.OK() || len(r.Notes) != 2 {
		t.Errorf("%+v", r)
	}
}

func TestTheShellLinesOfTheDocumentationAreTrue(t *testing.T) {
	for _, tool := range []string{"jq", "sha256sum", "sed"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is not here", tool)
		}
	}
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	var script []string
	for line := range strings.Lines(string(doc)) {
		if line, ok := strings.CutPrefix(line, "//\tsed "); ok {
			script = append(script, "sed "+line)
		}
	}
	if len(script) != 4 {
		t.Fatalf("%d lines of shell in doc.go", len(script))
	}
	cmd := exec.Command("sh", "-ec", strings.Join(script, ""))
	cmd.Dir = chainOf(t, 3)
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Fields(strings.ReplaceAll(string(out), "-", ""))
	if len(got) != 4 || got[0] != got[1] || got[2] != got[3] {
		t.Errorf("the hashes do not agree:\n%s", out)
	}
}

func FuzzAnEntryIsReadOnlyInTheFormInWhichItIsWritten(f *testing.F) {
	linkLine, bodyLine, _, err := encode(Entry{Kind: "alert", Body: map[string]string{"a": "<é>"}}, 7, zeroHash, noon)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(linkLine)
	f.Add(bodyLine)
	f.Add([]byte(`{"seq":2,"salt":"","body":""}` + "   \n"))
	f.Add(bytes.Replace(linkLine, []byte(`"seq"`), []byte(`"SEQ"`), 1))
	f.Add([]byte("{}\n"))
	f.Fuzz(func(t *testing.T, p []byte) {
		if l, err := decodeLink(p); err == nil {
			again, err := line(&l)
			if err != nil || !bytes.Equal(again, p) {
				t.Errorf("link %q is written %q, %v", p, again, err)
			}
		}
		if b, err := decodeBody(p); err == nil {
			again, err := line(&b)
			if b.redacted() {
				p = append(bytes.TrimRight(p, " \n"), '\n')
			}
			if err != nil || !bytes.Equal(again, p) {
				t.Errorf("body %q is written %q, %v", p, again, err)
			}
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	dir := b.TempDir()
	l, err := Open(&fsx.FS{}, dir, Head{})
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	var entries []Entry
	for i := range 10_000 {
		entries = append(entries, Entry{Kind: "alert", Body: fmt.Sprint("entry ", i)})
	}
	if _, err := l.Append(noon, entries); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if r, err := Verify(dir); err != nil || !r.OK() {
			b.Fatal(r, err)
		}
	}
}
