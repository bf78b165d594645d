package daemon

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"probity/internal/alert"
	"probity/internal/evidence"
	"probity/internal/hearing"
	"probity/internal/store"
)

// exported runs the daemon over the site's lines and exports its alert with the most revisions.
func exported(t *testing.T, s *site, public string) *hearing.Case {
	t.Helper()
	d, stop := s.start(Options{})
	for part := range 2 {
		s.append(s.lines[len(s.lines)*part/2 : len(s.lines)*(part+1)/2]...)
		s.drain(d)
	}
	stop()
	return s.export(s.busiest(), public)
}

func (s *site) export(id, public string) *hearing.Case {
	s.t.Helper()
	o := ExportOptions{Alert: id, Surroundings: 3, At: time.Date(2026, 3, 9, 10, 0, 0, 0, time.UTC)}
	if public != "" {
		key, err := evidence.NewVerifier(public)
		if err != nil {
			s.t.Fatal(err)
		}
		o.Key = key
	}
	c, err := s.config().Export(o)
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

// busiest is the id of the alert with the most revisions.
func (s *site) busiest() (id string) {
	s.t.Helper()
	st, err := store.Open(store.Options{Dir: s.path("state")})
	if err != nil {
		s.t.Fatal(err)
	}
	defer st.Close()
	most := 0
	if err := st.EachAlert(func(a *alert.Alert) error {
		if a.Revision > most {
			id, most = a.ID, a.Revision
		}
		return nil
	}); err != nil {
		s.t.Fatal(err)
	}
	if most < 2 {
		s.t.Fatal("a poor test: no alert has two revisions")
	}
	return id
}

// unpacked writes the bundle's files to a folder.
func unpacked(t *testing.T, c *hearing.Case) string {
	t.Helper()
	var b bytes.Buffer
	if err := c.Write(&b); err != nil {
		t.Fatal(err)
	}
	z, err := zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		p, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, f.Name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, p, f.Mode()); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// shellLines are those of a report.
func shellLines(report []byte) (lines []string) {
	for l := range strings.Lines(string(report)) {
		if shell, ok := strings.CutPrefix(l, "    $ "); ok {
			lines = append(lines, strings.TrimSpace(shell))
		}
	}
	return lines
}

func needTools(t *testing.T) {
	t.Helper()
	for _, tool := range []string{"jq", "sha256sum", "sed", "basenc"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is not here", tool)
		}
	}
}

func TestABundleIsWholeAndEveryShellLineOfItsReportIsTrue(t *testing.T) {
	t.Parallel()
	needTools(t)
	s := newSite(t)
	public := s.signed("  checkpoint_every: 3\n")
	c := exported(t, s, public)
	for _, m := range c.Missing {
		if !strings.HasPrefix(m, "The alert counts") && !strings.HasPrefix(m, "The tables themselves") && !strings.HasPrefix(m, "No generation") {
			t.Errorf("missing: %s", m)
		}
	}
	if len(c.Files) != 1 || c.Checkpoint == nil || c.Key == "" || !c.Verified.OK() {
		t.Errorf("%d files, faults %v", len(c.Files), c.Verified.Faults)
	}
	if len(c.Entries) < 2*len(c.Revisions) || len(c.Lines) == 0 { // each revision fired and was delivered
		t.Errorf("%d entries, %d revisions, %d lines", len(c.Entries), len(c.Revisions), len(c.Lines))
	}
	dir := unpacked(t, c)
	report, err := os.ReadFile(filepath.Join(dir, "report.txt"))
	if err != nil {
		t.Fatal(err)
	}
	shell := shellLines(report)
	if len(shell) < 5+2*len(c.Revisions) {
		t.Errorf("only %d shell lines", len(shell))
	}
	run := func(line string) error {
		cmd := exec.Command("bash", "-c", "set -o pipefail; "+line)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		if err != nil || bytes.Contains(out, []byte("not in this checkpoint")) {
			return errors.Join(err, errors.New(string(out)))
		}
		return nil
	}
	for _, line := range shell {
		if err := run(line); err != nil {
			t.Errorf("%s: %v", line, err)
		}
	}
	for _, name := range []string{"lines/001.record", "revisions/1.json", "evidence/bodies.jsonl", "evidence/entries.jsonl"} { // each check can fail
		path := filepath.Join(dir, name)
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		bad := bytes.Clone(whole)
		bad[len(bad)/2] ^= 1
		if err := os.WriteFile(path, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		found := 0
		for _, line := range shell {
			if run(line) != nil {
				found++
			}
		}
		if found < 2 { // the manifest, and at least one other
			t.Errorf("%s changed: %d of %d lines fail", name, found, len(shell))
		}
		if err := os.WriteFile(path, whole, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestABundleSaysWhatItLacks(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	c := exported(t, s, "")
	lacks := func(c *hearing.Case, what string) {
		t.Helper()
		if !strings.Contains(strings.Join(c.Missing, "\n"), what) {
			t.Errorf("%q is not said: %q", what, c.Missing)
		}
	}
	lacks(c, "no signed checkpoint")
	for _, l := range c.Lines {
		if l.Now == nil {
			t.Errorf("%s at %d is not found", l.Record.Path, l.Record.Offset)
		}
	}
	id := c.ID
	for _, file := range files {
		if err := os.Truncate(s.path("logs/"+file), 0); err != nil {
			t.Fatal(err)
		}
	}
	rule := s.read("rules/busy.yaml")
	s.write("rules/busy.yaml", rule+"# changed\n")
	if c = s.export(id, ""); len(c.Files) != 1 || string(c.Files[0].Bytes) != rule {
		t.Errorf("the archived rule is not found: %q", c.Missing)
	}
	lacks(c, "no file holds these bytes")
	if err := os.RemoveAll(s.path("state/generations")); err != nil {
		t.Fatal(err)
	}
	c = s.export(id, "")
	lacks(c, "No generation of rules and tables was archived")
	lacks(c, "was changed since")
	if c.Lines[0].Now != nil || len(c.Files) != 0 {
		t.Errorf("found what is gone: %+v", c.Lines[0].Now)
	}
	if _, err := s.config().Export(ExportOptions{Alert: "nobody"}); !errors.Is(err, ErrNoAlert) {
		t.Errorf("got %v", err)
	}
}

func TestABundleHasTheLinesThatWerePreservedWhereTheLogHasGone(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.force(roles(t, "second"))
	s.append(s.lines[0])
	d, stop := s.start(Options{})
	s.filler(10)
	s.append(s.viewed("xqzother", 300, 1)...)
	s.filler(400)
	s.drain(d)
	id := s.ids(d)["solo_xqzother"]
	if _, err := s.ask(d).Show(t.Context(), id); err != nil { // which preserves, if nobody has
		t.Fatal(err)
	}
	stop()
	if err := os.Remove(s.path("logs/niche.csv")); err != nil {
		t.Fatal(err)
	}
	c := s.export(id, "")
	if len(c.Lines) != 1 || c.Lines[0].Now != nil || c.Lines[0].Kept == nil {
		t.Fatalf("%+v", c.Lines)
	}
	if page, err := os.ReadFile(filepath.Join(unpacked(t, c), "report.html")); err != nil || !strings.Contains(string(page), "xqzfiller11") || !strings.Contains(string(page), "were preserved at") {
		t.Errorf("the report lacks the preserved lines: %v", err)
	}
}
