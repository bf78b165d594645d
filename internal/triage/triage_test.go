package triage

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"probity/internal/alert"
	"probity/internal/event"
)

func idsOf(l Listing) (ids []string) {
	for _, r := range l.Alerts {
		ids = append(ids, r.ID)
	}
	return ids
}

func TestAListingIsFilteredNewestFirstAndHoldsNoNames(t *testing.T) {
	for name, c := range map[string]struct {
		user string
		q    Query
		want string // ids
		left int
		sum  int // of the counts
	}{
		"the ISO sees all but the one about himself": {user: "alice", want: "f w c b a", sum: 5},
		"the second role sees that one as well":      {user: "bob", want: "f w mine c b a", sum: 6},
		"the SOC is told counts":                     {user: "carol", sum: 5},
		"of a rule":                                  {user: "alice", q: Query{Rule: "bait"}, want: "c", sum: 1},
		"of a severity":                              {user: "alice", q: Query{Severity: alert.High}, want: "f w b a", sum: 4},
		"in a state":                                 {user: "alice", q: Query{State: alert.Withdrawn}, want: "w", sum: 1},
		"about a person":                             {user: "alice", q: Query{Person: "s8"}, want: "b", sum: 1},
		"about oneself":                              {user: "alice", q: Query{Person: "S1"}},
		"since":                                      {user: "alice", q: Query{Since: monday.Add(4 * time.Hour)}, want: "f w", sum: 2},
		"the newest":                                 {user: "alice", q: Query{Limit: 2}, want: "f w", left: 3, sum: 5},
	} {
		t.Run(name, func(t *testing.T) {
			b := &book{cases: someCases(), now: monday}
			client, _ := serve(t, b, force(), c.user)
			l, err := client.List(t.Context(), c.q)
			if err != nil {
				t.Fatal(err)
			}
			sum := 0
			for _, n := range l.Counts {
				sum += n.Alerts
			}
			if got := strings.Join(idsOf(l), " "); got != c.want || l.LeftOff != c.left || sum != c.sum {
				t.Errorf("%q, %d left off, %d counted", got, l.LeftOff, sum)
			}
			if text := l.Text(); strings.Contains(text, "S9") {
				t.Errorf("a name: %s", text)
			}
			if recorded := len(b.entries) > 0; recorded != (c.q.Person != "") {
				t.Errorf("recorded: %q", b.entries)
			}
		})
	}
}

func TestWhatIsAskedIsRecordedBeforeItIsAnswered(t *testing.T) {
	b := &book{cases: someCases(), now: monday}
	client, _ := serve(t, b, force(), "alice")
	ctx := t.Context()
	if _, err := client.List(ctx, Query{Person: "S9"}); err != nil {
		t.Fatal(err)
	}
	if s, err := client.Show(ctx, "a"); err != nil || s.Alert.Summary == "" {
		t.Fatalf("%+v, %v", s, err)
	}
	if _, err := client.Show(ctx, "mine"); err == nil || err.Error() != "no such alert: mine" {
		t.Error(err)
	}
	if _, err := client.Close(ctx, "a", Request{Outcome: alert.Misuse, Note: "to PSD", Revision: 2}); err != nil {
		t.Fatal(err)
	}
	want := []string{
		`listed {"person":"S9","alerts":4,"by":"alice","uid":1001,"roles":["iso"]}`,
		`shown {"id":"a","revision":2,"by":"alice","uid":1001,"roles":["iso"]}`,
		`refused {"asked":"show","id":"mine","by":"alice","uid":1001,"roles":["iso"]}`,
		`disposition {"id":"a","revision":2,"outcome":"misuse","note":"to PSD","by":"alice","uid":1001,"roles":["iso"]}`,
	}
	if diff := cmp.Diff(want, b.entries); diff != "" {
		t.Error(diff)
	}
	b.full = true
	_, list := client.List(ctx, Query{Person: "S9"})
	_, show := client.Show(ctx, "a")
	_, gone := client.Show(ctx, "mine")
	_, closing := client.Close(ctx, "b", Request{Outcome: alert.Misuse, Note: "n"})
	for what, err := range map[string]error{"list": list, "show": show, "show of another": gone, "close": closing} {
		if err == nil || !strings.Contains(err.Error(), "no space left") {
			t.Errorf("%s without a record: %v", what, err)
		}
	}
	if c := b.cases["b"]; c.State() != alert.Open {
		t.Error("closed without a record")
	}
}

