package decode

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestEveryBuiltinFormatIsWithoutProblems(t *testing.T) {
	want := []string{"cef", "crime", "leef", "m365", "m365-array", "m365-csv", "niche", "pnc", "storm", "winevent"}
	if diff := cmp.Diff(want, BuiltinNames()); diff != "" {
		t.Fatal(diff)
	}
	for _, name := range want {
		f, problems := ParseFormat(name+".yaml", BuiltinSource(name))
		if len(problems) > 0 {
			t.Errorf("%s:\n%v", name, problems)
			continue
		}
		if f.Name != name {
			t.Errorf("format %s calls itself %s", name, f.Name)
		}
	}
	if _, ok := Builtin("nothing"); ok || BuiltinSource("nothing") != nil {
		t.Error("there is a format called nothing")
	}
}

func TestTheThreeCarriersOfMicrosoft365ShareOneMapping(t *testing.T) {
	mapping := func(name string) string {
		_, rest, ok := strings.Cut(string(BuiltinSource(name)), "\ntime: ")
		if !ok {
			t.Fatalf("%s has no time", name)
		}
		return rest
	}
	for _, other := range []string{"m365-array", "m365-csv"} {
		if diff := cmp.Diff(mapping("m365"), mapping(other)); diff != "" {
			t.Errorf("m365 and %s:\n%s", other, diff)
		}
	}
}
