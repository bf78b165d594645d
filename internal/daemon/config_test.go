package daemon

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// problemsOf checks a configuration text in a site; the site's folder reads as DIR.
func (s *site) problemsOf(text string) []string {
	s.t.Helper()
	s.write("probity.yaml", text)
	c, problems := LoadConfig(s.path("probity.yaml"))
	if c != nil && len(problems) == 0 {
		problems, _ = c.Check()
	}
	var out []string
	for _, p := range problems {
		out = append(out, strings.ReplaceAll(p.String(), s.dir, "DIR"))
	}
	return out
}

func TestEveryProblemHasItsPlaceAndSaysWhatToDo(t *testing.T) {
	s := newSite(t)
	s.write("short.key", "short")
	for name, c := range map[string]struct {
		old, new string
		want     []string
	}{
		"nothing": {"", "", nil},
		"an unknown key": {"state_dir:", "state_dri:", []string{
			`DIR/probity.yaml:1:1: unknown key "state_dri"; did you mean "state_dir"?`,
		}},
		"a key that is too short": {"identity.key", "short.key", []string{
			"DIR/probity.yaml:2:20: DIR/short.key: identity key of 5 bytes; it needs at least 32 random ones; make one with: (umask 077; head -c 32 /dev/urandom > DIR/short.key)",
		}},
		"a key that is not there": {"identity.key", "no.key", []string{
			"DIR/probity.yaml:2:20: cannot read the identity key DIR/no.key: no such file or directory; make one with: (umask 077; head -c 32 /dev/urandom > DIR/no.key)",
		}},
		"an unknown format and a file read twice": {"format: pnc, paths: [logs/pnc.log]", "format: pcn, paths: [logs/*.csv]", []string{
			`DIR/probity.yaml:5:25: unknown format "pcn"; did you mean "pnc"?`,
			"DIR/probity.yaml:5:38: DIR/logs/niche.csv belongs to source niche, too; let each file belong to one source",
		}},
		"an unknown table": {"honeytokens: {", "honeytoken: {", []string{
			`DIR/probity.yaml:11:15: unknown table "honeytoken"; the tables are people, roster, vehicles, associations, nominals, assignments, links, sensitive, honeytokens`,
		}},
		"a table that is not there": {"tables/honeytokens.csv", "tables/none.csv", []string{
			"DIR/probity.yaml:11:23: read table honeytokens: open DIR/tables/none.csv: no such file or directory; the export may not have run yet; a table that is not there at all is left out of the configuration",
		}},
		"rules that are not there": {"paths: [rules]", "paths: [ruels]", []string{
			"DIR/probity.yaml:12:17: DIR/ruels: no such file or directory; name a rule file, a glob, or a directory",
		}},
		"a page template that does not fit, and a ceiling below every alert": {"{name: file, type: file, path: alerts.jsonl}", "{name: p, type: html, dir: pages, template: tables/people.csv}\n  - {name: f, type: file, path: a.jsonl, ceiling: OFFICIAL}", []string{
			`DIR/probity.yaml:14:5: sink "p": template DIR/tables/people.csv: it changes nothing: {{define}} one of page, style`,
			"DIR/probity.yaml:15:51: every alert is marked above it, and would be refused; raise it, or leave the sink out",
		}},
		"a mail without the needful": {"{name: file, type: file, path: alerts.jsonl}", "{name: m, type: email, server: mail.example, tls: none, from: Mara <m@force.example>, digest: [medium]}", []string{
			"DIR/probity.yaml:14:5: to: nobody gets the mail; write a role and its address: {iso: iso@force.example}",
			"DIR/probity.yaml:14:55: tls: references and passwords would cross the network in the clear; use starttls or implicit, or a relay on 127.0.0.1",
			"DIR/probity.yaml:14:67: from: is no mail address; write it bare, as iso@force.example",
			"DIR/probity.yaml:14:99: digest: a digest needs an hour; write digest_at: \"07:30\" as well",
		}},
		"a sink of no type, and a source that reads it": {"{name: file, type: file, path: alerts.jsonl}", "{name: file, type: pigeon}\n  - {name: f, type: file, path: logs/pnc.log}", []string{
			"DIR/probity.yaml:5:38: it covers DIR/logs/pnc.log, which sink f writes; let the daemon not follow itself",
			`DIR/probity.yaml:14:24: type: "pigeon" is no type of sink; use file, webhook, html, email, alertmanager or syslog`,
		}},
		"a witness that takes alerts only": {"state_dir: state", "state_dir: state\nevidence: {witness: [{name: w, type: alertmanager, url: \"https://am\"}]}", []string{
			"DIR/probity.yaml:2:21: witnesses, and no key to sign what they are told; write signing_key_file: PATH; make one with: probity evidence keygen --origin NAME --out FILE",
			"DIR/probity.yaml:2:38: type: what a witness is told is no alert; use file or webhook, without format",
		}},
		"a type of field that is none": {"paths: [logs/crime.log]", "paths: [logs/crime.log], fields: {team: float}", []string{
			`DIR/probity.yaml:7:74: unknown type "float"; one of string, int, bool, time, list`,
		}},
		"a zone that is none": {"state_dir: state", "state_dir: state\nzone: Europe/Llanelli", []string{
			`DIR/probity.yaml:2:7: unknown time zone "Europe/Llanelli"; write one of the IANA names, as Europe/London`,
		}},
		"a time that is none": {"idle_after: 24h", "idle_after: soon", []string{
			`DIR/probity.yaml:16:24: "soon" is not a length of time; write 90s, 10m, 24h, 90d or 2w`,
		}},
	} {
		t.Run(name, func(t *testing.T) {
			got := s.problemsOf(strings.Replace(siteConfig, c.old, c.new, 1))
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestAnInlineFormatIsReadAtItsPlace(t *testing.T) {
	s := newSite(t)
	inline := `state_dir: state
identity_key_file: identity.key
sources:
  - name: app
    paths: [logs/app.log]
    format:
      # one object a line
      name: app
      decoder: json
      time: {from: at, layouts: [rfc3339]}
      map:
        event.action: {from: verb}
        user.name: who
    dataset: app
rules: {paths: [rules]}
`
	if got := s.problemsOf(inline); got != nil {
		t.Errorf("problems: %q", got)
	}
	got := s.problemsOf(strings.Replace(inline, "user.name: who", "user.nmae: who", 1))
	if len(got) != 1 || !strings.HasPrefix(got[0], "DIR/probity.yaml:13:20: ") {
		t.Errorf("problems: %q", got)
	}
	flow := strings.Replace(inline, "format:\n", "format: {decoder: json}\n", 1)
	flow = strings.Join(append(strings.Split(flow, "\n")[:6], "rules: {paths: [rules]}", ""), "\n")
	got = s.problemsOf(flow)
	if len(got) != 1 || !strings.Contains(got[0], "in the middle of a line") {
		t.Errorf("problems: %q", got)
	}
}

func TestThePathsOfTheConfigurationAreSeenFromItsFolder(t *testing.T) {
	s := newSite(t)
	c := s.config()
	got := []string{c.StateDir, c.IdentityKeyFile, c.Sources[0].Paths[0], c.Tables["people"].Path, c.Rules.Paths[0], c.Sinks[0].Path}
	for i := range got {
		got[i] = strings.TrimPrefix(got[i], s.dir)
	}
	want := []string{"/state", "/identity.key", "/logs/niche.csv", "/tables/people.csv", "/rules", "/alerts.jsonl"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestTheEnvironmentStandsOverTheFileAndSystemdBelowIt(t *testing.T) {
	type paths struct{ State, Key string }
	bare := strings.NewReplacer("state_dir: state\n", "", "identity_key_file: identity.key\n", "").Replace(siteConfig)
	systemd := map[string]string{"STATE_DIRECTORY": "/var/lib/p:/other", "CREDENTIALS_DIRECTORY": "/run/credentials/p"}
	ours := map[string]string{"PROBITY_STATE_DIR": "/env/state", "PROBITY_IDENTITY_KEY_FILE": "/env/key"}
	for name, c := range map[string]struct {
		text string
		env  []map[string]string
		want paths
	}{
		"file":                    {siteConfig, nil, paths{"DIR/state", "DIR/identity.key"}},
		"file and systemd":        {siteConfig, []map[string]string{systemd}, paths{"DIR/state", "DIR/identity.key"}},
		"systemd alone":           {bare, []map[string]string{systemd}, paths{"/var/lib/p", "/run/credentials/p/identity_key"}},
		"a credential by name":    {strings.Replace(siteConfig, "identity.key", "credential:other", 1), []map[string]string{systemd}, paths{"DIR/state", "/run/credentials/p/other"}},
		"environment over it all": {siteConfig, []map[string]string{systemd, ours}, paths{"/env/state", "/env/key"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			for _, name := range []string{"STATE_DIRECTORY", "CREDENTIALS_DIRECTORY", "PROBITY_STATE_DIR", "PROBITY_IDENTITY_KEY_FILE"} {
				t.Setenv(name, "")
			}
			for _, vars := range c.env {
				for name, v := range vars {
					t.Setenv(name, v)
				}
			}
			s.write("probity.yaml", c.text)
			got := s.config()
			diff := cmp.Diff(c.want, paths{strings.ReplaceAll(got.StateDir, s.dir, "DIR"), strings.ReplaceAll(got.IdentityKeyFile, s.dir, "DIR")})
			if diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestMicrosoft365HasDefaultsOfItsOwn(t *testing.T) {
	s := newSite(t)
	p := s.config("name: storm", "lateness: 1m, name: storm").build()
	got := map[string][2]time.Duration{}
	for _, src := range p.sources {
		got[src.Name] = [2]time.Duration{src.Lateness.Std(), src.Repeats.Std()}
	}
	want := map[string][2]time.Duration{
		"niche": {5 * time.Minute, 0}, "pnc": {5 * time.Minute, 0}, "crime": {5 * time.Minute, 0},
		"storm": {time.Minute, 0}, "m365": {2 * time.Hour, 168 * time.Hour},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestNotesSayWhereRulesAreBlind(t *testing.T) {
	s := newSite(t)
	s.write("rules/gone.yaml", strings.NewReplacer("id: busy", "id: gone", `event.action == "view"`, `event.dataset == "hr" and event.action == "view"`).Replace(busyRule))
	problems, notes := s.config("logs/niche.csv", "logs/nihce.csv", "type: file,", "type: file, for: [iso],", "rules:", "roles: {iso: {users: [xqznobody, \"0\"]}}\nrules:").Check()
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	text := notes.Error()
	for _, want := range []string{"source niche: no file is found at ", `no user "xqznobody" is known on this machine`, "rule gone is inactive: no source of dataset hr", "no roster, vehicles, associations, nominals, assignments, links, sensitive"} {
		if !strings.Contains(text, want) {
			t.Errorf("no note says %q:\n%s", want, text)
		}
	}
}

// TestTheStandardConfigurationIsWhole checks deploy/probity.yaml with its paths moved into a temporary folder.
func TestTheStandardConfigurationIsWhole(t *testing.T) {
	s := newSite(t)
	text, err := os.ReadFile(filepath.Join(deploy, "probity.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	moved := strings.NewReplacer("/etc/probity/", "", "/var/lib/probity", "state", "/var/log/audit", "logs").Replace(string(text))
	if got := s.problemsOf(moved); got != nil {
		t.Errorf("problems: %s", strings.Join(got, "\n"))
	}
}
