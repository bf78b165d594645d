package daemon

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"probity/internal/alert"
	"probity/internal/sim"
	"probity/internal/triage"
)

// The people of these tests: an ISO, somebody whom the ISO manages, and somebody else. Their names occur nowhere else.
const (
	isoStaff, managedStaff, otherStaff = "SXQZ42", "SXQZ43", "SXQZ44"
	recordXQZ                          = "xqz00000-0000-4000-8000-00000000000a"
)

// soloRule fires for one account alone.
const soloRule = `
id: solo_%s
version: 1
title: A record that only these people open
severity: %s
description: For the tests of routing.
owner: ITSO
review_by: 2027-06-01
proportionality: Needed for the test.
when: event.dataset == "niche" and event.action == "view" and user.name == "%s"
alert: {summary: '{{ .actor.id }} opened it'}
response: None.
`

// force sets up the people, a rule for each, and roles; iso, second and soc have sinks of their own.
func (s *site) force(more ...string) {
	s.t.Helper()
	people := strings.Split(strings.TrimSpace(s.read("tables/people.csv")), "\n")
	columns := strings.Split(people[1], ",")
	for _, p := range []struct{ staff, account, manager string }{{isoStaff, "xqziso", ""}, {managedStaff, "xqzmanaged", isoStaff}, {otherStaff, "xqzother", "S00001"}} {
		row := make([]string, len(columns))
		for i, c := range columns {
			row[i] = map[string]string{"staff_id": p.staff, "accounts": "niche:" + p.account, "surname": "Zz" + p.account, "forenames": "Q", "manager_id": p.manager}[c]
		}
		people = append(people, strings.Join(row, ","))
		s.write("rules/"+p.account+".yaml", fmt.Sprintf(soloRule, p.account, "high", p.account))
	}
	s.write("tables/people.csv", strings.Join(people, "\n")+"\n")
	text := strings.Replace(s.read("probity.yaml"), "  - {name: file, type: file, path: alerts.jsonl}\n", `  - {name: iso, type: file, path: iso.jsonl, for: [iso]}
  - {name: second, type: file, path: second.jsonl, for: [second], severities: [critical]}
  - {name: soc, type: file, path: soc.jsonl, for: [soc]}
  - {name: both, type: file, path: both.jsonl, for: [iso, second]}
`, 1)
	short, err := os.MkdirTemp("", "probity") // the path of a socket has room for 107 bytes
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { os.RemoveAll(short) })
	s.write("probity.yaml", text+strings.Join(more, "")+"triage: {socket: "+filepath.Join(short, "asked.sock")+"}\n")
}

// me is whoever runs the test.
func me(t *testing.T) string {
	t.Helper()
	u, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	return u.Username
}

// roles gives this test's user the named role, and nobody the others.
func roles(t *testing.T, mine string) string {
	users := func(role string) string {
		if role == mine {
			return "users: [" + me(t) + "]"
		}
		return "users: [nobody-of-that-name]"
	}
	return "roles:\n" +
		"  iso: {" + users("iso") + ", staff: [" + isoStaff + "], alternate: second}\n" +
		"  second: {" + users("second") + ", staff: [S99999], alternate: iso}\n" +
		"  soc: {" + users("soc") + "}\n" +
		"  auditor: {" + users("auditor") + "}\n"
}

// viewed are niche rows of somebody, numbered from n.
func (s *site) viewed(account string, n, times int) (out []sim.Line) {
	columns := strings.Split(strings.TrimSpace(string(s.lines[0].Bytes)), ",")
	for i := range times {
		row := make([]string, len(columns))
		for k, c := range columns {
			row[k] = map[string]string{
				"AuditID": fmt.Sprint(n + i), "AuditTime": time.Date(2026, 3, 2, 14, 0, 0, (n+i)*1e6, time.UTC).Format("2006-01-02 15:04:05.000"),
				"UserID": account, "UserName": "Zz" + account, "Workstation": "W", "ClientIP": "192.0.2.1", "Application": "RMS",
				"Verb": "View", "EntityType": "Person", "EntityGUID": recordXQZ, "EntityLabel": "somebody", "Restricted": "N", "AccessDenied": "N",
			}[c]
		}
		out = append(out, sim.Line{File: "niche.csv", Bytes: []byte(strings.Join(row, ",") + "\n")})
	}
	return out
}

func (s *site) ask(d *Daemon) *triage.Client { return triage.NewClient(d.Config.QuestionSocket()) }

