package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"probity/internal/alert"
	"probity/internal/store"
)

var shellBlock = regexp.MustCompile("(?s)\n```sh\n(.*?)```")

// guideConfig stands in place of the simulated force's roles and sinks.
const guideConfig = `sinks:
  - {name: alerts, type: file, path: alerts.jsonl, for: [iso]}
  - {name: second, type: file, path: second.jsonl, for: [second]}
roles:
  iso: {users: [%[1]s], staff: [S99998], alternate: second}
  second: {users: [nobody], staff: [S99999], alternate: iso}
retention: {rejects: 90d, alerts: 2192d, evidence: 2557d}
`

// guideSite is the folder that the guides speak of: a force, its running daemon with alerts, and a repository of rules with a signer.
func guideSite(t *testing.T) (dir string, environment []string) {
	t.Helper()
	f := newFolder(t)
	binary, err := build()
	if err != nil {
		t.Fatal(err)
	}
	shell := func(environment []string, script string) {
		t.Helper()
		cmd := exec.Command("sh", "-ec", script)
		cmd.Dir, cmd.Env = f.dir, environment
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", script, err, out)
		}
	}
	bin := t.TempDir()
	if err := os.Symlink(binary, filepath.Join(bin, "probity")); err != nil {
		t.Fatal(err)
	}
	environment = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "HOME="+f.dir, "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL="+f.path("gitconfig"))
	shell(environment, "probity simulate --staff 40 --days 1 --seed 1 --out force >/dev/null && mv force/* . && mkdir rules builtin-before")
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(f.path("probity.yml"))
	if err != nil {
		t.Fatal(err)
	}
	head, _, _ := strings.Cut(string(text), "sinks:")
	f.write("probity.yaml", head+fmt.Sprintf(guideConfig, me.Username)+"web: {listen_address: \"127.0.0.1:0\"}\n")
	if err := os.Chmod(f.path("identity.key"), 0o600); err != nil {
		t.Fatal(err)
	}
	rule, err := os.ReadFile("../../rules/pnc/own_vehicle_check.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{"rules", "builtin-before", "repo/rules"} {
		f.write(folder+"/own_vehicle_check.yaml", string(rule))
	}
	f.write("gitconfig", "[user]\nname = Nobody Atall\nemail = nobody@force.example\nsigningkey = "+f.path("signer")+"\n[gpg]\nformat = ssh\n")
	shell(environment, `ssh-keygen -q -t ed25519 -N '' -C signer -f signer
printf 'iso@force.example namespaces="git" %s\n' "$(cat signer.pub)" > allowed_signers
git -C repo init -q -b main && git -C repo add -A && git -C repo commit -qm rules`)
	p := f.start("run", "-c", "probity.yaml")
	id := ""
	if !eventually(func() bool { id = firstCase(f.path("state")); return id != "" }) {
		t.Fatalf("no alert in the state folder\n%s", p.log())
	}
	return f.dir, append(environment, "ID="+id)
}

// firstCase is the id of an alert in a state folder; "" if there is none yet.
func firstCase(dir string) (id string) {
	_, _ = store.ReadRun(dir, func(a *alert.Alert) error {
		if id == "" {
			id = a.ID
		}
		return nil
	})
	return id
}

func TestEveryCommandOfTheGuidesDoesWhatItSays(t *testing.T) {
	for _, program := range []string{"git", "ssh-keygen", "sh"} {
		if _, err := exec.LookPath(program); err != nil && os.Getenv("PROBITY_REQUIRE_SERVERS") == "" {
			t.Skipf("%s is not installed", program)
		}
	}
	dir, environment := guideSite(t)
	guides, err := filepath.Glob("../../deploy/guides/*.md")
	if err != nil || len(guides) < 6 {
		t.Fatalf("%d guides, %v", len(guides), err)
	}
	for _, guide := range guides {
		text, err := os.ReadFile(guide)
		if err != nil {
			t.Fatal(err)
		}
		blocks := shellBlock.FindAllSubmatch(text, -1)
		if len(blocks) == 0 && filepath.Base(guide) != "README.md" {
			t.Errorf("%s has no command", guide)
		}
		if fences := bytes.Count(text, []byte("```sh")); fences != len(blocks) {
			t.Errorf("%s: %d blocks of %d are found", guide, len(blocks), fences)
		}
		for _, b := range blocks {
			for command := range strings.Lines(string(b[1])) { // in order: later ones use what earlier ones made
				cmd := exec.Command("sh", "-ec", command)
				cmd.Dir, cmd.Env = dir, environment
				if out, err := cmd.CombinedOutput(); err != nil {
					t.Errorf("%s: %s%v\n%.1500s", filepath.Base(guide), command, err, out)
				}
			}
		}
	}
}
