package source

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestARecordIsFoundWithTheLinesAroundItWhereverItsFileIsNow(t *testing.T) {
	text := lines(0, 200)
	record := strings.Split(text, "\n")[100]
	offset := int64(strings.Index(text, "\n"+record+"\n") + 1)
	other := strings.ReplaceAll(text, "1", "x")
	tests := []struct {
		name  string
		files map[string]string
		want  string // file
	}{
		{"in its place", map[string]string{"a.log": text}, "a.log"},
		{"rotated", map[string]string{"a.log": other, "a.log.1": other, "a.log.2": text}, "a.log.2"},
		{"rotated and compressed", map[string]string{"a.log": "short\n", "a.log.1.gz": string(compressed(".gz", []byte(text)))}, "a.log.1.gz"},
		{"compressed otherwise", map[string]string{"a.log.zst": string(compressed(".zst", []byte(text)))}, "a.log.zst"},
		{"by date", map[string]string{"a.log-20260302": text}, "a.log-20260302"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			for name, content := range test.files {
				if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			a, err := ReadAround(filepath.Join(dir, "a.log"), offset, []byte(record), 2)
			if err != nil {
				t.Fatal(err)
			}
			all := strings.SplitAfter(text, "\n")
			got := string(a.Before) + string(a.Record) + string(a.After)
			if want := strings.Join(all[98:103], ""); got != want || filepath.Base(a.Path) != test.want || text[a.Offset:int(a.Offset)+len(got)] != got {
				t.Errorf("%s at %d: %q, want %q", a.Path, a.Offset, got, want)
			}
		})
	}
}

func TestARecordThatIsNowhereIsSaidToBeGone(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.log")
	if _, err := ReadAround(path, 0, []byte("a"), 1); !errors.Is(err, ErrGone) {
		t.Errorf("no file: %v", err)
	}
	if err := os.WriteFile(path, []byte("one\ntwo\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for offset, record := range map[int64]string{0: "two", 4: "twofold\n", 100: "one", 1: "one"} {
		if _, err := ReadAround(path, offset, []byte(record), 1); !errors.Is(err, ErrGone) {
			t.Errorf("%q at %d: %v", record, offset, err)
		}
	}
	if err := os.WriteFile(path+".1.gz", []byte("no gzip"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadAround(path, 0, []byte("two"), 1); err == nil || errors.Is(err, ErrGone) {
		t.Errorf("a file that cannot be read is taken for one that lacks it: %v", err)
	}
}

func TestLinesAroundAreWholeAndBounded(t *testing.T) {
	for _, test := range []struct {
		text   string
		record string
		n      int
		want   string
	}{
		{"a\nb\nc\nd\ne\n", "c", 1, "b\nc\nd\n"},
		{"a\nb\nc\nd\ne\n", "c", 0, "c\n"},
		{"a\nb\nc\nd\ne\n", "c", 9, "a\nb\nc\nd\ne\n"},
		{"a\nb\nc", "c", 1, "b\nc"},
		{"a\n[1, c, 2]\nd\n", "c", 1, "a\n[1, c, 2]\nd\n"},
		{"a\n[1, c, 2]\nd\n", "c", 0, "c, 2]\n"},
		{strings.Repeat("x", 2<<20) + "\nc\n" + strings.Repeat("y", 2<<20), "c", 1, "c\n" + strings.Repeat("y", 1<<20-1)},
	} {
		path := filepath.Join(t.TempDir(), "a")
		if err := os.WriteFile(path, []byte(test.text), 0o600); err != nil {
			t.Fatal(err)
		}
		a, err := ReadAround(path, int64(strings.Index(test.text, test.record)), []byte(test.record), test.n)
		if got := string(a.Before) + string(a.Record) + string(a.After); err != nil || got != test.want {
			t.Errorf("%.40q, %d lines: %d bytes %.40q, %v", test.text, test.n, len(got), got, err)
		}
	}
}
