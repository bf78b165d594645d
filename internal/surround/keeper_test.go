package surround

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"probity/internal/alert"
	"probity/internal/event"
	"probity/internal/evidence"
	"probity/internal/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// rig is a keeper over a real state folder, a log, and a clock that is set by hand.
type rig struct {
	*Keeper
	t      *testing.T
	dir    string
	store  *store.Store
	now    time.Time
	kept   []string
	broken error // what Surround answers
	text   string
}

func newRig(t *testing.T) *rig {
	r := &rig{t: t, dir: t.TempDir(), now: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}
	r.open()
	t.Cleanup(func() { r.must(r.store.Close()) })
	return r
}

func (r *rig) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) open() {
	s, err := store.Open(store.Options{Dir: filepath.Join(r.dir, "state"), Now: func() time.Time { return r.now }})
	r.must(err)
	r.store = s
	r.Keeper = New(Options{Shelf: shelved{r.store, r}, Now: func() time.Time { return r.now }, Kept: func(ids []string) { r.kept = append(r.kept, ids...) }})
}

// shelved is the store, which can be made to fail.
type shelved struct {
	*store.Store
	r *rig
}

func (s shelved) Surround(list []alert.Surroundings) error {
	if s.r.broken != nil {
		return s.r.broken
	}
	return s.Store.Surround(list)
}

// write appends to the log.
func (r *rig) write(text string) {
	r.text += text
	r.must(os.WriteFile(r.log(), []byte(r.text), 0o600))
}

func (r *rig) log() string { return filepath.Join(r.dir, "niche.csv") }

// numbered are log lines n to m.
func numbered(n, m int) string {
	var b strings.Builder
	for ; n <= m; n++ {
		fmt.Fprintf(&b, "line %d\n", n)
	}
	return b.String()
}

// fire commits a revision of alert "a" that quotes these lines.
func (r *rig) fire(revision int, quoted ...string) {
	a := &alert.Alert{Schema: alert.SchemaVersion, ID: "a", Revision: revision, Status: alert.Open, Rule: alert.Rule{ID: "r", Severity: alert.High}}
	for _, q := range quoted {
		a.Evidence = append(a.Evidence, event.Record{ID: q, Source: "niche", Path: r.log(), Offset: int64(strings.Index(r.text, q+"\n")), Original: q})
	}
	r.must(r.store.Commit(&store.Commit{Alerts: []*alert.Alert{a}}))
	r.Committed([]string{"a"})
}

// look lets a second pass and looks.
func (r *rig) look() { r.t.Helper(); r.must(r.later()) }

func (r *rig) later() error {
	r.now = r.now.Add(gather)
	return r.round(r.t.Context())
}

func (r *rig) of() []alert.Surrounding {
	r.t.Helper()
	c, _, err := r.store.Case("a")
	r.must(err)
	all, err := r.Of(c)
	r.must(err)
	return all["a"]
}

func (r *rig) entries() int {
	c, _, err := r.store.Case("a")
	r.must(err)
	return len(c.Surroundings)
}

func shown(s alert.Surrounding) string {
	before, after := s.Lines()
	return fmt.Sprintf("%s | %s", strings.Join(before, ","), strings.Join(after, ","))
}

func TestLinesBehindARecordAreTakenWhenTheyCome(t *testing.T) {
	r := newRig(t)
	r.write(numbered(1, 9))
	r.fire(1, "line 8")
	r.look()
	if got := r.of(); len(got) != 1 || shown(got[0]) != "line 3,line 4,line 5,line 6,line 7 | line 9" || got[0].Whole {
		t.Fatalf("%+v", got)
	}
	r.write("line 10\nhalf a li")
	r.look() // not yet time
	if r.entries() != 1 {
		t.Errorf("%d entries", r.entries())
	}
	r.now = r.now.Add(looks[0])
	r.look()
	if got := shown(r.of()[0]); got != "line 3,line 4,line 5,line 6,line 7 | line 9,line 10" {
		t.Error(got)
	}
	r.write("ne\n" + numbered(12, 20))
	r.now = r.now.Add(looks[1])
	r.look()
	if got := r.of()[0]; !got.Whole || shown(got) != "line 3,line 4,line 5,line 6,line 7 | line 9,line 10,half a line,line 12,line 13" {
		t.Errorf("%+v", got)
	}
	r.now = r.now.Add(24 * time.Hour)
	r.look()
	if c, _, _ := r.store.Case("a"); r.entries() != 3 || c.Surrounded != 1 || r.rest() != 0 {
		t.Errorf("%d entries, settled for revision %d, %v to wait", r.entries(), c.Surrounded, r.rest())
	}
	if !slices.Equal(r.kept, []string{"a", "a", "a"}) {
		t.Errorf("told of %v", r.kept)
	}
}

