package table

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"probity/internal/event"
)

// sampleArguments are known arguments of the right kinds.
func sampleArguments(l event.Lookup) []event.Value {
	var args []event.Value
	for _, p := range l.Params {
		switch {
		case p.Kind == event.Int || p.Kind == event.Time:
			args = append(args, event.Value{Kind: p.Kind})
		case p == staffParam():
			args = append(args, event.StringValue("S00042"))
		default:
			args = append(args, event.StringValue(g+"01"))
		}
	}
	return args
}

// columnsOf lists what may be bound: the columns of a lookup, or "".
func columnsOf(l event.Lookup) []string {
	if l.Columns == nil {
		return []string{""}
	}
	var out []string
	for c := range l.Columns {
		out = append(out, c)
	}
	slices.Sort(out)
	return out
}

func TestEveryLookupIsUnknownWithoutEachOfItsTables(t *testing.T) {
	for _, absent := range append(Names(), "every table") {
		var tables []*Table
		for _, name := range Names() {
			if name == absent || absent == "every table" {
				continue
			}
			tab, err := Load(name, Config{Path: filepath.Join(samples, name+".csv")})
			if err != nil {
				t.Fatal(err)
			}
			tables = append(tables, tab)
		}
		for _, l := range NewSet(nil, tables...).Lookups() {
			if !slices.Contains(l.Tables, absent) && (absent != "every table" || len(l.Tables) == 0) {
				continue
			}
			for _, c := range columnsOf(l) {
				v, why := l.Bind(c)(sampleArguments(l), at(t, "2026-02-01"))
				if v.Has() || why != event.UnknownTable {
					t.Errorf("without %s, %s %s answers %v (%d)", absent, l.Name, c, v, why)
				}
			}
		}
	}
}

func TestEveryLookupIsUnknownOfAnActorWhomNobodyResolved(t *testing.T) {
	var tables []*Table
	for _, name := range Names() {
		tables = append(tables, tableOf(t, name, Config{Miss: MissNo}))
	}
	for _, l := range NewSet(nil, tables...).Lookups() {
		i := slices.Index(l.Params, staffParam())
		if i < 0 {
			continue
		}
		args := sampleArguments(l)
		args[i] = event.StringValue("niche:c4821")
		for _, c := range columnsOf(l) {
			if v, why := l.Bind(c)(args, at(t, noon)); v.Has() || why != event.UnknownTable {
				t.Errorf("%s %s answers %v (%d)", l.Name, c, v, why)
			}
		}
	}
}

func TestALookupWithAMissingArgumentIsUnknownForGood(t *testing.T) {
	for _, l := range sampleSet(t).Lookups() {
		for i := range l.Params {
			args := sampleArguments(l)
			args[i] = event.Value{}
			for _, c := range columnsOf(l) {
				if v, why := l.Bind(c)(args, at(t, noon)); v.Has() || why != event.UnknownField {
					t.Errorf("%s %s without %s answers %v (%d)", l.Name, c, l.Params[i].Name, v, why)
				}
			}
		}
	}
}

func TestAKnownAnswerHasTheKindThatTheLookupDeclares(t *testing.T) {
	s := sampleSet(t)
	for _, l := range s.Lookups() {
		for _, c := range columnsOf(l) {
			want := l.Result
			if l.Columns != nil {
				want = l.Columns[c]
			}
			if v, why := l.Bind(c)(sampleArguments(l), at(t, noon)); why == event.Known && v.Kind != want {
				t.Errorf("%s %s: %s, declared %s", l.Name, c, v.Kind, want)
			}
		}
	}
}

