package store

import (
	"errors"
	"fmt"
	"time"

	"probity/internal/evidence"
)

// change is what one commit writes, in its order: evidence, window states, rejects, and then, in one transaction, the
// rows and the head that makes all of it true.
type change struct {
	evidence []evidence.Entry
	windows  []WindowState
	rejects  []byte
	rows     func(next *head) error
}

// write makes the change durable, whole or not at all. The caller holds s.mu.
func (s *Store) write(c change) error {
	if s.stopped != nil {
		return s.stopped
	}
	if err := s.settle(); err != nil {
		return fmt.Errorf("going back to commit %d after one that failed: %w", s.head.commit, err)
	}
	next := s.head
	next.commit++
	now := s.opts.Now().UTC()
	next.at = now.UnixNano()
	s.unsettled = true
	s.cases.begin()
	s.own.begin()
	if err := s.appendFiles(c, now, &next); err != nil {
		return fmt.Errorf("commit %d: %w", next.commit, err)
	}
	s.inDoubt = true
	err := s.db.transaction(func() error {
		if err := c.rows(&next); err != nil {
			return err
		}
		return s.db.put(headTable, next.row()...)
	})
	if err != nil && !s.landed(next) {
		return fmt.Errorf("commit %d: %w", next.commit, err)
	}
	replaced := next.windows.Old == 0 && (next.windows.File != s.head.windows.File || s.head.windows.Old != 0)
	s.head, s.unsettled, s.inDoubt = next, false, false
	s.cases.committed()
	s.own.committed()
	s.acknowledged.note(next.commit)
	if replaced {
		// The commit is durable whatever becomes of the old file: the next start removes it.
		_ = errors.Join(s.windows.endCycle(), s.windows.removeOthers())
	}
	return nil
}

// appendFiles is the part of a commit that comes before its transaction.
func (s *Store) appendFiles(c change, now time.Time, next *head) (err error) {
	if next.evidence, err = s.evidence.Append(now, c.evidence); err != nil {
		return err
	}
	if next.windows, err = s.windows.append(next.commit, c.windows); err != nil {
		return err
	}
	if len(c.rejects) == 0 {
		return nil
	}
	if err = s.rejects.Append(c.rejects); err != nil {
		return err
	}
	next.rejects = s.rejects.Size()
	return s.rejects.Sync()
}

// landed says whether a transaction that ended in an error is in the database all the same.
func (s *Store) landed(next head) bool {
	got, err := s.db.readHead(headTable)
	return err == nil && got == next
}

// settle goes back to the last commit after one that failed.
//
// A transaction whose last fsync failed is not visible, and yet may stand whole in SQLite's write-ahead log, where a start
// after a power cut would find it. So before its companions are cut off the files, a small transaction of its own is made
// durable: it takes the place of the lost one in that log.
func (s *Store) settle() error {
	if !s.unsettled {
		return nil
	}
	if s.inDoubt {
		got, err := s.db.readHead(headTable)
		if err != nil {
			return err
		}
		if got.commit != s.head.commit {
			s.stopped = fmt.Errorf("%w: a commit that failed is in the database after all: close the state folder and open it again", ErrRefused)
			return s.stopped
		}
		next := s.head
		next.settled = got.settled + 1
		if err := s.db.transaction(func() error { return s.db.put(headTable, next.row()...) }); err != nil && !s.landed(next) {
			return err
		}
		s.head, s.inDoubt = next, false
	}
	if err := s.rewind(); err != nil {
		return err
	}
	s.unsettled = false
	return nil
}
