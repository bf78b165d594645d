package demo

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"probity/internal/alert"
	"probity/internal/evaluate"
	"probity/internal/event"
)

func TestWrappedLinesFitAndLoseNoWord(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[a-zé ]{0,60}`).Draw(t, "text")
		width := rapid.IntRange(1, 20).Draw(t, "width")
		lines := wrap(text, width)
		if got, want := strings.Fields(strings.Join(lines, " ")), strings.Fields(text); !cmp.Equal(got, want) {
			t.Fatalf("words %q, want %q", got, want)
		}
		for _, l := range lines {
			if utf8.RuneCountInString(l) > width && strings.Contains(l, " ") {
				t.Fatalf("line %q is longer than %d", l, width)
			}
		}
	})
}

func TestCountsHaveCommas(t *testing.T) {
	for n, want := range map[float64]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567"} {
		if got := thousands(n); got != want {
			t.Errorf("thousands(%v) = %q, want %q", n, got, want)
		}
	}
}

func TestAMissIsExplainedByWhatTheMetricsSay(t *testing.T) {
	of := func(metric string, n float64) readings {
		r := readings{}
		for _, m := range []string{"probity_rule_matches_total", "probity_rule_undecided_total", "probity_rule_suppressed_total", "probity_rule_unknown_total"} {
			r[m] = append(r[m], reading{map[string]string{"rule": "self_lookup"}, 0}, reading{map[string]string{"rule": "other"}, 9})
		}
		r[metric] = append(r[metric], reading{map[string]string{"rule": "self_lookup"}, n})
		return r
	}
	for _, c := range []struct {
		typology string
		readings readings
		want     string
	}{
		{"mass-download", of("probity_rule_matches_total", 4), "no rule for it is shipped yet"},
		{"self-lookup", of("probity_rule_undecided_total", 1200), "its rule holds back 1,200 matches until a newer table can say"},
		{"self-lookup", of("probity_rule_suppressed_total", 2), "exceptions of its rule held back 2 matches"},
		{"self-lookup", of("probity_rule_matches_total", 4), "its rule matched 4 times, but never often enough within its timespan, or others only"},
		{"self-lookup", of("probity_rule_unknown_total", 3), "its rule met 3 records that lack a field it asks for"},
		{"self-lookup", of("probity_rule_matches_total", 0), "nothing in the logs met its rule's condition"},
	} {
		if got := why(evaluate.Verdict{Typology: c.typology}, c.readings); got != c.want {
			t.Errorf("%s: %q, want %q", c.typology, got, c.want)
		}
	}
	if got := most(map[string]float64{"a": 1, "b": 3000, "c": 2, "d": 0}, 3); got != "b 3,000, c 2, a 1" {
		t.Errorf("most gives %q", got)
	}
}

// refused is the first revision of an alert that has something in every part.
func refused() *alert.Alert {
	at := time.Date(2026, 3, 2, 14, 5, 17, 0, time.UTC)
	return &alert.Alert{
		ID: "abcdefghijklmnopqrstuvwxyz", Revision: 1, Status: alert.Open, Count: 5, First: at, Last: at.Add(time.Minute),
		Rule:    alert.Rule{ID: "restricted_denied_burst", Title: "Repeated refusals", Severity: alert.High},
		Summary: "S00042 was refused 5 times.",
		Facts: []alert.Fact{
			{Say: "off duty", Speaks: "for", True: 5}, {Say: "deployed to a linked incident", Speaks: "against", True: 2, False: 3},
			{Say: "the record is sensitive", Speaks: "for", False: 5},
		},
		Unknowns: []string{"manager: unknown for 5 of 5 events"},
		Evidence: []event.Record{{Path: "/var/log/niche.csv", Offset: 1234, Original: "45391997,\"two\nlines\x1b[2J\"," + strings.Repeat("x", 200)}},
	}
}

func TestAnAlertIsPrintedWholeOnceAndThenItsUpdates(t *testing.T) {
	var out bytes.Buffer
	p := newPrinter(newScreen(&out, nil))
	again, gone := refused(), refused()
	again.Revision, again.Count = 2, 7
	gone.Revision, gone.Status, gone.Reason = 3, alert.Withdrawn, "the account was resolved"
	for _, a := range []*alert.Alert{refused(), again, gone} {
		p.print(a)
	}
	want := `
HIGH      Mon 02 Mar 14:05:17 UTC  Repeated refusals
  S00042 was refused 5 times.
  for       off duty (5 of 5)
  against   deployed to a linked incident (2 of 5)
  unknown   manager: unknown for 5 of 5 events
  line      niche.csv@1234: 45391997,"two\u000alines\u001b[2J",xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…
  ref       abcdefghijklmnopqrstuvwxyz/1
  update    abcdefghijklmnopqrstuvwxyz/2  now 7 events, the last at Mon 02 Mar 14:06:17 UTC  Repeated refusals
  update    abcdefghijklmnopqrstuvwxyz/3  withdrawn: the account was resolved  Repeated refusals
`
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if p.count() != 1 {
		t.Errorf("%d alerts counted, want 1", p.count())
	}
}

func TestABottomLineStaysBelowWhatIsPrinted(t *testing.T) {
	var out bytes.Buffer
	s := &screen{out: &out, live: true, width: 12}
	s.status("one")
	s.status("one")
	s.print("alert\n")
	s.status("much too long for it")
	s.status("")
	const erase = "\r\x1b[K"
	if want := "one" + erase + "alert\none" + erase + "much too l…" + erase; out.String() != want {
		t.Errorf("wrote %q, want %q", out.String(), want)
	}
	if got := s.paint(red, "x"); got != "x" {
		t.Errorf("painted %q without colours", got)
	}
}

func TestNoColorAndFilesArePlain(t *testing.T) {
	f, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if s := newScreen(f, nil); s.live || s.colours {
		t.Errorf("a file is taken for a terminal: %+v", s)
	}
}