// everything is all that somebody with the tests' role can see.
func (s *site) everything(d *Daemon, sinks ...string) map[string]string {
	s.t.Helper()
	told := map[string]string{"log": s.log.String()}
	for _, path := range []string{"/metrics", "/readyz", "/healthz"} {
		_, told[path] = s.get(d, "GET", path)
	}
	for _, sink := range sinks {
		told["sink "+sink] = s.read(sink + ".jsonl")
	}
	ctx, client := context.Background(), s.ask(d)
	asJSON := func(v any, err error) string {
		b, _ := json.Marshal(v)
		return fmt.Sprint(string(b), err)
	}
	told["list"] = asJSON(client.List(ctx, triage.Query{}))
	for _, state := range triage.States {
		told["list "+string(state)] = asJSON(client.List(ctx, triage.Query{State: state}))
	}
	told["list of the person"] = asJSON(client.List(ctx, triage.Query{Person: managedStaff}))
	told["stats"] = asJSON(client.Stats(ctx, time.Time{}))
	return told
}

// counted says which series of a rule are not 0 and say that something happened. Neither evaluations, nor that it is active: a rule is
// evaluated for every event that it could be about.
var notEvaluated = regexp.MustCompile(`(?m)^(probity_[a-z_]+)\{[^}]*rule="(solo_[a-z]+)"[^}]*\} ([0-9.e+-]+)$`)

func counted(metrics, rule string) (series []string) {
	for _, m := range notEvaluated.FindAllStringSubmatch(metrics, -1) {
		if m[2] == rule && m[3] != "0" && !strings.HasPrefix(m[1], "probity_rule_evaluation") && m[1] != "probity_rule_active" {
			series = append(series, m[0])
		}
	}
	return series
}

func TestSomebodySeesNoTraceOfAlertsAboutThemselvesOrThoseTheyManage(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.force(roles(t, "iso"), "budget: {per_week: 100}\n")
	s.append(s.lines[0])
	d, stop := s.start(Options{})
	s.append(s.viewed("xqziso", 100, 2)...)
	s.append(s.viewed("xqzmanaged", 200, 3)...)
	s.append(s.viewed("xqzother", 300, 1)...)
	s.drain(d)

	second := s.read("second.jsonl")
	ids := map[string]string{}
	for line := range strings.Lines(second) {
		var a alert.Alert
		if err := json.Unmarshal([]byte(line), &a); err != nil {
			t.Fatal(err)
		}
		ids[a.Rule.ID] = a.ID
	}
	if len(ids) != 2 || ids["solo_xqziso"] == "" || ids["solo_xqzmanaged"] == "" {
		t.Fatalf("the alternate, whose sink takes critical ones only, is to get the two high ones of the conflict, and nothing else: %v", ids)
	}
	seen := s.everything(d, "iso", "soc", "both")
	for what, text := range seen {
		for _, mark := range []string{isoStaff, managedStaff, "xqziso", "xqzmanaged", ids["solo_xqziso"], ids["solo_xqzmanaged"]} {
			// Rules and their metrics' series are there for every rule, whatever it finds.
			if what == "/metrics" && strings.HasPrefix(mark, "xqz") {
				if series := counted(text, "solo_"+mark); len(series) > 0 {
					t.Errorf("%s counts %q", what, series)
				}
				continue
			}
			if strings.Contains(text, mark) {
				t.Errorf("%s tells %q: %s", what, mark, text)
			}
		}
	}
	for _, where := range []string{"sink iso", "sink soc", "sink both", "list", "stats"} {
		if !strings.Contains(seen[where], "solo_xqzother") {
			t.Errorf("a poor test: %s does not tell of the alert about somebody else: %s", where, seen[where])
		}
	}
	// Systems, open alerts and times to triage have no label by which a person's alert could be known, and do not count it either.
	for _, want := range []string{`probity_alert_datasets_total{dataset="niche",severity="high"} 1`, `probity_alerts_open{severity="high"} 1`} {
		if !strings.Contains(seen["/metrics"], want+"\n") {
			t.Errorf("the metrics lack %s", want)
		}
	}
	if got := counted(seen["/metrics"], "solo_xqzother"); len(got) < 3 {
		t.Errorf("a poor test: the metrics of the alert about somebody else are %q", got)
	}
	// Asked by its id, it is not there, as if it never was; and that it was asked is on record.
	_, hidden := s.ask(d).Show(t.Context(), ids["solo_xqziso"])
	_, nowhere := s.ask(d).Show(t.Context(), "nowhere")
	_, closing := s.ask(d).Close(t.Context(), ids["solo_xqziso"], triage.Request{Outcome: alert.Training, Note: "nothing to see"})
	if hidden == nil || nowhere == nil || closing == nil || strings.ReplaceAll(hidden.Error(), ids["solo_xqziso"], "nowhere") != nowhere.Error() || closing.Error() != hidden.Error() {
		t.Errorf("%v, %v, %v", hidden, nowhere, closing)
	}
	if got := strings.Count(s.bodies(), `\"asked\":`); got != 3 {
		t.Errorf("%d refusals are on record", got)
	}
	stop()

	// The alternate closes one; from then on it is counted.
	s.write("probity.yaml", strings.Replace(s.read("probity.yaml"), roles(t, "iso"), roles(t, "second"), 1))
	d, stop = s.start(Options{})
	if _, err := s.ask(d).Close(t.Context(), ids["solo_xqziso"], triage.Request{Outcome: alert.Misuse, Note: "passed to PSD"}); err != nil {
		t.Fatal(err)
	}
	_, metrics := s.get(d, "GET", "/metrics")
	for _, want := range []string{
		`probity_alerts_total{rule="solo_xqziso",severity="high"} 1`,
		`probity_rule_matches_total{rule="solo_xqziso",severity="high"} 2`,
		`probity_alert_dispositions_total{outcome="misuse",rule="solo_xqziso",severity="high"} 1`,
		`probity_alert_budget_used_ratio{rule="solo_xqziso"} 0.01`,
		`probity_alert_datasets_total{dataset="niche",severity="high"} 1`,
		`probity_alert_triage_seconds_count{severity="high"} 1`,
		`probity_alert_budget_used_ratio{rule="solo_xqzmanaged"} 0`,
	} {
		if !strings.Contains(metrics, want) {
			t.Errorf("after it was closed the metrics lack %s", want)
		}
	}
	if got := counted(metrics, "solo_xqzmanaged"); len(got) > 0 {
		t.Errorf("the other one is counted, too: %q", got)
	}
	stop()

	s.write("probity.yaml", strings.Replace(s.read("probity.yaml"), roles(t, "second"), roles(t, "iso"), 1))
	d, _ = s.start(Options{})
	seen = s.everything(d, "iso", "soc", "both")
	if !strings.Contains(seen["stats"], `"rule":"solo_xqziso"`) || strings.Contains(seen["stats"], "solo_xqzmanaged") {
		t.Errorf("stats: %s", seen["stats"])
	}
	for what, text := range seen {
		if strings.Contains(text, ids["solo_xqziso"]) {
			t.Errorf("after it was closed, %s tells its id: %s", what, text)
		}
	}
}

