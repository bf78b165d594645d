package notify

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"probity/internal/alert"
	"probity/internal/fsx"
	"probity/internal/page"
)

func htmlConfig(dir string) Config { return Config{Name: "s", Type: "html", Dir: dir} }

// htmlHarness reads the pages back; each is compared as a whole.
func htmlHarness(t *testing.T) harness {
	dir := filepath.Join(t.TempDir(), "alerts")
	var sink *htmlSink
	return harness{
		open: func(t *testing.T) Sink {
			opened := mustSink(t, htmlConfig(dir))
			sink = opened.(*htmlSink)
			return opened
		},
		arrivals: func(t *testing.T) (out []arrival) {
			for id, text := range pagesIn(t, dir) {
				row, ok := page.ReadRow([]byte(text))
				if !ok {
					t.Errorf("page %s has no row", id)
				}
				out = append(out, arrival{fmt.Sprintf("%s/%d", id, row.Revision), text})
			}
			slices.SortFunc(out, func(a, b arrival) int { return strings.Compare(a.key, b.key) })
			return out
		},
		shown: func(d alert.Delivery) string {
			sink.rows = map[string]page.Row{}
			pages, _, err := sink.pages([]alert.Delivery{d})
			if err != nil {
				return err.Error()
			}
			return string(pages[pageFile(d.AlertID)])
		},
		last: true,
	}
}

func limitedHarness(t *testing.T) harness {
	h, path := fileHarness(t), filepath.Join(t.TempDir(), "limited.jsonl")
	h.open = func(t *testing.T) Sink {
		return mustSink(t, Config{Name: "s", Type: "file", Path: path, Ceiling: "OFFICIAL-SENSITIVE"})
	}
	h.arrivals = func(t *testing.T) []arrival { return linesIn(t, path) }
	return h
}

// pagesIn are the pages of a folder, by alert id.
func pagesIn(t *testing.T, dir string) map[string]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.html"))
	must(t, err)
	out := map[string]string{}
	for _, f := range files {
		if filepath.Base(f) == indexFile {
			continue
		}
		text, err := os.ReadFile(f)
		must(t, err)
		out[strings.TrimSuffix(filepath.Base(f), ".html")] = string(text)
	}
	return out
}

// fullAlert is a revision with what a sink looks at.
func fullAlert(id string, n int, severity alert.Severity, person string) *alert.Alert {
	at := time.Date(2026, 3, 2, 14, 0, n, 0, time.UTC)
	return &alert.Alert{Schema: alert.SchemaVersion, ID: id, Revision: n, Status: alert.Open, Marking: "OFFICIAL-SENSITIVE", Summary: "Zzyzxqvist looked.",
		Rule: alert.Rule{ID: "self_lookup", Version: 1, Title: "Somebody looked", Severity: severity}, Person: &alert.Person{ID: person, Surname: "Zzyzxqvist"},
		Group: []alert.KeyPart{{Field: "actor.id", Value: person}}, Count: n, First: at, Last: at}
}

func deliveryOf(t *testing.T, a *alert.Alert) alert.Delivery {
	t.Helper()
	body, err := json.Marshal(a)
	must(t, err)
	return alert.Delivery{AlertID: a.ID, Revision: a.Revision, Body: body}
}

// deliver takes a batch to a sink until all of it is there.
func deliver(t *testing.T, s Sink, batch ...alert.Delivery) {
	t.Helper()
	for len(batch) > 0 {
		done, _, err := s.Deliver(t.Context(), 0, batch)
		must(t, err)
		batch = batch[done:]
	}
}

func TestOnlyOwnerAndGroupCanReadAPage(t *testing.T) {
	old := syscall.Umask(0o077)
	defer syscall.Umask(old)
	dir := filepath.Join(t.TempDir(), "alerts")
	must(t, os.Mkdir(dir, 0o755))
	must(t, os.Chmod(dir, 0o755))
	gid := os.Getgid()
	if os.Geteuid() == 0 {
		gid = 4242 // of nobody: only root can give a folder to it
	}
	c := htmlConfig(dir)
	c.Group = fmt.Sprint(gid)
	deliver(t, mustSink(t, c), deliveryOf(t, fullAlert("a", 1, alert.High, "S1")))
	for name, want := range map[string]os.FileMode{".": os.ModeDir | os.ModeSetgid | 0o750, "a.html": 0o640, indexFile: 0o640} {
		info, err := os.Stat(filepath.Join(dir, name))
		must(t, err)
		if info.Mode() != want {
			t.Errorf("%s has mode %v, want %v", name, info.Mode(), want)
		}
		if got := info.Sys().(*syscall.Stat_t).Gid; int(got) != gid {
			t.Errorf("%s belongs to group %d, want %d", name, got, gid)
		}
	}
}

