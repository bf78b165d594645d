package daemon

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"

	"probity/internal/alert"
	"probity/internal/sim"
)

// repeat repeats the run that the site's state folder holds and returns the canonical alerts that stand.
func (s *site) repeat(o ReplayOptions) (map[string]string, Repeated, error) {
	s.t.Helper()
	o.Config, o.Logger = s.config(), zap.NewNop()
	out := map[string]string{}
	sum, err := Repeat(context.Background(), o, func(a *alert.Alert) error {
		if a.Status != alert.Withdrawn {
			out[a.ID] = string(a.Canonical())
		}
		return nil
	})
	return out, sum, err
}

// mustRepeat demands that the repetition gives what was delivered.
func (s *site) mustRepeat(o ReplayOptions) Repeated {
	s.t.Helper()
	got, sum, err := s.repeat(o)
	if err != nil {
		s.t.Fatal(err)
	}
	want, err := delivered(s.read("alerts.jsonl"))
	if err != nil {
		s.t.Fatal(err)
	}
	for id, text := range want {
		if strings.Contains(text, `"status":"withdrawn"`) {
			delete(want, id)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		s.t.Errorf("live (-) and repeated (+) differ:\n%.3000s", diff)
	}
	if len(sum.Differing) > 0 || sum.Here != sum.InState || sum.Here != len(want) {
		s.t.Errorf("%d alerts here, %d in the state, %d delivered; differing: %v", sum.Here, sum.InState, len(want), sum.Differing)
	}
	return sum
}

// live runs the daemon over parts of the lines; between two parts the site is changed, by reload or over a restart.
func (s *site) live(changes ...func(reload func())) {
	s.t.Helper()
	d, stop := s.start(Options{})
	n := len(s.lines)
	for i := range len(changes) + 1 {
		s.append(s.lines[n*i/(len(changes)+1) : n*(i+1)/(len(changes)+1)]...)
		s.drain(d)
		if i == len(changes) {
			break
		}
		reloaded := false
		changes[i](func() {
			reloaded = true
			if err := d.Reload(); err != nil {
				s.t.Fatal(err)
			}
		})
		if !reloaded {
			stop()
			d, stop = s.start(Options{})
		}
	}
	stop()
}

func TestARunIsRepeatedAcrossReloadsAndRestarts(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	limit := func(n int) string { return strings.Replace(busyRule, "limit: 6", fmt.Sprint("limit: ", n), 1) }
	s.live(
		func(reload func()) { s.write("rules/busy.yaml", limit(3)); reload() },
		func(func()) {}, // a restart
		func(func()) { s.write("rules/busy.yaml", limit(9)) },
		func(reload func()) {
			os.Remove(s.path("rules/niche/bait.yaml"))
			s.write("tables/people.csv", s.read("tables/people.csv")+s.row("people", "S99999"))
			reload()
		},
		func(reload func()) {
			s.write("rules/busy.yaml", limit(2))
			s.write("rules/niche/bait.yaml", baitRule)
			reload()
		},
	)
	first := s.mustRepeat(ReplayOptions{})
	if first.Here < 5 {
		t.Fatalf("a poor test: %d alerts", first.Here)
	}
	for _, o := range []ReplayOptions{{Batch: 1}, {Batch: 7, Shards: 3, Workers: 2, Turn: 2}, {Batch: 1 << 20, Turn: 1}} {
		s.mustRepeat(o)
	}
	plain, _ := s.replay(ReplayOptions{})
	if got, _, _ := s.repeat(ReplayOptions{}); cmp.Equal(plain, got) {
		t.Error("a poor test: a replay by the rules of today gives the same")
	}
}

// wholeSite is a site whose Microsoft 365 log comes in whole files, dropped into a folder.
func wholeSite(t *testing.T) *site {
	s := newSite(t)
	s.config("{name: m365, format: m365, paths: [logs/m365.ndjson]}", "{name: m365, format: m365, paths: [drop], whole_files: true}")
	return s
}

// One night in a run: logs rotate and are compressed, whole files come and grow, a log appears that was not there, the daemon
// is stopped in between, and rules change all the while. What was history when the run began is no part of it.
func TestRotatedWholeAndLaterFilesAreRepeated(t *testing.T) {
	t.Parallel()
	s := wholeSite(t)
	n := len(s.lines)
	at := func(i int) []sim.Line { return s.lines[n*i/7 : n*(i+1)/7] }
	limit := func(n int) {
		s.write("rules/busy.yaml", strings.Replace(busyRule, "limit: 6", fmt.Sprint("limit: ", n), 1))
	}
	s.drop("history.ndjson", at(0))
	s.rename("drop/history.ndjson", "history.ndjson")
	s.rotate("pnc.log")
	s.rename("logs/crime.log", "later.log")

	d, stop := s.start(Options{})
	s.dropAll(d, "first.ndjson", slices.DeleteFunc(slices.Clone(at(1)), func(l sim.Line) bool { return l.File == "crime.log" }))
	limit(3)
	s.reload(d)
	s.rotate("pnc.log")
	s.rename("later.log", "logs/crime.log")
	s.dropAll(d, "second.ndjson", at(2))
	limit(5)
	s.reload(d)
	s.rotate("pnc.log")
	s.dropAll(d, "third.ndjson", at(3))
	stop()
	s.compress("logs/pnc.log.2")
	limit(4)
	d, stop = s.start(Options{})
	s.dropAll(d, "third.ndjson", at(4)) // it grows
	s.mustRepeat(ReplayOptions{})       // while the daemon runs
	limit(2)
	s.reload(d)
	s.rotate("storm.log")
	s.dropAll(d, "fourth.ndjson", at(5))
	stop()
	if sum := s.mustRepeat(ReplayOptions{Batch: 3}); sum.Here < 5 {
		t.Fatalf("a poor test: %d alerts", sum.Here)
	}
	s.append(at(6)...) // not judged yet, and so no part of the run
	s.mustRepeat(ReplayOptions{})
}

// What cannot be repeated is told with what is missing.
func TestARunWhoseBytesAreNotThereIsNotRepeated(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil func(s *site)
		want  string
	}{
		"a whole file is gone":        {func(s *site) { s.rename("drop/first.ndjson", "gone") }, `drop/first.ndjson: (\d+) of the (\d+) records that were judged are no longer there`},
		"a rotated file is gone":      {func(s *site) { s.rename("logs/pnc.log.1", "gone") }, `logs/pnc.log: (\d+) of the (\d+) records`},
		"a log is cut":                {func(s *site) { s.write("logs/storm.log", "") }, `logs/storm.log: (\d+) of the (\d+) records`},
		"a log is another":            {func(s *site) { s.write("logs/storm.log", upperHalf(s.read("logs/storm.log"))) }, `logs/storm.log: \d+ records stand there, as many as were judged, but they are not the same`},
		"a generation is gone":        {func(s *site) { s.rename("state/generations", "gone") }, `generation [0-9a-f]+ is not in the archive`},
		"a source is gone":            {func(s *site) { s.config("  - {name: storm, format: storm, paths: [logs/storm.log]}\n", "") }, `storm`},
		"the journal has no counts":   {func(s *site) { s.sql(`UPDATE journal SET body = '{}'`) }, `damage in .*table journal`},
		"the state folder is not one": {func(s *site) { s.rename("state", "gone") }, `reading the state folder`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := wholeSite(t)
			n := len(s.lines)
			d, stop := s.start(Options{})
			s.dropAll(d, "first.ndjson", s.lines[:n/2])
			s.rotate("pnc.log")
			s.dropAll(d, "second.ndjson", s.lines[n/2:])
			stop()
			s.mustRepeat(ReplayOptions{})
			c.spoil(s)
			_, _, err := s.repeat(ReplayOptions{})
			if err == nil || !regexp.MustCompile(c.want).MatchString(err.Error()) {
				t.Errorf("got %v\nwant %s", err, c.want)
			}
		})
	}
}

