package store

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"probity/internal/alert"
	"probity/internal/evidence"
	"probity/internal/fsx"
)

// Retention says how long is kept what holds persons; 0 is for ever.
type Retention struct {
	Rejects  time.Duration // records that could not be decoded
	Alerts   time.Duration // after an alert was closed or withdrawn: its words, the lines around its records, notes
	Evidence time.Duration // who was looked for and shown
}

// Expired is what an Expire has destroyed, or would.
type Expired struct {
	Rejects int `json:"rejects"` // lines
	Alerts  int `json:"alerts"`
	Entries int `json:"entries"`        // of the evidence; their hashes stay
	Held    int `json:"held"`           // alerts whose time is up and that are under a legal hold
	Open    int `json:"open"`           // alerts older than that, which nobody has closed: they stay
	Left    int `json:"left,omitempty"` // entries for the next time
}

// Kinds of the evidence whose bodies name persons, by what says how long they are kept.
var (
	kindsOfQuestions = []string{"listed", "shown", "refused"}
)

// approvedByConfig stands in the redactions that a retention makes.
const approvedByConfig = "retention in the configuration"

// expireAtOnce bounds what one Expire destroys, so that the loop's commits come between.
const expireAtOnce = 500

// wipeDueName is there from before the first of many redactions until the database has been rewritten after the last: a kill in between leaves
// words in its free pages, and the next Expire sees to them.
const wipeDueName = "wipe-due"

