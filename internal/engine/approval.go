package engine

import "time"

// Approval says who answers for the rules of a generation, or that nobody does. It is part of the generation's hash.
type Approval struct {
	Status string    `json:"status"`           // approved, or what is wrong: unsigned, altered, older, unchecked
	Commit string    `json:"commit,omitempty"` // that was signed
	Signer string    `json:"signer,omitempty"` // by whom
	At     time.Time `json:"at,omitzero"`      // of the signature
	Why    string    `json:"why,omitempty"`    // not approved
}

// The statuses that a generation does not bring along, but that follow from the one before it.
const (
	approvedStatus = "approved"
	olderStatus    = "older"
	uncheckedState = "unchecked"
)

// ApprovalAfter is what is to be told of g's rules when it takes the place of the generation before: false if nothing is. Signed rules that
// were signed before the ones that they replace have been put back; and that nobody has to sign any more is a change like any.
func (g *Generation) ApprovalAfter(before *Generation) (Approval, bool) {
	switch was, is := before.Approval, g.Approval; {
	case was == nil && is == nil:
		return Approval{}, false
	case is == nil:
		return Approval{Status: uncheckedState, Why: "the configuration no longer says who must sign rules"}, true
	case was != nil && *was == *is && before.Rules.Hash() == g.Rules.Hash():
		return Approval{}, false
	case was != nil && was.Status == approvedStatus && is.Status == approvedStatus && is.At.Before(was.At):
		older := *is
		older.Status, older.Why = olderStatus, "signed before the rules that were in force"
		return older, true
	default:
		return *is, true
	}
}

// Told is the approval as something that happened to Probity: it names the revision, and nobody.
func (a Approval) Told(g *Generation, at time.Time) Own {
	return Own{Action: "rules", Type: "rules", Object: g.Rules.Hash()[:16], Reason: a.Status, Count: -1, Place: a.Why, At: at}
}
