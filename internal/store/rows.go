package store

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"

	"probity/internal/alert"
	"probity/internal/event"
	"probity/internal/evidence"
)

// Commit makes c durable, whole or not at all, and gives it the next number. After an error the state is what it was
// before, and the same Commit can be tried again.
func (s *Store) Commit(c *Commit) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped != nil {
		return s.stopped
	}
	p, err := s.pack(c)
	if err != nil {
		return fmt.Errorf("preparing commit %d: %w: %w", s.head.commit+1, ErrRefused, err)
	}
	if len(c.Alerts) == 0 {
		s.unpacked.forget() // nobody asks just now
	}
	return s.write(change{
		evidence: p.evidence,
		windows:  c.Windows,
		rejects:  p.rejects,
		rows:     func(next *head) error { return s.putRows(c, p, next) },
	})
}

// packed is what a commit needs in encoded form; everything that the caller can have wrong is found here, before anything
// is written.
type packed struct {
	alerts   []revision
	cases    []filed // by alerts
	evidence []evidence.Entry
	rejects  []byte
	packs    []parcel
	single   []int    // indices of the records that get rows of their own
	records  [][]byte // by single
	before   map[RecordKey]asKept
	pending  [][]byte // by c.Pending
}

// revision is a new revision of an alert.
type revision struct {
	*alert.Alert
	body []byte
}

// firing is the body of an evidence entry of kind "alert".
type firing struct {
	ID       string `json:"id"`
	Revision int    `json:"revision"`
	Rule     string `json:"rule"`
	Version  int    `json:"version"`
	SHA256   string `json:"sha256"` // of the revision's body
}

func (s *Store) pack(c *Commit) (p packed, err error) {
	if p.alerts, err = newRevisions(c.Alerts, s.lastAndBody); err != nil {
		return p, err
	}
	for _, r := range p.alerts {
		sum := sha256.Sum256(r.body)
		p.evidence = append(p.evidence, evidence.Entry{Kind: "alert", Body: firing{
			ID: r.ID, Revision: r.Revision, Rule: r.Rule.ID, Version: r.Rule.Version, SHA256: hex.EncodeToString(sum[:])}})
	}
	if p.cases, err = s.file(c, p.alerts); err != nil {
		return p, err
	}
	for i, f := range p.cases {
		if f.reopens {
			p.evidence = append(p.evidence, evidence.Entry{Kind: "reopened", Body: reopening{ID: f.after.ID, Revision: p.alerts[i].Revision}})
		}
	}
	p.evidence = append(p.evidence, c.Evidence...)
	if p.rejects, err = encodeRejects(c.Rejects); err != nil {
		return p, err
	}
	p.packs, p.single = parcels(c.Records, s.packAtLeast)
	if p.before, err = s.kept(c.Records, p.single); err != nil {
		return p, err
	}
	p.single = slices.DeleteFunc(p.single, func(i int) bool { return p.before[c.Records[i].key()].holds(&c.Records[i]) })
	s.records.packAll(c.Records, p.packs)
	p.records = s.records.encodeAll(len(p.single), func(i int) *event.Kept { return c.Records[p.single[i]].Record })
	p.pending = s.records.encodeAll(len(c.Pending), func(i int) *event.Kept { return c.Pending[i].Record })
	if len(c.Sinks) != len(slices.Compact(slices.Sorted(slices.Values(c.Sinks)))) {
		return p, fmt.Errorf("the sinks %q: one is named twice", c.Sinks)
	}
	return p, checkJournal(c.Journal)
}

func checkJournal(entries []JournalEntry) error {
	for i, e := range entries {
		if e.Kind == "" || !json.Valid(e.Body) {
			return fmt.Errorf("journal entry %d (%q): it needs a kind, and a body that is JSON", i+1, e.Kind)
		}
	}
	return nil
}

