package daemon

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"probity/internal/fsx"
)

// richSite has everything that a generation can be made of: built-in rules, a rule and its overlay, a table with a sidecar,
// declared fields.
func richSite(t *testing.T) *site {
	s := newSite(t)
	s.config("{name: niche, format: niche,", "{name: niche, format: niche, lateness: 7m, fields: {Terminal: string, Seq: int},",
		"rules: {paths: [rules]}", "rules: {builtin: true, paths: [rules]}", "state_dir: state\n", "state_dir: state\nmarking: OFFICIAL\nzone: Europe/Dublin\n")
	s.write("rules/over.yaml", "overlay: busy\nreason: A larger force.\nparams: {limit: 8}\n")
	header, rows, _ := strings.Cut(s.read("tables/honeytokens.csv"), "\n")
	s.write("tables/honeytokens.csv", rows)
	s.write("tables/honeytokens.csv.meta", strings.TrimLeft(header, "# ")+"\n")
	return s
}

func (s *site) parts() *parts {
	p := s.config().build()
	if err := p.problems.Err(); err != nil {
		s.t.Fatal(err)
	}
	return p
}

func mustGeneration(t *testing.T, p *parts) *generation {
	t.Helper()
	g, problems := p.generation()
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	return g
}

func TestAGenerationIsBuiltAgainOutOfTheArchive(t *testing.T) {
	t.Parallel()
	s := richSite(t)
	p := s.parts()
	g := mustGeneration(t, p)
	if err := newArchive(p.config.StateDir).keep(g.Hash, g.made); err != nil {
		t.Fatal(err)
	}
	for _, gone := range []string{"rules", "tables"} { // it needs nothing else
		if err := os.RemoveAll(s.path(gone)); err != nil {
			t.Fatal(err)
		}
	}
	again, err := p.archived(g.Hash)
	if err != nil {
		t.Fatal(err)
	}
	if again.Hash != g.Hash || again.Rules.Hash() != g.Rules.Hash() || again.Marking != "OFFICIAL" {
		t.Errorf("generation %s came back as %s, marked %s", g.Hash, again.Hash, again.Marking)
	}
}

func TestEverySettingThatDecidesAnswersMakesAnotherGeneration(t *testing.T) {
	t.Parallel()
	s := richSite(t)
	seen := map[string]string{mustGeneration(t, s.parts()).Hash: "nothing"}
	for _, change := range [][2]string{
		{"zone: Europe/Dublin", "zone: Europe/London"}, {"marking: OFFICIAL\n", "marking: OFFICIAL-SENSITIVE\n"}, {"lateness: 7m", "lateness: 8m"},
		{"Seq: int", "Seq: string"}, {"max_age: 30d", "max_age: 31d"}, {"miss: no", "miss: unknown"}, {"builtin: true, ", ""},
	} {
		s.config(change[0], change[1])
		hash := mustGeneration(t, s.parts()).Hash
		if before := seen[hash]; before != "" {
			t.Errorf("%q to %q makes the same generation as %s", change[0], change[1], before)
		}
		seen[hash] = change[1]
	}
}

func TestTheArchiveKeepsUnchangedFilesOnce(t *testing.T) {
	t.Parallel()
	s := richSite(t)
	p := s.parts()
	a := newArchive(p.config.StateDir)
	contents := func() int {
		entries, err := os.ReadDir(a.files())
		if err != nil {
			t.Fatal(err)
		}
		return len(entries)
	}
	g := mustGeneration(t, p)
	if err := a.keep(g.Hash, g.made); err != nil {
		t.Fatal(err)
	}
	before := contents()
	s.write("rules/busy.yaml", strings.Replace(busyRule, "limit: 6", "limit: 7", 1))
	g = mustGeneration(t, p)
	if err := a.keep(g.Hash, g.made); err != nil {
		t.Fatal(err)
	}
	if after := contents(); after != before+1 {
		t.Errorf("one changed file of %d added %d", before, after-before)
	}
}

