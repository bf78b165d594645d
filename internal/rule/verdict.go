package rule

// Verdict is the truth of a condition. The order is that of the package comment: and is the minimum, or the maximum.
type Verdict uint8

// The verdicts.
const (
	False        Verdict = iota
	UnknownField         // a field is missing; no newer table will decide it
	Undecided            // a table does not say; a newer one may
	True
)

var verdictNames = [...]string{"false", "unknown", "undecided", "true"}

func (v Verdict) String() string { return verdictNames[v] }

// not is Kleene's negation; each unknown stays what it is.
func (v Verdict) not() Verdict {
	switch v {
	case False:
		return True
	case True:
		return False
	}
	return v
}

func verdictOf(b bool) Verdict {
	if b {
		return True
	}
	return False
}
