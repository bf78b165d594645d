package ruletest

import (
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"probity/internal/rule"
	"probity/internal/strictyaml"
)

// TestTheReferenceListsEveryCodeAndEveryKeyOfAnOverlay compares the tables of rules/README.md with the code; -update writes
// them.
func TestTheReferenceListsEveryCodeAndEveryKeyOfAnOverlay(t *testing.T) {
	const path = "../../rules/README.md"
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want := string(b)
	for name, text := range map[string]string{"lint codes": codeTable(), "overlay keys": overlayTable()} {
		before, rest, ok := strings.Cut(want, "<!-- "+name+": generated -->\n")
		_, after, ok2 := strings.Cut(rest, "<!-- end -->")
		if !ok || !ok2 {
			t.Fatalf("%s has no part %q", path, name)
		}
		want = before + "<!-- " + name + ": generated -->\n" + text + "<!-- end -->" + after
	}
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(strings.Split(want, "\n"), strings.Split(string(b), "\n")); diff != "" {
		t.Error("run go test ./internal/ruletest -update\n", diff)
	}
}

func codeTable() string {
	var b strings.Builder
	b.WriteString("| code | | finding |\n|---|---|---|\n")
	for _, c := range LintCodes() {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", c.Code, c.Severity, c.What)
	}
	return b.String()
}

func overlayTable() string {
	var b strings.Builder
	b.WriteString("| key | meaning |\n|---|---|\n")
	over := reflect.TypeFor[rule.Overlay]()
	for _, f := range strictyaml.Fields(over) {
		doc := over.FieldByIndex(f.Index).Tag.Get("jsonschema")
		if doc == "" {
			doc = "as in a rule"
		}
		fmt.Fprintf(&b, "| `%s` | %s |\n", f.Key, doc)
	}
	return b.String()
}

func TestCodesAreUniqueAndInOrder(t *testing.T) {
	last := ""
	for _, c := range LintCodes() {
		if c.Code <= last || c.What == "" || c.Severity != LintError && c.Severity != LintWarning {
			t.Errorf("%+v after %s", c, last)
		}
		last = c.Code
	}
}