// upperHalf changes a letter somewhere in the middle, and no length.
func upperHalf(text string) string {
	i := len(text)/2 + strings.IndexAny(text[len(text)/2:], "abcdefghijklmnopqrstuvwxyz")
	return text[:i] + strings.ToUpper(text[i:i+1]) + text[i+1:]
}

// sql changes the database behind the program's back.
func (s *site) sql(statement string) {
	s.t.Helper()
	if out, err := exec.Command("sqlite3", s.path("state/state.db"), statement).CombinedOutput(); err != nil {
		s.t.Skipf("sqlite3: %v: %s", err, out)
	}
}

// dropAll appends Microsoft 365 lines to a whole file and the others to their logs, and waits until all is judged.
func (s *site) dropAll(d *Daemon, file string, lines []sim.Line) {
	s.t.Helper()
	s.drop(file, lines)
	s.drain(d)
}

func (s *site) drop(file string, lines []sim.Line) {
	s.t.Helper()
	whole := s.read("drop/" + file)
	for _, l := range lines {
		if l.File == "m365.ndjson" {
			whole += string(l.Bytes)
		} else {
			s.append(l)
		}
	}
	if err := os.MkdirAll(s.path("drop"), 0o755); err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(s.path("drop/"+file), []byte(whole), 0o600); err != nil { // in place: a file may grow
		s.t.Fatal(err)
	}
}

