package daemon

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"probity/internal/approval"
	"probity/internal/evidence"
	"probity/internal/store"
)

// These tests run alone: between fork and exec a child holds the locks of its parent's state folders, and a test beside that closes and
// opens one again would find it locked.

// signedSite is a site whose rules are fetched from a repository, in which a key of the test signs commits.
type signedSite struct {
	*site
	at int // of the next commit
}

func newSignedSite(t *testing.T) *signedSite {
	t.Helper()
	for _, program := range []string{"git", "ssh-keygen"} {
		if _, err := exec.LookPath(program); err != nil && os.Getenv("PROBITY_REQUIRE_SERVERS") == "" {
			t.Skipf("%s is not installed", program)
		}
	}
	s := &signedSite{newSite(t), 1_800_000_000}
	s.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "signer", "-f", s.path("signer"))
	s.write("allowed_signers", `itso@force.example namespaces="git" `+s.read("signer.pub"))
	shipped, err := os.ReadFile("../../rules/all/monitoring_config_unapproved.yaml")
	if err != nil {
		t.Fatal(err)
	}
	s.run("git", "init", "--quiet", "--initial-branch=main", s.path("repo"))
	s.write("repo/rules/busy.yaml", busyRule)
	s.write("repo/rules/niche/bait.yaml", baitRule)
	s.write("repo/rules/unapproved.yaml", string(shipped))
	s.publish()
	s.config("{paths: [rules]}", "{paths: [into/current/rules], allowed_signers: allowed_signers}")
	return s
}

