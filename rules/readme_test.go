package rules

import (
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"probity/internal/event"
	"probity/internal/rule"
	"probity/internal/ruletest"
	"probity/internal/strictyaml"
)

// TestReadmeIsInStep compares the tables of README.md with what the code says; -update writes them.
func TestReadmeIsInStep(t *testing.T) {
	b, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	have, want := string(b), string(b)
	_, set := shipped(t)
	for name, text := range map[string]string{
		"keys": keys(reflect.TypeFor[rule.Rule]()), "test keys": keys(reflect.TypeFor[rule.Test]()),
		"alert keys": keys(reflect.TypeFor[rule.ExpectedAlert]()),
		"fields":     fields(), "lookups": lookups(schema(t)), "rules": catalogue(set),
	} {
		want = replaced(t, want, name, text)
	}
	if *update {
		if err := os.WriteFile("README.md", []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(strings.Split(want, "\n"), strings.Split(have, "\n")); diff != "" {
		t.Error("run go test ./rules -update\n", diff)
	}
}

// replaced puts text between the marks of the part called name.
func replaced(t *testing.T, doc, name, text string) string {
	t.Helper()
	begin, end := "<!-- "+name+": generated -->\n", "<!-- end -->"
	before, rest, ok := strings.Cut(doc, begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("README.md has no part %q", name)
	}
	return before + begin + text + end + after
}

func keys(t reflect.Type) string {
	var b strings.Builder
	b.WriteString("| key | meaning |\n|---|---|\n")
	for _, f := range strictyaml.Fields(t) {
		field := t.FieldByIndex(f.Index)
		doc := field.Tag.Get("jsonschema")
		if doc == "" {
			doc = "see above"
		}
		optional := ""
		if strings.Contains(field.Tag.Get("json"), "omitempty") {
			optional = " (optional)"
		}
		fmt.Fprintf(&b, "| `%s`%s | %s |\n", f.Key, optional, doc)
	}
	return b.String()
}

func fields() string {
	var b strings.Builder
	b.WriteString("| field | type | meaning |\n|---|---|---|\n")
	for _, f := range event.Base {
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", f.Name, f.Kind, f.Doc)
	}
	return b.String()
}

func lookups(s *event.Schema) string {
	var b strings.Builder
	b.WriteString("| lookup | tables | answer |\n|---|---|---|\n")
	for _, l := range s.Lookups() {
		tables := strings.Join(l.Tables, ", ")
		if tables == "" {
			tables = "none"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", rule.Signature(l), tables, l.Doc)
	}
	person, _ := s.Lookup("person")
	var columns []string
	for name, kind := range person.Columns {
		if kind != event.String {
			name += " (" + kind.String() + ")"
		}
		columns = append(columns, name)
	}
	slices.Sort(columns)
	fmt.Fprintf(&b, "\nColumns of `person(…)` and of `actor`: %s.\n", strings.Join(columns, ", "))
	return b.String()
}

// catalogue is the table that probity rules docs prints, too, with links to the files.
func catalogue(set *rule.Set) string {
	c := ruletest.NewCatalogue(set)
	return c.Table(func(r *ruletest.CatalogueRule) string { return r.File })
}
