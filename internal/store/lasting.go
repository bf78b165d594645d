package store

import (
	"fmt"
	"time"

	"probity/internal/alert"
)

// Arrived records deliveries as Delivered does, of a sink that is told again what lasts: the last of each alert's revisions
// stays in the outbox, as what lasts, in the place of earlier ones, until Ended takes it out. So it is known after a restart
// what the sink got, whatever it was not to get.
func (s *Store) Arrived(sink string, mark int64, seqs ...int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.takeOut(sink, mark, seqs, true); err != nil {
		return fmt.Errorf("recording %d arrivals at sink %s: %w", len(seqs), sink, err)
	}
	return nil
}

// keepLasting adds rows, which are no longer due and in their order, to what lasts.
func (s *Store) keepLasting(sink string, rows []queued, next *head) error {
	for _, q := range rows {
		err := s.drop(&next.rows.outbox, "DELETE FROM outbox WHERE sink = ? AND failed = ? AND alert_id = ?", sink, int64(stateLasting), q.alertID)
		if err != nil {
			return err
		}
		q.failed, q.queuedAt, q.reason = stateLasting, next.at, ""
		next.rows.outbox++
		if err := s.db.add(outboxTable, q.row()...); err != nil {
			return err
		}
	}
	return nil
}

// Lasting returns what lasts at the sink, by the time of arrival: one revision of an alert, and when it arrived.
func (s *Store) Lasting(sink string) ([]alert.Delivery, error) {
	var list []alert.Delivery
	err := s.db.each(outboxTable, "WHERE sink = ? AND failed = ? ORDER BY seq", []any{sink, int64(stateLasting)}, func(row []any) error {
		q := queuedOf(row)
		list = append(list, alert.Delivery{Seq: q.seq, Sink: q.sink, AlertID: q.alertID, Revision: q.revision, Attempts: q.attempts, Arrived: time.Unix(0, q.queuedAt).UTC()})
		return nil
	})
	for i := 0; err == nil && i < len(list); i++ {
		list[i].Body, err = s.body(list[i].AlertID, list[i].Revision)
	}
	if err != nil {
		return nil, fmt.Errorf("reading what lasts at sink %s: %w", sink, err)
	}
	return list, nil
}

// Ended takes rows out of what lasts. Rows that are not there are passed over; a call that changes nothing makes no commit.
func (s *Store) Ended(sink string, seqs ...int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	lasts := map[int64]bool{}
	err := s.db.each(outboxTable, "WHERE sink = ? AND failed = ?", []any{sink, int64(stateLasting)}, func(row []any) error {
		lasts[queuedOf(row).seq] = true
		return nil
	})
	var gone []int64
	for _, seq := range seqs {
		if lasts[seq] {
			gone = append(gone, seq)
		}
	}
	if err == nil && len(gone) > 0 {
		err = s.write(change{rows: func(next *head) error {
			for _, seq := range gone {
				if err := s.drop(&next.rows.outbox, "DELETE FROM outbox WHERE sink = ? AND failed = ? AND seq = ?", sink, int64(stateLasting), seq); err != nil {
					return err
				}
			}
			return nil
		}})
	}
	if err != nil {
		return fmt.Errorf("recording what has ended at sink %s: %w", sink, err)
	}
	return nil
}
