package store

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"

	"probity/internal/alert"
	"probity/internal/event"
	"probity/internal/evidence"
)

// redactedText stands where a redacted alert's words stood.
const redactedText = "redacted"

// EvidenceHead is where the committed evidence ends.
func (s *Store) EvidenceHead() evidence.Head {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.head.evidence
}

// Redact destroys what an entry of the evidence holds, and, if it is of an alert's revision, that revision in the database
// and in the outbox; r says which entry, why and who approved it, and becomes an entry of its own. It returns r completed.
//
// The record comes first and the destruction after it: if a kill comes between them, the same call does what is left. What is
// left of an alert's revision is what it was about in general (rule, severity, period, count, times), and none of its words,
// persons, records and facts. The copies that upgrades have left of the whole folder go with it.
func (s *Store) Redact(r evidence.Redaction) (evidence.Redaction, error) {
	return s.redact(r, true)
}

// redact is Redact. Who redacts much wipes the database once, at the end.
func (s *Store) redact(r evidence.Redaction, wipe bool) (evidence.Redaction, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped != nil {
		return r, s.stopped
	}
	e, err := s.redactable(&r)
	if err != nil {
		return r, fmt.Errorf("redacting entry %d: %w", r.Seq, err)
	}
	r.Kind, r.Erased = e.Kind, []string{"body and salt of the entry"}
	var copies []string
	if wipe {
		if copies, err = s.copies(); err != nil {
			return r, fmt.Errorf("redacting entry %d: %w", r.Seq, err)
		}
	}
	for _, c := range copies {
		r.Erased = append(r.Erased, filepath.Base(c)+", the folder from before an upgrade")
	}
	c := change{rows: func(*head) error { return nil }}
	if e.Kind == "alert" {
		if err := s.redactRevision(e.Body, &r, &c); err != nil {
			return r, fmt.Errorf("redacting entry %d: %w", r.Seq, err)
		}
	}
	c.evidence = append(c.evidence, r.Entry())
	if err := s.write(c); err != nil {
		return r, fmt.Errorf("recording the redaction of entry %d: %w", r.Seq, err)
	}
	if !wipe {
		return r, s.evidence.Erase(r.Seq)
	}
	for _, c := range copies {
		if err := s.opts.FS.Remove(c); err != nil {
			return r, fmt.Errorf("the redaction of entry %d is recorded, but the folder from before an upgrade could not be removed; run it again: %w", r.Seq, err)
		}
	}
	if err := s.db.wipe(); err != nil {
		return r, fmt.Errorf("the redaction of entry %d is recorded, but what is left in free pages of the database could not be destroyed; run it again: %w", r.Seq, err)
	}
	return r, s.evidence.Erase(r.Seq)
}

// OpenAlert returns the alert that an entry is a revision of, if it waits for somebody; else "". Nobody knows of a redacted alert
// whom it is about, so whoever may not see what is about themselves does not see it any more, and cannot close it.
func (s *Store) OpenAlert(seq uint64) (id string, err error) {
	e, err := s.EvidenceEntry(seq)
	if err != nil || e.Kind != "alert" {
		return "", err
	}
	c, found, err := s.Case(ofAlert(e))
	if state := c.State(); err != nil || !found || state == alert.Withdrawn || state == alert.Closed {
		return "", err
	}
	return c.ID, nil
}

func (s *Store) redactable(r *evidence.Redaction) (evidence.Stored, error) {
	if err := r.Check(); err != nil {
		return evidence.Stored{}, err
	}
	if err := s.settle(); err != nil {
		return evidence.Stored{}, err
	}
	if r.Seq > s.head.evidence.Seq {
		return evidence.Stored{}, fmt.Errorf("%w: the last is %d", evidence.ErrNoEntry, s.head.evidence.Seq)
	}
	e, err := evidence.Read(s.evidence.Dir(), r.Seq)
	switch {
	case err != nil:
	case e.Body == nil:
		err = fmt.Errorf("%w: it is redacted already", ErrRefused)
	case e.Kind == r.Entry().Kind:
		err = fmt.Errorf("%w: it is itself the record of a redaction", ErrRefused)
	case e.Kind == holdKind || e.Kind == releaseKind:
		err = fmt.Errorf("%w: it is itself the record of a legal hold", ErrRefused)
	default:
		err = s.heldBack(e)
	}
	return e, err
}

