package ruletest

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"probity/internal/engine"
	"probity/internal/rule"
	"probity/internal/strictyaml"
)

// handWritten is a timeline over a rule that is the head of other tests, or another.
func handWritten(t testing.TB, ruleText, timeline string) HandWritten {
	t.Helper()
	return HandWritten{
		Options: options(t), File: rule.File{Name: "events.yaml", Data: []byte(timeline)},
		Rules: []rule.File{{Name: "r.yaml", Data: []byte(ruleText)}},
	}
}

// twice is the head with two roles, a second exception and facts.
var twice = strings.Replace(strings.TrimSuffix(head, "tests:\n"), "alert:", `  - {when: 'actor.role == "tester"', reason: Testers are refused by intent., approved_by: IAB, expires: 2026-03-01}
actors: [operator, requestor]
facts:
  - {say: on the list of sensitive records, when: 'sensitive(object.id)', speaks: for}
alert:`, 1)

func TestAnEventIsExplained(t *testing.T) {
	for name, c := range map[string]struct {
		timeline string
		nth      int
	}{
		"one-of-two": {`
tables: {assignments: "", links: "", people: "staff_id,role\nS1,response"}
events:
  - {event.time: 2026-03-02T12:00:00Z, event.dataset: niche, event.reason: denied, user.id: S1, object.id: R1, repeat: 2, every: 10m}
`, 2},
		"it-fires": {`
tables: {assignments: "", links: ""}
events:
  - {event.time: 2026-03-02T12:00:00Z, event.dataset: niche, event.reason: denied, user.id: S1, object.id: R1, repeat: 2, every: 1m}
`, 0},
		"undecided": {`
tables: {assignments: ""}
events:
  - {event.time: 2026-03-02T12:00:00Z, event.dataset: niche, event.reason: denied, user.id: S1, object.id: R1, repeat: 2, every: 1m}
`, 0},
		"suppressed": {`
tables: {assignments: "", links: ""}
events:
  - {event.time: 2026-03-02T12:00:00Z, event.dataset: niche, event.reason: denied, user.name: robot, object.id: R1}
`, 0},
		"false-for-one-role-nobody-in-the-other": {`
tables: {assignments: "", links: ""}
events:
  - {event.time: 2026-03-02T12:00:00Z, event.dataset: niche, event.reason: timeout, user.id: S1, object.id: R1}
`, 0},
		"nobody-acted": {`
tables: {assignments: "", links: ""}
events:
  - {event.time: 2026-03-02T12:00:00Z, event.dataset: niche, event.reason: denied, object.id: R1}
`, 0},
		"requester-and-operator": {`
tables: {assignments: "", links: "", sensitive: "record_ref,label,allowed_roles,expires\nR1,bait,,"}
events:
  - {event.time: 2026-03-02T12:00:00Z, event.dataset: pnc, event.reason: denied, user.id: S1, requestor.id: S2, object.id: R1}
`, 0},
		"a-field-with-escapes": {"event.time: 2026-03-02T12:00:00Z\nevent.dataset: niche\nevent.reason: denied\nuser.id: S1\nobject.id: \"R\\e[2J\"\n", 0},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := handWritten(t, twice, c.timeline).Explain(c.nth)
			if err != nil {
				t.Fatal(err)
			}
			var b strings.Builder
			for i := range got {
				if err := got[i].WriteText(&b); err != nil {
					t.Fatal(err)
				}
			}
			goldenText(t, "explain/"+name+".txt", b.String())
		})
	}
}

func TestAnExplanationAsJSON(t *testing.T) {
	got, err := handWritten(t, twice, `
tables: {assignments: "", links: ""}
events:
  - {event.time: 2026-03-02T12:00:00Z, event.dataset: niche, event.reason: denied, user.id: S1, object.id: R1}
`).Explain(0)
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.MarshalIndent(got, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	goldenText(t, "explain/one.json", string(b)+"\n")
}

func TestMistakesInAHandWrittenEventHaveTheirPlace(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"a field of one event":      {"event.time: 2026-03-02T12:00:00Z\nevent.dataset: niche\nevent.actoin: view\n", "events.yaml:3:"},
		"a field of a timeline":     {"events:\n  - event.time: 2026-03-02T12:00:00Z\n    event.dataset: niche\n    user.nme: x\n", "events.yaml:4:"},
		"a key of the file":         {"events: []\neventz: []\n", "events.yaml:2:1: unknown key \"eventz\""},
		"a table that is not known": {"tables: {peeple: \"\"}\nevents: [{event.time: 2026-03-02T12:00:00Z, event.dataset: niche}]\n", "events.yaml:1:"},
		"no time":                   {"event.dataset: niche\n", "events.yaml:1:1: an event without event.time"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := handWritten(t, twice, c.text).Explain(0)
			var problems strictyaml.Problems
			if !errors.As(err, &problems) {
				t.Fatalf("got %v, want problems", err)
			}
			if got := problems.Error(); !strings.Contains(got, c.want) {
				t.Errorf("got %s, want %s in it", got, c.want)
			}
		})
	}
}

func TestARuleIsFoundAmongFiles(t *testing.T) {
	files := []rule.File{{Name: "r.yaml", Data: []byte(twice)}, {Name: "broken.yaml", Data: []byte("{")}}
	got, err := OfRule(files, "refused_twice")
	if err != nil || len(got) != 1 || got[0].Name != "r.yaml" {
		t.Errorf("got %v, %v", got, err)
	}
	for id, want := range map[string]string{
		"refused_twcie": `no rule "refused_twcie"; did you mean refused_twice?`,
		"something":     `no rule "something"; the rules are refused_twice`,
	} {
		if _, err := OfRule(files, id); err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", id, err, want)
		}
	}
}

// What the window is said to lack must be what it lacks: so many further events, and the alert is there.
func TestHowFarFromFiringIsWhatTheEngineDoes(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		need := rapid.IntRange(1, 6).Draw(r, "need")
		n := rapid.IntRange(1, 8).Draw(r, "events")
		text := strings.Replace(head, "gte: 2", "gte: "+string(rune('0'+need)), 1)
		h := handWritten(t, strings.TrimSuffix(text, "tests:\n"), "tables: {assignments: \"\", links: \"\"}\nevents:\n  - {event.time: 2026-03-02T12:00:00Z, event.dataset: niche, event.reason: denied, user.id: S1, object.id: R1, repeat: "+string(rune('0'+n))+", every: 2m}\n")
		got, err := h.Explain(0)
		if err != nil {
			r.Fatal(err)
		}
		w := got[0].Roles[0].Groups[0].Window
		have := min(n, 5) // ten minutes hold five, two minutes apart
		if w.Have != have || w.Fires != (have >= need) || w.More != max(need-have, 0) {
			r.Fatalf("need %d of %d: have %d, fires %v, %d more", need, n, w.Have, w.Fires, w.More)
		}
		if alerted := len(got[0].Roles[0].Groups[0].Alerts) > 0; alerted != (have >= need) {
			r.Fatalf("alert: %v, with %d of %d", alerted, have, need)
		}
	})
}

func TestAnExplainerTakesOneRule(t *testing.T) {
	set, _ := rule.Load(options(t).Schema, nil)
	g := engine.NewGeneration(engine.GenerationOptions{Rules: set})
	if _, err := NewExplainer(ExplainOptions{Generation: g}); err == nil {
		t.Error("no error")
	}
}
