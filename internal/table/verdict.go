package table

import "probity/internal/event"

// verdict is a truth value after Kleene, with the reason of an unknown. The order matters: of two unknowns the greater is
// reported, because a newer table may lift it.
type verdict uint8

const (
	no verdict = iota
	yes
	unknownField
	unknownTable
)

func known(b bool) verdict {
	if b {
		return yes
	}
	return no
}

func (v verdict) and(w verdict) verdict {
	if v == no || w == no {
		return no
	}
	return max(v, w)
}

func (v verdict) or(w verdict) verdict {
	if v == yes || w == yes {
		return yes
	}
	return max(v, w)
}

func (v verdict) not() verdict {
	switch v {
	case no:
		return yes
	case yes:
		return no
	}
	return v
}

// answer returns v as a lookup does.
func (v verdict) answer() (event.Value, event.Unknown) {
	if v <= yes {
		return event.BoolValue(v == yes), event.Known
	}
	return event.Value{}, v.why()
}

// why is the reason of an unknown; of a known no, where a value was asked for, it is that there is none to be had.
func (v verdict) why() event.Unknown {
	if v == unknownTable {
		return event.UnknownTable
	}
	return event.UnknownField
}