func (s *site) reload(d *Daemon) {
	s.t.Helper()
	if err := d.Reload(); err != nil {
		s.t.Fatal(err)
	}
}

func (s *site) rename(from, to string) {
	s.t.Helper()
	if err := os.Rename(s.path(from), s.path(to)); err != nil {
		s.t.Fatal(err)
	}
}

// rotate renames a log as logrotate does.
func (s *site) rotate(log string) {
	s.t.Helper()
	for i := 3; i > 0; i-- {
		if _, err := os.Stat(s.path(fmt.Sprintf("logs/%s.%d", log, i))); err == nil {
			s.rename(fmt.Sprintf("logs/%s.%d", log, i), fmt.Sprintf("logs/%s.%d", log, i+1))
		}
	}
	s.rename("logs/"+log, "logs/"+log+".1")
	s.write("logs/"+log, "")
}

// compress replaces a file by its .gz and keeps its time, as gzip does.
func (s *site) compress(file string) {
	s.t.Helper()
	if out, err := exec.Command("gzip", s.path(file)).CombinedOutput(); err != nil {
		s.t.Fatalf("gzip: %v: %s", err, out)
	}
}

func TestWhatWasRedactedIsComparedByWhatIsLeft(t *testing.T) {
	whole := alert.Alert{ID: "a", Status: alert.Open, Rule: alert.Rule{ID: "denied", Version: 2}, Summary: "Mara was refused", Count: 3,
		Group: []alert.KeyPart{{Field: "actor.id", Value: "S1"}}, EventIDs: []string{"e1"}}
	stub := whole
	stub.Summary, stub.Reason, stub.Group, stub.EventIDs = "redacted", "redacted", []alert.KeyPart{}, []string{}
	fewer := stub
	fewer.Count = 2
	reworded := whole
	reworded.Summary = "redacted"
	for name, c := range map[string]struct {
		was      alert.Alert
		redacted int
		differ   []string
	}{
		"whole": {whole, 0, nil}, "redacted": {stub, 1, nil}, "redacted, and another count": {fewer, 1, []string{"a"}}, "one word the same": {reworded, 0, []string{"a"}},
	} {
		was, is := standing{}, standing{}
		if err := errors.Join(was.add(&c.was), is.add(&whole)); err != nil {
			t.Fatal(err)
		}
		if got := is.differ(was); !slices.Equal(got, c.differ) || was.redacted() != c.redacted {
			t.Errorf("%s: %v differ, %d redacted", name, got, was.redacted())
		}
	}
}