// Expire destroys what has been kept for as long as r says, at now. Each entry of the evidence is redacted on the record, so the chain
// still verifies; alerts keep rule, severity, period, counts and outcome. With dry nothing is changed. Commits go on between two entries.
func (s *Store) Expire(r Retention, now time.Time, dry bool) (x Expired, err error) {
	due, err := s.dueEntries(r, now, &x)
	if err != nil {
		return x, fmt.Errorf("looking for what is to be kept no longer: %w", err)
	}
	if r.Rejects > 0 {
		if x.Rejects, err = s.expireRejects(now.Add(-r.Rejects), dry); err != nil {
			return x, err
		}
	}
	if x.Entries = len(due); dry {
		return x, nil
	}
	if err := s.expireCopies(now); err != nil {
		return x, fmt.Errorf("removing what upgrades have saved: %w", err)
	}
	wipe := filepath.Join(s.opts.Dir, wipeDueName)
	if len(due) > 0 {
		if err := s.opts.FS.WriteFile(wipe, nil, 0o600); err != nil {
			return x, err
		}
	} else if _, err := os.Stat(wipe); err != nil {
		return x, nil
	}
	if len(due) > expireAtOnce {
		x.Left, due = len(due)-expireAtOnce, due[:expireAtOnce]
	}
	x.Entries = 0
	for _, d := range due {
		_, err := s.redact(evidence.Redaction{Seq: d.seq, Reason: d.reason, ApprovedBy: approvedByConfig}, false)
		if err != nil {
			return x, err
		}
		x.Entries++
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped != nil {
		return x, s.stopped
	}
	if err := s.db.wipe(); err != nil {
		return x, err
	}
	return x, s.opts.FS.Remove(wipe)
}

type dueEntry struct {
	seq    uint64
	reason string
}

// dueEntries are the entries to be redacted, oldest first of each kind.
func (s *Store) dueEntries(r Retention, now time.Time, x *Expired) (due []dueEntry, err error) {
	s.mu.Lock()
	head, stopped := s.head.evidence.Seq, s.stopped
	s.mu.Unlock()
	if stopped != nil {
		return nil, stopped
	}
	held, err := Held(s.evidence.Dir(), head)
	if err != nil {
		return nil, err
	}
	if r.Alerts > 0 {
		over, err := s.alertsOver(now.Add(-r.Alerts), held, x)
		if err != nil {
			return nil, err
		}
		reason := fmt.Sprintf("alerts are kept for %s after they were closed", days(r.Alerts))
		// the alert's own entries come last: as long as one is there, its case is looked at again
		for _, kind := range []string{surroundingsKind, "disposition", "alert"} {
			err := s.entriesOf(kind, head, func(e evidence.Stored) {
				if over[ofAlert(e)] {
					due = append(due, dueEntry{e.Seq, reason})
				}
			})
			if err != nil {
				return nil, err
			}
		}
	}
	if r.Evidence > 0 {
		reason := fmt.Sprintf("who looked at what is kept for %s", days(r.Evidence))
		for _, kind := range kindsOfQuestions {
			err := s.entriesOf(kind, head, func(e evidence.Stored) {
				if _, is := held[ofAlert(e)]; !is && enteredAt(e).Before(now.Add(-r.Evidence)) {
					due = append(due, dueEntry{e.Seq, reason})
				}
			})
			if err != nil {
				return nil, err
			}
		}
	}
	return due, nil
}

func days(d time.Duration) string { return fmt.Sprintf("%g days", d.Hours()/24) }

// entriesOf calls fn for the entries of a kind that still have a body.
func (s *Store) entriesOf(kind string, upTo uint64, fn func(evidence.Stored)) error {
	list, err := evidence.OfKind(s.evidence.Dir(), kind, time.Time{}, upTo)
	for _, e := range list {
		if e.Body != nil {
			fn(e)
		}
	}
	return err
}

// alertsOver are the alerts that were closed, or withdrawn, before a time. Those that are open are counted only: nobody has looked.
func (s *Store) alertsOver(before time.Time, held map[string]Hold, x *Expired) (map[string]bool, error) {
	closedAt := map[string]time.Time{}
	err := s.EachDisposition(func(d alert.Disposition) error {
		if d.At.After(closedAt[d.AlertID]) {
			closedAt[d.AlertID] = d.At
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	over := map[string]bool{}
	err = s.db.each(caseTable, caseTable.byKey(), nil, func(row []any) error {
		c, err := caseOf(row)
		if err != nil {
			return err
		}
		closed := c.Closings > 0 && c.ClosedRevision == c.Revision
		at := closedAt[c.ID]
		if !closed {
			at = c.OpenedAt
		}
		switch _, isHeld := held[c.ID]; {
		case !at.Before(before):
		case isHeld:
			x.Held++
		case !closed && c.Status != alert.Withdrawn:
			x.Open++
		default:
			over[c.ID] = true
			if !c.Concerned.Redacted {
				x.Alerts++
			}
		}
		return nil
	})
	return over, err
}

// nextRejectsName is what rejects.jsonl is to be replaced by, from before the commit that says so until it has been.
const nextRejectsName = "rejects.next"

// expireRejects takes out of rejects.jsonl the lines from before a time. The commit holds the new length, which is less than the old one:
// by that a start sees whether the new file is the one that counts.
func (s *Store) expireRejects(before time.Time, dry bool) (gone int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped != nil {
		return 0, s.stopped
	}
	if err := s.settle(); err != nil {
		return 0, err
	}
	var kept, summed int64
	err = s.opts.FS.Create(filepath.Join(s.opts.Dir, nextRejectsName), 0o600, func(to io.Writer) error {
		gone, kept, summed, err = s.copyRejects(to, before)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("taking out old rejects: %w", err)
	}
	next := filepath.Join(s.opts.Dir, nextRejectsName)
	if gone == 0 || dry {
		return gone, s.opts.FS.Remove(next)
	}
	entry := evidence.Entry{Kind: "expired", Body: map[string]any{"rejects": gone, "before": before.UTC(), "approved_by": approvedByConfig}}
	err = s.write(change{evidence: []evidence.Entry{entry}, rows: func(h *head) error {
		h.rejects, h.summed = kept, summed
		return nil
	}})
	if err != nil {
		return 0, fmt.Errorf("taking out old rejects: %w", err)
	}
	if err := s.takeNextRejects(); err != nil {
		s.stopped = fmt.Errorf("%w: taking out old rejects: %w: close the state folder and open it again", ErrRefused, err)
		return gone, s.stopped
	}
	return gone, nil
}

func (s *Store) takeNextRejects() error {
	old := s.rejects
	s.rejects = nil // what follows may leave none
	err := errors.Join(old.Close(), finishRejects(s.opts.FS, s.opts.Dir, s.head.rejects))
	if err == nil {
		s.rejects, err = s.opts.FS.OpenAppend(filepath.Join(s.opts.Dir, rejectsName), 0o600)
	}
	return err
}

// copyRejects copies the lines that stay. A line that cannot be read stays: it says that something is wrong.
func (s *Store) copyRejects(to io.Writer, before time.Time) (gone int, kept, summed int64, err error) {
	f, err := os.Open(filepath.Join(s.opts.Dir, rejectsName))
	if err != nil {
		return 0, 0, 0, err
	}
	defer f.Close()
	r := bufio.NewReaderSize(io.LimitReader(f, s.head.rejects), 1<<16)
	for at := int64(0); ; {
		line, err := r.ReadBytes('\n')
		if errors.Is(err, io.EOF) && len(line) == 0 {
			return gone, kept, summed, nil
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return 0, 0, 0, err
		}
		at += int64(len(line))
		var l rejectLine
		if json.Unmarshal(line, &l) == nil && !l.At.IsZero() && l.At.Before(before) {
			gone++
			continue
		}
		if _, err := to.Write(line); err != nil {
			return 0, 0, 0, err
		}
		kept += int64(len(line))
		if at <= s.head.summed {
			summed = kept
		}
	}
}

// rejectsPath is the file that holds the committed rejects: a kill may have come before it got its name.
func rejectsPath(dir string, committed int64) string {
	next := filepath.Join(dir, nextRejectsName)
	if info, err := os.Stat(next); err == nil && info.Size() == committed {
		return next
	}
	return filepath.Join(dir, rejectsName)
}

// finishRejects puts the new rejects into place if they are those that were committed, and removes them if not.
func finishRejects(fs *fsx.FS, dir string, committed int64) error {
	next := filepath.Join(dir, nextRejectsName)
	info, err := os.Stat(next)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil
	case err != nil:
		return err
	case info.Size() == committed:
		return fs.Rename(next, filepath.Join(dir, rejectsName))
	}
	return fs.Remove(next)
}
