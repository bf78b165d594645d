package triage

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"probity/internal/alert"
)

// shown is the body of an evidence entry of kind "shown".
type shown struct {
	ID       string `json:"id"`
	Revision int    `json:"revision"`
	by
}

// refused is the body of an evidence entry of kind "refused".
type refused struct {
	Asked string `json:"asked"`
	ID    string `json:"id"`
	by
}

// maxIDBytes bounds what a caller can have recorded as an id.
const maxIDBytes = 64

// visible returns the case of an alert that the caller may know of. An attempt at any other is recorded.
func (s *Server) visible(who *caller, asked, id string) (alert.Case, error) {
	c, found, err := s.Cases.Case(id)
	if err != nil {
		return c, err
	}
	if found && s.Roles.Sees(who.Roles, c.Concerned) {
		return c, nil
	}
	if err := s.Cases.Note("refused", refused{asked, id[:min(len(id), maxIDBytes)], who.by()}); err != nil {
		return c, err
	}
	return c, notThere(id)
}

func (s *Server) show(who *caller, r *http.Request) (any, error) {
	id := r.PathValue("id")
	c, err := s.visible(who, "show", id)
	if err != nil {
		return nil, err
	}
	last, err := s.Cases.LastAlerts([]string{id})
	if err != nil {
		return nil, err
	}
	a := last[id]
	if a == nil {
		return nil, fmt.Errorf("alert %s has a case and no revision", id)
	}
	out := &Shown{Alert: a, State: c.State(), OpenedAt: c.OpenedAt, Folded: c.Folded, Over: c.Over}
	if out.Surroundings, err = s.Cases.Around(c); err != nil {
		return nil, err
	}
	if out.History, err = s.historyOf(who, c); err != nil {
		return nil, err
	}
	if out.Closings, err = s.closings(id); err != nil {
		return nil, err
	}
	if err := s.Cases.Note("shown", shown{id, a.Revision, who.by()}); err != nil {
		return nil, err
	}
	return out, nil
}

// historyOf is what those other alerts say that the caller may see.
func (s *Server) historyOf(who *caller, c alert.Case) (alert.History, error) {
	last, err := s.lastOutcomes()
	if err != nil {
		return alert.History{}, err
	}
	outcomes := make(map[string]alert.Outcome, len(last))
	for id, d := range last {
		outcomes[id] = d.Outcome
	}
	h := alert.NewHistories([]alert.Case{c}, outcomes, func(other *alert.Case) bool { return s.Roles.Sees(who.Roles, other.Concerned) })
	err = s.Cases.EachCase(func(other alert.Case) error {
		h.Add(other)
		return nil
	})
	return h.Of(c), err
}

// closings reads the notes from the evidence; one that was redacted there is gone here.
func (s *Server) closings(id string) (list []Closed, err error) {
	dispositions, err := s.Cases.Dispositions(id)
	for _, d := range dispositions {
		x := Closed{ID: id, Revision: d.Revision, Outcome: d.Outcome, By: d.By, At: d.At, Evidence: d.Evidence}
		e, err := s.Cases.EvidenceEntry(d.Evidence)
		if err != nil {
			return nil, err
		}
		var said alert.Closing
		if e.Body != nil {
			if err := json.Unmarshal(e.Body, &said); err != nil {
				return nil, fmt.Errorf("reading the note of evidence entry %d: %w", d.Evidence, err)
			}
			x.Note = said.Note
		}
		list = append(list, x)
	}
	return list, err
}

func (s *Server) close(who *caller, r *http.Request) (any, error) {
	var asked Request
	dec := json.NewDecoder(r.Body)
	dec.DisallowUnknownFields()
	if err := dec.Decode(&asked); err != nil {
		return nil, refuse(http.StatusBadRequest, "reading the closing: "+err.Error())
	}
	if err := asked.check(); err != nil {
		return nil, refuse(http.StatusBadRequest, err.Error())
	}
	id := r.PathValue("id")
	if _, err := s.visible(who, "close", id); err != nil {
		return nil, err
	}
	before, err := s.Cases.CloseAlert(alert.Closing{
		ID: id, Revision: asked.Revision, Outcome: asked.Outcome, Note: asked.Note, By: who.User, UID: who.UID, Certificate: who.Certificate, Roles: who.Roles})
	switch {
	case errors.Is(err, alert.ErrRevised):
		return nil, refuse(http.StatusConflict, err.Error()+": look at it again (show) and close it then")
	case err != nil:
		return nil, err
	}
	last, err := s.Cases.LastAlerts([]string{id})
	if err != nil {
		return nil, err
	}
	s.Closed(before, last[id])
	closings, err := s.closings(id)
	if err != nil {
		return nil, err
	}
	n := len(closings)
	if n > 1 {
		closings[n-1].Before = &closings[n-2]
	}
	return closings[n-1], nil
}
