package approval

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"probity/internal/fsx"
)

func TestASignedTagBecomesCurrentAndTheNewestTagFollowsIt(t *testing.T) {
	for _, format := range []string{"sha1", "sha256"} {
		t.Run(format, func(t *testing.T) {
			r := newRig(t, format)
			first := r.commit("")
			r.tag("rules-9", "signer")
			f, err := r.fetch("rules-*")
			if err != nil || !f.Changed || f.Commit != first || f.Signer != "signer@force.example" || f.Ref != "refs/tags/rules-9" {
				t.Fatalf("fetched %+v, %v", f, err)
			}
			if v := r.judge(); v.Status != Approved || v.Commit != first || v.Signer != "signer@force.example" {
				t.Errorf("verdict %+v", v)
			}
			if f, err = r.fetch("rules-*"); err != nil || f.Changed {
				t.Errorf("fetched again: %+v, %v", f, err)
			}
			r.write("rules/a.yaml", "id: a\nversion: 2\n")
			second := r.commit("")
			r.tag("rules-10", "signer")
			if f, err = r.fetch("rules-*"); err != nil || f.Commit != second {
				t.Errorf("after rules-10: %+v, %v", f, err)
			}
			if v := r.judge(); v.Status != Approved || v.Commit != second {
				t.Errorf("verdict %+v", v)
			}
		})
	}
}

func TestASignedCommitOfABranchBecomesCurrent(t *testing.T) {
	r := newRig(t, "sha1")
	want := r.commit("signer")
	f, err := r.fetch("main")
	if err != nil || f.Commit != want {
		t.Fatalf("fetched %+v, %v", f, err)
	}
	if v := r.judge(); v.Status != Approved || !v.At.Equal(f.At) {
		t.Errorf("verdict %+v", v)
	}
}

func TestWhatNobodyWhoMayHasSignedIsNotTaken(t *testing.T) {
	for name, arrange := range map[string]func(*rig) (ref string){
		"an unsigned commit":                    func(r *rig) string { r.commit(""); return "main" },
		"a stranger's commit":                   func(r *rig) string { r.commit("stranger"); return "main" },
		"an unsigned tag of an unsigned commit": func(r *rig) string { r.commit(""); r.tag("v2", ""); return "v2" },
		"a stranger's tag of a signed commit":   func(r *rig) string { r.commit("signer"); r.tag("v2", "stranger"); return "v2" },
		"a signature made after the key's time": func(r *rig) string {
			text, err := os.ReadFile(r.allowed)
			if err != nil {
				r.t.Fatal(err)
			}
			r.file(r.allowed, strings.Replace(string(text), "namespaces", `valid-before="20260101",namespaces`, 1))
			r.commit("signer")
			return "main"
		},
		"a signature for another purpose": func(r *rig) string {
			text, err := os.ReadFile(r.allowed)
			if err != nil {
				r.t.Fatal(err)
			}
			r.commit("signer")
			r.file(r.allowed, strings.Replace(string(text), `"git"`, `"file"`, 1))
			return "main"
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, "sha1")
			ref := arrange(r)
			if _, err := r.fetch(ref); !errors.Is(err, ErrUnsigned) {
				t.Errorf("error %v, want ErrUnsigned", err)
			}
			if _, err := os.Lstat(filepath.Join(r.into, "current")); err == nil {
				t.Error("it became current")
			}
		})
	}
}

func TestWhatIsRefusedLeavesTheCurrentRevisionAsItWas(t *testing.T) {
	r := newRig(t, "sha1")
	first := r.commit("signer")
	if _, err := r.fetch("main"); err != nil {
		t.Fatal(err)
	}
	same := func(what, want string, err error) {
		t.Helper()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want one with %q", what, err, want)
		}
		if v := r.judge(); v.Status != Approved || v.Commit != first {
			t.Errorf("%s: verdict %+v", what, v)
		}
		if left, _ := filepath.Glob(filepath.Join(r.into, "revisions", ".writing-*")); len(left) > 0 {
			t.Errorf("%s: %s is left", what, left)
		}
	}
	r.write("rules/a.yaml", "no rule\n")
	r.commit("signer")
	o := r.options("main")
	o.Judge = func(dir string) error {
		if text, err := os.ReadFile(filepath.Join(dir, "rules", "a.yaml")); err != nil || string(text) != "no rule\n" {
			t.Errorf("judged are %q, %v", text, err)
		}
		return errors.New("a.yaml: not a rule")
	}
	_, err := Fetch(t.Context(), o)
	same("rules that do not pass", "not a rule", err)

	for _, op := range []string{fsx.OpWrite, fsx.OpSync, fsx.OpRename, fsx.OpMkdir} {
		o := r.options("main")
		o.FS = &fsx.FS{Fault: func(got, _ string) error {
			if got == op {
				return errors.New("the disk does not")
			}
			return nil
		}}
		_, err := Fetch(t.Context(), o)
		same("a disk that fails at "+op, "the disk does not", err)
	}
	if err := os.Symlink("/etc/passwd", filepath.Join(r.work, "rules", "link.yaml")); err != nil {
		t.Fatal(err)
	}
	r.commit("signer")
	_, err = r.fetch("main")
	same("a link", "is a link", err)
}