func TestAFolderThatLetsItsRoleRemovePagesStaysSo(t *testing.T) {
	dir := t.TempDir()
	must(t, os.Chmod(dir, 0o773))
	c := htmlConfig(dir)
	c.Group = fmt.Sprint(os.Getgid())
	deliver(t, mustSink(t, c), deliveryOf(t, fullAlert("a", 1, alert.High, "S1")))
	info, err := os.Stat(dir)
	must(t, err)
	if got, want := info.Mode(), os.ModeDir|os.ModeSetgid|0o770; got != want {
		t.Errorf("mode %v, want %v", got, want)
	}
}

func TestAnUnknownGroupIsRefusedAtTheStart(t *testing.T) {
	c := htmlConfig(t.TempDir())
	c.Group = "no-such-group-here"
	if _, err := NewSink(c, &fsx.FS{}); err == nil || !strings.Contains(err.Error(), "group") {
		t.Errorf("got %v", err)
	}
}

func TestAPageShowsItsLastRevisionAndNeverGoesBack(t *testing.T) {
	dir := t.TempDir()
	first, second := deliveryOf(t, fullAlert("a", 1, alert.High, "S1")), deliveryOf(t, fullAlert("a", 2, alert.High, "S1"))
	deliver(t, mustSink(t, htmlConfig(dir)), first, second)
	newest := pagesIn(t, dir)["a"]
	deliver(t, mustSink(t, htmlConfig(dir)), first) // after a kill before the record
	if got := pagesIn(t, dir)["a"]; got != newest || !strings.Contains(got, "revision 2") {
		t.Errorf("the page went back:\n%.300s", got)
	}
}

var linkIn = regexp.MustCompile(`<a href="([a-z0-9]+)\.html">`)

func linked(t *testing.T, dir string) (out []string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, indexFile))
	must(t, err)
	for _, m := range linkIn.FindAllStringSubmatch(string(text), -1) {
		out = append(out, m[1])
	}
	return out
}

func TestTheListNamesWhatIsInTheFolderNewestFirst(t *testing.T) {
	dir := t.TempDir()
	deliver(t, mustSink(t, htmlConfig(dir)), deliveryOf(t, fullAlert("old", 1, alert.High, "S1")), deliveryOf(t, fullAlert("new", 5, alert.High, "S2")), deliveryOf(t, fullAlert("gone", 3, alert.High, "S3")))
	if got := linked(t, dir); !slices.Equal(got, []string{"new", "gone", "old"}) {
		t.Errorf("listed %q", got)
	}
	must(t, os.Remove(filepath.Join(dir, "gone.html")))
	must(t, os.WriteFile(filepath.Join(dir, "note.html"), []byte("somebody's own"), 0o600))
	deliver(t, mustSink(t, htmlConfig(dir)), deliveryOf(t, fullAlert("old", 7, alert.High, "S1"))) // as after a restart
	if got := linked(t, dir); !slices.Equal(got, []string{"old", "new"}) {
		t.Errorf("listed %q after a page was removed and one revised", got)
	}
}

