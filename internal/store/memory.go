package store

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"probity/internal/alert"
	"probity/internal/event"
)

// Memory is a store without a disk, for replay and tests: the same answers as Store, and nothing left when the process
// ends. It has no outbox and keeps no rejects and no evidence. What it holds is bounded by what is alive: streams, window
// states, pending matches, kept records up to Forget, and the last revision of each alert; a replay that never asks for
// window states leaves Commit.Windows empty.
type Memory struct {
	mu         sync.Mutex
	commit     uint64
	generation string
	streams    map[string]StreamState
	tallies    map[string]map[uint64]Tally // by stream and hash
	windows    map[[2]string][]byte
	records    map[RecordKey]KeptRecord
	until      map[int64][]RecordKey // the records by Until, with some that are kept longer
	pending    map[PendingKey]PendingMatch
	alerts     map[string]*alert.Alert // last revisions, whose owner changes them no more
	journal    []JournalEntry
}

// NewMemory returns an empty Memory.
func NewMemory() *Memory {
	return &Memory{
		streams: map[string]StreamState{},
		tallies: map[string]map[uint64]Tally{},
		windows: map[[2]string][]byte{},
		records: map[RecordKey]KeptRecord{},
		until:   map[int64][]RecordKey{},
		pending: map[PendingKey]PendingMatch{},
		alerts:  map[string]*alert.Alert{},
	}
}

// Commit is as Store.Commit.
func (m *Memory) Commit(c *Commit) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	revisions, err := m.newRevisions(c.Alerts)
	if err == nil {
		err = checkJournal(c.Journal)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	m.commit++
	if c.Generation != "" {
		m.generation = c.Generation
	}
	for _, st := range c.Streams {
		gone := st.State == nil
		st.State = bytes.Clone(st.State)
		m.forgetTallies(&st, gone)
		st.Forget = 0
		put(m.streams, st.ID, st, gone)
	}
	for _, t := range c.Tallies {
		if m.tallies[t.Stream] == nil {
			m.tallies[t.Stream] = map[uint64]Tally{}
		}
		m.tallies[t.Stream][t.Hash] = t
	}
	for _, w := range c.Windows {
		if name := [2]string{w.Feed, w.Key}; w.More {
			m.windows[name] = append(m.windows[name], w.State...)
			continue
		}
		put(m.windows, [2]string{w.Feed, w.Key}, bytes.Clone(w.State), w.State == nil)
	}
	m.putRecords(c)
	for _, p := range c.Pending {
		m.pending[p.key()] = p
	}
	for _, k := range c.Decided {
		delete(m.pending, k)
	}
	for _, a := range revisions {
		m.alerts[a.ID] = a
	}
	for _, e := range c.Journal {
		m.journal = append(m.journal, JournalEntry{Seq: int64(len(m.journal)) + 1, Kind: e.Kind, Body: bytes.Clone(e.Body)})
	}
	return nil
}

func (m *Memory) forgetTallies(st *StreamState, gone bool) {
	if gone {
		delete(m.tallies, st.ID)
	} else if st.Forget != 0 {
		maps.DeleteFunc(m.tallies[st.ID], func(_ uint64, t Tally) bool { return tallyUntil(t.Time/tallySpan) < st.Forget })
	}
}

// put sets or removes a key.
func put[K comparable, V any](in map[K]V, key K, v V, gone bool) {
	if gone {
		delete(in, key)
	} else {
		in[key] = v
	}
}

func (m *Memory) putRecords(c *Commit) {
	for _, r := range c.Records {
		if have, ok := m.records[r.key()]; ok {
			if r.Until = max(r.Until, have.Until); !r.Revised || r.Record == nil {
				r.Record = have.Record
			}
		} else if r.Record == nil {
			continue
		}
		if have := m.records[r.key()]; have.Until != r.Until || have.Record == nil {
			m.until[r.Until] = append(m.until[r.Until], r.key())
		}
		m.records[r.key()] = r
	}
	if c.Forget == 0 {
		return
	}
	for until, keys := range m.until {
		if until >= c.Forget {
			continue
		}
		for _, k := range keys {
			if m.records[k].Until < c.Forget {
				delete(m.records, k)
			}
		}
		delete(m.until, until)
	}
}

