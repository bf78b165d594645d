package store

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"probity/internal/alert"
	"probity/internal/evidence"
	"probity/internal/fsx"
)

// delivery is the body of an evidence entry of kind "delivery".
type delivery struct {
	Sink     string `json:"sink"`
	ID       string `json:"id"`
	Revision int    `json:"revision"`
	Attempts int    `json:"attempts"` // failed ones before
	Outcome  string `json:"outcome"`  // delivered, or failed for ever
	Reason   string `json:"reason,omitempty"`
}

// The states of a row of the outbox, in its column failed.
const (
	stateDue     = 0
	stateGivenUp = 1
	stateLasting = 2 // it arrived, and is told again until it has ended; queued_at is when it arrived
)

// queued is a row of the outbox.
type queued struct {
	seq, queuedAt, failed int64
	sink, alertID, reason string
	revision, attempts    int
	folded, reopened      int64 // as in alert.Delivery; reopened is 1 or 0
}

func queuedOf(row []any) queued {
	q := queued{sink: row[0].(string), failed: row[1].(int64), seq: row[2].(int64), alertID: row[3].(string), revision: int(row[4].(int64)),
		queuedAt: row[5].(int64), attempts: int(row[6].(int64)), reason: string(bytesOf(row[7]))}
	if len(row) == len(outboxTable.columns) {
		q.folded, q.reopened = row[8].(int64), row[9].(int64)
	}
	return q
}

func (q *queued) row() []any {
	return []any{q.sink, q.failed, q.seq, q.alertID, int64(q.revision), q.queuedAt, int64(q.attempts), []byte(q.reason), q.folded, q.reopened}
}

// queue adds a revision to the outbox for one sink.
func (s *Store) queue(sink string, r revision, f filed, next *head) error {
	next.outboxSeq++
	next.rows.outbox++
	q := queued{seq: next.outboxSeq, sink: sink, alertID: r.ID, revision: r.Revision, queuedAt: next.at, folded: int64(f.after.Folded)}
	if f.reopens {
		q.reopened = 1
	}
	return s.db.add(outboxTable, q.row()...)
}

// Due returns what waits for the sink, oldest first, at most limit. Rows that were given up are not due.
func (s *Store) Due(sink string, limit int) ([]alert.Delivery, error) {
	var due []alert.Delivery
	err := s.db.each(outboxTable, "WHERE sink = ? AND failed = 0 ORDER BY seq LIMIT ?", []any{sink, int64(limit)}, func(row []any) error {
		q := queuedOf(row)
		due = append(due, alert.Delivery{Seq: q.seq, Sink: q.sink, AlertID: q.alertID, Revision: q.revision, Attempts: q.attempts,
			QueuedAt: time.Unix(0, q.queuedAt).UTC(), Folded: int(q.folded), Reopened: q.reopened != 0})
		return nil
	})
	for i := 0; err == nil && i < len(due); i++ {
		due[i].Body, err = s.body(due[i].AlertID, due[i].Revision)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the outbox of sink %s: %w", sink, err)
	}
	return due, nil
}

// body is the JSON of one revision, as it was committed.
func (s *Store) body(id string, revision int) ([]byte, error) {
	var body []byte
	err := s.db.eachOften(alertTable, "WHERE id = ? AND revision = ?", []any{id, int64(revision)}, func(row []any) error {
		body = []byte(row[6].(string))
		return nil
	})
	if err == nil && body == nil {
		err = &fsx.Damage{File: s.db.path, At: "table alerts", What: fmt.Sprintf("revision %s/%d is missing", id, revision), Do: restore}
	}
	return body, err
}

// Body is the JSON of one revision, as it was committed.
func (s *Store) Body(id string, n int) ([]byte, error) { return s.body(id, n) }

// Delivered takes rows out of the sink's outbox and stores its mark, in one commit. Rows that are not there were
// delivered before and are passed over; a call that changes nothing makes no commit.
func (s *Store) Delivered(sink string, mark int64, seqs ...int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.takeOut(sink, mark, seqs, false)
	if err != nil {
		return fmt.Errorf("recording %d deliveries of sink %s: %w", len(seqs), sink, err)
	}
	return nil
}

