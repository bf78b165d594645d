package store

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"probity/internal/alert"
	"probity/internal/event"
	"probity/internal/evidence"
	"probity/internal/fsx"
)

// keeper is what Store and Memory have in common: what the pipeline needs.
type keeper interface {
	Commit(*Commit) error
	CommitNumber() uint64
	Generation() string
	Streams() (map[string]StreamState, error)
	EachTally(string, func(Tally) error) error
	EachWindow(workers int, fn func(worker int, feed, key string, state []byte) error) error
	EachPending(func(PendingMatch) error) error
	EachJournal(func(JournalEntry) error) error
	EachAlert(func(*alert.Alert) error) error
	Record([]RecordKey) (map[event.ID]*event.Kept, error)
	Revision(string) (int, error)
	LastAlerts([]string) (map[string]*alert.Alert, error)
}

// view is everything that can be read from a keeper.
type view struct {
	Commit     uint64
	Generation string
	Streams    map[string]StreamState
	Tallies    map[string]map[uint64]Tally
	Windows    map[[2]string]string
	Pending    []string
	Journal    []string
	Alerts     []string
	Records    map[event.ID]string
	Outbox     map[string][]string // of Store only
	Marks      map[string]int64
}

const idCount = 12 // records, alerts and the like of the tests are numbered below this

func idOf(n int) event.ID { return event.ID{0: byte(n), 15: 0xff} }

