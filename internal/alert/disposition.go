package alert

import (
	"errors"
	"time"
)

// Outcome is what an alert turned out to be.
type Outcome string

// The outcomes.
const (
	PolicingPurpose Outcome = "policing-purpose" // legitimate work
	Training        Outcome = "training"
	Misuse          Outcome = "misuse"
	Unintentional   Outcome = "unintentional" // no purpose, and no intent either
	Erroneous       Outcome = "error"         // the rule, a table or a log was wrong
)

// Outcomes lists them.
var Outcomes = []Outcome{PolicingPurpose, Training, Misuse, Unintentional, Erroneous}

// Right says whether an alert that ended so had told what it is to tell: an access without a purpose.
func (o Outcome) Right() bool { return o == Misuse || o == Unintentional }

// Disposition is one closing of an alert. A later one of the same alert takes its place.
type Disposition struct {
	AlertID  string
	N        int // from 1
	Rule     string
	Severity Severity
	Outcome  Outcome
	Revision int // the last revision that it is about
	At       time.Time
	By       string // the user's name
	Evidence uint64 // number of the entry that holds the note
}

// Closing is what somebody says in closing an alert. The note stands in the evidence alone.
type Closing struct {
	ID       string  `json:"id"`
	Revision int     `json:"revision"` // the last one that was looked at; 0: the last one there is
	Outcome  Outcome `json:"outcome"`
	Note     string  `json:"note"`
	By       string  `json:"by"`            // the user's name
	UID      *uint32 `json:"uid,omitempty"` // nil: of a certificate

	Certificate string   `json:"certificate,omitempty"` // SHA-256 of it
	Roles       []string `json:"roles"`
}

// Errors of a closing that whoever asked for it can do something about.
var (
	ErrUnknown = errors.New("no such alert")
	ErrRevised = errors.New("it has been revised meanwhile")
)
