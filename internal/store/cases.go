package store

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"probity/internal/alert"
)

// budgetSpan is what a budget is for.
const budgetSpan = 7 * 24 * time.Hour

// filed is what a new revision makes of its case.
type filed struct {
	before  *alert.Case // nil: it is the alert's first revision
	after   alert.Case
	sinks   []string
	reopens bool
}

// reopening is the body of an evidence entry of kind "reopened".
type reopening struct {
	ID       string `json:"id"`
	Revision int    `json:"revision"`
}

// file says what becomes of the cases of new revisions, and where these go. It sets c.Cases.
func (s *Store) file(c *Commit, revisions []revision) ([]filed, error) {
	if len(revisions) == 0 {
		return nil, nil
	}
	now := s.opts.Now().UTC()
	var week *recent // of what is committed; only new alerts are counted against it
	var err error
	c.Cases = make(map[string]alert.Case, len(revisions))
	out := make([]filed, len(revisions))
	for i, r := range revisions {
		f := &out[i]
		if f.before, err = s.caseBefore(c, r); err != nil {
			return nil, err
		}
		if f.before == nil {
			if week == nil {
				if week, err = s.recentCases(&c.Routing, now); err != nil {
					return nil, err
				}
			}
			f.after = alert.Case{ID: r.ID, Rule: r.Rule.ID, OpenedAt: now, Concerned: r.Concerned()}
			f.after.Folded, f.after.Over = week.fold(&f.after, &c.Routing)
		} else {
			f.after = *f.before
			f.after.Concerned = f.after.Concerned.Join(r.Concerned())
			f.reopens = f.before.Closings > 0 && f.before.ClosedRevision == f.before.Revision
		}
		f.after.Have(r.Rule.Severity)
		if f.after.Severity() == alert.Critical {
			f.after.Folded, f.after.Over = 0, "" // nobody waits for a digest of these
		}
		f.after.Revision, f.after.Status = r.Revision, r.Status
		if f.sinks, err = routed(c, f.after); err != nil {
			return nil, err
		}
		c.Cases[r.ID] = f.after
	}
	return out, nil
}

func (s *Store) caseBefore(c *Commit, r revision) (*alert.Case, error) {
	if have, ok := c.Cases[r.ID]; ok { // an earlier revision of this commit
		return &have, nil
	}
	have, found, err := s.Case(r.ID)
	if err != nil || !found {
		return nil, err
	}
	return &have, nil
}

func routed(c *Commit, of alert.Case) ([]string, error) {
	if c.Routing.To == nil {
		return c.Sinks, nil
	}
	sinks := c.Routing.To(of)
	for i, sink := range sinks {
		if !slices.Contains(c.Sinks, sink) || slices.Contains(sinks[:i], sink) {
			return nil, fmt.Errorf("alert %s is routed to %q; the sinks are %q, each once", of.ID, sinks, c.Sinks)
		}
	}
	return sinks, nil
}

// recent counts the alerts of the last seven days.
type recent struct{ byRule, byPerson map[string]int }

func (s *Store) recentCases(routing *Routing, now time.Time) (*recent, error) {
	r := &recent{map[string]int{}, map[string]int{}}
	if routing.PerWeek == 0 {
		return r, nil
	}
	err := s.db.each(caseTable, "WHERE opened_at > ?", []any{now.Add(-budgetSpan).UnixNano()}, func(row []any) error {
		c, err := caseOf(row)
		if err == nil && !routing.withheld(c) {
			r.count(&c)
		}
		return err
	})
	return r, err
}

func (r *recent) count(c *alert.Case) {
	r.byRule[c.Rule]++
	if c.Main != "" {
		r.byPerson[c.Main]++
	}
}

// fold counts a new alert, and says the how manieth of its rule or person it is if that is beyond the budget, and whose.
func (r *recent) fold(c *alert.Case, routing *Routing) (n int, over string) {
	if routing.PerWeek == 0 || routing.withheld(*c) {
		return 0, ""
	}
	r.count(c)
	rule, person := r.byRule[c.Rule], r.byPerson[c.Main]
	switch most := routing.PerWeek; {
	case rule > most && person > most:
		over = alert.OverBoth
	case rule > most:
		over = alert.OverRule
	case person > most:
		over = alert.OverPerson
	default:
		return 0, ""
	}
	return max(rule, person), over
}