func TestAnAskerGivesTheAnswersOfTheSet(t *testing.T) {
	s, asker := sampleSet(t), NewAsker()
	for _, l := range s.Lookups() {
		for _, c := range columnsOf(l) {
			one, ok := asker.Bind(s, l.Name, c)
			if !ok {
				t.Fatalf("no %s to bind", l.Name)
			}
			args := sampleArguments(l)
			want, whyWant := l.Bind(c)(args, at(t, noon))
			if got, why := one(args, at(t, noon)); why != whyWant || !cmp.Equal(want, got, cmp.AllowUnexported(event.Value{})) {
				t.Errorf("%s %s: %v (%d), from the set %v (%d)", l.Name, c, got, why, want, whyWant)
			}
		}
	}
	if _, ok := asker.Bind(s, "nobody_asks_this", ""); ok {
		t.Error("a lookup that is none was bound")
	}
}

func TestBoundAndUnboundLookupsAreTheSame(t *testing.T) {
	if diff := cmp.Diff(Lookups(), NewSet(nil).Lookups(), cmpopts.IgnoreFields(event.Lookup{}, "Bind", "Find")); diff != "" {
		t.Error(diff)
	}
	for _, l := range Lookups() {
		if l.Bind != nil {
			t.Errorf("%s is bound to nothing", l.Name)
		}
	}
}

// The golden file is what rule authors see, so that a changed signature shows in review.
func TestReferenceOfLookups(t *testing.T) {
	var b strings.Builder
	for _, l := range Lookups() {
		var params []string
		for _, p := range l.Params {
			params = append(params, p.Name+" "+p.Kind.String())
		}
		fmt.Fprintf(&b, "%s(%s)", l.Name, strings.Join(params, ", "))
		if l.Columns == nil {
			fmt.Fprintf(&b, " %s", l.Result)
		} else {
			for _, c := range columnsOf(l) {
				fmt.Fprintf(&b, "\n  .%s %s", c, l.Columns[c])
			}
		}
		fmt.Fprintf(&b, "\n  tables: %s\n  %s\n\n", strings.Join(l.Tables, ", "), l.Doc)
	}
	golden(t, filepath.Join("testdata", "lookups.golden"), b.String())
}

func TestASetAnswersAlikeInManyGoroutines(t *testing.T) {
	s := sampleSet(t)
	when := at(t, "2026-02-01")
	answers := func() (out []string) {
		for _, l := range s.Lookups() {
			v, why := l.Bind(columnsOf(l)[0])(sampleArguments(l), when)
			out = append(out, fmt.Sprint(l.Name, v.Text(), why))
		}
		id := s.Resolve("pnc", "DP4821", when)
		return append(out, fmt.Sprint(id.Str, id.Has()))
	}
	want := answers()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if diff := cmp.Diff(want, answers()); diff != "" {
				t.Error(diff)
			}
		})
	}
	wg.Wait()
}

func TestLookupsDoNotAllocate(t *testing.T) {
	s := sampleSet(t)
	when := at(t, "2026-02-01")
	for _, l := range s.Lookups() {
		args := sampleArguments(l)
		for i := range args {
			args[i].Str = strings.ToUpper(args[i].Str) // as the PNC writes
		}
		for _, c := range columnsOf(l) {
			ask := l.Bind(c)
			if n := testing.AllocsPerRun(100, func() { ask(args, when) }); n > 0 {
				t.Errorf("%s %s: %v allocations", l.Name, c, n)
			}
		}
	}
	if n := testing.AllocsPerRun(100, func() { s.ResolveRequestor("pnc", "DP4821", when) }); n > 0 {
		t.Errorf("resolve: %v allocations", n)
	}
}

func BenchmarkLookups(b *testing.B) {
	s := sampleSet(b)
	when := at(b, "2026-02-01")
	for _, l := range s.Lookups() {
		ask, args := l.Bind(columnsOf(l)[0]), sampleArguments(l)
		b.Run(l.Name, func(b *testing.B) {
			for b.Loop() {
				ask(args, when)
			}
		})
	}
	b.Run("resolve", func(b *testing.B) {
		for b.Loop() {
			s.Resolve("pnc", "DP4821", when)
		}
	})
}
