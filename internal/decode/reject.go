package decode

import "strings"

// The reasons for a reject. They are stable: metrics carry them as a label and operators search for them.
const (
	ReasonSyntax   = "syntax"   // not what the decoder reads
	ReasonColumns  = "columns"  // another number of columns than the header or the configuration says, or no header
	ReasonTime     = "time"     // no event time
	ReasonType     = "type"     // an event time that does not read as one
	ReasonEncoding = "encoding" // not valid in the source's encoding
	ReasonTooLong  = "too-long" // longer than MaxRecordBytes, and then in pieces; or its fields are much longer than it
	ReasonTooDeep  = "too-deep" // JSON nested deeper than 64
	ReasonNUL      = "nul"      // holds a NUL byte, as holes in sparse files do
	ReasonQuote    = "quote"    // a CSV quote that nothing closes before the end of the file
	ReasonPayload  = "payload"  // the field that should hold the payload is missing or empty
)

// maxQuote is how many bytes of a record a reject may quote to people.
const maxQuote = 80

// Reject says why a record gives no event. The record's bytes are kept by the caller.
type Reject struct {
	Reason string // one of the constants above
	Detail string // for people; quotes at most 80 bytes of the record
}

func (r *Reject) Error() string { return r.Reason + ": " + r.Detail }

// quote returns text for a Detail: cut to maxQuote bytes, with control characters replaced so that a terminal shows it
// safely.
func quote(text string) string {
	cut := text
	if len(cut) > maxQuote {
		cut = cut[:maxQuote-len("…")]
	}
	cut = strings.Map(func(r rune) rune {
		if r < 0x20 || r >= 0x7f && r < 0xa0 {
			return '.'
		}
		return r
	}, strings.ToValidUTF8(cut, "?"))
	if len(text) > maxQuote {
		cut += "…"
	}
	return cut
}
