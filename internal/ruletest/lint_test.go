package ruletest

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"probity/internal/decode"
	"probity/internal/rule"
	"probity/rules"
)

// lintOptions are those of a force that has all tables but sensitive, on a fixed day, whose rules S00001 wrote.
func lintOptions(t testing.TB) LintOptions {
	t.Helper()
	o := LintOptions{
		Schema: options(t).Schema, Today: time.Date(2026, 11, 22, 15, 0, 0, 0, time.UTC),
		Tables: []string{"people", "assignments", "nominals"},
		Author: func(string, int) []string { return []string{"S00001"} },
	}
	for _, name := range decode.BuiltinNames() {
		f, _ := decode.Builtin(name)
		o.Formats = append(o.Formats, f)
	}
	return o
}

func readRule(t testing.TB, path string) rule.File {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return rule.File{Name: filepath.Base(path), Data: b}
}

// lintText is what the command prints of a file.
func lintText(files []rule.File, o LintOptions) string {
	var b strings.Builder
	_, findings, problems := Lint(files, o)
	for _, p := range problems {
		fmt.Fprintln(&b, p)
	}
	for _, f := range findings {
		fmt.Fprintln(&b, f)
	}
	return b.String()
}

// TestEveryKindOfMistakeHasItsPlaceItsMessageAndARemedy reads one file with each kind. A file that begins with prb says which
// lint it must give; overlays and twins are read beside the sound rule.
func TestEveryKindOfMistakeHasItsPlaceItsMessageAndARemedy(t *testing.T) {
	paths, err := filepath.Glob("testdata/mistakes/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	sound := readRule(t, "testdata/mistakes/sound.yaml")
	seen := map[string]bool{}
	for _, path := range paths {
		name := strings.TrimSuffix(filepath.Base(path), ".yaml")
		t.Run(name, func(t *testing.T) {
			o := lintOptions(t)
			files := []rule.File{readRule(t, path)}
			if rule.IsOverlay(files[0].Data) || name == "prb006_twin" {
				files = append([]rule.File{sound}, files...)
			}
			if base := strings.TrimSuffix(path, ".yaml") + ".base"; exists(base) {
				o.Base = []rule.File{readRule(t, base)}
			}
			got := lintText(files, o)
			golden(t, strings.TrimSuffix(path, ".yaml")+".golden", got)
			if sober := name == "sound" || name == "silenced"; sober != (got == "") {
				t.Errorf("said of it:\n%s", got)
			}
			if code, _, _ := strings.Cut(name, "_"); strings.HasPrefix(code, "prb") {
				code = strings.ToUpper(code)
				seen[code] = true
				if !strings.Contains(got, "["+code+"]") {
					t.Errorf("no %s in\n%s", code, got)
				}
			}
		})
	}
	for _, c := range LintCodes() {
		if !seen[c.Code] {
			t.Errorf("no file shows %s: %s", c.Code, c.What)
		}
	}
}

func exists(path string) bool { _, err := os.Stat(path); return err == nil }

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Errorf("%s (-update rewrites it):\n%s", path, diff)
	}
}

func TestTheShippedRulesGiveNoFinding(t *testing.T) {
	files, err := rules.Files()
	if err != nil {
		t.Fatal(err)
	}
	o := lintOptions(t)
	o.Tables = nil
	if got := lintText(files, o); got != "" {
		t.Error(got)
	}
}

// TestOnlyWhatIsSaidIsSilenced: a silence of one place leaves the same finding elsewhere.
func TestOnlyWhatIsSaidIsSilenced(t *testing.T) {
	f := readRule(t, "testdata/mistakes/prb033_longer_than_a_year.yaml")
	exception := "  - {when: actor.role in roles, reason: tests access control, approved_by: Information Assurance Board, expires: 2029-06-01}\n"
	f.Data = bytes.Replace(f.Data, []byte(exception), []byte(exception+strings.Replace(exception, "actor.role", "user.name", 1)), 1)
	count := func(silence string) int {
		g := f
		g.Data = bytes.Replace(f.Data, []byte("tests:\n"), []byte("lint: ["+silence+"]\ntests:\n"), 1)
		_, findings, problems := Lint([]rule.File{g}, lintOptions(t))
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		return len(slices.DeleteFunc(findings, func(f Finding) bool { return f.Code != "PRB033" }))
	}
	got := []int{count(""), count("{silence: PRB033, reason: r, at: exceptions.1}"), count("{silence: PRB033, reason: r}")}
	if want := []int{2, 1, 0}; !slices.Equal(got, want) {
		t.Errorf("findings left: %v, want %v", got, want)
	}
}

func TestProgressIsToldOfEachRuleThatWasReadAndJudged(t *testing.T) {
	var steps []string
	o := lintOptions(t)
	o.Progress = func(step string, done, total int) { steps = append(steps, fmt.Sprint(done, " of ", total, " ", step)) }
	Lint([]rule.File{readRule(t, "testdata/mistakes/sound.yaml"), readRule(t, "testdata/mistakes/prb006_twin.yaml")}, o)
	if want := []string{"1 of 2 rules read", "2 of 2 rules read", "1 of 2 rules judged", "2 of 2 rules judged"}; !slices.Equal(steps, want) {
		t.Errorf("told %q, want %q", steps, want)
	}
}

func TestWhoWroteAnExceptionIsAskedOfItsOwnLine(t *testing.T) {
	var lines []int
	o := lintOptions(t)
	o.Author = func(file string, line int) []string {
		lines = append(lines, line)
		return nil
	}
	Lint([]rule.File{readRule(t, "testdata/mistakes/sound.yaml")}, o)
	if want := []int{24}; !slices.Equal(lines, want) {
		t.Errorf("asked about lines %v, want %v", lines, want)
	}
}
