package decode

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"probity/internal/event"
)

// letters are so many native fields, each with its field: as it stands, by word, or by a guard.
func letters(n int) (f *Format, fields map[string]event.Kind) {
	f = &Format{Name: "x", Dataset: "x", Decoder: "json", Time: &Time{From: Names{"t"}, Layouts: []string{"unix"}}, Map: map[string]Spec{
		"event.action":  {From: Names{"f0", "f1"}, Values: map[string]string{"a": "x", "b": "y"}, Otherwise: "missing"},
		"event.outcome": {First: []Spec{{From: Names{"f2"}, When: map[string][]string{"f3": {"a"}}, As: "lower"}, {From: Names{"f4"}, Default: "z", Values: map[string]string{"a": "x"}}}},
		"object.type":   {First: []Spec{{From: Names{"f5"}, When: map[string][]string{"f0": {"b"}, "f6": {"a", "b"}}}, {From: Names{"f7"}, As: "hyphens"}}},
		"query.count":   {From: Names{"f1", "f2"}},
	}}
	fields = map[string]event.Kind{}
	for i := range n {
		fields["f"+strconv.Itoa(i)] = []event.Kind{event.String, event.Int, event.Bool, event.List, event.Time}[i%5]
	}
	return f, fields
}

func lineOf(r *rand.Rand, names []string) Record {
	var b strings.Builder
	b.WriteString(`{"t":1`)
	for _, name := range names {
		fmt.Fprintf(&b, `,"%s":"%s"`, name, []string{"a", "b", "c", "7", "true", "2026-03-02T08:00:00Z"}[r.IntN(6)])
	}
	return Record{Data: []byte(b.String() + "}")}
}

// There are more sets of fields than a worker makes plans for, and more fields than a set can tell apart.
func TestRecordsBeyondThePlansAreDecodedAsTheGeneralWayDoes(t *testing.T) {
	for _, n := range []int{8, maxPresent + 6} {
		f, fields := letters(n)
		w, r := newTwice(decoderOf(t, f, fields, 0)), rand.New(rand.NewPCG(1, 2))
		for range 3000 {
			names := slices.DeleteFunc(slices.Sorted(maps.Keys(fields)), func(string) bool { return r.IntN(3) == 0 })
			w.decode(t, lineOf(r, names))
		}
		if plans := len(w.workers[0].plans.all); n == 8 && plans != maxPlans || n > maxPresent && plans != 0 {
			t.Errorf("%d fields: %d plans", n, plans)
		}
	}
}

// Words whose lengths and ends are alike are told apart, in the tables of columns and in verses.
func TestWordsThatDifferInTheMiddleAreDifferentWords(t *testing.T) {
	f, fields := letters(8)
	f.Map["event.action"] = Spec{From: Names{"f0"}, As: "lower"}
	f.Map["event.outcome"] = Spec{From: Names{"f0"}, Values: map[string]string{"ADMINISTRATOR-2-ADMINISTRATOR": "two"}, Otherwise: "hyphens"}
	w, r := newTwice(decoderOf(t, f, fields, 0)), rand.New(rand.NewPCG(3, 4))
	for range 2000 {
		text := "ADMINISTRATOR-" + strconv.Itoa(r.IntN(9)) + "-ADMINISTRATOR"
		w.decode(t, Record{Data: []byte(`{"t":1,"f0":"` + text[r.IntN(2):][:len(text)-1-r.IntN(20)] + `"}`)})
		w.decode(t, Record{Data: []byte(`{"t":1,"f0":"` + text + `","f7":"` + text[:r.IntN(18)] + `"}`)})
	}
}

// A column whose words keep giving way to others is not waited for: the verses of the rest are found again.
func TestARestlessColumnLeavesTheVersesOfOthersAlone(t *testing.T) {
	f, fields := letters(8)
	f.Map["host.name"] = Spec{From: Names{"f7"}, As: "lower"}
	w := newTwice(decoderOf(t, f, fields, 0))
	for i := range 4 * maxReplaced {
		w.decode(t, Record{Data: []byte(`{"t":1,"f4":"a","f7":"WS-` + strconv.Itoa(i) + `"}`)})
	}
	short := w.workers[0]
	if len(short.plans.all) != 1 {
		t.Fatalf("%d plans instead of one", len(short.plans.all))
	}
	p := short.plans.all[0]
	names := func(settings []setting) (out []string) {
		for _, s := range settings {
			out = append(out, s.rule.name)
		}
		return out
	}
	if got := names(p.worded); !slices.Equal(got, []string{"event.outcome"}) {
		t.Errorf("worded are %q, besides %q", got, names(p.rest))
	}
}

// No record leaves anything behind in an event that is used again, nor does what others wrote into it.
func TestAnEventHoldsNothingOfWhatItHeldBefore(t *testing.T) {
	values := []event.Value{{}, event.StringValue("old"), event.IntValue(7), event.BoolValue(true), event.TimeValue(7), event.ListValue([]string{"old", "older"}), event.Illegible()}
	for dir, d := range everyFormat(t) {
		w, r := newTwice(d), rand.New(rand.NewPCG(5, 6))
		for range 3 {
			for _, rec := range sampleRecords(t, d, dir) {
				for i := range w.events[0].Slots {
					w.events[0].Slots[i] = values[r.IntN(len(values))]
				}
				w.decode(t, rec)
			}
		}
	}
}
