package layers

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// rows, from the top: a package imports packages of lower rows only.
var rows = [][]string{
	{"cmd/probity"},
	{"demo", "rulediff", "trial", "bench"},
	{"daemon", "ruletest", "evaluate"},
	{"pipeline", "surround"},
	{"source", "listen", "store", "notify", "hearing", "triage"},
	{"engine", "evidence", "page", "coverage", "dipcheck"},
	{"decode", "rule", "window", "table", "route", "approval"},
	{"alert"},
	{"event", "fsx", "neutral", "strictyaml"},
}

// apart are the packages outside the rows: what they may import, who may import them, and why.
var apart = map[string]struct {
	of  []string
	by  []string
	why string
}{
	"sim":    {nil, []string{"demo", "cmd/probity"}, "a simulator that shares a number with a detection rule would prove nothing about the rule"},
	"rules":  {[]string{"rule"}, []string{"daemon", "ruletest", "demo", "cmd/probity"}, "the shipped rules are data: nothing below the daemon may know that they exist"},
	"layers": {nil, nil, "it is a test"},

	"dashboard": {nil, nil, "it writes what Grafana reads, and is part of no binary"},
}

func row(pkg string) int {
	return slices.IndexFunc(rows, func(r []string) bool { return slices.Contains(r, pkg) })
}

// broken returns what is wrong with the import of to by from, "" if nothing is.
func broken(from, to string) string {
	if a, ok := apart[from]; ok {
		if slices.Contains(a.of, to) {
			return ""
		}
		return fmt.Sprintf("%s may import %s of ours: %s", from, list(a.of), a.why)
	}
	if a, ok := apart[to]; ok {
		if slices.Contains(a.by, from) {
			return ""
		}
		return fmt.Sprintf("%s may be imported by %s only: %s", to, list(a.by), a.why)
	}
	switch f, t := row(from), row(to); {
	case t < 0:
		return fmt.Sprintf("package %s has no row: say in rows (and in internal/README.md) what it stands on and what stands on it", to)
	case f == t:
		return fmt.Sprintf("%s and %s are in one row: neighbours know nothing of each other, so that either can be read, tested and replaced alone; what both need belongs in a row below, what joins them in a row above", from, to)
	case f > t:
		return fmt.Sprintf("%s stands below %s: a lower package that knows a higher one cannot be read or tested without it; declare a small interface in %s instead", from, to, from)
	}
	return ""
}

func list(packages []string) string {
	if len(packages) == 0 {
		return "nothing"
	}
	return strings.Join(packages, ", ")
}

func TestImportsPointDownOnly(t *testing.T) {
	s := parse(t, "../..")
	for _, pkg := range s.packages() {
		if _, ok := apart[pkg]; !ok && row(pkg) < 0 {
			t.Errorf("package %s has no row: say in rows (and in internal/README.md) what it stands on and what stands on it", pkg)
		}
	}
	for _, f := range s.files {
		for i, path := range f.imports {
			to, ok := ours(path)
			if !ok || row(f.pkg) < 0 && apart[f.pkg].why == "" {
				continue
			}
			if what := broken(f.pkg, to); what != "" {
				t.Errorf("%s: %s", s.place(f.tree.Imports[i]), what)
			}
		}
	}
}

func TestEveryBreachOfTheOrderIsSeen(t *testing.T) {
	for _, c := range []struct{ from, to, want string }{
		{"engine", "rule", ""},
		{"demo", "sim", ""},
		{"pipeline", "event", ""},
		{"engine", "evidence", "in one row"},
		{"store", "notify", "in one row"},
		{"window", "engine", "stands below"},
		{"event", "cmd/probity", "stands below"},
		{"daemon", "sim", "may be imported by demo, cmd/probity only"},
		{"engine", "rules", "may be imported by"},
		{"sim", "event", "may import nothing of ours"},
		{"rules", "rule", ""},
		{"rules", "engine", "may import rule of ours"},
		{"engine", "newcomer", "has no row"},
	} {
		got := broken(c.from, c.to)
		if c.want == "" && got != "" || c.want != "" && !strings.Contains(got, c.want) {
			t.Errorf("%s imports %s: %q, want %q in it", c.from, c.to, got, c.want)
		}
	}
}