func TestALogThatStaysQuietIsLeftAfterAWhile(t *testing.T) {
	r := newRig(t)
	r.write(numbered(1, 3))
	r.fire(1, "line 3")
	n := 0
	for ; r.rest() != 0 && n < 20; n++ {
		r.look()
		r.now = r.now.Add(r.rest())
	}
	if c, _, _ := r.store.Case("a"); c.Surrounded != 1 || r.entries() != 1 || n != len(looks)+1 {
		t.Errorf("after %d looks: %+v", n, c)
	}
}

func TestAKillLeavesNothingUnlookedAt(t *testing.T) {
	r := newRig(t)
	r.write(numbered(1, 30))
	r.fire(1, "line 8")
	r.must(r.store.Close()) // before any look
	r.open()
	ctx, cancel := context.WithCancel(t.Context())
	r.Kept = func([]string) { cancel() }
	r.Run(ctx)
	if got := r.of(); len(got) != 1 || !got[0].Whole {
		t.Errorf("%+v", got)
	}
	r.must(r.store.Close()) // and what is settled is not looked at again
	r.open()
	r.must(r.resume())
	if r.rest() != 0 {
		t.Error("it is looked at again")
	}
	if got := r.of(); len(got) != 1 || !got[0].Whole { // from the evidence, not from memory
		t.Errorf("%+v", got)
	}
}

func TestNobodyIsShownAnAlertWhoseSurroundingsCouldStillBeLost(t *testing.T) {
	r := newRig(t)
	r.write(numbered(1, 30))
	r.fire(1, "line 8")
	if got := r.of(); len(got) != 1 || !got[0].Whole || r.entries() != 1 {
		t.Errorf("%d entries, %+v", r.entries(), got)
	}
	r.broken = errors.New("no space left on device")
	r.fire(2, "line 8", "line 20")
	if err := r.later(); !errors.Is(err, r.broken) {
		t.Error(err)
	}
	r.broken = nil
	r.look()
	if got := r.of(); len(got) != 2 || r.entries() != 2 {
		t.Errorf("after the disk had room again: %d entries, %+v", r.entries(), got)
	}
}

func TestARevisionThatComesDuringALookIsLookedAt(t *testing.T) {
	r := newRig(t)
	r.write(numbered(1, 30))
	r.fire(1, "line 8")
	once := true
	r.Kept = func([]string) {
		if once {
			once = false
			r.fire(2, "line 8", "line 20")
		}
	}
	r.look()
	r.look()
	if r.entries() != 2 {
		t.Errorf("%d entries", r.entries())
	}
}

func TestARecordThatIsGoneIsSaidToBeGone(t *testing.T) {
	r := newRig(t)
	r.write(numbered(1, 30))
	r.fire(1, "line 8", "line 9")
	r.must(os.WriteFile(r.log(), []byte("somebody else's\n"), 0o600))
	got := r.of()
	if len(got) != 2 || got[0].Missing == "" || got[0].Before != "" {
		t.Errorf("%+v", got)
	}
	if c, _, _ := r.store.Case("a"); c.Surrounded != 1 {
		t.Error("it is looked for again")
	}
}

func TestWhatWasLawfullyErasedIsNotTakenAgain(t *testing.T) {
	r := newRig(t)
	r.write(numbered(1, 30))
	r.fire(1, "line 8")
	r.look()
	c, _, err := r.store.Case("a")
	r.must(err)
	if _, err := r.store.Redact(evidence.Redaction{Seq: c.Surroundings[0], Reason: "a test", ApprovedBy: "DPO"}); err != nil {
		t.Fatal(err)
	}
	r.must(r.store.Close())
	r.open()
	r.fire(2, "line 8", "line 20")
	r.look()
	if got := r.of(); len(got) != 0 || r.entries() != 1 || r.rest() != 0 {
		t.Errorf("%d entries: %+v", r.entries(), got)
	}
	files, err := filepath.Glob(filepath.Join(r.dir, "state", "evidence", "bodies", "*"))
	r.must(err)
	for _, f := range files {
		if b, _ := os.ReadFile(f); strings.Contains(string(b), "line 7") {
			t.Errorf("%s holds what was erased", f)
		}
	}
}

