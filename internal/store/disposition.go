package store

import (
	"fmt"
	"time"

	"probity/internal/alert"
	"probity/internal/evidence"
)

// CloseAlert closes an alert: a disposition and an entry of the evidence of kind "disposition", in one commit. It returns the
// case as it was before. An alert that is closed already is closed again, and the later outcome counts.
func (s *Store) CloseAlert(x alert.Closing) (before alert.Case, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if before, err = s.closing(&x); err != nil {
		return before, fmt.Errorf("closing alert %s: %w", x.ID, err)
	}
	after := before
	after.Closings++
	after.ClosedRevision = x.Revision
	err = s.write(change{
		evidence: []evidence.Entry{{Kind: "disposition", Body: x}},
		rows: func(next *head) error {
			if err := s.putCase(after, false, next); err != nil {
				return err
			}
			next.rows.dispositions++
			// The evidence was appended before: its last entry is this one.
			return s.db.add(dispositionTable, x.ID, int64(after.Closings), after.Rule, string(after.Severity()), string(x.Outcome), int64(x.Revision),
				next.at, x.By, int64(next.evidence.Seq))
		},
	})
	return before, err
}

func (s *Store) closing(x *alert.Closing) (alert.Case, error) {
	if s.stopped != nil {
		return alert.Case{}, s.stopped
	}
	c, found, err := s.Case(x.ID)
	switch {
	case err != nil:
	case !found:
		err = alert.ErrUnknown
	case x.Revision == 0:
		x.Revision = c.Revision
	case x.Revision > c.Revision:
		err = fmt.Errorf("revision %d: the last one is %d", x.Revision, c.Revision)
	case x.Revision < c.Revision:
		err = fmt.Errorf("revision %d: %w; the last one is %d", x.Revision, alert.ErrRevised, c.Revision)
	}
	return c, err
}

// EachDisposition calls fn for every closing, by alert and in order.
func (s *Store) EachDisposition(fn func(alert.Disposition) error) error {
	return s.eachDisposition(dispositionTable.byKey(), nil, fn)
}

// Dispositions are the closings of one alert, in order.
func (s *Store) Dispositions(id string) (list []alert.Disposition, err error) {
	err = s.eachDisposition("WHERE alert_id = ? ORDER BY n", []any{id}, func(d alert.Disposition) error {
		list = append(list, d)
		return nil
	})
	return list, err
}

func (s *Store) eachDisposition(clause string, args []any, fn func(alert.Disposition) error) error {
	return s.db.each(dispositionTable, clause, args, func(row []any) error {
		return fn(alert.Disposition{AlertID: row[0].(string), N: int(row[1].(int64)), Rule: row[2].(string), Severity: alert.Severity(row[3].(string)),
			Outcome: alert.Outcome(row[4].(string)), Revision: int(row[5].(int64)), At: time.Unix(0, row[6].(int64)).UTC(), By: row[7].(string),
			Evidence: uint64(row[8].(int64))})
	})
}

// EvidenceEntry reads one entry of the evidence.
func (s *Store) EvidenceEntry(seq uint64) (evidence.Stored, error) {
	return evidence.Read(s.evidence.Dir(), seq)
}