func TestRightsDecideWhatMayBeAsked(t *testing.T) {
	for user, want := range map[string]string{
		"alice": "list show close stats", "bob": "list show close stats", "dave": "list show stats", "carol": "list stats", "eve": "",
	} {
		t.Run(user, func(t *testing.T) {
			client, _ := serve(t, &book{cases: someCases(), now: monday}, force(), user)
			var may []string
			try := func(what string, err error) {
				if err == nil {
					may = append(may, what)
				} else if !strings.Contains(err.Error(), "role") {
					t.Errorf("%s: %v", what, err)
				}
			}
			_, err := client.List(t.Context(), Query{})
			try("list", err)
			_, err = client.Show(t.Context(), "a")
			try("show", err)
			_, err = client.Close(t.Context(), "a", Request{Outcome: alert.Training, Note: "n"})
			try("close", err)
			_, err = client.Stats(t.Context(), time.Time{})
			try("stats", err)
			if got := strings.Join(may, " "); got != want {
				t.Errorf("may %q, want %q", got, want)
			}
		})
	}
}

func TestOutcomesGivePrecisionAndTimeToTriageByRule(t *testing.T) {
	b := &book{cases: someCases(), now: monday.Add(6 * time.Hour)}
	client, _ := serve(t, b, force(), "alice")
	for _, c := range []struct {
		id      string
		outcome alert.Outcome
		after   time.Duration
	}{{"a", alert.Training, 6 * time.Hour}, {"b", alert.Unintentional, 8 * time.Hour}, {"f", alert.PolicingPurpose, 6 * time.Hour}, {"a", alert.Misuse, 90 * time.Hour}} {
		b.now = monday.Add(c.after)
		if _, err := client.Close(t.Context(), c.id, Request{Outcome: c.outcome, Note: "n"}); err != nil {
			t.Fatal(err)
		}
	}
	b.now = monday.Add(7*24*time.Hour + 90*time.Minute) // the alerts "a" and "b" have left the week
	got, err := client.Stats(t.Context(), time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	wait := int64(6 * 3600)
	want := Stats{PerWeek: 3, Rules: []RuleStat{
		{Rule: "bait", Severity: alert.Critical, Alerts: 1, Week: 1, Open: 1},
		{Rule: "denied", Severity: alert.High, Alerts: 4, Week: 2, Folded: 1, Closed: 3,
			Outcomes: map[alert.Outcome]int{alert.Misuse: 1, alert.Unintentional: 1, alert.PolicingPurpose: 1}, Precision: &alert.Precision{Share: 2.0 / 3, Low: 0.2077, High: 0.9385, N: 3}, TriageSeconds: &wait},
	}}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty(), cmpopts.EquateApprox(0, 1e-4)); diff != "" {
		t.Error(diff)
	}
	for _, part := range []string{"67 % (21–94 %, n=3)", "6h0m0s", "3 alerts of one rule"} {
		if !strings.Contains(got.Text(), part) {
			t.Errorf("%q is not in\n%s", part, got.Text())
		}
	}
}

func TestWhatWasDecidedIsShownAndAReopeningSaysSo(t *testing.T) {
	b := &book{cases: someCases(), now: monday}
	client, _ := serve(t, b, force(), "alice")
	if x, err := client.Close(t.Context(), "a", Request{Outcome: alert.Training, Note: "an exercise"}); err != nil || !strings.HasPrefix(x.Text(), "closed as training by alice at 2026-03-02 09:00:00 UTC") {
		t.Errorf("%s %v", x.Text(), err)
	}
	c := b.cases["a"]
	c.Revision++
	b.cases["a"] = c
	s, err := client.Show(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"OFFICIAL-SENSITIVE", "S9 was refused 3 times", "reopened", "an exercise", "what was decided does not cover it", "close a --revision 3"} {
		if !strings.Contains(s.Text(), part) {
			t.Errorf("%q is not in\n%s", part, s.Text())
		}
	}
	b.bodies[0] = nil // redacted
	if s, err = client.Show(t.Context(), "a"); err != nil || !strings.Contains(s.Text(), "(the note was redacted)") {
		t.Errorf("%v %s", err, s.Text())
	}
	if _, err := client.Close(t.Context(), "a", Request{Outcome: alert.Misuse, Note: "n", Revision: 2}); err == nil || !strings.Contains(err.Error(), "look at it again") {
		t.Error(err)
	}
}