// newRevisions encodes the alerts whose revision is not there yet. last returns the number of an alert's last revision, 0
// if it has none, and whether revision n of it has that body.
func newRevisions(alerts []*alert.Alert, last func(id string, n int, body []byte) (last int, same bool, err error)) ([]revision, error) {
	var list []revision
	within := map[string]int{} // alert → index+1 into list of its last revision in this commit
	for _, a := range alerts {
		body, err := a.JSON()
		if err != nil {
			return nil, fmt.Errorf("alert %s: %w", a.Key(), err)
		}
		have, same, err := last(a.ID, a.Revision, body)
		if err != nil {
			return nil, err
		}
		if i := within[a.ID]; i > 0 {
			have = list[i-1].Revision
			same = a.Revision == have && string(list[i-1].body) == string(body)
		}
		switch {
		case a.Revision == have+1:
			list = append(list, revision{a, body})
			within[a.ID] = len(list)
		case a.Revision > have+1 || a.Revision < 1:
			return nil, wrongRevision(a, have)
		case !same:
			return nil, otherBody(a)
		}
	}
	return list, nil
}

func wrongRevision(a *alert.Alert, last int) error {
	return fmt.Errorf("alert %s: its last revision is %d, so the next is %d", a.Key(), last, last+1)
}

func otherBody(a *alert.Alert) error {
	return fmt.Errorf("alert %s: this revision is there with another body, and a body never changes", a.Key())
}

// putRows is the database's part of a commit.
func (s *Store) putRows(c *Commit, p packed, next *head) error {
	if c.Generation != "" {
		next.generation = c.Generation
	}
	for i := range c.Streams {
		if err := s.putStream(&c.Streams[i], next); err != nil {
			return err
		}
	}
	for i, r := range p.alerts {
		if err := s.putAlert(r, next); err != nil {
			return err
		}
		f := p.cases[i]
		if err := s.putCase(f.after, f.before == nil, next); err != nil {
			return err
		}
		for _, sink := range f.sinks {
			if err := s.queue(sink, r, f, next); err != nil {
				return err
			}
		}
	}
	for i := range p.packs {
		if err := s.putPack(c, &p.packs[i], i, next); err != nil {
			return err
		}
	}
	for n, i := range p.single {
		if err := s.putRecord(&c.Records[i], p.records[n], p.before[c.Records[i].key()], next); err != nil {
			return err
		}
	}
	if c.Forget != 0 {
		s.forgot.Store(max(s.forgot.Load(), c.Forget)) // if the commit fails, more is asked than need be
		if err := s.drop(&next.rows.records, "DELETE FROM records WHERE until < ?", c.Forget); err != nil {
			return err
		}
		if err := s.drop(&next.rows.packs, "DELETE FROM packs WHERE until < ?", c.Forget); err != nil {
			return err
		}
	}
	if err := s.putTallies(c.Tallies, next); err != nil {
		return err
	}
	if err := s.putPending(c, p.pending, next); err != nil {
		return err
	}
	for _, e := range c.Journal {
		next.journalSeq++
		if err := s.db.add(journalTable, next.journalSeq, int64(next.commit), e.Kind, string(e.Body)); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) putStream(st *StreamState, next *head) error {
	if err := s.drop(&next.rows.streams, "DELETE FROM streams WHERE id = ?", []byte(st.ID)); err != nil {
		return err
	}
	if st.State == nil {
		return s.drop(&next.rows.tallies, "DELETE FROM tallies WHERE stream = ?", []byte(st.ID))
	}
	if st.Forget != 0 {
		if err := s.drop(&next.rows.tallies, "DELETE FROM tallies WHERE stream = ? AND until < ?", []byte(st.ID), st.Forget); err != nil {
			return err
		}
	}
	next.rows.streams++
	return s.db.add(streamTable, []byte(st.ID), []byte(st.Source), st.State)
}

// drop deletes rows and counts them off.
func (s *Store) drop(count *int64, query string, args ...any) error {
	n, err := s.db.execCount(query, args...)
	*count -= n
	return err
}

func (s *Store) putAlert(r revision, next *head) error {
	next.rows.alerts++
	return s.db.add(alertTable, r.ID, int64(r.Revision), int64(next.commit), r.Rule.ID, string(r.Rule.Severity), string(r.Status), string(r.body))
}

// inOrderOfTime are the indices of records in the order of their rows: a commit then fills one page after the other.
func inOrderOfTime(records []KeptRecord) []int {
	order := make([]int, len(records))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return records[a].key().compare(records[b].key()) })
	return order
}

