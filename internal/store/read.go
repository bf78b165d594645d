package store

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"probity/internal/alert"
	"probity/internal/event"
)

// CommitNumber is the number of the last commit, 0 before the first.
func (s *Store) CommitNumber() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.head.commit
}

// Generation is the one that was committed last, "" before the first.
func (s *Store) Generation() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.head.generation
}

// Streams returns the state of every stream by its id.
func (s *Store) Streams() (map[string]StreamState, error) {
	streams := map[string]StreamState{}
	err := s.db.each(streamTable, streamTable.byKey(), nil, func(row []any) error {
		st := streamOf(row)
		streams[st.ID] = st
		return nil
	})
	return streams, err
}

func streamOf(row []any) StreamState {
	st := StreamState{ID: string(bytesOf(row[0])), Source: string(bytesOf(row[1])), State: bytesOf(row[2])}
	if st.State == nil {
		st.State = []byte{}
	}
	return st
}

func journalEntryOf(row []any) JournalEntry {
	return JournalEntry{Seq: row[0].(int64), Kind: row[2].(string), Body: json.RawMessage(row[3].(string))}
}

// EachWindow calls fn for every window state, in no particular order, from up to so many workers at once; state lives until
// fn returns, and fn calls no method of the store.
func (s *Store) EachWindow(workers int, fn func(worker int, feed, key string, state []byte) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped != nil {
		return s.stopped
	}
	if err := s.settle(); err != nil {
		return err
	}
	feeds := make([]string, workers) // the last one's of each: they are few, and a million windows have one
	return s.windows.each(workers, func(worker int, w savedState) error {
		if feeds[worker] != string(w.feed) {
			feeds[worker] = string(w.feed)
		}
		return fn(worker, feeds[worker], string(w.key), w.state)
	})
}

// EachPending calls fn for every pending match, by rule, actor and event.
func (s *Store) EachPending(fn func(PendingMatch) error) error {
	return s.db.each(pendingTable, pendingTable.byKey(), nil, func(row []any) error {
		m := PendingMatch{Rule: row[0].(string), Actor: string(bytesOf(row[1])), EventID: idIn(row[2]), Until: row[3].(int64)}
		var err error
		if m.Record, err = s.records.decode(bytesOf(row[4]), m.EventID); err != nil {
			return err
		}
		return fn(m)
	})
}

// EachJournal calls fn for every journal entry, oldest first.
func (s *Store) EachJournal(fn func(JournalEntry) error) error {
	return s.db.each(journalTable, journalTable.byKey(), nil, func(row []any) error {
		return fn(journalEntryOf(row))
	})
}

