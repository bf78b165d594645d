package table

import (
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"probity/internal/event"
)

var samples = filepath.Join("..", "..", "testdata", "tables")

func london(t testing.TB) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Europe/London")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

// sampleSet is the tables of testdata/tables with the default configuration.
func sampleSet(t testing.TB) *Set {
	t.Helper()
	var tables []*Table
	for _, name := range Names() {
		tab, err := Load(name, Config{Path: filepath.Join(samples, name+".csv")})
		if err != nil {
			t.Fatal(err)
		}
		tables = append(tables, tab)
	}
	return NewSet(london(t), tables...)
}

const anyExport = "# exported_at=2026-03-02T02:00:00Z covers=2026-01-01/2026-03-31\n"

// tableOf parses rows under the table's full header.
func tableOf(t testing.TB, name string, c Config, rows ...string) *Table {
	t.Helper()
	l, _ := layoutOf(name)
	var names []string
	for _, col := range l.columns {
		names = append(names, col.name)
	}
	tab, err := Parse(name, c, name+".csv", []byte(anyExport+strings.Join(names, ",")+"\n"+strings.Join(rows, "\n")+"\n"))
	if err != nil {
		t.Fatal(err)
	}
	return tab
}

func at(t testing.TB, text string) int64 {
	t.Helper()
	s, err := parseStamp(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return s.begin(london(t))
}

// ask calls a lookup as a rule writes it, without quotes: person(S00042).role, assigned(S00042, 5326/0012345). An empty
// argument is Missing. The answer is the value's text, "unknown field" or "unknown table".
func ask(t testing.TB, s *Set, call, when string) string {
	t.Helper()
	name, rest, _ := strings.Cut(call, "(")
	list, column, _ := strings.Cut(rest, ")")
	ls := s.Lookups()
	i := slices.IndexFunc(ls, func(l event.Lookup) bool { return l.Name == name })
	if i < 0 {
		t.Fatalf("no lookup %s", name)
	}
	texts := strings.Split(list, ",")
	if len(texts) != len(ls[i].Params) {
		t.Fatalf("%s has %d arguments, not %d", name, len(ls[i].Params), len(texts))
	}
	args := make([]event.Value, len(texts))
	for k, p := range ls[i].Params {
		args[k] = argument(t, p.Kind, strings.TrimSpace(texts[k]))
	}
	answer := ls[i].Bind(strings.TrimPrefix(column, "."))
	v, why := answer(args, at(t, when))
	for k, p := range ls[i].Params { // as whoever asks several lookups about one text does
		if p.Placed && args[k].Has() {
			args[k].Place = ls[i].Find(args[k].Str)
		}
	}
	if placed, whyPlaced := answer(args, at(t, when)); whyPlaced != why || !placed.Equal(v) {
		t.Errorf("%s at %s: %v (%d), with places %v (%d)", call, when, v, why, placed, whyPlaced)
	}
	if v.Has() != (why == event.Known) {
		t.Errorf("%s at %s: value %v and reason %d", call, when, v, why)
	}
	switch why {
	case event.UnknownField:
		return "unknown field"
	case event.UnknownTable:
		return "unknown table"
	}
	return v.Text()
}

func argument(t testing.TB, k event.Kind, text string) event.Value {
	if text == "" {
		return event.Value{}
	}
	switch k {
	case event.Int:
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		return event.IntValue(n)
	case event.Time:
		return event.TimeValue(at(t, text))
	}
	return event.StringValue(text)
}

type asked struct{ call, when, want string }

func askAll(t *testing.T, s *Set, cases []asked) {
	t.Helper()
	for _, c := range cases {
		if got := ask(t, s, c.call, c.when); got != c.want {
			t.Errorf("%s at %s: got %s, want %s", c.call, c.when, got, c.want)
		}
	}
}
