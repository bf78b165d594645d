package store

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"probity/internal/alert"
	"probity/internal/evidence"
	"probity/internal/fsx"
)

// outboxModel is the outbox by brute force; Memory is the model of the rest.
type outboxModel struct {
	seq   int64
	rows  []alert.Delivery
	marks map[string]int64
}

func (o *outboxModel) view(v *view) {
	v.Outbox, v.Marks = map[string][]string{}, map[string]int64{"file": o.marks["file"], "hook": o.marks["hook"]}
	for _, d := range o.rows {
		v.Outbox[d.Sink] = append(v.Outbox[d.Sink], fmt.Sprintf("%d %s %d %s", d.Seq, d.Key(), d.Attempts, d.Body))
	}
}

// drawCommit draws a commit that fits what the model holds.
func drawCommit(t *rapid.T, m *Memory) *Commit {
	c := &Commit{}
	state := rapid.SampledFrom([][]byte{nil, {}, []byte("x"), []byte(strings.Repeat("state", 40))})
	key := rapid.SampledFrom([]string{"", "a", "b", "c\x00", "\xff"})
	number := rapid.IntRange(0, idCount-1)
	for range rapid.IntRange(0, 2).Draw(t, "streams") {
		c.Streams = append(c.Streams, StreamState{ID: key.Draw(t, "stream"), Source: "s", State: state.Draw(t, "state"), Forget: int64(rapid.IntRange(0, 5).Draw(t, "tallies until")) * 5e10})
	}
	for range rapid.IntRange(0, 3).Draw(t, "tallies") {
		at := int64(rapid.IntRange(-2, 5).Draw(t, "at")) * 5e10
		c.Tallies = append(c.Tallies, Tally{Stream: key.Draw(t, "of"), Hash: uint64(at), Time: at, N: uint32(rapid.IntRange(0, 9).Draw(t, "n"))})
	}
	lives := maps.Clone(m.windows)
	for range rapid.IntRange(0, 4).Draw(t, "windows") {
		w := WindowState{Feed: key.Draw(t, "feed"), Key: key.Draw(t, "key"), State: state.Draw(t, "state")}
		if name := [2]string{w.Feed, w.Key}; w.State == nil {
			delete(lives, name)
		} else if _, there := lives[name]; there {
			w.More = rapid.Bool().Draw(t, "more")
		} else {
			lives[name] = w.State
		}
		c.Windows = append(c.Windows, w)
	}
	until := rapid.SampledFrom([]int64{10, 30, 50})
	for _, n := range rapid.SliceOfNDistinct(number, 0, 6, rapid.ID).Draw(t, "records") {
		c.Records = append(c.Records, KeptRecord{ID: idOf(n), Time: timeOf(n), Until: until.Draw(t, "until"), Record: recordOf(n), Held: rapid.Bool().Draw(t, "held")})
		if rapid.IntRange(0, 3).Draw(t, "prolongs") == 0 {
			c.Records[len(c.Records)-1].Record = nil
		} else if n >= idCount-4 { // an alert's, which is so each time
			k := &c.Records[len(c.Records)-1]
			k.Revised, k.Record = true, revised(n, number.Draw(t, "into"))
		}
	}
	if rapid.IntRange(0, 3).Draw(t, "forget") == 0 {
		c.Forget = int64(rapid.IntRange(0, 50).Draw(t, "before"))
	}
	for range rapid.IntRange(0, 2).Draw(t, "pending") {
		c.Pending = append(c.Pending, PendingMatch{Rule: "r", Actor: key.Draw(t, "actor"), EventID: idOf(number.Draw(t, "event")), Until: int64(number.Draw(t, "until"))})
	}
	if rapid.Bool().Draw(t, "decide") {
		for _, k := range slices.SortedFunc(maps.Keys(m.pending), func(a, b PendingKey) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) }) {
			c.Decided = append(c.Decided, k)
			break
		}
	}
	for range rapid.IntRange(0, 2).Draw(t, "alerts") {
		n := number.Draw(t, "alert")
		last, _ := m.Revision(alertOf(n, 1).ID)
		for _, a := range c.Alerts {
			if a.ID == alertOf(n, 1).ID {
				last = a.Revision
			}
		}
		c.Alerts = append(c.Alerts, alertOf(n, last+1))
	}
	c.Sinks = rapid.SampledFrom([][]string{nil, {"file"}, {"hook", "file"}}).Draw(t, "sinks")
	if rapid.IntRange(0, 3).Draw(t, "generation") == 0 {
		c.Generation = key.Draw(t, "g")
	}
	return c
}