// newRevisions are the alerts whose revision is not there yet. The last one, if it comes again, must be the same; what older ones
// said is not kept, and nobody can ask for it.
func (m *Memory) newRevisions(alerts []*alert.Alert) (list []*alert.Alert, err error) {
	within := map[string]*alert.Alert{} // this commit
	for _, a := range alerts {
		last := cmp.Or(within[a.ID], m.alerts[a.ID])
		n := 0
		if last != nil {
			n = last.Revision
		}
		switch {
		case a.Revision == n+1:
			list, within[a.ID] = append(list, a), a
		case a.Revision > n || a.Revision < 1:
			return nil, wrongRevision(a, n)
		case a.Revision == n:
			if same, err := sameBody(a, last); err != nil || !same {
				return nil, cmp.Or(err, otherBody(a))
			}
		}
	}
	return list, nil
}

func sameBody(a, b *alert.Alert) (bool, error) {
	x, err := a.JSON()
	if err != nil {
		return false, err
	}
	y, err := b.JSON()
	return bytes.Equal(x, y), err
}

// copyOf is an alert as it would come from a disk.
func copyOf(a *alert.Alert) (*alert.Alert, error) {
	body, err := a.JSON()
	if err != nil {
		return nil, err
	}
	return decodeAlert(body)
}

// CommitNumber is as Store.CommitNumber.
func (m *Memory) CommitNumber() uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.commit
}

// Generation is as Store.Generation.
func (m *Memory) Generation() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.generation
}

// Streams is as Store.Streams.
func (m *Memory) Streams() (map[string]StreamState, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return maps.Clone(m.streams), nil
}

// EachTally is as Store.EachTally.
func (m *Memory) EachTally(stream string, fn func(Tally) error) error {
	m.mu.Lock()
	list := slices.Collect(maps.Values(m.tallies[stream]))
	m.mu.Unlock()
	return each(list, fn)
}

// EachWindow is as Store.EachWindow.
func (m *Memory) EachWindow(_ int, fn func(worker int, feed, key string, state []byte) error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for name, state := range m.windows {
		if err := fn(0, name[0], name[1], state); err != nil {
			return err
		}
	}
	return nil
}

// EachPending is as Store.EachPending.
func (m *Memory) EachPending(fn func(PendingMatch) error) error {
	m.mu.Lock()
	list := slices.SortedFunc(maps.Values(m.pending), func(a, b PendingMatch) int {
		return cmp.Or(strings.Compare(a.Rule, b.Rule), strings.Compare(a.Actor, b.Actor), a.EventID.Compare(b.EventID))
	})
	m.mu.Unlock()
	return each(list, fn)
}

// EachJournal is as Store.EachJournal.
func (m *Memory) EachJournal(fn func(JournalEntry) error) error {
	m.mu.Lock()
	list := slices.Clone(m.journal)
	m.mu.Unlock()
	return each(list, fn)
}

func each[T any](list []T, fn func(T) error) error {
	for _, v := range list {
		if err := fn(v); err != nil {
			return err
		}
	}
	return nil
}

// Record is as Store.Record.
func (m *Memory) Record(keys []RecordKey) (map[event.ID]*event.Kept, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	records := make(map[event.ID]*event.Kept, len(keys))
	for _, k := range keys {
		if r, ok := m.records[k]; ok {
			records[k.ID] = r.Record
		}
	}
	return records, nil
}

// Revision is as Store.Revision.
func (m *Memory) Revision(alertID string) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if a := m.alerts[alertID]; a != nil {
		return a.Revision, nil
	}
	return 0, nil
}

// LastAlerts is as Store.LastAlerts.
func (m *Memory) LastAlerts(ids []string) (map[string]*alert.Alert, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	alerts := make(map[string]*alert.Alert, len(ids))
	for _, id := range ids {
		if have := m.alerts[id]; have != nil {
			a, err := copyOf(have)
			if err != nil {
				return nil, err
			}
			alerts[id] = a
		}
	}
	return alerts, nil
}

// EachAlert is as Store.EachAlert.
func (m *Memory) EachAlert(fn func(*alert.Alert) error) error {
	return m.EachFolded(func(a *alert.Alert) error {
		a, err := copyOf(a)
		if err != nil {
			return err
		}
		return fn(a)
	})
}

// EachFolded is EachAlert, but gives the alerts that were committed, which fn must not change, and which may hold their evidence
// as Alert.Quoted: for whoever wants their JSON and nothing else.
func (m *Memory) EachFolded(fn func(*alert.Alert) error) error {
	m.mu.Lock()
	last := maps.Clone(m.alerts)
	m.mu.Unlock()
	for _, id := range slices.Sorted(maps.Keys(last)) {
		if err := fn(last[id]); err != nil {
			return err
		}
	}
	return nil
}