func TestAnyBytesAroundARecordAreKeptAndNoMoreThanThereIsRoomFor(t *testing.T) {
	r := newRig(t)
	r.write("\xff\xfe\x00\n" + strings.Repeat("b", 3*sideBytes) + "\nbefore\nline 8\n" + strings.Repeat("a", 3*sideBytes) + "\n")
	r.fire(1, "line 8")
	r.look()
	got := r.of()
	if len(got) != 1 || !got[0].Whole || shown(got[0]) != "before | " {
		t.Errorf("%+v", got)
	}
	r = newRig(t)
	r.write("\xff\xfe\x00\nline 8\n" + numbered(9, 20))
	r.fire(1, "line 8")
	r.look()
	if got := r.of(); len(got) != 1 || !got[0].Base64 || !strings.HasPrefix(shown(got[0]), "\xff\xfe\x00 | line 9,") {
		t.Errorf("%+v", got)
	}
}

// A further revision may come days after an alert's first one, and be the last thing before a kill: the lines behind its record
// are waited for as they would have been.
func TestLinesBehindTheRecordOfALaterRevisionAreWaitedForAfterAKill(t *testing.T) {
	r := newRig(t)
	r.write(numbered(1, 9))
	r.fire(1, "line 2")
	r.look()
	r.now = r.now.Add(72 * time.Hour)
	r.fire(2, "line 2", "line 9")
	r.must(r.store.Close()) // before any look
	r.open()
	r.must(r.resume())
	r.must(r.round(t.Context()))
	r.write(numbered(10, 20))
	r.now = r.now.Add(looks[0])
	r.look()
	got := r.of()
	if len(got) != 2 || !got[1].Whole || !strings.HasSuffix(shown(got[1]), "| line 10,line 11,line 12,line 13,line 14") {
		t.Errorf("%+v", got)
	}
}

// The same, where somebody is shown the alert before anything else is done.
func TestWhoLooksFirstAfterAKillDoesNotEndTheWaiting(t *testing.T) {
	r := newRig(t)
	r.write(numbered(1, 9))
	r.fire(1, "line 9")
	r.must(r.store.Close()) // before any look
	r.now = r.now.Add(72 * time.Hour)
	r.open()
	r.of()
	r.write(numbered(10, 20))
	r.now = r.now.Add(looks[0])
	r.look()
	if got := r.of(); len(got) != 1 || !got[0].Whole {
		t.Errorf("%+v", got)
	}
}

// damaged is a shelf on which what was preserved for one alert cannot be read.
type damaged struct {
	shelf
	id string
}

var errDamaged = errors.New("a checksum is wrong")

func (d damaged) Surroundings(c alert.Case) ([]alert.Surroundings, error) {
	if c.ID == d.id {
		return nil, errDamaged
	}
	return d.shelf.Surroundings(c)
}

// What is wrong with one alert keeps no other from being preserved, or shown.
func TestAnAlertThatCannotBeLookedAtKeepsNoOtherFromIt(t *testing.T) {
	r := newRig(t)
	r.write(numbered(1, 30))
	r.fire(1, "line 8")
	r.look()
	r.must(r.store.Close())
	r.open()
	r.Shelf = damaged{r.Shelf, "a"}
	r.fire(2, "line 8", "line 9")
	b := &alert.Alert{Schema: alert.SchemaVersion, ID: "b", Revision: 1, Status: alert.Open, Rule: alert.Rule{ID: "r", Severity: alert.High},
		Evidence: []event.Record{{ID: "line 20", Source: "niche", Path: r.log(), Offset: int64(strings.Index(r.text, "line 20\n")), Original: "line 20"}}}
	r.must(r.store.Commit(&store.Commit{Alerts: []*alert.Alert{b}}))
	r.Committed([]string{"b"})
	if err := r.later(); !errors.Is(err, errDamaged) {
		t.Errorf("the damage is not told: %v", err)
	}
	cases, err := r.store.Cases([]string{"a", "b"})
	r.must(err)
	if cases["b"].Surrounded != 1 {
		t.Errorf("nothing was preserved for the other: %+v", cases["b"])
	}
	all, err := r.Of(cases["a"], cases["b"])
	if !errors.Is(err, errDamaged) || len(all["b"]) != 1 || !all["b"][0].Whole {
		t.Errorf("%+v, %v", all, err)
	}
}

func TestTheLogIsToldNoRecord(t *testing.T) {
	r := newRig(t)
	a := &alert.Alert{Schema: alert.SchemaVersion, ID: "a", Revision: 1, Status: alert.Open, Rule: alert.Rule{ID: "r", Severity: alert.High},
		Evidence: []event.Record{{ID: "record-xqz", Source: "niche", Path: r.log(), Base64: true, Original: "xqz?"}}}
	r.must(r.store.Commit(&store.Commit{Alerts: []*alert.Alert{a}}))
	r.Committed([]string{"a"})
	if err := r.later(); err == nil || strings.Contains(err.Error(), "xqz") {
		t.Errorf("the error is %v", err)
	}
}
