package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"probity/internal/alert"
	"probity/internal/evidence"
)

// surroundingsKind is the kind of the entries that hold the lines around an alert's records.
const surroundingsKind = "surroundings"

// Surround preserves the lines around records of alerts, in one commit: an entry of the evidence for each that has any, and
// its number in the alert's case. What is settled is noted with them. An alert that is not there is passed over.
func (s *Store) Surround(list []alert.Surroundings) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped != nil {
		return s.stopped
	}
	var entries []evidence.Entry
	var cases []alert.Case
	for _, x := range list {
		c, found, err := s.Case(x.ID)
		if err != nil {
			return fmt.Errorf("preserving what stands around alert %s: %w", x.ID, err)
		}
		if !found {
			continue
		}
		if len(x.Records) > 0 {
			// Evidence is appended before the rows are written, so the number is known.
			entries = append(entries, evidence.Entry{Kind: surroundingsKind, Body: x})
			c.Surroundings = append(slices.Clip(c.Surroundings), s.head.evidence.Seq+uint64(len(entries)))
		}
		if x.Settled {
			c.Surrounded = max(c.Surrounded, x.Revision)
		}
		cases = append(cases, c)
	}
	err := s.write(change{evidence: entries, rows: func(next *head) error {
		for _, c := range cases {
			if err := s.putCase(c, false, next); err != nil {
				return err
			}
		}
		return nil
	}})
	if err != nil {
		return fmt.Errorf("preserving what stands around %d alerts: %w", len(list), err)
	}
	return nil
}

// ErrErased says that what was preserved was redacted since.
var ErrErased = errors.New("it was redacted")

// Surroundings reads what was preserved for an alert, oldest first. If any of it was redacted the error is ErrErased, beside
// what is left.
func (s *Store) Surroundings(c alert.Case) (list []alert.Surroundings, err error) {
	var erased error
	for _, seq := range c.Surroundings {
		e, err := evidence.Read(s.evidence.Dir(), seq)
		if err != nil {
			return list, fmt.Errorf("reading what stands around alert %s: %w", c.ID, err)
		}
		if e.Body == nil {
			erased = ErrErased
			continue
		}
		var x alert.Surroundings
		if err := json.Unmarshal(e.Body, &x); err != nil {
			return list, fmt.Errorf("reading what stands around alert %s: entry %d: %w", c.ID, seq, err)
		}
		list = append(list, x)
	}
	return list, erased
}