func (s *Store) takeOut(sink string, mark int64, seqs []int64, lasts bool) error {
	var rows []queued
	var entries []evidence.Entry
	for _, seq := range slices.Compact(slices.Sorted(slices.Values(seqs))) {
		q, found, err := s.row(sink, seq)
		if err != nil {
			return err
		}
		if found {
			rows = append(rows, q)
			entries = append(entries, evidence.Entry{Kind: "delivery", Body: delivery{
				Sink: sink, ID: q.alertID, Revision: q.revision, Attempts: q.attempts, Outcome: "delivered"}})
		}
	}
	if have, err := s.Mark(sink); err != nil || len(rows) == 0 && have == mark {
		return err
	}
	return s.write(change{evidence: entries, rows: func(next *head) error {
		for _, q := range rows {
			if err := s.unqueue(q, next); err != nil {
				return err
			}
		}
		if lasts {
			if err := s.keepLasting(sink, rows, next); err != nil {
				return err
			}
		}
		if err := s.drop(&next.rows.marks, "DELETE FROM marks WHERE sink = ?", sink); err != nil {
			return err
		}
		next.rows.marks++
		return s.db.add(markTable, sink, mark)
	}})
}

func (s *Store) unqueue(q queued, next *head) error {
	next.rows.outbox--
	return s.db.exec("DELETE FROM outbox WHERE sink = ? AND failed = ? AND seq = ?", q.sink, q.failed, q.seq)
}

// row returns one row of the sink's outbox that is due or given up.
func (s *Store) row(sink string, seq int64) (q queued, found bool, err error) {
	err = s.db.each(outboxTable, "WHERE sink = ? AND failed IN (0, 1) AND seq = ?", []any{sink, seq}, func(row []any) error {
		q, found = queuedOf(row), true
		return nil
	})
	return q, found, err
}

// Failed records an attempt that failed, and takes the row out of what is due if that is permanent.
func (s *Store) Failed(sink string, seq int64, reason string, permanent bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, found, err := s.row(sink, seq)
	if err == nil && !found {
		err = errors.New("it is not in the outbox")
	}
	if err == nil {
		after := q
		after.attempts++
		after.reason = reason
		c := change{rows: func(next *head) error {
			if err := s.unqueue(q, next); err != nil {
				return err
			}
			next.rows.outbox++
			return s.db.add(outboxTable, after.row()...)
		}}
		if permanent {
			after.failed = stateGivenUp
			c.evidence = []evidence.Entry{{Kind: "delivery", Body: delivery{
				Sink: sink, ID: q.alertID, Revision: q.revision, Attempts: after.attempts, Outcome: "failed for ever", Reason: reason}}}
		}
		err = s.write(c)
	}
	if err != nil {
		return fmt.Errorf("recording a failed delivery %d of sink %s: %w", seq, sink, err)
	}
	return nil
}

// Mark is the sink's own number, as Delivered stored it last; 0 before that.
func (s *Store) Mark(sink string) (mark int64, err error) {
	err = s.db.each(markTable, "WHERE sink = ?", []any{sink}, func(row []any) error {
		mark = row[1].(int64)
		return nil
	})
	return mark, err
}

// Outstanding says what waits for each sink: for every configured one, and for others that still have rows.
func (s *Store) Outstanding() (map[string]OutboxStat, error) {
	stats := map[string]OutboxStat{}
	for _, sink := range s.opts.Sinks {
		stats[sink] = OutboxStat{}
	}
	err := s.db.each(outboxTable, outboxTable.byKey(), nil, func(row []any) error {
		q := queuedOf(row)
		st := stats[q.sink]
		if q.failed == stateLasting {
			return nil
		} else if q.failed != stateDue {
			st.Failed++
		} else if st.Count++; st.Count == 1 {
			st.Oldest = time.Unix(0, q.queuedAt).UTC()
		}
		stats[q.sink] = st
		return nil
	})
	return stats, err
}