func (s *Store) putCase(c alert.Case, isNew bool, next *head) error {
	if isNew {
		next.rows.cases++
	}
	row, err := rowOf(c)
	if err != nil {
		return err
	}
	known, err := caseOf(row) // as it would be read
	if err != nil {
		return err
	}
	s.cases.write(c.ID, known, caseSize(&known))
	return s.db.put(caseTable, row...)
}

// caseSize is how many bytes a case takes in memory, about.
func caseSize(c *alert.Case) int {
	n := 400 + len(c.Rule) + 8*len(c.Surroundings)
	for _, list := range [][]string{c.Persons, c.Managers} {
		for _, id := range list {
			n += 16 + len(id)
		}
	}
	return n
}

func rowOf(c alert.Case) ([]any, error) {
	concerned, err := json.Marshal(c.Concerned)
	if err != nil {
		return nil, fmt.Errorf("case %s: %w", c.ID, err)
	}
	entries := make([]string, len(c.Surroundings))
	for i, seq := range c.Surroundings {
		entries[i] = strconv.FormatUint(seq, 10)
	}
	return []any{c.ID, c.Rule, severities(c.Had), string(c.Status), int64(c.Revision), c.OpenedAt.UnixNano(),
		int64(c.Folded), int64(c.Closings), int64(c.ClosedRevision), concerned, c.Over, strings.Join(entries, " "), int64(c.Surrounded)}, nil
}

func severities(list []alert.Severity) string {
	var b strings.Builder
	for i, s := range list {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(string(s))
	}
	return b.String()
}

func caseOf(row []any) (alert.Case, error) {
	c := alert.Case{ID: row[0].(string), Rule: row[1].(string), Status: alert.Status(row[3].(string)),
		Revision: int(row[4].(int64)), OpenedAt: time.Unix(0, row[5].(int64)).UTC(), Folded: int(row[6].(int64)),
		Closings: int(row[7].(int64)), ClosedRevision: int(row[8].(int64)), Over: row[10].(string), Surrounded: int(row[12].(int64))}
	for s := range strings.SplitSeq(row[2].(string), " ") {
		c.Have(alert.Severity(s))
	}
	for text := range strings.FieldsSeq(row[11].(string)) {
		seq, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			return c, fmt.Errorf("reading case %s: an entry of the evidence: %w", c.ID, err)
		}
		c.Surroundings = append(c.Surroundings, seq)
	}
	if err := json.Unmarshal(bytesOf(row[9]), &c.Concerned); err != nil {
		return c, fmt.Errorf("reading case %s: %w", c.ID, err)
	}
	return c, nil
}

// Case returns the case of an alert; false if there is no such alert. Its lists are not to be changed.
func (s *Store) Case(id string) (c alert.Case, found bool, err error) {
	if c, found = s.cases.find(id); found {
		return c, true, nil
	}
	asOf := s.cases.asOf()
	err = s.db.eachOften(caseTable, "WHERE id = ?", []any{id}, func(row []any) error {
		found = true
		if c, err = caseOf(row); err == nil {
			s.cases.read(id, c, caseSize(&c), asOf)
		}
		return err
	})
	return c, found, err
}

// Cases returns the cases of these alerts; one that is not there is left out.
func (s *Store) Cases(ids []string) (map[string]alert.Case, error) {
	out := make(map[string]alert.Case, len(ids))
	err := inLots(ids, func(id string) any { return id }, func(marks string, args []any) error {
		return s.db.each(caseTable, "WHERE id IN ("+marks+")", args, func(row []any) error {
			c, err := caseOf(row)
			out[c.ID] = c
			return err
		})
	})
	return out, err
}

// EachCase calls fn for the case of every alert, by id.
func (s *Store) EachCase(fn func(alert.Case) error) error {
	return s.db.each(caseTable, caseTable.byKey(), nil, func(row []any) error {
		c, err := caseOf(row)
		if err != nil {
			return err
		}
		return fn(c)
	})
}
