package notify

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"probity/internal/alert"
)

func london(t interface{ Fatal(...any) }) *time.Location {
	zone, err := time.LoadLocation("Europe/London")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

// queuedAt is a delivery as the store gives it.
func queuedAt(t *testing.T, at time.Time, a *alert.Alert) alert.Delivery {
	d := deliveryOf(t, a)
	d.QueuedAt = at
	return d
}

func TestTheHourOfTheDigestIsLocalAlsoWhenTheClocksChange(t *testing.T) {
	zone := london(t)
	for _, c := range []struct{ at, after, want string }{
		{"07:30", "2026-01-05T07:29:59Z", "2026-01-05T07:30:00Z"},
		{"07:30", "2026-01-05T07:30:00Z", "2026-01-06T07:30:00Z"},
		{"07:30", "2026-06-30T12:00:00Z", "2026-07-01T06:30:00Z"}, // summer time, and a month's end
		{"07:30", "2026-03-28T12:00:00Z", "2026-03-29T06:30:00Z"}, // the day of 23 hours
		{"07:30", "2026-10-24T12:00:00Z", "2026-10-25T07:30:00Z"}, // the day of 25
		{"00:15", "2026-10-25T23:30:00Z", "2026-10-26T00:15:00Z"},
	} {
		g := newDigest(Config{DigestAt: c.at}, zone)
		after, err := time.Parse(time.RFC3339, c.after)
		must(t, err)
		if got := g.after(after).UTC().Format(time.RFC3339); got != c.want {
			t.Errorf("%s after %s: %s, want %s", c.at, c.after, got, c.want)
		}
	}
}

// At any moment, of any rows: what is urgent goes, each alert keeps its order, nothing waits past an hour of the digest, and
// what waits has seen none.
func TestWhatIsRipeIsWhatTheModelSays(t *testing.T) {
	zone := london(t)
	start := time.Date(2026, 3, 27, 0, 0, 0, 0, time.UTC)
	body := func(s alert.Severity) []byte { return fmt.Appendf(nil, `{"rule":{"severity":%q}}`, s) }
	rapid.Check(t, func(t *rapid.T) {
		g := newDigest(Config{DigestAt: "01:30"}, zone) // an hour that the clocks skip on 29 March
		var due []alert.Delivery
		at := start
		for i := range rapid.IntRange(0, 12).Draw(t, "rows") {
			at = at.Add(time.Duration(rapid.IntRange(0, 600).Draw(t, "minutes")) * time.Minute)
			due = append(due, alert.Delivery{Seq: int64(i + 1), AlertID: rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "alert"), Revision: i + 1,
				Body: body(rapid.SampledFrom(alert.Severities).Draw(t, "severity")), QueuedAt: at})
		}
		now := at.Add(time.Duration(rapid.IntRange(0, 2000).Draw(t, "later")) * time.Minute)
		full := rapid.Bool().Draw(t, "full")
		ripe, next := g.ripe(now, due, full)

		hourPassed := func(from time.Time) bool { // minute by minute, by the clock on the wall
			for m := from.Truncate(time.Minute); !m.After(now); m = m.Add(time.Minute) {
				l := m.In(zone)
				skipped := l.Day() == 29 && l.Month() == time.March && l.Hour() == 2 && l.Minute() == 30
				if m.After(from) && (l.Hour() == 1 && l.Minute() == 30 || skipped) {
					return true
				}
			}
			return false
		}
		var want []int64
		for i, d := range due {
			pulled := slices.ContainsFunc(due[i:], func(later alert.Delivery) bool {
				return later.AlertID == d.AlertID && !strings.Contains(string(later.Body), "low") && !strings.Contains(string(later.Body), "medium")
			})
			if pulled || full || hourPassed(d.QueuedAt) {
				want = append(want, d.Seq)
			}
		}
		var got []int64
		last := map[string]int{}
		for _, d := range ripe {
			got = append(got, d.Seq)
			if d.Revision < last[d.AlertID] {
				t.Fatalf("revision %d of %s comes after %d", d.Revision, d.AlertID, last[d.AlertID])
			}
			last[d.AlertID] = d.Revision
		}
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("ripe (-want +got):\n%s", diff)
		}
		if (next == 0) != (len(ripe) == len(due)) || next < 0 || next > 25*time.Hour {
			t.Fatalf("%d of %d are ripe; the next in %v", len(ripe), len(due), next)
		}
	})
}