// bodies is the text of the evidence.
func (s *site) bodies() string { return s.read("state/evidence/bodies/000001.jsonl") }

func TestARevisionAfterTheManagerChangedStaysWithTheAlternate(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.force(roles(t, "iso"))
	s.append(s.lines[0])
	d, _ := s.start(Options{})
	s.append(s.viewed("xqzmanaged", 200, 1)...)
	s.drain(d)
	s.write("tables/people.csv", strings.ReplaceAll(s.read("tables/people.csv"), ","+isoStaff+"\n", ",S00001\n"))
	if err := d.Reload(); err != nil {
		t.Fatal(err)
	}
	s.append(s.viewed("xqzmanaged", 210, 1)...)
	s.drain(d)
	if n := strings.Count(s.read("second.jsonl"), "\n"); n != 2 {
		t.Errorf("the alternate has %d revisions", n)
	}
	for what, text := range s.everything(d, "iso", "both", "soc") {
		series := counted(text, "solo_xqzmanaged")
		// The second record is of somebody whom the ISO no longer manages: that it matched is counted, the alert is not.
		series = slices.DeleteFunc(series, func(s string) bool {
			return strings.HasPrefix(s, "probity_rule_matches_total") && strings.HasSuffix(s, " 1")
		})
		if strings.Contains(text, managedStaff) || what == "/metrics" && len(series) > 0 {
			t.Errorf("%s tells of it: %q", what, series)
		}
	}
}

func TestAnAlertAboutEverybodyWhoWouldStandInIsStrandedAndFoundByTheAuditor(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.force(strings.Replace(roles(t, "auditor"), "S99999", isoStaff, 1))
	s.append(s.lines[0])
	d, _ := s.start(Options{})
	s.append(s.viewed("xqziso", 100, 1)...)
	s.drain(d)
	for _, sink := range []string{"iso", "second", "both", "soc"} {
		if text := s.read(sink + ".jsonl"); text != "" {
			t.Errorf("%s has %s", sink, text)
		}
	}
	if _, metrics := s.get(d, "GET", "/metrics"); !strings.Contains(metrics, "probity_alert_revisions_stranded_total 1\n") {
		t.Error("no metric says so")
	}
	l, err := s.ask(d).List(t.Context(), triage.Query{})
	if err != nil || len(l.Alerts) != 1 {
		t.Fatalf("%+v, %v", l, err)
	}
	if _, err := s.ask(d).Close(t.Context(), l.Alerts[0].ID, triage.Request{Outcome: alert.Misuse, Note: "n"}); err == nil || !strings.Contains(err.Error(), "needs the right triage") {
		t.Errorf("an auditor closes: %v", err)
	}
}