// A disk that fails at any step leaves no manifest whose files are not there, and the next try succeeds.
func TestAnArchiveThatFailsNamesNothingThatIsNotThere(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	p := s.parts()
	g := mustGeneration(t, p)
	for n := 1; ; n++ {
		steps := 0
		a := archive{dir: filepath.Join(t.TempDir(), "generations"), fs: &fsx.FS{Fault: func(string, string) error {
			if steps++; steps == n {
				return syscall.ENOSPC
			}
			return nil
		}}}
		err := a.keep(g.Hash, g.made)
		if err == nil {
			if n < 10 {
				t.Fatalf("only %d steps", n)
			}
			return
		}
		if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "does not come into force") {
			t.Fatalf("step %d: %v", n, err)
		}
		if _, err := os.Stat(a.manifestOf(g.Hash)); err == nil {
			if _, err := a.read(g.Hash); err != nil {
				t.Fatalf("step %d: %v", n, err)
			}
		}
		if err := a.keep(g.Hash, g.made); err != nil {
			t.Fatalf("after step %d failed: %v", n, err)
		}
		if _, err := a.read(g.Hash); err != nil {
			t.Fatalf("after step %d failed: %v", n, err)
		}
	}
}

func TestAReloadThatCannotBeArchivedIsRefused(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d, _ := s.start(Options{})
	before := s.inForce(d).Generation
	if err := os.RemoveAll(s.path("state/generations")); err != nil {
		t.Fatal(err)
	}
	s.write("state/generations", "a file where the folder was")
	s.write("rules/busy.yaml", strings.Replace(busyRule, "limit: 6", "limit: 7", 1))
	if err := d.Reload(); err == nil || !strings.Contains(err.Error(), "archiving generation") {
		t.Errorf("accepted: %v", err)
	}
	if now := s.inForce(d).Generation; now != before {
		t.Errorf("generation %s is in force", now)
	}
}

// Every way in which an archive can be unfit is told, with the file and what to do.
func TestADamagedArchiveIsTold(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	p := s.parts()
	g := mustGeneration(t, p)
	for name, c := range map[string]struct {
		spoil func(t *testing.T, a archive)
		want  string
	}{
		"no manifest":         {func(t *testing.T, a archive) { os.RemoveAll(filepath.Dir(a.manifestOf(g.Hash))) }, "is not in the archive"},
		"a manifest cut":      {func(t *testing.T, a archive) { os.Truncate(a.manifestOf(g.Hash), 40) }, "damage in"},
		"a newer manifest":    {func(t *testing.T, a archive) { replaceIn(t, a.manifestOf(g.Hash), `"format": 1`, `"format": 2`) }, "has format 2"},
		"a content that went": {func(t *testing.T, a archive) { os.Remove(a.contents(g.Tables[0].SHA256)) }, "no such file"},
		"a content changed": {func(t *testing.T, a archive) {
			replaceIn(t, a.contents(g.Tables[0].SHA256), "exported_at", "exported_At")
		}, "by their SHA-256"},
		"a setting changed": {func(t *testing.T, a archive) {
			replaceIn(t, a.manifestOf(g.Hash), `"OFFICIAL-SENSITIVE"`, `"OFFICIAL"`)
		}, "makes generation"},
	} {
		t.Run(name, func(t *testing.T) {
			parts := *p
			config := *p.config
			config.StateDir, parts.config = t.TempDir(), &config
			a := newArchive(config.StateDir)
			if err := a.keep(g.Hash, g.made); err != nil {
				t.Fatal(err)
			}
			c.spoil(t, a)
			if _, err := parts.archived(g.Hash); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q in it", err, c.want)
			}
		})
	}
}

func replaceIn(t *testing.T, file, was, is string) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(string(b), was, is, 1)
	if text == string(b) {
		t.Fatalf("%s has no %q", file, was)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