// A second closing replaces the outcome of the first, and its answer says whose that was.
func TestASecondClosingSaysWhatItReplaces(t *testing.T) {
	b := &book{cases: someCases(), now: monday}
	alice, _ := serve(t, b, force(), "alice")
	x, err := alice.Close(t.Context(), "a", Request{Outcome: alert.Training, Note: "an exercise"})
	if err != nil || x.Before != nil || strings.Contains(x.Text(), "before") {
		t.Errorf("%s %v", x.Text(), err)
	}
	if x, err = alice.Close(t.Context(), "a", Request{Outcome: alert.Misuse, Note: "to PSD"}); err != nil {
		t.Fatal(err)
	}
	if x.Outcome != alert.Misuse || x.Before == nil || x.Before.Outcome != alert.Training || x.Before.By != "alice" {
		t.Errorf("%+v", x)
	}
	for _, part := range []string{"closed as misuse by alice", "to PSD\nit was closed before, as training by alice at 2026-03-02 09:00:00 UTC", "the later outcome counts: misuse"} {
		if !strings.Contains(x.Text(), part) {
			t.Errorf("%q is not in\n%s", part, x.Text())
		}
	}
}

func TestAWrongQuestionIsAnsweredWithWhatToWrite(t *testing.T) {
	for query, want := range map[string]string{
		"severity=loud": "is no severity", "state=shut": "is no state", "since=monday": "cannot parse", "limit=0": "choose 1 to", "limit=x": "invalid syntax",
		"surname=Quill": `there is no filter "surname"`, "rule=a&rule=b": "rule is given twice",
	} {
		v, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := parseQuery(v); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", query, err)
		}
	}
	for what, r := range map[string]Request{
		"is no outcome": {Outcome: "guilty", Note: "n"}, "a note is needed": {Outcome: alert.Misuse, Note: " \n"}, "it has room for": {Outcome: alert.Misuse, Note: strings.Repeat("n", 5000)},
		"not UTF-8": {Outcome: alert.Misuse, Note: "\xff"}, "no revision -1": {Outcome: alert.Misuse, Note: "n", Revision: -1},
	} {
		if err := r.check(); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestAQueryIsReadAsItWasWritten(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		q := Query{
			Rule: rapid.String().Draw(rt, "rule"), Severity: rapid.SampledFrom(append([]alert.Severity{""}, alert.Severities...)).Draw(rt, "severity"),
			State: rapid.SampledFrom(append([]alert.Status{""}, States...)).Draw(rt, "state"), Person: rapid.String().Draw(rt, "person"),
			Limit: rapid.IntRange(1, maxLimit).Draw(rt, "limit"),
		}
		if rapid.Bool().Draw(rt, "since") {
			q.Since = time.Unix(rapid.Int64Range(0, 4e9).Draw(rt, "at"), 0).UTC()
		}
		v, err := url.ParseQuery(q.values().Encode())
		if err != nil {
			rt.Fatal(err)
		}
		got, err := parseQuery(v)
		if diff := cmp.Diff(q, got); diff != "" || err != nil {
			rt.Error(diff, err)
		}
	})
}

// FuzzParseQuery: whatever is asked, it is refused or has a bound.
func FuzzParseQuery(f *testing.F) {
	f.Add("rule=a&severity=high&state=open&person=S1&since=2026-03-02T00:00:00Z&limit=7")
	f.Add("severity=&limit=-1")
	f.Fuzz(func(t *testing.T, text string) {
		v, err := url.ParseQuery(text)
		if err != nil {
			return
		}
		q, err := parseQuery(v)
		if err == nil && (q.Limit < 1 || q.Limit > maxLimit || q.Severity != "" && !slices.Contains(alert.Severities, q.Severity)) {
			t.Errorf("%q is read as %+v", text, q)
		}
	})
}

func TestWhatIsShownHasTheFactsThatDidNotHoldAndAPlaceForWhatStandsInALog(t *testing.T) {
	s := Shown{
		State: alert.Closed,
		Alert: &alert.Alert{ID: "a", Revision: 1, Count: 2, Rule: alert.Rule{ID: "denied"},
			Facts:    []alert.Fact{{Say: "off duty", Speaks: "for", False: 1, Unknown: 1}, {Say: "typed for another", Speaks: "against", False: 2}, {Say: "printed", Speaks: "for", True: 2}, {Say: "on leave", Speaks: "against", Unknown: 2}},
			Evidence: []event.Record{{Time: monday, Source: "niche", Path: "/niche.csv", Offset: 7, SHA256: "1"}, {Time: monday, Source: "probity", SHA256: "2"}}},
	}
	text := s.Text()
	for _, part := range []string{
		"\nSpeaks for misuse:\n  - printed (2 of 2 events)\n",
		"\nAsked, and not found to be so:\n  - off duty (not so of 1 of 2 events; it would speak for misuse)\n  - typed for another (not so of 2 of 2 events; it would speak against misuse)\n\n",
		"\nThe records:\n", " niche, /niche.csv at byte 7, SHA-256 1\n", " probity, SHA-256 2\n",
		"\nIt is closed. To decide anew: probity alerts close a --revision 1 ",
	} {
		if !strings.Contains(text, part) {
			t.Errorf("%q is not in\n%s", part, text)
		}
	}
}
