package rulediff

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// repository makes a repository whose first commit, tagged one, holds the files, and whose second, main, changed them all.
func newRepository(t *testing.T, files ...string) string {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("no git")
	}
	dir := t.TempDir()
	git := func(args ...string) {
		t.Helper()
		cmd := exec.Command("git", append([]string{"-C", dir, "-c", "user.name=a", "-c", "user.email=a@example.org"}, args...)...)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
	write := func(text string) {
		t.Helper()
		for _, name := range files {
			if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text+" "+name), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	git("init", "-q", "-b", "main")
	write("first")
	git("add", ".")
	git("commit", "-qm", "one")
	git("tag", "one")
	write("second")
	git("commit", "-qam", "two")
	return dir
}

func TestARevisionHoldsTheRulesThatAWorkingTreeWould(t *testing.T) {
	dir := newRepository(t, "rules/a.yaml", "rules/all/b.yml", "rules/README.md", "rules/.git-hooks/c.yaml", "rules/.hidden.yaml",
		"other/d.yaml", "rules/my own/e.yaml", "ci.yaml", "rule.text")
	for name, c := range map[string]struct {
		path string
		want []string
	}{
		"a folder":                  {"rules", []string{"rules/a.yaml", "rules/all/b.yml", "rules/my own/e.yaml"}},
		"a file, whatever its name": {"rule.text", []string{"rule.text"}},
		"a glob of files":           {"rules/*.yaml", []string{"rules/.hidden.yaml", "rules/a.yaml"}},
		"a glob of folders":         {"rules/a*", []string{"rules/a.yaml", "rules/all/b.yml"}},
		"the whole tree":            {".", []string{"ci.yaml", "other/d.yaml", "rules/a.yaml", "rules/all/b.yml", "rules/my own/e.yaml"}},
		"nothing that was there":    {"gone/rules", nil},
	} {
		t.Run(name, func(t *testing.T) {
			side, err := ReadSide(context.Background(), "one", []string{filepath.Join(dir, c.path)})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, f := range side.Files {
				got = append(got, f.Name)
				if string(f.Data) != "first "+f.Name {
					t.Errorf("%s holds %q", f.Name, f.Data)
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if len(side.Commit) < 40 {
				t.Errorf("commit %q", side.Commit)
			}
		})
	}
}

func TestRulesThatAreGoneFromTheWorkingTreeAreStillInTheRevision(t *testing.T) {
	dir := newRepository(t, "rules/niche/a.yaml")
	if err := os.RemoveAll(filepath.Join(dir, "rules")); err != nil {
		t.Fatal(err)
	}
	side, err := ReadSide(context.Background(), "HEAD", []string{filepath.Join(dir, "rules/niche")})
	if err != nil || len(side.Files) != 1 || string(side.Files[0].Data) != "second rules/niche/a.yaml" {
		t.Errorf("%+v %v", side, err)
	}
}

func TestPathsThatOverlapGiveARuleOnce(t *testing.T) {
	dir := newRepository(t, "rules/a.yaml")
	side, err := ReadSide(context.Background(), "main", []string{filepath.Join(dir, "rules"), filepath.Join(dir, "rules/a.yaml")})
	if err != nil || len(side.Files) != 1 {
		t.Errorf("%+v %v", side, err)
	}
}

func TestASideThatIsNothingIsRefusedInASentence(t *testing.T) {
	dir := newRepository(t, "rules/a.yaml")
	outside := t.TempDir()
	for name, c := range map[string]struct {
		side, path, want string
	}{
		"an unknown revision": {"none", filepath.Join(dir, "rules"), "none is neither a folder nor a revision of "},
		"an option":           {"--output=x", filepath.Join(dir, "rules"), "--output=x is neither a folder nor a revision of "},
		"no repository":       {"main", outside, "lies in no git repository (git rev-parse: not a git repository"},
		"an empty folder":     {outside, "", "no rule files (*.yaml, *.yml) in this folder"},
		"no paths":            {"main", "", "write --rules PATH, or rules.paths in the configuration"},
	} {
		t.Run(name, func(t *testing.T) {
			var paths []string
			if c.path != "" {
				paths = []string{c.path}
			}
			if _, err := ReadSide(context.Background(), c.side, paths); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %s", err, c.want)
			}
		})
	}
}
