package rulediff

import (
	"fmt"
	"strings"

	"probity/internal/alert"
	"probity/internal/neutral"
)

// Outcomes are what became of the alerts that a change removes, as those who triaged them said. Alerts have the same ids in the
// daemon's state folder and in a replay, so each is known again.
type Outcomes struct {
	Unknown string                `json:"unknown,omitempty"` // why none is known
	Removed map[alert.Outcome]int `json:"removed,omitempty"` // alerts by how they were closed last
	Never   int                   `json:"never_closed"`      // removed ones that nobody closed
}

// Lost are removed alerts that had told what they are to tell.
func (o *Outcomes) Lost() (n int) {
	if o == nil {
		return 0
	}
	for outcome, k := range o.Removed {
		if outcome.Right() {
			n += k
		}
	}
	return n
}

// warning is what is stated first: the change silences what was misuse. "" if it does not.
func (o *Outcomes) warning() string {
	if o.Lost() == 0 { // of nil, too
		return ""
	}
	var parts []string
	for _, outcome := range alert.Outcomes {
		if n := o.Removed[outcome]; n > 0 && outcome.Right() {
			parts = append(parts, fmt.Sprintf("%d as %s", n, outcome))
		}
	}
	return fmt.Sprintf("WARNING: this change removes alerts that were closed %s.", strings.Join(parts, ", "))
}

// sentence sums up what became of the removed alerts.
func (o *Outcomes) sentence() string {
	if o.Unknown != "" {
		return "what became of the removed alerts is not known: " + neutral.Terminal(o.Unknown)
	}
	var parts []string
	for _, outcome := range alert.Outcomes {
		if n := o.Removed[outcome]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d closed as %s", n, outcome))
		}
	}
	if o.Never > 0 {
		parts = append(parts, fmt.Sprintf("%d never closed", o.Never))
	}
	if parts == nil {
		return "no alert is removed"
	}
	return "of the removed alerts " + strings.Join(parts, ", ")
}

// count counts the removed alerts of a comparison by how they were closed last.
func (o *Outcomes) count(removed []string, last map[string]alert.Outcome) {
	o.Removed = map[alert.Outcome]int{}
	for _, id := range removed {
		if outcome, ok := last[id]; ok {
			o.Removed[outcome]++
		} else {
			o.Never++
		}
	}
}

// by counts the removed alerts of one rule.
func (t *tally) by(last map[string]alert.Outcome) map[alert.Outcome]int {
	out := map[alert.Outcome]int{}
	for _, id := range t.removed {
		if outcome, ok := last[id]; ok {
			out[outcome]++
		}
	}
	return out
}
