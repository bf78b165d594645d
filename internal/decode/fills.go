package decode

import (
	"regexp"
	"slices"
	"strings"

	"probity/internal/event"
)

// Fills reports whether events of the format can carry a field, named as rules name it. Of native fields it is known only
// where the columns are written down; any other log may have any.
func (f *Format) Fills(field string) bool {
	switch field {
	case "event.time", "event.time_ambiguous", "event.dataset":
		return true
	case "event.sequence", "event.sequence_scope":
		return f.Sequence != nil
	case "user.id":
		field = "user.name" // the people table makes it, or the account stands for itself
	case "requestor.id":
		field = "requestor.name"
	}
	if native, ok := strings.CutPrefix(field, event.NativePrefix); ok {
		columns, known := f.columns()
		return !known || slices.Contains(columns, native)
	}
	_, ok := f.Map[field]
	return ok
}

// columns are the native fields of a record; known is false where the log itself names them.
func (f *Format) columns() (names []string, known bool) {
	switch {
	case f.Payload != nil:
		return nil, false
	case f.Decoder == "delimited" && f.Delimited != nil:
		return f.Delimited.Columns, true
	case f.Decoder == "csv" && f.CSV != nil && !f.CSV.Header:
		return f.CSV.Columns, len(f.CSV.Columns) > 0
	case f.Decoder == "regex" && f.Regex != nil:
		if re, err := regexp.Compile(f.Regex.Pattern); err == nil {
			return re.SubexpNames(), true
		}
	}
	return nil, false
}

// Gives reports whether the format may give a field one of some values. It says no only where the map writes out every value
// that the field can have.
func (f *Format) Gives(field string, values []string) bool {
	s, ok := f.Map[field]
	if !ok || !s.closed() {
		return true
	}
	have, _ := f.Vocabulary(field)
	return slices.ContainsFunc(values, func(v string) bool { return slices.Contains(have, v) })
}

// closed reports whether the spec writes out all that it can yield.
func (s Spec) closed() bool {
	switch {
	case len(s.First) > 0:
		return !slices.ContainsFunc(s.First, func(a Spec) bool { return !a.closed() })
	case s.Const != nil:
		return true
	}
	return s.Values != nil && (s.Otherwise == "missing" || s.Default != "")
}