func TestAnOlderSignedRevisionIsNotTakenUnlessThatIsSaid(t *testing.T) {
	r := newRig(t, "sha1")
	first := r.commit("signer")
	r.tag("v1", "signer")
	r.write("rules/c.yaml", "id: c\n")
	r.commit("signer")
	if _, err := r.fetch("main"); err != nil {
		t.Fatal(err)
	}
	if _, err := r.fetch("v1"); err == nil || !strings.Contains(err.Error(), "does not come after") {
		t.Fatalf("error %v", err)
	}
	o := r.options("v1")
	o.AllowOlder = true
	if f, err := Fetch(t.Context(), o); err != nil || f.Commit != first {
		t.Errorf("fetched %+v, %v", f, err)
	}
}

func TestEveryChangeByHandIsSeenAndTheNextFetchUndoesIt(t *testing.T) {
	current := func(r *rig, name string) string { return filepath.Join(r.into, "current", name) }
	for name, c := range map[string]struct {
		change func(*rig) error
		want   string
	}{
		"a rule is changed":   {func(r *rig) error { return os.WriteFile(current(r, "rules/a.yaml"), []byte("id: A\n"), 0o644) }, Altered},
		"a rule is added":     {func(r *rig) error { return os.WriteFile(current(r, "rules/z.yaml"), []byte("id: z\n"), 0o644) }, Altered},
		"a rule is taken out": {func(r *rig) error { return os.Remove(current(r, "rules/below/b.yml")) }, Altered},
		"the record is gone":  {func(r *rig) error { return os.Remove(current(r, recordName)) }, Unsigned},
		"the record is no JSON": {func(r *rig) error {
			return os.WriteFile(current(r, recordName), []byte("{"), 0o644)
		}, Altered},
		"the record names another commit": {func(r *rig) error {
			return edit(current(r, recordName), func(t string) string { return strings.Replace(t, `"commit":"`, `"commit":"0`, 1) })
		}, Altered},
		"the folder is another one": {func(r *rig) error {
			if err := os.Remove(filepath.Join(r.into, "current")); err != nil {
				return err
			}
			r.file(filepath.Join(r.into, "current", "rules", "a.yaml"), "id: a\n")
			return nil
		}, Unsigned},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, "sha1")
			r.commit("signer")
			if _, err := r.fetch("main"); err != nil {
				t.Fatal(err)
			}
			if err := c.change(r); err != nil {
				t.Fatal(err)
			}
			if v := r.judge(); v.Status != c.want || v.Why == "" || v.Signer != "" {
				t.Errorf("verdict %+v, want %s with the reason and nobody's name", v, c.want)
			}
			if info, err := os.Lstat(filepath.Join(r.into, "current")); err == nil && info.IsDir() {
				return // a link does not take the place of a folder: somebody has to look
			}
			if f, err := r.fetch("main"); err != nil || !f.Changed {
				t.Errorf("fetched again: %+v, %v", f, err)
			}
			if v := r.judge(); v.Status != Approved {
				t.Errorf("after the next fetch: %+v", v)
			}
		})
	}
}

func edit(path string, by func(string) string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return os.WriteFile(path, []byte(by(string(text))), 0o644)
}

func TestASignatureOfOneRevisionDoesNotApproveAnother(t *testing.T) {
	r := newRig(t, "sha1")
	r.commit("")
	r.tag("good", "signer")
	good, err := r.fetch("good")
	if err != nil {
		t.Fatal(err)
	}
	record, err := readRecord(good.Dir)
	if err != nil {
		t.Fatal(err)
	}
	r.write("rules/a.yaml", "id: evil\n")
	evil := r.commit("")
	g := git{filepath.Join(r.into, "repo.git")}
	forged, err := g.fetch(t.Context(), "file://"+r.bare, "main")
	if err != nil {
		t.Fatal(err)
	}
	for name, forge := range map[string]func(){
		"the tag beside another commit":          func() { forged.Tag = record.Tag },
		"the tag, its object line changed":       func() { forged.Objects[record.Tag] = swap(record.Objects[record.Tag], record.Commit, evil) },
		"another tree under the signed one's id": func() { forged.Commit = record.Commit },
	} {
		for id, raw := range record.Objects {
			if _, have := forged.Objects[id]; !have {
				forged.Objects[id] = raw
			}
		}
		forge()
		if v, err := forged.verify(t.Context(), Signers{Allowed: r.allowed}); err == nil && v.Commit == evil {
			t.Errorf("%s: approved as %+v", name, v)
		}
	}
	tree := headersOf(record.Objects[record.Commit])["tree"]
	record.Objects[tree] = forged.Objects[headersOf(forged.Objects[evil])["tree"]]
	if _, err := record.verify(t.Context(), Signers{Allowed: r.allowed}); err == nil {
		t.Error("a tree of other bytes passes under the signed id")
	}
}

func swap(raw []byte, old, new string) []byte {
	return []byte(strings.Replace(string(raw), old, new, 1))
}

func TestARevisionComesFromAServerToo(t *testing.T) {
	r := newRig(t, "sha1")
	want := r.commit("signer")
	port := freePort(t)
	// the program itself: "git daemon" is its parent, and would leave it behind
	server := exec.Command(filepath.Join(r.git("", "--exec-path"), "git-daemon"), "--export-all", "--reuseaddr", "--listen=127.0.0.1", "--port="+port, "--base-path="+r.home, "--informative-errors", r.home)
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Process.Kill(); _ = server.Wait() })
	awaitPort(t, port)
	o := r.options("main")
	o.Repository = "git://127.0.0.1:" + port + "/rules.git"
	f, err := Fetch(t.Context(), o)
	if err != nil || f.Commit != want {
		t.Fatalf("fetched %+v, %v", f, err)
	}
}
