package daemon

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"probity/internal/alert"
	"probity/internal/triage"
)

// sharedRule fires for each of the three, so that their alerts are of one rule.
const sharedRule = `
id: shared
version: 1
title: A record that some people open
severity: high
description: For the tests of what is told beside an alert.
owner: ITSO
review_by: 2027-06-01
proportionality: Needed for the test.
when: event.dataset == "niche" and event.action == "view" and user.name in ["xqziso", "xqzmanaged", "xqzother"]
alert: {summary: '{{ .actor.id }} opened it'}
response: None.
`

// allSinks are sinks of every kind for the ISO, pages for the second role, and Alertmanager for the SOC.
func (s *site) allSinks(iso, soc *receivers) {
	var b strings.Builder
	b.WriteString("sinks:\n")
	add := func(format string, args ...any) { fmt.Fprintf(&b, "  - "+format+"\n", args...) }
	add("{name: iso-pages, type: html, dir: %s, for: [iso]}", s.path("iso-pages"))
	add("{name: both-pages, type: html, dir: %s, for: [iso, second]}", s.path("both-pages"))
	add("{name: second-pages, type: html, dir: %s, for: [second]}", s.path("second-pages"))
	add("{name: iso-hook, type: webhook, url: %q, for: [iso]}", iso.web())
	add("{name: iso-ocsf, type: webhook, url: %q, format: ocsf, for: [iso]}", iso.web())
	add("{name: iso-am, type: alertmanager, url: %q, names: true, for: [iso]}", iso.web())
	for _, f := range []string{"json", "cef", "ocsf"} {
		add("{name: iso-syslog-%s, type: syslog, url: %q, format: %s, max_bytes: 65536, for: [iso]}", f, "tcp://"+iso.syslog(), f)
	}
	add("{name: iso-mail, type: email, server: %q, tls: none, from: p@force.example, to: {iso: iso@force.example}, names: true, for: [iso]}", iso.mail())
	add("{name: soc-am, type: alertmanager, url: %q, for: [soc]}", soc.web())
	add("{name: soc-mail, type: email, server: %q, tls: none, from: p@force.example, to: {soc: soc@force.example}, for: [soc]}", soc.mail())
	s.write("probity.yaml", strings.Replace(s.read("probity.yaml"), "sinks:\n", b.String(), 1))
	s.write("rules/shared.yaml", sharedRule)
}

// filler is what a dozen others do, about whom there is no alert.
func (s *site) filler(n int) {
	for i := range 12 {
		s.append(s.viewed(fmt.Sprintf("xqzfiller%d", i), n+i, 1)...)
	}
}

// page is an alert's page.
func (s *site) page(folder, id string) string { return s.read(filepath.Join(folder, id+".html")) }

// ids are the alerts of a listing by rule, of which each has one but for those of rule shared.
func (s *site) ids(d *Daemon) map[string]string {
	s.t.Helper()
	l, err := s.ask(d).List(s.t.Context(), triage.Query{})
	if err != nil {
		s.t.Fatal(err)
	}
	out := map[string]string{}
	for _, r := range l.Alerts {
		out[r.Rule] = r.ID
	}
	return out
}

