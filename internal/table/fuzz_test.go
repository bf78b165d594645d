package table

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"probity/internal/event"
)

// Whatever the file, Parse returns a table or an error, and a table answers every lookup with a value or a reason.
func FuzzParse(f *testing.F) {
	for i, name := range Names() {
		src, err := os.ReadFile(filepath.Join(samples, name+".csv"))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(i, src)
	}
	bad, err := filepath.Glob(filepath.Join("testdata", "bad", "*.csv"))
	if err != nil {
		f.Fatal(err)
	}
	for i, file := range bad {
		src, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(i, src)
	}
	f.Fuzz(func(t *testing.T, which int, src []byte) {
		names := Names()
		name := names[int(uint(which)%uint(len(names)))]
		tab, err := Parse(name, Config{}, "f.csv", src)
		if (tab == nil) == (err == nil) {
			t.Fatalf("table %v and error %v", tab, err)
		}
		if err != nil {
			return
		}
		s := NewSet(time.UTC, tab)
		for _, finding := range s.Findings() {
			for _, line := range finding.Lines {
				if line < 1 || line > 1+len(src) {
					t.Errorf("%s: line %d", finding.What, line)
				}
			}
		}
		for _, l := range s.Lookups() {
			args := sampleArguments(l)
			for i := range args {
				if args[i].Kind == event.String && tab.Rows() > 0 && tab.row(0)[0] != "" {
					args[i] = event.StringValue(tab.row(0)[0])
				}
			}
			for _, c := range columnsOf(l) {
				for _, when := range []int64{always, 0, s.versions[0].ExportedAt.UnixNano(), never} {
					if v, why := l.Bind(c)(args, when); v.Has() != (why == event.Known) {
						t.Errorf("%s %s at %d: %v and %d", l.Name, c, when, v, why)
					}
				}
			}
		}
	})
}