func (s *signedSite) run(name string, args ...string) {
	s.t.Helper()
	cmd := exec.Command(name, args...)
	stamp := time.Unix(int64(s.at), 0).UTC().Format(time.RFC3339)
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1", "GIT_AUTHOR_DATE="+stamp, "GIT_COMMITTER_DATE="+stamp)
	if out, err := cmd.CombinedOutput(); err != nil {
		s.t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
}

// publish commits what is in the repository, signed, and fetches it.
func (s *signedSite) publish() {
	s.t.Helper()
	s.at += 60
	git := func(args ...string) {
		s.run("git", append([]string{"-C", s.path("repo"), "-c", "user.name=Nobody Atall", "-c", "user.email=nobody@force.example", "-c", "gpg.format=ssh", "-c", "user.signingkey=" + s.path("signer")}, args...)...)
	}
	git("add", "-A")
	git("commit", "--quiet", "--allow-empty", "-S", "-m", "a change")
	s.fetch()
}

func (s *signedSite) fetch() {
	s.t.Helper()
	_, err := approval.Fetch(context.Background(), approval.FetchOptions{
		Repository: "file://" + s.path("repo"), Ref: "main", Into: s.path("into"),
		Signers: approval.Signers{Allowed: s.path("allowed_signers")}, Judge: func(string) error { return nil },
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

// unapproved are the reasons of the alerts of rule 7 that were delivered.
func (s *signedSite) unapproved() (reasons []string) {
	for line := range strings.Lines(s.read("alerts.jsonl")) {
		var a struct {
			Rule    struct{ ID string }
			Summary string
		}
		if err := json.Unmarshal([]byte(line), &a); err != nil {
			s.t.Fatal(err)
		}
		if a.Rule.ID == "monitoring_config_unapproved" {
			_, rest, _ := strings.Cut(a.Summary, "(")
			reason, _, _ := strings.Cut(rest, ")")
			reasons = append(reasons, reason)
		}
	}
	return reasons
}

func TestOnlyASignedChangeOfRulesIsQuietAndTheEvidenceNamesWhoSigned(t *testing.T) {
	s := newSignedSite(t)
	d, stop := s.start(Options{})
	s.write("repo/rules/busy.yaml", strings.Replace(busyRule, "limit: 6", "limit: 7", 1))
	before := s.inForce(d)
	s.publish()
	eventually(t, "the signed rules", func() bool { return s.inForce(d).Commit != before.Commit })
	s.drain(d)
	if got := s.unapproved(); len(got) > 0 {
		t.Fatalf("signed rules were told as %v", got)
	}
	if r := s.inForce(d); r.Approval != approval.Approved {
		t.Errorf("in force: %+v", r)
	}
	stop()
	names := 0
	for _, kind := range []string{"rules", "generation"} {
		for _, e := range s.entries(kind) {
			if strings.Contains(string(e.Body), `"signer":"itso@force.example"`) && strings.Contains(string(e.Body), `"commit":"`) {
				names++
			}
		}
	}
	if names != 4 { // of two generations
		t.Errorf("%d entries of the evidence name commit and signer, want 4", names)
	}
	if strings.Contains(s.log.String(), "itso@") {
		t.Error("the daemon's log names who signed")
	}
	s.mustRepeat(ReplayOptions{})
}

func (s *site) entries(kind string) []evidence.Stored {
	s.t.Helper()
	run, err := store.ReadRun(s.path("state"), nil)
	if err != nil {
		s.t.Fatal(err)
	}
	list, err := evidence.OfKind(s.path("state/evidence"), kind, time.Time{}, run.Evidence)
	if err != nil {
		s.t.Fatal(err)
	}
	return list
}

func TestEveryOtherChangeOfRulesIsAnAlert(t *testing.T) {
	edited := func(s *signedSite) {
		s.write("into/current/rules/busy.yaml", strings.Replace(busyRule, "limit: 6", "limit: 600", 1))
	}
	for name, c := range map[string]struct {
		change func(s *signedSite)
		want   string
	}{
		"a rule edited in place": {edited, "altered"},
		"the rule that would tell is switched off": {func(s *signedSite) {
			if err := os.Remove(s.path("into/current/rules/unapproved.yaml")); err != nil {
				s.t.Fatal(err)
			}
		}, "altered"},
		"other rules from elsewhere": {func(s *signedSite) {
			s.write("rules/unapproved.yaml", s.read("into/current/rules/unapproved.yaml"))
			s.config("into/current/rules", "rules")
		}, "unsigned"},
		"nobody has to sign any more": {func(s *signedSite) { s.config(", allowed_signers: allowed_signers", "") }, "unchecked"},
		"the signer is struck off the list": {func(s *signedSite) {
			s.write("allowed_signers", strings.Replace(s.read("allowed_signers"), `"git"`, `"file"`, 1))
		}, "unsigned"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSignedSite(t)
			d, stop := s.start(Options{})
			c.change(s)
			eventually(t, "the alert", func() bool { return len(s.unapproved()) > 0 })
			s.drain(d)
			stop()
			if got := s.unapproved(); len(got) != 1 || got[0] != c.want {
				t.Errorf("told %q, want %q once", got, c.want)
			}
			s.mustRepeat(ReplayOptions{})
		})
	}
	t.Run("an older signed revision is put back", func(t *testing.T) {
		s := newSignedSite(t)
		old, err := filepath.EvalSymlinks(s.path("into/current"))
		if err != nil {
			t.Fatal(err)
		}
		s.write("repo/rules/busy.yaml", strings.Replace(busyRule, "limit: 6", "limit: 7", 1))
		s.publish()
		s.start(Options{})
		if err := os.Symlink(old, s.path("into/back")); err != nil {
			t.Fatal(err)
		}
		s.rename("into/back", "into/current")
		eventually(t, "the alert", func() bool { return len(s.unapproved()) > 0 })
		if got := s.unapproved(); got[0] != "older" {
			t.Errorf("told %q", got)
		}
	})
	t.Run("over a restart", func(t *testing.T) {
		for _, change := range []func(*signedSite){edited, func(s *signedSite) { s.config(", allowed_signers: allowed_signers", "") }} {
			s := newSignedSite(t)
			_, stop := s.start(Options{})
			stop()
			change(s)
			d, stop := s.start(Options{})
			s.drain(d)
			stop()
			if got := s.unapproved(); len(got) != 1 {
				t.Errorf("told %q, want it once", got)
			}
			d, stop = s.start(Options{}) // it is told once
			s.drain(d)
			stop()
			if got := s.unapproved(); len(got) != 1 {
				t.Errorf("after another start: %q, want it once", got)
			}
			s.mustRepeat(ReplayOptions{})
		}
	})
}