// Record returns these kept records; one that is not kept is not in the map.
func (s *Store) Record(keys []RecordKey) (map[event.ID]*event.Kept, error) {
	records := make(map[event.ID]*event.Kept, len(keys))
	var unknown []RecordKey
	for _, k := range keys {
		if row, ok := s.keptLately(k); ok {
			records[k.ID] = row.record
		} else {
			unknown = append(unknown, k)
		}
	}
	asOf := s.own.asOf()
	err := s.eachRow(unknown, func(row []any) error {
		k := RecordKey{row[0].(int64), idIn(row[1])}
		r, err := s.records.decode(bytesOf(row[3]), k.ID)
		if err != nil {
			return err
		}
		records[k.ID] = r
		if r != nil {
			s.own.read(k, keptRow{row[2].(int64), r}, keptSize(r), asOf)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	unknown = slices.DeleteFunc(unknown, func(k RecordKey) bool { return records[k.ID] != nil })
	err = s.eachPacked(unknown, func(k RecordKey, _ int64, r *event.Kept) {
		if records[k.ID] == nil {
			records[k.ID] = r
		}
	})
	return records, err
}

// keptRow is the row of a record that has one of its own.
type keptRow struct {
	until  int64
	record *event.Kept
}

// keptSize is how many bytes a keptRow takes in memory, about.
func keptSize(r *event.Kept) int { return 200 + r.Footprint() }

// keptLately is find of a record's own row, if it is not forgotten meanwhile.
func (s *Store) keptLately(k RecordKey) (keptRow, bool) {
	row, ok := s.own.find(k)
	return row, ok && row.until >= s.forgot.Load()
}

// eachRow calls fn for those of the records that have rows of their own.
func (s *Store) eachRow(keys []RecordKey, fn func(row []any) error) error {
	const most = 100
	for lot := range slices.Chunk(keys, most) {
		size := 1 // one of three, so that there are three statements
		for size < len(lot) {
			size = min(10*size, most)
		}
		where := "WHERE time = ? AND id = ?" + strings.Repeat(" OR time = ? AND id = ?", size-1)
		args := make([]any, 0, 2*size)
		for i := range size {
			k := lot[min(i, len(lot)-1)]
			args = append(args, k.Time, k.ID[:])
		}
		if err := s.db.eachOften(recordTable, where, args, fn); err != nil {
			return err
		}
	}
	return nil
}

// idIn is an event's id in a column.
func idIn(v any) (id event.ID) {
	copy(id[:], bytesOf(v))
	return id
}

// Revision is the number of an alert's last revision, 0 if there is none.
func (s *Store) Revision(alertID string) (int, error) {
	c, _, err := s.Case(alertID)
	return c.Revision, err
}

// lastAndBody answers newRevisions.
func (s *Store) lastAndBody(id string, n int, body []byte) (last int, same bool, err error) {
	if last, err = s.Revision(id); err != nil || n < 1 || n > last {
		return last, false, err
	}
	have, err := s.body(id, n)
	return last, bytes.Equal(have, body), err
}

// LastAlerts returns the last revisions of these alerts; one that is not there is not in the map.
func (s *Store) LastAlerts(ids []string) (map[string]*alert.Alert, error) {
	alerts := make(map[string]*alert.Alert, len(ids))
	for _, id := range ids {
		a, err := s.lastAlert(id)
		if err != nil {
			return nil, err
		}
		if a != nil {
			alerts[id] = a
		}
	}
	return alerts, nil
}

// EachAlert calls fn for the last revision of every alert, by id.
func (s *Store) EachAlert(fn func(*alert.Alert) error) error {
	var ids []string
	err := s.EachCase(func(c alert.Case) error {
		ids = append(ids, c.ID)
		return nil
	})
	if err != nil {
		return err
	}
	for _, id := range ids {
		a, err := s.lastAlert(id)
		if err != nil {
			return err
		}
		if a == nil {
			continue // it has expired meanwhile
		}
		if err := fn(a); err != nil {
			return err
		}
	}
	return nil
}

// lastAlert reads the last revision of an alert, nil if there is none. Which one it is the alert's case says: the index of alerts
// has no sums, and a flipped bit there could pass an older one for it.
func (s *Store) lastAlert(id string) (*alert.Alert, error) {
	for {
		n, err := s.Revision(id)
		if err != nil || n == 0 {
			return nil, err
		}
		body, err := s.body(id, n)
		if err == nil {
			return decodeAlert(body)
		}
		if now, again := s.Revision(id); again != nil || now == n {
			return nil, err
		} // it has expired, or has been revised, meanwhile
	}
}

// lastOfEach calls fn for the last revision of each alert, of rows in the order of their key.
func lastOfEach(rows func(func(row []any) error) error, fn func(*alert.Alert) error) error {
	var last []any
	flush := func() error {
		if last == nil {
			return nil
		}
		a, err := decodeAlert([]byte(last[6].(string)))
		if err != nil {
			return err
		}
		return fn(a)
	}
	err := rows(func(row []any) error {
		if last != nil && last[0] != row[0] {
			if err := flush(); err != nil {
				return err
			}
		}
		last = row
		return nil
	})
	if err != nil {
		return err
	}
	return flush()
}

func decodeAlert(body []byte) (*alert.Alert, error) {
	var a alert.Alert
	if err := json.Unmarshal(body, &a); err != nil {
		return nil, fmt.Errorf("reading a stored alert: %w", err)
	}
	return &a, nil
}

// inLots calls fn with the placeholders and arguments of up to 500 keys at a time.
func inLots[K any](keys []K, arg func(K) any, fn func(marks string, args []any) error) error {
	const lot = 500
	for len(keys) > 0 {
		n := min(lot, len(keys))
		args := make([]any, n)
		for i, k := range keys[:n] {
			args[i] = arg(k)
		}
		if err := fn(strings.TrimSuffix(strings.Repeat("?, ", n), ", "), args); err != nil {
			return err
		}
		keys = keys[n:]
	}
	return nil
}