// Whatever step fails, and however often the same revisions come again: nothing is called delivered that does not stand.
func TestAFaultAtAnyStepLosesNoPage(t *testing.T) {
	batch := []alert.Delivery{deliveryOf(t, fullAlert("a", 1, alert.High, "S1")), deliveryOf(t, fullAlert("b", 1, alert.High, "S2")), deliveryOf(t, fullAlert("a", 2, alert.High, "S1"))}
	for n := 1; ; n++ {
		step, fault := 0, errors.New("disk fault")
		dir := filepath.Join(t.TempDir(), "alerts")
		s := mustSinkOn(t, htmlConfig(dir), &fsx.FS{Fault: func(string, string) error {
			if step++; step == n {
				return fault
			}
			return nil
		}})
		done, _, err := s.Deliver(t.Context(), 0, batch)
		if step < n {
			if n < 10 {
				t.Fatalf("only %d steps were seen", n)
			}
			return
		}
		if done != 0 || !errors.Is(err, fault) {
			t.Errorf("step %d failed: done %d, error %v", n, done, err)
		}
		deliver(t, s, batch...)
		if got := linked(t, dir); !slices.Equal(got, []string{"a", "b"}) {
			t.Errorf("step %d failed, then all went well: listed %q", n, got)
		}
		if p := pagesIn(t, dir)["a"]; !strings.Contains(p, "revision 2") {
			t.Errorf("step %d failed, then all went well: the page is\n%.300s", n, p)
		}
	}
}

func TestWhatIsNoRevisionIsRefusedWithoutItsContent(t *testing.T) {
	good := deliveryOf(t, fullAlert("a", 1, alert.High, "S1"))
	for name, d := range map[string]alert.Delivery{
		"no JSON":            {AlertID: "a", Revision: 1, Body: []byte("Zzyzxqvist")},
		"a wrong type":       {AlertID: "a", Revision: 1, Body: []byte(`{"id":"a","revision":"Zzyzxqvist"}`)},
		"another alert":      {AlertID: "b", Revision: 1, Body: good.Body},
		"another revision":   {AlertID: "a", Revision: 2, Body: good.Body},
		"a path for an id":   {AlertID: "../a", Revision: 1, Body: []byte(`{"id":"../a","revision":1}`)},
		"the list for an id": {AlertID: "index", Revision: 1, Body: []byte(`{"id":"index","revision":1}`)},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "alerts")
			done, _, err := mustSink(t, htmlConfig(dir)).Deliver(t.Context(), 0, []alert.Delivery{d, good})
			f, ok := errors.AsType[*Failure](err)
			if done != 0 || !ok || f.Extent != Refused || strings.Contains(err.Error(), "Zzyzxqvist") {
				t.Errorf("done %d, error %v", done, err)
			}
			if entries, err := os.ReadDir(filepath.Dir(dir)); err != nil || len(entries) != 1 {
				t.Errorf("beside the folder: %v, %v", entries, err)
			}
		})
	}
}

func TestWhatIsMarkedAboveTheCeilingIsRefusedAndTheRestArrives(t *testing.T) {
	mark := func(id, marking string) alert.Delivery {
		a := fullAlert(id, 1, alert.High, "S1")
		a.Marking = marking
		return deliveryOf(t, a)
	}
	box := newMemory()
	box.add("s", mark("a", "OFFICIAL"), mark("b", "SECRET"), mark("c", "OFFICIAL-SENSITIVE PERSONAL"), mark("d", "EYES ONLY"), mark("e", ""))
	path := filepath.Join(t.TempDir(), "alerts.jsonl")
	n := mustNotifier(t, Options{Outbox: box, Sinks: []Sink{mustSink(t, Config{Name: "s", Type: "file", Path: path, Ceiling: "OFFICIAL-SENSITIVE"})}})
	drain(t, n)
	must(t, n.Close())
	if got := box.recorded["s"]; !slices.Equal(got, []string{"a/1", "c/1"}) {
		t.Errorf("arrived: %q", got)
	}
	want := []string{
		`!s b/1 it is marked "SECRET", above the sink's ceiling OFFICIAL-SENSITIVE`,
		`!s d/1 it is marked "EYES ONLY", above the sink's ceiling OFFICIAL-SENSITIVE`,
		`!s e/1 it is marked "", above the sink's ceiling OFFICIAL-SENSITIVE`,
	}
	if !slices.Equal(box.failures, want) {
		t.Errorf("failures:\n%s", strings.Join(box.failures, "\n"))
	}
}

func TestTwoSinksOnOneFolderAreRefused(t *testing.T) {
	dir := t.TempDir()
	a, b := htmlConfig(dir), htmlConfig(dir+"/.")
	b.Name, b.Ceiling = "other", "SECRET"
	if _, err := New(Options{Outbox: newMemory(), Sinks: []Sink{mustSink(t, a), mustSink(t, b)}}); err == nil {
		t.Error("both are taken")
	}
}
