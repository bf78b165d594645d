package store

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"probity/internal/alert"
	"probity/internal/evidence"
)

// The kinds of the entries that put an alert under a legal hold and take it out again: nothing of it is destroyed in between, neither
// by age nor by a redaction.
const (
	holdKind    = "hold"
	releaseKind = "release"
)

// Hold is the body of both.
type Hold struct {
	ID         string    `json:"id"`     // of the alert
	Reason     string    `json:"reason"` // names nobody: it stays for ever
	ApprovedBy string    `json:"approved_by"`
	Release    bool      `json:"-"`
	At         time.Time `json:"-"`
}

// Check refuses what is no record of a decision.
func (h *Hold) Check() error {
	if h.ID == "" || len(h.ID) > 128 {
		return fmt.Errorf("id: name an alert")
	}
	for name, text := range map[string]string{"reason": h.Reason, "approved-by": h.ApprovedBy} {
		if strings.TrimSpace(text) == "" || len(text) > 1000 {
			return fmt.Errorf("%s: 1 to 1000 bytes, so that it can be answered for later", name)
		}
	}
	return nil
}

// Hold records a hold, or its release. It refuses what changes nothing.
func (s *Store) Hold(h Hold) error {
	if err := h.Check(); err != nil {
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped != nil {
		return s.stopped
	}
	_, found, err := s.Case(h.ID)
	if err == nil && !found {
		err = alert.ErrUnknown
	}
	var held map[string]Hold
	if err == nil {
		held, err = s.held()
	}
	_, is := held[h.ID]
	switch {
	case err != nil:
	case is && !h.Release:
		err = fmt.Errorf("%w: it is held already", ErrRefused)
	case !is && h.Release:
		err = fmt.Errorf("%w: it is not held", ErrRefused)
	}
	if err != nil {
		return fmt.Errorf("legal hold of alert %s: %w", h.ID, err)
	}
	kind := holdKind
	if h.Release {
		kind = releaseKind
	}
	if err := s.write(change{evidence: []evidence.Entry{{Kind: kind, Body: h}}, rows: func(*head) error { return nil }}); err != nil {
		return fmt.Errorf("legal hold of alert %s: %w", h.ID, err)
	}
	if h.At = time.Unix(0, s.head.at).UTC(); h.Release {
		delete(s.holds, h.ID)
	} else {
		s.holds[h.ID] = h
	}
	return nil
}

// held are the alerts under a hold, by id, with the entry that put them there. The chain is what says so: a row in the database
// could be taken out by whoever wants a deletion.
func (s *Store) held() (_ map[string]Hold, err error) {
	if s.holds == nil {
		s.holds, err = Held(s.evidence.Dir(), s.head.evidence.Seq)
	}
	return s.holds, err
}

// Held reads the holds in a folder of evidence up to an entry. It may go beside a daemon.
func Held(evidenceDir string, upTo uint64) (map[string]Hold, error) {
	puts, err := evidence.OfKind(evidenceDir, holdKind, time.Time{}, upTo)
	if err != nil {
		return nil, fmt.Errorf("reading legal holds: %w", err)
	}
	out, since := map[string]Hold{}, map[string]uint64{}
	for _, e := range puts {
		var h Hold
		if err := json.Unmarshal(e.Body, &h); err != nil {
			return nil, fmt.Errorf("reading legal holds: entry %d: %w", e.Seq, err)
		}
		h.At = enteredAt(e)
		out[h.ID], since[h.ID] = h, e.Seq
	}
	if len(out) == 0 {
		return out, nil
	}
	ends, err := evidence.OfKind(evidenceDir, releaseKind, time.Time{}, upTo)
	if err != nil {
		return nil, fmt.Errorf("reading legal holds: %w", err)
	}
	for _, e := range ends {
		var h Hold
		if err := json.Unmarshal(e.Body, &h); err != nil {
			return nil, fmt.Errorf("reading legal holds: entry %d: %w", e.Seq, err)
		}
		if e.Seq > since[h.ID] {
			delete(out, h.ID)
		}
	}
	return out, nil
}

// enteredAt is when an entry was written.
func enteredAt(e evidence.Stored) time.Time {
	var l struct {
		At time.Time `json:"at"`
	}
	_ = json.Unmarshal(e.Line, &l) // decoded before
	return l.At
}

// ofAlert is the alert that an entry is about; "" if it is about none.
func ofAlert(e evidence.Stored) string {
	var b struct {
		ID string `json:"id"`
	}
	_ = json.Unmarshal(e.Body, &b) // other kinds have other bodies
	return b.ID
}

// heldBack refuses to destroy an entry about an alert that is held.
func (s *Store) heldBack(e evidence.Stored) error {
	id := ofAlert(e)
	if id == "" {
		return nil
	}
	held, err := s.held()
	if h, is := held[id]; err == nil && is {
		err = fmt.Errorf("%w: alert %s is under a legal hold since %s (%s)", ErrRefused, id, h.At.Format(time.DateOnly), h.ApprovedBy)
	}
	return err
}