// timeOf is the event time of recordOf(n).
func timeOf(n int) int64 { return time.Unix(int64(n), 7).UnixNano() }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func text(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// look reads everything, or says why that cannot be done.
func look(k keeper) (v view, err error) {
	v = view{Commit: k.CommitNumber(), Generation: k.Generation(), Windows: map[[2]string]string{}, Records: map[event.ID]string{}}
	if v.Streams, err = k.Streams(); err != nil {
		return v, err
	}
	v.Tallies = map[string]map[uint64]Tally{}
	for _, id := range []string{"", "a", "b", "c\x00", "\xff", "stream\xff\x000", "stream\xff\x001"} {
		of := map[uint64]Tally{}
		if err := k.EachTally(id, func(t Tally) error { of[t.Hash] = t; return nil }); err != nil {
			return v, err
		}
		if len(of) > 0 {
			v.Tallies[id] = of
		}
	}
	var mu sync.Mutex
	if err := k.EachWindow(3, func(_ int, feed, key string, state []byte) error {
		mu.Lock()
		defer mu.Unlock()
		if _, twice := v.Windows[[2]string{feed, key}]; twice {
			return fmt.Errorf("window %q %q came twice", feed, key)
		}
		v.Windows[[2]string{feed, key}] = string(state)
		return nil
	}); err != nil {
		return v, err
	}
	if err := k.EachPending(func(p PendingMatch) error { v.Pending = append(v.Pending, text(p)+textOf(p.Record)); return nil }); err != nil {
		return v, err
	}
	if err := k.EachJournal(func(e JournalEntry) error { v.Journal = append(v.Journal, text(e)); return nil }); err != nil {
		return v, err
	}
	if err := k.EachAlert(func(a *alert.Alert) error {
		n, err := k.Revision(a.ID)
		if err == nil && n != a.Revision {
			err = fmt.Errorf("alert %s: Revision says %d", a.Key(), n)
		}
		v.Alerts = append(v.Alerts, text(a))
		return err
	}); err != nil {
		return v, err
	}
	var keys []RecordKey
	for n := range idCount {
		keys = append(keys, RecordKey{timeOf(n), idOf(n)})
	}
	records, err := k.Record(keys)
	if err != nil {
		return v, err
	}
	for id, r := range records {
		v.Records[id] = textOf(r)
	}
	if s, ok := k.(*Store); ok {
		return v, s.lookOutbox(&v)
	}
	return v, nil
}

func (s *Store) lookOutbox(v *view) error {
	v.Outbox, v.Marks = map[string][]string{}, map[string]int64{}
	for _, sink := range []string{"file", "hook"} {
		due, err := s.Due(sink, 1000)
		if err != nil {
			return err
		}
		for _, d := range due {
			v.Outbox[sink] = append(v.Outbox[sink], fmt.Sprintf("%d %s %d %s", d.Seq, d.Key(), d.Attempts, d.Body))
		}
		if v.Marks[sink], err = s.Mark(sink); err != nil {
			return err
		}
	}
	return nil
}

func viewOf(t testing.TB, k keeper) view {
	t.Helper()
	v, err := look(k)
	must(t, err)
	return v
}

func openStore(t testing.TB, dir string, fs *fsx.FS) *Store {
	t.Helper()
	s, err := Open(Options{Dir: dir, FS: fs, Sinks: []string{"file", "hook"}, Now: func() time.Time { return time.Unix(1772452800, 0) }})
	must(t, err)
	t.Cleanup(func() { s.Close() })
	return s
}

func alertOf(n, revision int) *alert.Alert {
	return &alert.Alert{Schema: alert.SchemaVersion, ID: fmt.Sprintf("alert%02d", n), Revision: revision, Status: alert.Open,
		Rule: alert.Rule{ID: "denied", Version: 2, Severity: alert.High}, Summary: fmt.Sprintf("PC %d <&> \u2028 was refused", n), Count: revision,
		Evidence: []event.Record{*quotedOf(n)}}
}

// quotedOf is as little as the stored folders of old versions hold.
func quotedOf(n int) *event.Record {
	return &event.Record{ID: idOf(n).String(), Source: "niche", Path: "/var/log/\u00e9.csv", Offset: int64(n) << 40, Original: "a,b\x00,c",
		Time: time.Unix(int64(n), 7).UTC(), Fields: map[string]any{"query.count": int64(1) << 60, "user.id": "u"}, Native: []event.Pair{{Name: "A", Text: "b"}}}
}

func recordOf(n int) *event.Kept {
	k, err := quotedOf(n).Keep()
	if err != nil {
		panic(err)
	}
	return k
}

// revised is recordOf(other) under the id of n.
func revised(n, other int) *event.Kept {
	k := recordOf(other)
	k.ID = idOf(n)
	return k
}

func textOf(k *event.Kept) string {
	if k == nil {
		return ""
	}
	r, err := k.Record()
	if err != nil {
		panic(err)
	}
	return text(r)
}

// oneOfEach is a commit with something of everything; n tells commits apart.
func oneOfEach(n int) *Commit {
	return &Commit{
		Streams:    []StreamState{{ID: fmt.Sprintf("stream\xff\x00%d", n%2), Source: "niche", State: []byte{byte(n), 0, 1}}, {ID: "empty", State: []byte{}}},
		Tallies:    []Tally{{Stream: fmt.Sprintf("stream\xff\x00%d", n%2), Hash: uint64(n) << 60, Time: int64(n) * 1e10, N: uint32(n)}},
		Windows:    []WindowState{{Feed: "f", Key: fmt.Sprintf("k\x00\xff%d", n), State: []byte(strings.Repeat("w", n))}, {Feed: "f", Key: "", State: []byte{}}},
		Records:    []KeptRecord{{ID: idOf(n % idCount), Time: timeOf(n % idCount), Until: int64(n * 10), Record: recordOf(n)}},
		Pending:    []PendingMatch{{Rule: "r", Actor: "a\xff\x00", EventID: idOf(n), Until: int64(n), Record: recordOf(n)}, {Rule: "r", EventID: idOf(1)}},
		Decided:    []PendingKey{{Rule: "r", Actor: "a\xff\x00", EventID: idOf(n - 1)}},
		Alerts:     []*alert.Alert{alertOf(0, n), alertOf(n, 1)},
		Sinks:      []string{"file", "hook"},
		Rejects:    []Reject{{Source: "niche", Path: "/p", Offset: int64(n), Reason: "columns", Detail: "17 of 18", Data: []byte("a\xff\x00"), At: time.Unix(5, 0)}},
		Evidence:   []evidence.Entry{{Kind: "gap", Body: n}},
		Journal:    []JournalEntry{{Kind: "idle", Body: json.RawMessage(fmt.Sprintf(`{"n":%d}`, n))}},
		Generation: fmt.Sprintf("g%d", n),
	}
}

// image copies the state folder as a kill at this instant would leave it.
func image(t testing.TB, dir string) string {
	t.Helper()
	to := t.TempDir()
	must(t, os.CopyFS(to, os.DirFS(dir)))
	return to
}

func readFile(t testing.TB, parts ...string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(parts...))
	must(t, err)
	return b
}