// redactRevision adds to c that the revision's words go, and that it is delivered to nobody any more.
func (s *Store) redactRevision(body []byte, r *evidence.Redaction, c *change) error {
	var f firing
	if err := json.Unmarshal(body, &f); err != nil {
		return fmt.Errorf("reading the entry: %w", err)
	}
	old, err := s.body(f.ID, f.Revision)
	if err != nil {
		return err
	}
	stub, err := redactedBody(old)
	if err != nil {
		return err
	}
	var waiting []queued
	err = s.db.each(outboxTable, "WHERE alert_id = ? AND revision = ?", []any{f.ID, int64(f.Revision)}, func(row []any) error {
		waiting = append(waiting, queuedOf(row))
		return nil
	})
	if err != nil {
		return err
	}
	r.Erased = append(r.Erased, "the alert's revision in the database")
	for _, q := range waiting {
		if q.failed == stateLasting {
			r.Erased = append(r.Erased, "its place in what "+q.sink+" is told again")
			continue
		}
		r.Erased = append(r.Erased, "its place in the outbox of "+q.sink)
		c.evidence = append(c.evidence, evidence.Entry{Kind: "delivery", Body: delivery{
			Sink: q.sink, ID: q.alertID, Revision: q.revision, Attempts: q.attempts, Outcome: "not delivered", Reason: redactedText}})
	}
	c.rows = func(next *head) error {
		for _, q := range waiting {
			if err := s.unqueue(q, next); err != nil {
				return err
			}
		}
		if err := s.replaceBody(f.ID, f.Revision, stub); err != nil {
			return err
		}
		return s.forgetConcerned(f.ID, next)
	}
	return nil
}

// replaceBody is the one place at which the body of a revision changes.
func (s *Store) replaceBody(id string, revision int, body []byte) error {
	var row []any
	err := s.db.eachOwn(alertTable, "WHERE id = ? AND revision = ?", []any{id, int64(revision)}, func(found []any) error {
		row = found
		return nil
	})
	if err != nil {
		return err
	}
	row[len(row)-1] = string(body)
	return s.db.put(alertTable, row...)
}

// forgetConcerned takes from a case whom it is about. From then on it counts as one about everybody who may not see cases
// about themselves.
func (s *Store) forgetConcerned(id string, next *head) error {
	var c alert.Case
	err := s.db.eachOwn(caseTable, "WHERE id = ?", []any{id}, func(row []any) (err error) {
		c, err = caseOf(row)
		return err
	})
	if err != nil {
		return err
	}
	c.Concerned = alert.Concerned{Redacted: true}
	return s.putCase(c, false, next)
}

// redactedBody is the body of Redacted.
func redactedBody(old []byte) ([]byte, error) {
	a, err := decodeAlert(old)
	if err != nil {
		return nil, err
	}
	return json.Marshal(Redacted(a))
}

// Redacted is what a redaction leaves of a revision: an alert that its readers can still read.
func Redacted(a *alert.Alert) *alert.Alert {
	return &alert.Alert{
		Schema: a.Schema, ID: a.ID, Revision: a.Revision, Status: a.Status, Reason: redactedText, Marking: a.Marking, Rule: a.Rule,
		Summary: redactedText, Group: []alert.KeyPart{}, Period: a.Period, Count: a.Count, First: a.First, Last: a.Last,
		EventIDs: []string{}, Evidence: []event.Record{}, Tables: a.Tables, Generation: a.Generation,
	}
}

// IsRedacted reports whether a revision is what a redaction has left of it.
func IsRedacted(a *alert.Alert) bool {
	return a.Reason == redactedText && a.Summary == redactedText && len(a.Group)+len(a.EventIDs)+len(a.Evidence) == 0
}

// wipe writes the database anew, so that no free page and no write-ahead log holds what was replaced.
func (d *database) wipe() error {
	if err := d.fs.Point(opWipe, d.path); err != nil {
		return err
	}
	for _, statement := range []string{"PRAGMA secure_delete = ON", "VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"} {
		if _, err := d.conn.ExecContext(context.Background(), statement); err != nil {
			return d.broken(fmt.Errorf("%s: %w", statement, err))
		}
	}
	return nil
}

// OpenExisting is Open of a folder that must be there: a tool that is told a wrong path makes no new state.
func OpenExisting(o Options) (*Store, error) {
	if err := Exists(o.Dir); err != nil {
		return nil, err
	}
	return Open(o)
}