// machine drives a store, with kills and failing disks, beside its model.
type machine struct {
	t       *testing.T
	fs      *fsx.FS
	dir     string
	s       *Store
	m       *Memory
	o       outboxModel
	commits uint64 // deliveries are commits too; Memory does not count them
}

func (x *machine) open(t *rapid.T) {
	s, err := Open(Options{Dir: x.dir, FS: x.fs})
	if err != nil {
		t.Fatal(err)
	}
	s.packAtLeast = 2
	s.windows.sizes = windowSizes{least: 500, shard: 400, step: 300, room: 300} // snapshots all the time, in small pieces
	s.cases.half, s.own.half = 1500, 2500                                       // so that some are forgotten
	x.s = s
}

func (x *machine) commit(t *rapid.T) {
	c := drawCommit(t, x.m)
	if err := x.s.Commit(c); err != nil {
		t.Fatal(err)
	}
	x.apply(t, c)
}

func (x *machine) apply(t *rapid.T, c *Commit) {
	if err := x.m.Commit(c); err != nil {
		t.Fatal(err)
	}
	x.commits++
	for _, a := range c.Alerts {
		for _, sink := range c.Sinks {
			x.o.seq++
			x.o.rows = append(x.o.rows, alert.Delivery{Seq: x.o.seq, Sink: sink, AlertID: a.ID, Revision: a.Revision, Body: []byte(text(a)), QueuedAt: testClock})
		}
	}
}

func (x *machine) commitOnAFailingDisk(t *rapid.T) {
	c := drawCommit(t, x.m)
	at := rapid.IntRange(1, 18).Draw(t, "step")
	x.fs.Fault = func(op, path string) error {
		if at--; at == 0 {
			return &fsx.ShortWrite{Bytes: 9, Err: syscall.ENOSPC}
		}
		return nil
	}
	err := x.s.Commit(c)
	x.fs.Fault = nil
	if err == nil {
		x.apply(t, c)
	} else if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
}

func (x *machine) deliver(t *rapid.T) {
	if len(x.o.rows) == 0 {
		t.Skip("nothing is due")
	}
	d := x.o.rows[rapid.IntRange(0, len(x.o.rows)-1).Draw(t, "row")]
	for range rapid.IntRange(1, 2).Draw(t, "times") { // a second time changes nothing
		if err := x.s.Delivered(d.Sink, d.Seq*100, d.Seq, d.Seq, 1e6); err != nil {
			t.Fatal(err)
		}
	}
	x.o.rows = slices.DeleteFunc(x.o.rows, func(r alert.Delivery) bool { return r.Seq == d.Seq })
	x.o.marks[d.Sink] = d.Seq * 100
	x.commits++
}

func (x *machine) fail(t *rapid.T) {
	if len(x.o.rows) == 0 {
		t.Skip("nothing is due")
	}
	i := rapid.IntRange(0, len(x.o.rows)-1).Draw(t, "row")
	permanent := rapid.Bool().Draw(t, "permanent")
	if err := x.s.Failed(x.o.rows[i].Sink, x.o.rows[i].Seq, "no \xff", permanent); err != nil {
		t.Fatal(err)
	}
	x.o.rows[i].Attempts++
	if permanent {
		x.o.rows = slices.Delete(x.o.rows, i, i+1)
	}
	x.commits++
}

