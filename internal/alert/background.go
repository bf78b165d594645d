package alert

import (
	"encoding/base64"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Background is what somebody who decides on an alert is told beside its revision: how far it is triaged, the lines around its
// records, and what became of other alerts. None of it is a function of the events, so no revision holds it: it is looked up
// when an alert is shown, and may be another one at the next look.
type Background struct {
	AsOf         time.Time     `json:"as_of"`
	Mark         string        `json:"-"`     // changes with State, Closings and Surroundings, not with what other alerts become
	State        Status        `json:"state"` // of the case
	Folded       int           `json:"folded,omitempty"`
	Over         string        `json:"over,omitempty"`
	Closings     []Decision    `json:"closings,omitempty"`
	Surroundings []Surrounding `json:"surroundings,omitempty"`
	History      History       `json:"history"`
}

// Decision is a closing as whoever reads the alert is told of it: by a role, and without the note, which stands in the evidence
// alone.
type Decision struct {
	Outcome  Outcome   `json:"outcome"`
	Revision int       `json:"revision"` // the last one that was looked at
	At       time.Time `json:"at"`
	Roles    []string  `json:"roles,omitempty"` // of whoever closed it; none if the entry was redacted
}

// Surrounding is the log around one record that an alert quotes, as it stood when it was preserved.
type Surrounding struct {
	Event   string    `json:"event"` // the record's id
	Source  string    `json:"source"`
	TakenAt time.Time `json:"taken_at"`
	Path    string    `json:"log.file.path"` // where the record was read
	Offset  int64     `json:"log.offset"`    // of the record
	Before  string    `json:"before"`        // whole lines
	After   string    `json:"after"`         // whole lines, without the record's own end of line
	Base64  bool      `json:"base64,omitempty"`
	Missing string    `json:"missing,omitempty"` // why there are none

	// Whole says that there are as many lines behind it as were wanted, so that looking again would find no more.
	Whole bool `json:"whole,omitempty"`
}

// SetLines sets Before and After, whatever bytes they are.
func (s *Surrounding) SetLines(before, after []byte) {
	if utf8.Valid(before) && utf8.Valid(after) {
		s.Before, s.After, s.Base64 = string(before), string(after), false
		return
	}
	s.Before, s.After, s.Base64 = base64.StdEncoding.EncodeToString(before), base64.StdEncoding.EncodeToString(after), true
}

// Lines are the lines before the record and those after it.
func (s *Surrounding) Lines() (before, after []string) {
	lines := func(text string) []string {
		if s.Base64 {
			if b, err := base64.StdEncoding.DecodeString(text); err == nil { // what is no base64 is shown as it is
				text = string(b)
			}
		}
		var out []string
		for line := range strings.Lines(text) {
			out = append(out, strings.TrimRight(line, "\r\n"))
		}
		return out
	}
	return lines(s.Before), lines(s.After)
}

// Surroundings is what was preserved for an alert at one time: an entry of the evidence.
type Surroundings struct {
	ID       string        `json:"id"`
	Revision int           `json:"revision"` // the last one whose records were looked at
	Records  []Surrounding `json:"records"`

	Settled bool `json:"-"` // nothing more is to be looked for before there is a further revision
}

// Newest takes of several entries, oldest first, the last word about each record.
func Newest(entries []Surroundings) (list []Surrounding) {
	for _, e := range entries {
		for _, s := range e.Records {
			if i := slices.IndexFunc(list, func(have Surrounding) bool { return have.Event == s.Event }); i >= 0 {
				list[i] = s
			} else {
				list = append(list, s)
			}
		}
	}
	return list
}
