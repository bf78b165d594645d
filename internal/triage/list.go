package triage

import (
	"cmp"
	"net/http"
	"slices"

	"probity/internal/alert"
	"probity/internal/route"
)

// listed is the body of an evidence entry of kind "listed".
type listed struct {
	Person string `json:"person"`
	Alerts int    `json:"alerts"`
	by
}

func (s *Server) list(who *caller, r *http.Request) (any, error) {
	q, err := parseQuery(r.URL.Query())
	if err != nil {
		return nil, refuse(http.StatusBadRequest, err.Error())
	}
	if q.Person != "" && !s.Roles.May(who.Roles, route.Read) {
		return nil, refuse(http.StatusForbidden, "role "+who.Roles[0]+" may not ask about persons")
	}
	var rows []Row
	counts := map[Count]int{}
	err = s.Cases.EachCase(func(c alert.Case) error {
		if !q.matches(&c) {
			return nil
		}
		sees := s.Roles.Sees(who.Roles, c.Concerned)
		if sees || q.Person == "" && s.Roles.IsCounted(who.Roles, c) {
			counts[Count{Rule: c.Rule, Severity: c.Severity(), State: c.State()}]++
		}
		if sees {
			rows = append(rows, Row{ID: c.ID, Rule: c.Rule, Severity: c.Severity(), State: c.State(), Revision: c.Revision, OpenedAt: c.OpenedAt, Folded: c.Folded})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	out := Listing{Counts: []Count{}}
	for c, n := range counts {
		c.Alerts = n
		out.Counts = append(out.Counts, c)
	}
	slices.SortFunc(out.Counts, func(a, b Count) int {
		return cmp.Or(cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Severity, b.Severity), cmp.Compare(a.State, b.State))
	})
	slices.SortFunc(rows, func(a, b Row) int { return cmp.Or(b.OpenedAt.Compare(a.OpenedAt), cmp.Compare(a.ID, b.ID)) })
	if q.Person != "" {
		if err := s.Cases.Note("listed", listed{q.Person, len(rows), who.by()}); err != nil {
			return nil, err
		}
	}
	out.LeftOff = max(0, len(rows)-q.Limit)
	out.Alerts = rows[:len(rows)-out.LeftOff]
	return out, s.outcomes(out.Alerts)
}

// outcomes adds how alerts were closed last.
func (s *Server) outcomes(rows []Row) error {
	last, err := s.lastOutcomes()
	for i := range rows {
		rows[i].Outcome = last[rows[i].ID].Outcome
	}
	return err
}

func (s *Server) lastOutcomes() (map[string]alert.Disposition, error) {
	last := map[string]alert.Disposition{}
	err := s.Cases.EachDisposition(func(d alert.Disposition) error {
		last[d.AlertID] = d // in order
		return nil
	})
	return last, err
}
