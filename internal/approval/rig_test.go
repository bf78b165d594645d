package approval

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// rig is a repository of rules with people who sign, and the folder that it is fetched into.
type rig struct {
	t    *testing.T
	home string
	work string // a working copy
	into string
	allowed,
	bare string
	stamp int // seconds of the next commit or tag
}

func newRig(t *testing.T, format string) *rig {
	t.Helper()
	for _, program := range []string{"git", "ssh-keygen"} {
		if _, err := exec.LookPath(program); err != nil && os.Getenv("PROBITY_REQUIRE_SERVERS") == "" {
			t.Skipf("%s is not installed", program)
		}
	}
	home := t.TempDir()
	r := &rig{t: t, home: home, work: filepath.Join(home, "work"), bare: filepath.Join(home, "rules.git"), into: filepath.Join(home, "into"), allowed: filepath.Join(home, "allowed_signers"), stamp: 1_800_000_000}
	for _, name := range []string{"GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"} {
		t.Setenv(name, os.DevNull)
	}
	t.Setenv("HOME", home)
	r.key("signer")
	r.key("stranger")
	r.git("", "init", "--quiet", "--bare", "--object-format="+format, "--initial-branch=main", r.bare)
	r.git("", "init", "--quiet", "--object-format="+format, "--initial-branch=main", r.work)
	r.git(r.work, "remote", "add", "origin", r.bare)
	r.write("rules/a.yaml", "id: a\n")
	r.write("rules/below/b.yml", "id: b\n")
	r.write("README.md", "Rules of nobody.\n")
	return r
}

// key makes a key pair; the signer's is in the list.
func (r *rig) key(name string) {
	r.command("", "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", filepath.Join(r.home, name))
	public, err := os.ReadFile(filepath.Join(r.home, name+".pub"))
	if err != nil {
		r.t.Fatal(err)
	}
	if name == "signer" {
		r.file(r.allowed, name+`@force.example namespaces="git" `+string(public))
	}
}

func (r *rig) command(dir, name string, args ...string) string {
	r.t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	date := "@" + strconv.Itoa(r.stamp) + " +0000"
	cmd.Env = append(os.Environ(), "GIT_AUTHOR_DATE="+date, "GIT_COMMITTER_DATE="+date)
	out, err := cmd.CombinedOutput()
	if err != nil {
		r.t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

func (r *rig) git(dir string, args ...string) string {
	r.t.Helper()
	return r.command(dir, "git", append([]string{"-c", "user.name=Nobody Atall", "-c", "user.email=nobody@force.example", "-c", "gpg.format=ssh"}, args...)...)
}

func (r *rig) file(path, text string) {
	r.t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644)); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) write(name, text string) { r.file(filepath.Join(r.work, name), text) }

// commit commits everything, signed by somebody or nobody, and pushes.
func (r *rig) commit(signer string) string {
	r.t.Helper()
	r.stamp += 60
	r.git(r.work, "add", "-A")
	args := []string{"-c", "user.signingkey=" + filepath.Join(r.home, signer), "commit", "--quiet", "--allow-empty", "-m", "a change"}
	if signer != "" {
		args = append(args, "-S")
	}
	r.git(r.work, args...)
	r.git(r.work, "push", "--quiet", "--force", "origin", "HEAD:main")
	return r.git(r.work, "rev-parse", "HEAD")
}

func (r *rig) tag(name, signer string) {
	r.t.Helper()
	r.stamp += 60
	kind := "-s"
	if signer == "" {
		kind = "-a"
	}
	r.git(r.work, "-c", "user.signingkey="+filepath.Join(r.home, signer), "tag", "--force", kind, "-m", "approved", name)
	r.git(r.work, "push", "--quiet", "--force", "origin", name)
}

func (r *rig) options(ref string) FetchOptions {
	return FetchOptions{Repository: "file://" + r.bare, Ref: ref, Into: r.into, Signers: Signers{Allowed: r.allowed}, Judge: func(string) error { return nil }}
}

func (r *rig) fetch(ref string) (Fetched, error) {
	return Fetch(r.t.Context(), r.options(ref))
}

// judge reads the rules as the daemon does, and judges them.
func (r *rig) judge() Verdict {
	r.t.Helper()
	path := filepath.Join(r.into, "current", "rules")
	var files []File
	err := filepath.Walk(path, func(name string, info os.FileInfo, err error) error {
		if err != nil || info.IsDir() || !isRule(filepath.Base(name)) {
			return err
		}
		data, err := os.ReadFile(name)
		files = append(files, File{name, data})
		return err
	})
	if err != nil {
		r.t.Fatal(err)
	}
	v, err := Judge(r.t.Context(), Signers{Allowed: r.allowed}, []string{path}, files)
	if err != nil {
		r.t.Fatal(err)
	}
	return v
}
