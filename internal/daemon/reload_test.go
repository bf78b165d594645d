package daemon

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"probity/internal/store"
)

// inForce is the generation that the daemon says it judges by.
func (s *site) inForce(d *Daemon) readiness {
	s.t.Helper()
	_, body := s.get(d, "GET", "/readyz")
	var r readiness
	if err := json.Unmarshal([]byte(body), &r); err != nil {
		s.t.Fatalf("%v: %s", err, body)
	}
	return r
}

func TestAChangedFilePutsANewGenerationInForce(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(s *site){
		"a rule edited":                  func(s *site) { s.write("rules/busy.yaml", strings.Replace(busyRule, "limit: 6", "limit: 7", 1)) },
		"a rule added in a new folder":   func(s *site) { s.write("rules/pnc/new.yaml", strings.Replace(busyRule, "id: busy", "id: busier", 1)) },
		"a table exported":               func(s *site) { s.write("tables/people.csv", s.read("tables/people.csv")+s.row("people", "S99999")) },
		"the configuration's own tables": func(s *site) { s.config("  honeytokens: {path: tables/honeytokens.csv}\n", "") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			d, _ := s.start(Options{})
			before := s.inForce(d).Generation
			change(s)
			eventually(t, "another generation", func() bool { return s.inForce(d).Generation != before })
			if r := s.inForce(d); !r.Reload.Successful {
				t.Errorf("reload: %+v", r.Reload)
			}
		})
	}
}

// row is a further row of a table: its first column filled, the others empty.
func (s *site) row(table, first string) string {
	header := strings.Split(s.read("tables/"+table+".csv"), "\n")[1]
	return first + strings.Repeat(",", strings.Count(header, ",")) + "\n"
}

const brokenRule = "id: busy\nversion: 1\nwhn: true\n"

func TestABrokenFileKeepsTheOldGenerationAndSaysWhy(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(s *site)
		why    string
	}{
		"a rule":            {func(s *site) { s.write("rules/busy.yaml", brokenRule) }, `rules/busy.yaml:3:1: unknown key "whn"; did you mean "when"?`},
		"a table cut short": {func(s *site) { s.write("tables/people.csv", strings.TrimSuffix(s.read("tables/people.csv"), "\n")) }, "cut short"},
		"a complete table that lost most of its rows": {func(s *site) {
			rows := strings.SplitAfter(s.read("tables/people.csv"), "\n")
			s.write("tables/people.csv", strings.Join(rows[:8], ""))
		}, "6 rows where the one in force has 40, although a miss means no; if the export is whole, write rows=6 into its first line"},
		"the configuration":  {func(s *site) { s.write("probity.yaml", "sources: [\n") }, "probity.yaml:1:"},
		"a change of source": {func(s *site) { s.config("lines", "lines", "name: niche", "name: nitche") }, "restart the daemon"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			d, _ := s.start(Options{})
			before := s.inForce(d)
			good := map[string]string{}
			for _, file := range []string{"rules/busy.yaml", "tables/people.csv", "probity.yaml"} {
				good[file] = s.read(file)
			}
			c.change(s)
			eventually(t, "a refusal", func() bool { return !s.inForce(d).Reload.Successful })
			after := s.inForce(d)
			if after.Generation != before.Generation || !after.Ready && len(after.Why) == 0 {
				t.Errorf("in force: %+v", after)
			}
			if why := strings.Join(after.Reload.Problems, "\n"); !strings.Contains(why, c.why) {
				t.Errorf("problems: %s", why)
			}
			if !strings.Contains(s.log.String(), "reload refused") {
				t.Error("the log does not say so")
			}
			if _, body := s.get(d, "GET", "/metrics"); !strings.Contains(body, "probity_config_last_reload_successful 0") {
				t.Error("the metric does not say so")
			}
			for file, text := range good { // mended, it is read by itself
				s.write(file, text)
			}
			eventually(t, "a success", func() bool { return s.inForce(d).Reload.Successful })
		})
	}
}

func TestAReloadByRequest(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d, stop := s.start(Options{})
	eventually(t, "the first look", func() bool { return len(s.inForce(d).Sources) > 0 })
	before := s.inForce(d).Generation
	if status, _ := s.get(d, "GET", "/-/reload"); status != http.StatusMethodNotAllowed {
		t.Errorf("GET: status %d", status)
	}
	if status, _ := s.get(d, "POST", "/-/reload", "Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"); status != http.StatusForbidden {
		t.Errorf("from another origin: status %d", status)
	}
	if status, body := s.get(d, "POST", "/-/reload"); status != http.StatusOK || body != "generation "+before+" is in force\n" {
		t.Errorf("nothing changed: status %d: %s", status, body)
	}
	s.write("rules/busy.yaml", brokenRule)
	status, body := s.get(d, "POST", "/-/reload")
	if status != http.StatusInternalServerError || !strings.Contains(body, `busy.yaml:3:1: unknown key "whn"`) {
		t.Errorf("broken: status %d: %s", status, body)
	}
	s.write("rules/busy.yaml", strings.Replace(busyRule, "limit: 6", "limit: 7", 1))
	if status, body := s.get(d, "POST", "/-/reload"); status != http.StatusOK || strings.Contains(body, before) {
		t.Errorf("mended: status %d: %s", status, body)
	}
	stop()
	want := map[string]bool{"start": true, "open": true, "generation": true}
	if diff := cmp.Diff(want, s.journal()); diff != "" {
		t.Errorf("journal kinds (-want +got):\n%s", diff)
	}
	for _, kind := range []string{`"start"`, `"stop"`, `"reload"`, `"generation"`} {
		if !strings.Contains(s.read("state/evidence/000001.log"), kind) {
			t.Errorf("the evidence has no entry %s", kind)
		}
	}
}

// journal returns the kinds of entries in a stopped daemon's journal.
func (s *site) journal() map[string]bool {
	s.t.Helper()
	st, err := store.Open(store.Options{Dir: s.path("state")})
	if err != nil {
		s.t.Fatal(err)
	}
	defer st.Close()
	kinds := map[string]bool{}
	if err := st.EachJournal(func(e store.JournalEntry) error { kinds[e.Kind] = true; return nil }); err != nil {
		s.t.Fatal(err)
	}
	return kinds
}

func TestAReloadAfterTheEndIsAnError(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	d, err := New(Options{Config: s.config()})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := d.Run(ctx); err != nil {
		t.Fatal(err)
	}
	s.write("rules/busy.yaml", strings.Replace(busyRule, "limit: 6", "limit: 7", 1))
	if err := d.Reload(); err == nil {
		t.Error("accepted")
	}
	if err := d.Drain(context.Background()); err == nil {
		t.Error("drained")
	}
}
