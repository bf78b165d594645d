package source

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestNamesOfRotatedFiles(t *testing.T) {
	for name, want := range map[string]string{
		"a.log":                         "a.log",
		"a.log.1":                       "a.log",
		"a.log.12.gz":                   "a.log",
		"a.log.2.zst":                   "a.log",
		"a.log.gz":                      "a.log",
		"a.log-20260302":                "a.log",
		"a.log-2026-03-02.gz":           "a.log",
		"a.log.2026-03-02":              "a.log",
		"a.log-20260302-1534":           "a.log",
		"a.log-2026030215":              "a.log",
		"a.log-1772460000":              "a.log",
		"a.log-20260302.1.gz":           "a.log",
		"a-2026-03-02.csv":              "a.csv",
		"a_20260302.csv.zst":            "a.csv",
		"a-2026-03-02T14-05-17.000.log": "a.log",
		"a.1.log":                       "a.log",
		"messages":                      "messages",
		"messages.1":                    "messages",
		"a-2026-13-02.csv":              "a-2026-13-02.csv",
		"a-3.log":                       "a-3.log",
		"a.log.bak":                     "a.log.bak",
		"192.0.2.log":                   "192.0.log", // only where that exists: see baseOf
	} {
		if base, _, _ := rotated(name); base != want {
			t.Errorf("%s is a generation of %s, want %s", name, base, want)
		}
	}
}

func TestGenerationsAreOrderedOldestFirst(t *testing.T) {
	want := []string{
		"a.log-1772373600", "a.log-2026-03-02", "a.log-20260302-15", "a.log-2026-03-03.1", "a.log-2026-03-03.2",
		"a.log.10.gz", "a.log.2", "a.log.1", "a.log.gz", "a.log",
	}
	got := slices.Clone(want)
	slices.Reverse(got)
	slices.SortFunc(got, func(a, b string) int {
		_, x, _ := rotated(a)
		_, y, _ := rotated(b)
		return olderFirst(x, y)
	})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
}

func TestAPlainGenerationHidesItsCompressedCopy(t *testing.T) {
	r := follow(t, "a.log")
	for _, name := range []string{"a.log.1.gz", "a.log.1", "a.log.2.gz", "a.log", "b.log.1", "a.log.bak"} {
		r.write(name, name)
	}
	list, err := siblings(r.path("a.log"), func(string) bool { return false })
	r.must(err)
	var got []string
	for _, g := range list {
		got = append(got, g.path)
	}
	want := []string{r.path("a.log.2.gz"), r.path("a.log.1"), r.path("a.log")}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("generations (-want +got):\n%s", diff)
	}
}
