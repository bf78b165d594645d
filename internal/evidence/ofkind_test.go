package evidence

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"probity/internal/fsx"
)

func TestOfKindFindsTheEntriesOfAKind(t *testing.T) {
	dir := t.TempDir()
	l := open(t, &fsx.FS{}, dir, Head{})
	l.segmentBytes = 700
	for day := range 6 {
		at := noon.AddDate(0, 0, day)
		if _, err := l.Append(at, []Entry{{Kind: "alert", Body: `"kind":"day"`}, {Kind: "day", Body: day}}); err != nil {
			t.Fatal(err)
		}
	}
	if l.Head().Segment < 3 {
		t.Fatal("a poor test: one segment")
	}
	bodies := func(since time.Time, upTo uint64) (out []string) {
		t.Helper()
		list, err := OfKind(dir, "day", since, upTo)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range list {
			if s.Kind != "day" || s.Seq%2 != 0 {
				t.Errorf("%+v", s)
			}
			out = append(out, string(s.Body))
		}
		return out
	}
	if diff := cmp.Diff([]string{"0", "1", "2", "3", "4", "5"}, bodies(time.Time{}, 12)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"0", "1"}, bodies(time.Time{}, 5)); diff != "" {
		t.Error(diff)
	}
	if got := bodies(noon.AddDate(0, 0, 5), 12); len(got) == 0 || len(got) == 6 || got[len(got)-1] != "5" {
		t.Errorf("since the last day: %v", got)
	}
	if got := bodies(time.Time{}, 0); got != nil {
		t.Errorf("of nothing: %v", got)
	}
	path := bodiesPath(dir, 1)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, bytes.Replace(b, []byte(`"body":"0"`), []byte(`"body":"7"`), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OfKind(dir, "day", time.Time{}, 12); err == nil || !strings.Contains(err.Error(), "entry 2 was changed") {
		t.Errorf("a changed body: %v", err)
	}
	if _, err := OfKind(dir, "day", time.Time{}, 99); err == nil {
		t.Error("entries that are not there")
	}
}
