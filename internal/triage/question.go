package triage

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"probity/internal/alert"
)

// Query is what a listing is asked for. What is zero does not restrict.
type Query struct {
	Rule     string
	Severity alert.Severity
	State    alert.Status
	Person   string    // staff id; asking for one is recorded
	Since    time.Time // when the alert came
	Limit    int       // newest alerts listed, at most; 0: 200
}

const (
	defaultLimit = 200
	maxLimit     = 100_000
	maxNoteBytes = 4096
)

// States lists what a case can be in.
var States = []alert.Status{alert.Open, alert.Reopened, alert.Closed, alert.Withdrawn}

func (q *Query) values() url.Values {
	v := url.Values{}
	set := func(key, value string) {
		if value != "" {
			v.Set(key, value)
		}
	}
	set("rule", q.Rule)
	set("severity", string(q.Severity))
	set("state", string(q.State))
	set("person", q.Person)
	if !q.Since.IsZero() {
		set("since", q.Since.UTC().Format(time.RFC3339))
	}
	if q.Limit != 0 {
		set("limit", strconv.Itoa(q.Limit))
	}
	return v
}

// parseQuery reads what values wrote, and what others send.
func parseQuery(v url.Values) (q Query, err error) {
	for key, list := range v {
		text := list[0]
		switch key {
		case "rule":
			q.Rule = text
		case "severity":
			q.Severity = alert.Severity(text)
			if !slices.Contains(alert.Severities, q.Severity) {
				err = fmt.Errorf("%q is no severity; write low, medium, high or critical", text)
			}
		case "state":
			q.State = alert.Status(text)
			if !slices.Contains(States, q.State) {
				err = fmt.Errorf("%q is no state; write open, reopened, closed or withdrawn", text)
			}
		case "person":
			q.Person = text
		case "since":
			q.Since, err = time.Parse(time.RFC3339, text)
		case "limit":
			if q.Limit, err = strconv.Atoi(text); err == nil && (q.Limit < 1 || q.Limit > maxLimit) {
				err = fmt.Errorf("a limit of %d; choose 1 to %d", q.Limit, maxLimit)
			}
		default:
			err = fmt.Errorf("there is no filter %q", key)
		}
		if err == nil && len(list) > 1 {
			err = fmt.Errorf("%s is given twice", key)
		}
		if err != nil {
			return q, err
		}
	}
	if q.Limit == 0 {
		q.Limit = defaultLimit
	}
	return q, nil
}

func (q *Query) matches(c *alert.Case) bool {
	return (q.Rule == "" || c.Rule == q.Rule) &&
		(q.Severity == "" || c.Severity() == q.Severity) &&
		(q.State == "" || c.State() == q.State) &&
		!c.OpenedAt.Before(q.Since) &&
		(q.Person == "" || slices.ContainsFunc(c.Persons, func(id string) bool { return strings.EqualFold(id, q.Person) }))
}

// Request is what a closing says.
type Request struct {
	Outcome  alert.Outcome `json:"outcome"`
	Note     string        `json:"note"`
	Revision int           `json:"revision,omitempty"` // the last one that was looked at; a later one refuses the closing
}

func (r *Request) check() error {
	switch {
	case !slices.Contains(alert.Outcomes, r.Outcome):
		return fmt.Errorf("%q is no outcome; write policing-purpose, training, misuse, unintentional or error", r.Outcome)
	case strings.TrimSpace(r.Note) == "":
		return errors.New("a note is needed: what was found, and where that is written down")
	case len(r.Note) > maxNoteBytes:
		return fmt.Errorf("a note of %d bytes; it has room for %d", len(r.Note), maxNoteBytes)
	case !utf8.ValidString(r.Note):
		return errors.New("the note is not UTF-8")
	case r.Revision < 0:
		return fmt.Errorf("there is no revision %d", r.Revision)
	}
	return nil
}