func TestWhoeverIsInConflictFindsNoTraceInAnyKindOfSinkNorInWhatIsToldBesideOtherAlerts(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.force(roles(t, "iso"), "budget: {per_week: 100}\n")
	iso, soc := &receivers{t: t}, &receivers{t: t}
	s.allSinks(iso, soc)
	s.append(s.lines[0])
	d, stop := s.start(Options{})
	s.append(s.viewed("xqziso", 100, 2)...)
	s.append(s.viewed("xqzmanaged", 200, 3)...)
	s.filler(250) // the log itself is no secret, so the lines around a record are told as they are
	s.append(s.viewed("xqzother", 300, 1)...)
	s.filler(350)
	s.drain(d)

	// The alternate knows of all three alerts of the shared rule; the ISO of one.
	var secret []string
	for _, name := range []string{"solo_xqziso", "solo_xqzmanaged"} {
		page := s.folder("second-pages")
		if !strings.Contains(page, name) {
			t.Fatalf("the alternate's pages lack %s", name)
		}
	}
	pages, err := filepath.Glob(s.path("second-pages/*.html"))
	if err != nil {
		t.Fatal(err)
	}
	mine := s.ids(d)
	for _, p := range pages {
		id := strings.TrimSuffix(filepath.Base(p), ".html")
		text := s.page("second-pages", id)
		if id != "index" && (strings.Contains(text, isoStaff) || strings.Contains(text, managedStaff)) && id != mine["shared"] && id != mine["solo_xqzother"] {
			secret = append(secret, id)
		}
	}
	if len(secret) != 4 { // solo and shared of each
		t.Fatalf("the alternate has %d of 4 alerts of the conflict", len(secret))
	}
	search := func(when string) {
		t.Helper()
		seen := s.everything(d)
		for _, folder := range []string{"iso-pages", "both-pages"} {
			seen["folder "+folder] = s.folder(folder)
		}
		seen["what the ISO received"], seen["what the SOC received"] = iso.all.String(), soc.all.String()
		for _, rule := range []string{"shared", "solo_xqzother"} {
			shown, err := s.ask(d).Show(t.Context(), mine[rule])
			b, _ := json.Marshal(shown)
			seen["show "+rule] = fmt.Sprint(string(b), shown.Text(), err)
		}
		for what, text := range seen {
			for _, mark := range append([]string{isoStaff, managedStaff, "xqziso", "xqzmanaged"}, secret...) {
				if what == "/metrics" && strings.HasPrefix(mark, "xqz") {
					if series := counted(text, "solo_"+mark); len(series) > 0 {
						t.Errorf("%s: %s counts %q", when, what, series)
					}
				} else if strings.Contains(text, mark) {
					t.Errorf("%s: %s tells %q", when, what, mark)
				}
			}
		}
		for _, what := range []string{"folder iso-pages", "folder both-pages", "what the ISO received", "what the SOC received", "list", "show shared"} {
			if !strings.Contains(seen[what], mine["shared"]) {
				t.Errorf("%s: a poor test: %s does not tell of the alert about somebody else", when, what)
			}
		}
		page := s.page("iso-pages", mine["shared"])
		if !strings.Contains(page, "<h3>Of the same rule</h3>\n<ul><li>none</li>") || !strings.Contains(page, "xqzfiller") {
			t.Errorf("%s: the page of the ISO's alert is to have surroundings, and no others of its rule: %s", when, page)
		}
	}
	search("at first")
	stop()

	// The alternate reads of the other two, and closes one; the ISO's page is written again, and still has none.
	s.write("probity.yaml", strings.Replace(s.read("probity.yaml"), roles(t, "iso"), roles(t, "second"), 1))
	d, stop = s.start(Options{})
	shown, err := s.ask(d).Show(t.Context(), mine["shared"])
	if err != nil || shown.History.Rule.Alerts != 2 {
		t.Errorf("the alternate's history of the shared rule: %+v, %v", shown.History, err)
	}
	for _, id := range secret {
		if _, err := s.ask(d).Close(t.Context(), id, triage.Request{Outcome: alert.Misuse, Note: "passed to PSD"}); err != nil {
			t.Fatal(err)
		}
	}
	for _, id := range secret {
		eventually(t, "its page says how it was closed", func() bool { return strings.Contains(s.page("second-pages", id), "Closed as misuse by role second") })
	}
	if _, err := s.ask(d).Close(t.Context(), mine["solo_xqzother"], triage.Request{Outcome: alert.Training, Note: "n"}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the ISO's pages say so", func() bool {
		return strings.Contains(s.page("iso-pages", mine["solo_xqzother"]), "Closed as training by role second")
	})
	stop()

	s.write("probity.yaml", strings.Replace(s.read("probity.yaml"), roles(t, "second"), roles(t, "iso"), 1))
	d, _ = s.start(Options{})
	for _, rule := range []string{"shared"} {
		if _, err := s.ask(d).Close(t.Context(), mine[rule], triage.Request{Outcome: alert.Training, Note: "n"}); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the ISO's page says so", func() bool { return strings.Contains(s.page("iso-pages", mine[rule]), "by role iso") })
	}
	page := s.page("iso-pages", mine["shared"])
	for _, mark := range append([]string{isoStaff, managedStaff, "misuse by"}, secret...) {
		if strings.Contains(page, mark) {
			t.Errorf("after they were closed, the ISO's page tells %q", mark)
		}
	}
	if !strings.Contains(page, "<h3>Of the same rule</h3>\n<ul><li>none</li>") {
		t.Errorf("after they were closed, the ISO's page counts them: %s", page)
	}
}