// putRecord keeps a record in a row of its own, or prolongs one that is kept already. before is how it was kept, of one that is
// prolonged, held or revised.
func (s *Store) putRecord(k *KeptRecord, record []byte, before asKept, next *head) error {
	if before.row == nil && k.Record == nil {
		return nil
	}
	if before.row == nil {
		added, err := s.db.keep(recordTable, k.Time, k.ID[:], k.Until, record)
		if added {
			next.rows.records++
			s.know(k, keptRow{k.Until, k.Record})
		}
		if added || err != nil {
			return err
		}
		err = s.db.eachOwn(recordTable, "WHERE time = ? AND id = ?", []any{k.Time, k.ID[:]}, func(row []any) error {
			before = asKeptIn(row)
			return nil
		})
		if err != nil || before.holds(k) {
			return err
		}
	}
	known := keptRow{max(before.until, k.Until), k.Record}
	if !k.Revised || k.Record == nil {
		record, known.record = before.row, before.record
	}
	if !before.own {
		next.rows.records++
	}
	s.know(k, known)
	return s.db.put(recordTable, k.Time, k.ID[:], known.until, record)
}

// know lays aside what the row of a record will be. Only those that an alert holds are asked for again.
func (s *Store) know(k *KeptRecord, row keptRow) {
	if k.Held && row.record != nil {
		s.own.write(k.key(), row, keptSize(row.record))
	} else {
		s.own.unknow(k.key())
	}
}

// asKept is how a record is kept; own says that it has a row of its own, which then counts: what a pack still holds is the same, or
// older.
type asKept struct {
	until  int64
	row    []byte      // packed for a row of its own
	record *event.Kept // nil if it was not unpacked
	own    bool
}

// holds says that k changes nothing.
func (a asKept) holds(k *KeptRecord) bool { return a.own && a.until >= k.Until && !k.Revised }

func asKeptIn(row []any) asKept {
	return asKept{until: row[2].(int64), row: bytesOf(row[3]), own: true}
}

// kept says how these records of a commit are kept before it: those that it prolongs, holds or revises. One whose text is given
// and that is not revised is not looked for in packs: nothing there would change its row.
func (s *Store) kept(records []KeptRecord, which []int) (map[RecordKey]asKept, error) {
	var keys, packed []RecordKey
	found := make(map[RecordKey]asKept, len(which))
	for _, i := range which {
		k := &records[i]
		if row, ok := s.keptLately(k.key()); ok {
			found[k.key()] = s.asKeptLately(k, row)
			continue
		}
		if k.Record == nil || k.Revised || k.Held {
			keys = append(keys, k.key())
		}
		if k.Record == nil || k.Revised {
			packed = append(packed, k.key())
		}
	}
	err := s.eachRow(keys, func(row []any) error {
		found[RecordKey{row[0].(int64), idIn(row[1])}] = asKeptIn(row)
		return nil
	})
	if err != nil {
		return nil, err
	}
	packed = slices.DeleteFunc(packed, func(k RecordKey) bool { return found[k].own })
	err = s.eachPacked(packed, func(k RecordKey, until int64, r *event.Kept) {
		f := found[k]
		if f.row == nil {
			f.row, f.record = s.records.encode(r), r
		}
		f.until = max(f.until, until)
		found[k] = f
	})
	return found, err
}

// asKeptLately is how a record is kept whose row is known; that is packed again only if k changes it.
func (s *Store) asKeptLately(k *KeptRecord, row keptRow) asKept {
	a := asKept{until: row.until, record: row.record, own: true}
	if !a.holds(k) {
		a.row = s.records.encode(row.record)
	}
	return a
}

func (s *Store) putPending(c *Commit, records [][]byte, next *head) error {
	const gone = "DELETE FROM pending WHERE rule = ? AND actor = ? AND event_id = ?"
	for i := range c.Pending {
		m := &c.Pending[i]
		if err := s.drop(&next.rows.pending, gone, m.Rule, []byte(m.Actor), m.EventID[:]); err != nil {
			return err
		}
		next.rows.pending++
		if err := s.db.add(pendingTable, m.Rule, []byte(m.Actor), m.EventID[:], m.Until, records[i]); err != nil {
			return err
		}
	}
	for _, k := range c.Decided {
		if err := s.drop(&next.rows.pending, gone, k.Rule, []byte(k.Actor), k.EventID[:]); err != nil {
			return err
		}
	}
	return nil
}

// bytesOf is a BLOB column: the driver reads an empty one as nil.
func bytesOf(v any) []byte {
	b, _ := v.([]byte)
	return b
}
