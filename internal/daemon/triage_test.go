package daemon

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"probity/internal/alert"
	"probity/internal/triage"
)

func TestWhoLooksAndWhoClosesIsInTheEvidenceAndTheNoteIsNowhereElse(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.force(roles(t, "iso"))
	s.append(s.lines[0])
	d, stop := s.start(Options{})
	s.append(s.viewed("xqzother", 300, 1)...)
	s.drain(d)
	client := s.ask(d)
	l, err := client.List(t.Context(), triage.Query{Rule: "solo_xqzother", Severity: alert.High, State: alert.Open, Person: otherStaff, Since: time.Now().Add(-time.Hour)})
	if err != nil || len(l.Alerts) != 1 {
		t.Fatalf("%+v, %v", l, err)
	}
	id := l.Alerts[0].ID
	shown, err := client.Show(t.Context(), id)
	if err != nil || shown.Alert.Person == nil || shown.Alert.Person.ID != otherStaff || shown.State != alert.Open {
		t.Fatalf("%+v, %v", shown, err)
	}
	const note = "Zzquillnote: seen the duty sheet"
	x, err := client.Close(t.Context(), id, triage.Request{Outcome: alert.PolicingPurpose, Note: note, Revision: 1})
	if err != nil || x.By != me(t) || x.Note != note {
		t.Fatalf("%+v, %v", x, err)
	}
	s.append(s.viewed("xqzother", 310, 1)...)
	s.drain(d)
	if _, err := client.Close(t.Context(), id, triage.Request{Outcome: alert.Misuse, Note: "n", Revision: 1}); err == nil || !strings.Contains(err.Error(), "look at it again") {
		t.Errorf("a closing of what was not looked at: %v", err)
	}
	shown, err = client.Show(t.Context(), id)
	if err != nil || shown.State != alert.Reopened || len(shown.Closings) != 1 || shown.Closings[0].Note != note {
		t.Errorf("%+v, %v", shown, err)
	}
	_, metrics := s.get(d, "GET", "/metrics")
	stop()
	bodies := s.bodies()
	for _, want := range []string{`\"person\":\"` + otherStaff, `\"outcome\":\"policing-purpose\",\"note\":\"` + note, `\"by\":\"` + me(t) + `\"`} {
		if !strings.Contains(bodies, want) {
			t.Errorf("the evidence lacks %s", want)
		}
	}
	chain := s.read("state/evidence/000001.log")
	for kind, n := range map[string]int{"shown": 2, "disposition": 1, "listed": 1, "reopened": 1} {
		if got := strings.Count(chain, `"kind":"`+kind+`"`); got != n {
			t.Errorf("%d entries %q, want %d", got, kind, n)
		}
	}
	for where, text := range map[string]string{"the log": s.log.String(), "/metrics": metrics} {
		for _, mark := range []string{"Zzquillnote", otherStaff, `"` + me(t) + `"`} {
			if strings.Contains(text, mark) {
				t.Errorf("%s tells %q", where, mark)
			}
		}
	}
}

func TestTheSOCIsToldCountsAndNoNames(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.force(roles(t, "soc"))
	s.append(s.lines[0])
	d, _ := s.start(Options{})
	s.append(s.viewed("xqzother", 300, 1)...)
	s.append(s.viewed("xqziso", 100, 1)...)
	s.drain(d)
	client := s.ask(d)
	l, err := client.List(t.Context(), triage.Query{})
	if err != nil || len(l.Alerts) != 0 || len(l.Counts) != 1 || l.Counts[0] != (triage.Count{Rule: "solo_xqzother", Severity: alert.High, State: alert.Open, Alerts: 1}) {
		t.Errorf("%+v, %v", l, err)
	}
	st, err := client.Stats(t.Context(), time.Time{})
	if err != nil || len(st.Rules) != 1 {
		t.Errorf("%+v, %v", st, err)
	}
	var id string
	for line := range strings.Lines(s.read("iso.jsonl")) {
		var a alert.Alert
		if err := json.Unmarshal([]byte(line), &a); err != nil {
			t.Fatal(err)
		}
		id = a.ID
	}
	_, show := client.Show(t.Context(), id)
	_, closing := client.Close(t.Context(), id, triage.Request{Outcome: alert.Misuse, Note: "n"})
	_, person := client.List(t.Context(), triage.Query{Person: otherStaff})
	for what, err := range map[string]error{"show": show, "close": closing, "list --person": person} {
		if err == nil || !strings.Contains(err.Error(), "role soc may not ask") {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestWhatIsOverBudgetIsDeliveredWithANoteAndSoIsAReopening(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	var mu sync.Mutex
	var folded, reopened []string
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		folded, reopened = append(folded, r.Header.Get("X-Probity-Folded")), append(reopened, r.Header.Get("X-Probity-Reopened"))
	}))
	t.Cleanup(hook.Close)
	s.force(roles(t, "iso"), "budget: {per_week: 2}\n")
	s.write("rules/xqzother.yaml", strings.ReplaceAll(s.read("rules/xqzother.yaml"), "alert: {", "alert: {period: 1h, "))
	s.write("probity.yaml", strings.Replace(s.read("probity.yaml"), "sinks:\n", "sinks:\n  - {name: hook, type: webhook, for: [iso], url: "+hook.URL+"}\n", 1))
	s.append(s.lines[0])
	d, _ := s.start(Options{})
	for hour := range 4 {
		for _, l := range s.viewed("xqzother", 300+hour, 1) {
			l.Bytes = []byte(strings.Replace(string(l.Bytes), "2026-03-02 14:", fmt.Sprintf("2026-03-02 %d:", 10+hour), 1))
			s.append(l)
		}
		s.drain(d)
	}
	l, err := s.ask(d).List(t.Context(), triage.Query{})
	if err != nil || len(l.Alerts) != 4 {
		t.Fatalf("%+v, %v", l, err)
	}
	if _, err := s.ask(d).Close(t.Context(), l.Alerts[0].ID, triage.Request{Outcome: alert.Training, Note: "n"}); err != nil {
		t.Fatal(err)
	}
	_, metrics := s.get(d, "GET", "/metrics")
	if want := `probity_alert_budget_used_ratio{rule="solo_xqzother"} 2` + "\n"; !strings.Contains(metrics, want) {
		t.Errorf("no %s", want)
	}
	again := s.viewed("xqzother", 400, 1)
	again[0].Bytes = []byte(strings.Replace(string(again[0].Bytes), "2026-03-02 14:", "2026-03-02 13:", 1))
	s.append(again...)
	s.drain(d)
	mu.Lock()
	defer mu.Unlock()
	if got, want := fmt.Sprintf("%q %q", folded, reopened), `["" "" "3" "4" "4"] ["" "" "" "" "true"]`; l.Alerts[0].Folded == 4 && got != want {
		t.Errorf("headers %s, want %s", got, want)
	}
	if n := strings.Count(s.read("iso.jsonl"), "\n"); n != 5 {
		t.Errorf("the file has %d revisions: one was dropped", n)
	}
}
