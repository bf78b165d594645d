package evaluate

import (
	"slices"

	"probity/internal/alert"
	"probity/internal/rule"
)

// Kind says what an alert can be held against.
type kind int

const (
	ofMisuse   kind = iota // about what somebody did: true or false
	ofAlerts               // adds up other alerts about somebody: it is as true as they are, and is counted apart
	ofTheAudit             // about logs, clocks, or Probity itself: no claim about anybody
)

// auditTypes are the correlations that watch sources.
var auditTypes = []string{"silence", "gap", "clock_skew"}

// of tells the kind from the shape of the rule and what it quotes, not from its name: a force has rules of its own.
func of(a *alert.Alert) kind {
	if slices.Contains(auditTypes, a.Rule.Type) {
		return ofTheAudit
	}
	for _, r := range a.Evidence {
		if r.Fields["event.dataset"] != rule.AlertDataset {
			return ofMisuse
		}
	}
	switch {
	case len(a.Evidence) == 0:
		return ofMisuse
	case len(persons(a)) > 0:
		return ofAlerts
	}
	return ofTheAudit
}

// personFields are those that name members of staff.
var personFields = []string{"actor.id", "user.id", "requestor.id"}

// persons are those that the alert's key names.
func persons(a *alert.Alert) []string {
	var out []string
	for _, g := range a.Group {
		if slices.Contains(personFields, g.Field) {
			out = append(out, g.Value)
		}
	}
	return out
}

// interrupts: critical alerts go out at once, high ones the same day.
func interrupts(s alert.Severity) bool { return s == alert.Critical || s == alert.High }
