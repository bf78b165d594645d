package ruletest

import (
	"time"

	"probity/internal/rule"
)

// Explained is a rule over one event.
type Explained struct {
	Rule   RuleBrief         `json:"rule"`
	Event  EventBrief        `json:"event"`
	Meets  bool              `json:"meets"` // the daemon asks the rule about this event at all
	Index  []rule.IndexField `json:"index"`
	Tables []TableState      `json:"tables,omitempty"`
	Roles  []RoleExplained   `json:"roles"`
}

// RuleBrief names a rule.
type RuleBrief struct {
	ID      string `json:"id"`
	Version int    `json:"version"`
	Title   string `json:"title"`
	File    string `json:"file"`
}

// EventBrief is an event without its bytes.
type EventBrief struct {
	ID       string         `json:"id"`
	Time     time.Time      `json:"@timestamp"`
	Source   string         `json:"source"`
	Path     string         `json:"log.file.path,omitempty"`
	Line     int            `json:"line,omitempty"`
	NativeID string         `json:"native_id,omitempty"`
	Fields   map[string]any `json:"fields"`
}

// RoleExplained is a rule over one event for one of its people.
type RoleExplained struct {
	Role       string               `json:"role"`
	Outcome    string               `json:"outcome"` // see the constants
	Because    string               `json:"because"`
	Sides      []SideExplained      `json:"sides,omitempty"`
	Exceptions []ExceptionExplained `json:"exceptions,omitempty"`
	Facts      []FactExplained      `json:"facts,omitempty"`
	NoKey      []string             `json:"no_key,omitempty"` // fields of the group key, or the counted one, that are unknown
	Groups     []GroupExplained     `json:"groups,omitempty"` // several where a field of the key is a list
}

// SideExplained is one thing that an event can be to a rule: what it looks for, one step of several, or the link that accounts
// for what it looks for.
type SideExplained struct {
	Name      string           `json:"name,omitempty"` // "" where there is but one
	Link      bool             `json:"link,omitempty"`
	Condition rule.Explanation `json:"condition"`
}

// Outcomes of a rule over an event for a role.
const (
	OutcomeCounted    = "counted"    // it counts towards an alert
	OutcomeUndecided  = "undecided"  // it waits for a newer table
	OutcomeSuppressed = "suppressed" // by an exception
	OutcomeUnknown    = "unknown"    // a field is missing for good
	OutcomeFalse      = "false"      // the condition does not hold
	OutcomeNotMet     = "not met"    // the index keeps the event from the rule
	OutcomeNobody     = "nobody"     // the record names nobody in this role
)

// ExceptionExplained is an exception over one event.
type ExceptionExplained struct {
	Reason     string           `json:"reason"`
	ApprovedBy string           `json:"approved_by"`
	Expires    time.Time        `json:"expires"`
	Expired    bool             `json:"expired"` // by the time of the event
	Condition  rule.Explanation `json:"condition"`
}

// FactExplained is a fact over one event.
type FactExplained struct {
	Say       string           `json:"say"`
	Speaks    string           `json:"speaks"`
	Condition rule.Explanation `json:"condition"`
}