func TestAnAlertIsReadWithTheLinesAroundItTheHistoryAndHowItEnded(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.force(roles(t, "second"))
	iso, soc := &receivers{t: t}, &receivers{t: t}
	s.allSinks(iso, soc)
	s.append(s.lines[0])
	d, stop := s.start(Options{})
	s.append(s.viewed("xqzbefore", 10, 7)...)
	s.append(s.viewed("xqzother", 300, 1)...)
	s.append(s.viewed("xqzafter", 400, 7)...)
	s.drain(d)
	ids := s.ids(d)
	id := ids["solo_xqzother"]
	page := s.page("iso-pages", id)
	for _, part := range []string{"xqzbefore", "About the same person", "shared: 1 alert", "1 open", "Status: open"} {
		if !strings.Contains(page, part) {
			t.Errorf("the page lacks %q: %s", part, page)
		}
	}
	shown, err := s.ask(d).Show(t.Context(), id)
	if err != nil || len(shown.Surroundings) != 1 || len(shown.History.Person) != 1 {
		t.Fatalf("%+v, %v", shown, err)
	}
	before, after := shown.Surroundings[0].Lines()
	if len(before) != 5 || len(after) > 5 || !strings.Contains(strings.Join(before, ""), "xqzbefore") {
		t.Errorf("%d lines before, %d after", len(before), len(after))
	}
	for _, part := range []string{"> ", "xqzbefore", "Other alerts about the same person", "as it stood in the log"} {
		if !strings.Contains(shown.Text(), part) {
			t.Errorf("show lacks %q: %s", part, shown.Text())
		}
	}
	if n := strings.Count(s.read("state/evidence/000001.log"), `"kind":"surroundings"`); n < 2 {
		t.Errorf("%d entries of the evidence", n)
	}

	if _, err := s.ask(d).Close(t.Context(), id, triage.Request{Outcome: alert.Unintentional, Note: "Zznote"}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the page says how it was closed", func() bool {
		return strings.Contains(s.page("iso-pages", id), "Closed as unintentional by role second") && strings.Contains(s.folder("iso-pages"), `>closed</td>`)
	})
	eventually(t, "Alertmanager is told that it has ended", func() bool { return endedAt(soc.all.String(), id) })
	if text := s.folder("iso-pages") + iso.all.String() + soc.all.String(); strings.Contains(text, "Zznote") {
		t.Error("the note is told")
	}
	s.append(s.viewed("xqzother", 500, 1)...)
	s.drain(d)
	eventually(t, "the page says that it is reopened", func() bool { return strings.Contains(s.page("iso-pages", id), "A further revision reopened it") })
	eventually(t, "Alertmanager is told that it fires again", func() bool { return !endedAt(soc.all.String(), id) })

	// What is closed while a page cannot be written is on the page after the next start.
	stop()
	d, stop = s.start(Options{})
	s.write("iso-pages/"+id+".html", s.page("iso-pages", id))
	if _, err := s.ask(d).Close(t.Context(), id, triage.Request{Outcome: alert.Misuse, Note: "n"}); err != nil {
		t.Fatal(err)
	}
	stop()
	_, stop = s.start(Options{})
	eventually(t, "the page is in step", func() bool { return strings.Contains(s.page("iso-pages", id), "Closed as misuse by role second") })
	stop()
}

// endedAt says whether the alert's end, as it was posted last, has passed.
func endedAt(posts, id string) bool {
	i := strings.LastIndex(posts, id)
	_, rest, found := strings.Cut(posts[max(i, 0):], `"endsAt":"`)
	text, _, _ := strings.Cut(rest, `"`)
	at, err := time.Parse(time.RFC3339Nano, text)
	return i >= 0 && found && err == nil && !at.After(time.Now())
}
