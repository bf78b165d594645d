package alert

import (
	"slices"
	"time"
)

// Case is what is kept of an alert beside its revisions: where it goes, who may see it, and what became of it. None of it
// is a function of the events, so replay knows no cases.
type Case struct {
	ID       string
	Rule     string
	Had      []Severity // the severities of all revisions, rising
	Status   Status     // of the last revision
	Revision int        // the last one
	OpenedAt time.Time

	// Folded is not 0 if the alert was beyond the budget of its rule or person when it came: the how manieth of seven days it
	// was. It then goes into digests only.
	Folded int
	Over   string // whose budget that was: one of OverRule, OverPerson, OverBoth

	Closings       int // how often it was closed
	ClosedRevision int // the last revision when it was closed last

	Surroundings []uint64 // entries of the evidence that hold the lines around its records
	Surrounded   int      // the last revision for which nothing more is to be preserved

	Concerned
}

// Severity is the highest of any revision.
func (c *Case) Severity() Severity {
	if len(c.Had) == 0 {
		return ""
	}
	return c.Had[len(c.Had)-1]
}

// Have adds a revision's severity.
func (c *Case) Have(s Severity) {
	if slices.Contains(c.Had, s) {
		return
	}
	c.Had = append(slices.Clone(c.Had), s)
	slices.SortFunc(c.Had, func(a, b Severity) int { return a.rank() - b.rank() })
}

// What a case can be over the budget of.
const (
	OverRule   = "rule"
	OverPerson = "person"
	OverBoth   = "rule and person"
)

// The states of a case beyond those of an alert.
const (
	Closed   Status = "closed"
	Reopened Status = "reopened" // a further revision came after it was closed
)

// State is what a reader is told: withdrawn before closed, because what was withdrawn needs nobody.
func (c *Case) State() Status {
	switch {
	case c.Status == Withdrawn:
		return Withdrawn
	case c.Closings > 0 && c.ClosedRevision >= c.Revision:
		return Closed
	case c.Closings > 0:
		return Reopened
	}
	return Open
}

// rank orders severities.
func (s Severity) rank() int { return slices.Index(Severities, s) }
