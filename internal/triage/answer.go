package triage

import (
	"time"

	"probity/internal/alert"
)

// Listing answers a Query. It holds no names.
type Listing struct {
	Alerts  []Row   `json:"alerts,omitempty"`   // newest first; to a role with the right to counts: none
	LeftOff int     `json:"left_off,omitempty"` // alerts beyond the limit
	Counts  []Count `json:"counts"`             // of all that the query matches
}

// Row is one alert.
type Row struct {
	ID       string         `json:"id"`
	Rule     string         `json:"rule"`
	Severity alert.Severity `json:"severity"`
	State    alert.Status   `json:"state"`
	Outcome  alert.Outcome  `json:"outcome,omitempty"` // of the last closing
	Revision int            `json:"revision"`
	OpenedAt time.Time      `json:"opened_at"`
	Folded   int            `json:"folded,omitempty"` // the how manieth of its rule or person in seven days, if that was beyond the budget
}

// Count is how many alerts there are.
type Count struct {
	Rule     string         `json:"rule"`
	Severity alert.Severity `json:"severity"`
	State    alert.Status   `json:"state"`
	Alerts   int            `json:"alerts"`
}

// Shown is an alert, whole.
type Shown struct {
	Alert    *alert.Alert `json:"alert"` // its last revision
	State    alert.Status `json:"state"`
	OpenedAt time.Time    `json:"opened_at"`
	Folded   int          `json:"folded,omitempty"`
	Over     string       `json:"over,omitempty"` // whose budget it was beyond: rule, person, rule and person
	Closings []Closed     `json:"closings,omitempty"`

	Surroundings []alert.Surrounding `json:"surroundings,omitempty"` // the lines around its records
	History      alert.History       `json:"history"`                // other alerts about the same person and of the same rule, of those that the caller sees
}

// Closed is one closing of an alert.
type Closed struct {
	ID       string        `json:"id"`
	Revision int           `json:"revision"`
	Outcome  alert.Outcome `json:"outcome"`
	Note     string        `json:"note,omitempty"` // "" if it was redacted
	By       string        `json:"by"`
	At       time.Time     `json:"at"`
	Evidence uint64        `json:"evidence_seq"` // number of the entry that holds the note

	Before *Closed `json:"before,omitempty"` // in the answer to a closing: the one that counted until then
}

// Stats is what closings say about rules.
type Stats struct {
	PerWeek int        `json:"budget_per_week,omitempty"`
	Rules   []RuleStat `json:"rules"`
}

// RuleStat is one rule at one severity.
type RuleStat struct {
	Rule     string                `json:"rule"`
	Severity alert.Severity        `json:"severity"`
	Alerts   int                   `json:"alerts"`
	Week     int                   `json:"alerts_in_seven_days"`
	Folded   int                   `json:"folded"`
	Open     int                   `json:"open"` // or reopened
	Closed   int                   `json:"closed"`
	Outcomes map[alert.Outcome]int `json:"outcomes,omitempty"` // of the last closing of each alert that was ever closed

	// Precision is the share of misuse and unintentional access among the outcomes: of an access without a policing purpose.
	Precision *alert.Precision `json:"precision,omitempty"`

	TriageSeconds *int64 `json:"median_seconds_to_triage,omitempty"` // from when an alert came to when it was first closed
}