// The whole way, in virtual time and to a real server: medium waits for the morning, critical does not wait for it, a restart
// forgets nothing, and a hour that was slept through is made up for.
func TestADigestComesInTheMorningAndOutlivesARestart(t *testing.T) {
	s := needMailServer(t, startTLS)
	c := s.config()
	c.DigestAt = "07:30"
	box := newMemory()
	synctest.Test(t, func(t *testing.T) { // which begins at midnight
		notifier := func() (*Notifier, func()) {
			n := mustNotifier(t, Options{Outbox: box, Sinks: []Sink{mustSink(t, c)}})
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan error)
			go func() { ended <- n.Run(ctx) }()
			return n, func() { cancel(); must(t, <-ended) }
		}
		commit := func(n *Notifier, a *alert.Alert) {
			box.add("s", queuedAt(t, time.Now(), a))
			n.Wake()
		}
		subjects := func() (out []string) {
			for _, l := range s.letters(t) {
				out = append(out, strings.TrimPrefix(l.subject(t), "[OFFICIAL-SENSITIVE] "))
			}
			return out
		}
		expect := func(when string, want ...string) {
			t.Helper()
			if diff := cmp.Diff(want, subjects()); diff != "" {
				t.Fatalf("%s (-want +got):\n%s", when, diff)
			}
		}
		n, stop := notifier()
		commit(n, fullAlert("a", 1, alert.Medium, "S1"))
		time.Sleep(time.Hour)
		commit(n, fullAlert("b", 1, alert.Medium, "S2"))
		commit(n, fullAlert("c", 1, alert.Critical, "S1"))
		time.Sleep(time.Hour)
		expect("at two", "critical: self_lookup, alert c")

		must(t, n.Drain(t.Context())) // a stop does not wait for the morning, nor send the digest
		stop()
		n, stop = notifier()
		commit(n, fullAlert("a", 2, alert.Medium, "S1"))
		time.Sleep(5*time.Hour + 29*time.Minute)
		expect("a minute before", "critical: self_lookup, alert c")
		time.Sleep(2 * time.Minute)
		expect("a minute after", "critical: self_lookup, alert c", "daily digest: 2 alerts about 2 persons")
		if box.outstanding("s") != 0 {
			t.Errorf("%d revisions are left", box.outstanding("s"))
		}

		commit(n, fullAlert("d", 1, alert.Medium, "S3"))
		time.Sleep(time.Minute)
		stop()
		time.Sleep(26 * time.Hour) // off over the hour
		_, stop = notifier()
		time.Sleep(time.Minute)
		expect("after an outage", "critical: self_lookup, alert c", "daily digest: 2 alerts about 2 persons", "daily digest: 1 alert about 1 person")
		stop()
	})
	digest := s.letters(t)[1]
	text := digest.text
	if got, want := digest.head.Get("X-Probity-Revision"), "a/1 b/1 a/2"; got != want {
		t.Errorf("it tells %q, want %q", got, want)
	}
	first, second := strings.Index(text, "Person 2"), len(text) // the person of alert b comes first: a was revised since
	for _, reference := range []string{"a, revision 2", "https://probity.force.example/alerts/a.html"} {
		if at := strings.Index(text, reference); first < 0 || at < first || at > second {
			t.Errorf("%q does not stand with the first person:\n%s", reference, text)
		}
	}
	if strings.Contains(text, "Zzyzxqvist") || strings.Contains(text, "S1") {
		t.Errorf("it tells names:\n%s", text)
	}
}

func TestAWorseRevisionDoesNotWaitForALesserOneAndDoesNotOvertakeIt(t *testing.T) {
	s := needMailServer(t, startTLS)
	c := s.config()
	c.DigestAt = "07:30"
	box := newMemory()
	now := time.Now()
	box.add("s", queuedAt(t, now, fullAlert("a", 1, alert.Medium, "S1")), queuedAt(t, now, fullAlert("b", 1, alert.Medium, "S2")), queuedAt(t, now, fullAlert("a", 2, alert.High, "S1")))
	drain(t, mustNotifier(t, Options{Outbox: box, Sinks: []Sink{mustSink(t, c)}}))
	if got := box.recorded["s"]; !slices.Equal(got, []string{"a/1", "a/2"}) || box.outstanding("s") != 1 {
		t.Errorf("arrived %q, %d wait", got, box.outstanding("s"))
	}
}

func TestAFloodGoesOutEarlyAndDoesNotHideWhatIsUrgent(t *testing.T) {
	s := needMailServer(t, startTLS)
	c := s.config()
	c.DigestAt = "07:30"
	box := newMemory()
	now := time.Now()
	for i := range deepest*stuckIsDown + 5 {
		box.add("s", queuedAt(t, now, fullAlert(fmt.Sprintf("m%d", i), 1, alert.Medium, "S1")))
	}
	box.add("s", queuedAt(t, now, fullAlert("urgent", 1, alert.Critical, "S2")))
	drain(t, mustNotifier(t, Options{Outbox: box, Sinks: []Sink{mustSink(t, c)}, Batch: stuckIsDown}))
	if box.outstanding("s") != 5 || !slices.Contains(box.recorded["s"], "urgent/1") || len(s.letters(t)) != 2 {
		t.Errorf("%d wait, %d mails, urgent arrived: %t", box.outstanding("s"), len(s.letters(t)), slices.Contains(box.recorded["s"], "urgent/1"))
	}
}

// A server that refuses a digest for one of its alerts takes all the others.
func TestADigestThatIsRefusedIsHalvedDownToWhatIsRefused(t *testing.T) {
	s := needMailServer(t, startTLS)
	c := s.config()
	c.DigestAt = "07:30"
	s.answers(t, "data", "554 5.6.0 cannot take that")
	must(t, os.WriteFile(filepath.Join(s.dir, "poison"), []byte("x11"), 0o600))
	box := newMemory()
	yesterday := time.Now().Add(-25 * time.Hour)
	var want []string
	for i := range 20 {
		box.add("s", queuedAt(t, yesterday, fullAlert(fmt.Sprintf("x%d", i), 1, alert.Medium, "S1")))
		if i != 11 {
			want = append(want, fmt.Sprintf("x%d/1", i))
		}
	}
	drain(t, mustNotifier(t, Options{Outbox: box, Sinks: []Sink{mustSink(t, c)}}))
	if diff := cmp.Diff(want, box.recorded["s"]); diff != "" {
		t.Errorf("arrived (-want +got):\n%s", diff)
	}
	if len(box.failures) != 1 || !strings.HasPrefix(box.failures[0], "!s x11/1 ") {
		t.Errorf("failures: %q", box.failures)
	}
	if n := len(s.letters(t)); n > 8 {
		t.Errorf("%d mails for one poisoned digest", n)
	}
}