// redact destroys the words of some revision, and closes its alert before: neither changes more than it says.
func (x *machine) redact(t *rapid.T) {
	entries, err := evidence.OfKind(x.s.evidence.Dir(), "alert", time.Time{}, x.s.EvidenceHead().Seq)
	if err != nil {
		t.Fatal(err)
	}
	entries = slices.DeleteFunc(entries, func(e evidence.Stored) bool { return e.Body == nil })
	if len(entries) == 0 {
		t.Skip("there is nothing to redact")
	}
	e := entries[rapid.IntRange(0, len(entries)-1).Draw(t, "entry")]
	var of firing
	if err := json.Unmarshal(e.Body, &of); err != nil {
		t.Fatal(err)
	}
	if _, err := x.s.CloseAlert(alert.Closing{ID: of.ID, Outcome: alert.Training, By: "iso"}); err != nil {
		t.Fatal(err)
	}
	if _, err := x.s.Redact(orderOf(e.Seq)); err != nil {
		t.Fatal(err)
	}
	x.commits += 2
	if last := x.m.alerts[of.ID]; last.Revision == of.Revision {
		body, err := redactedBody([]byte(text(last)))
		if err == nil {
			x.m.alerts[of.ID], err = decodeAlert(body)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	x.o.rows = slices.DeleteFunc(x.o.rows, func(d alert.Delivery) bool { return d.AlertID == of.ID && d.Revision == of.Revision })
}

// restart opens the folder again, which remembers nothing.
func (x *machine) restart(t *rapid.T) {
	if err := x.s.Close(); err != nil {
		t.Fatal(err)
	}
	x.open(t)
}

// kill opens what a kill at this instant, or at a step of a commit, would leave.
func (x *machine) kill(t *rapid.T) {
	c := drawCommit(t, x.m)
	at, img := rapid.IntRange(0, 18).Draw(t, "step"), ""
	x.fs.Fault = func(op, path string) error {
		if at--; at < 0 && img == "" {
			img = x.image(t)
		}
		return nil
	}
	if err := x.s.Commit(c); err != nil {
		t.Fatal(err)
	}
	x.fs.Fault = nil
	if img == "" {
		img = x.image(t)
	}
	x.s.Close()
	x.dir = img
	x.open(t)
	if x.s.CommitNumber() > x.commits {
		x.apply(t, c)
	}
}

func (x *machine) image(t *rapid.T) string {
	to, err := os.MkdirTemp(x.t.TempDir(), "")
	if err == nil {
		err = os.CopyFS(to, os.DirFS(x.dir))
	}
	if err != nil {
		t.Fatal(err)
	}
	return to
}

func (x *machine) check(t *rapid.T) {
	want, err := look(x.m)
	if err != nil {
		t.Fatal(err)
	}
	want.Commit = x.commits
	x.o.view(&want)
	got, err := look(x.s)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatal(diff)
	}
	if err := sameAsPlain(x.s); err != nil {
		t.Fatal(err)
	}
}

func TestAStoreThroughFaultsAndKillsAgreesWithABruteForceModel(t *testing.T) {
	// Not beside others, which read the flag. A hundred runs take 12 s; -rapid.checks with any other number is for a longer look.
	if checks := flag.Lookup("rapid.checks"); checks.Value.String() == checks.DefValue {
		must(t, flag.Set("rapid.checks", "12"))
		defer flag.Set("rapid.checks", checks.DefValue)
	}
	rapid.Check(t, func(rt *rapid.T) {
		x := &machine{t: t, fs: &fsx.FS{}, dir: t.TempDir(), m: NewMemory(), o: outboxModel{marks: map[string]int64{}}}
		x.open(rt)
		defer func() { x.s.Close() }()
		rt.Repeat(map[string]func(*rapid.T){
			"commit": x.commit, "commit again": x.commit, "commit on a failing disk": x.commitOnAFailingDisk, "deliver": x.deliver, "failed delivery": x.fail, "kill": x.kill, "redact": x.redact, "restart": x.restart,
			"": x.check,
		})
	})
}
