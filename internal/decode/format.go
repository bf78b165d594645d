package decode

import (
	"strings"

	"probity/internal/strictyaml"
)

// Format is how one log is framed, decoded and mapped onto the event's fields: a YAML file that a force can copy and
// change. Package comment and testdata/README.md explain it to those who write one.
type Format struct {
	Name               string          `json:"name"`
	Description        string          `json:"description"`
	Dataset            string          `json:"dataset"`  // event.dataset
	Encoding           string          `json:"encoding"` // utf-8 (default), latin-1 or windows-1252
	Framing            string          `json:"framing"`  // lines (default), csv, json-array or winevent
	Decoder            string          `json:"decoder"`  // json, csv, delimited, logfmt, syslog, regex, cef, leef or winevent
	CSV                *CSV            `json:"csv"`
	Delimited          *Delimited      `json:"delimited"`
	Regex              *Regex          `json:"regex"`
	Syslog             *Syslog         `json:"syslog"`
	Payload            *Payload        `json:"payload"`
	Time               *Time           `json:"time"`
	NativeID           Names           `json:"native_id"` // joined by "/"; a record that lacks one has no native id
	Sequence           *Sequence       `json:"sequence"`
	AllowMessageBodies bool            `json:"allow_message_bodies"`
	Map                map[string]Spec `json:"map"` // by field
}

// Names is one native field, or a list of them.
type Names []string

// FromScalar reads the short form: one name.
func (n *Names) FromScalar(text string) error {
	*n = Names{text}
	return nil
}

var _ strictyaml.FromScalar = (*Names)(nil)

// CSV says how rows are written.
type CSV struct {
	Separator string   `json:"separator"` // one character; "," if empty
	Header    bool     `json:"header"`    // every file begins with a header row
	Columns   []string `json:"columns"`   // where there is none
}

// Delimited says how fixed columns are written.
type Delimited struct {
	Separator string   `json:"separator"` // one character
	Columns   []string `json:"columns"`
	Padded    *bool    `json:"padded"` // cut white space around every column; true unless said otherwise
}

// Regex is a line that a regular expression (RE2) matches whose named groups are the native fields.
type Regex struct {
	Pattern string `json:"pattern"`
}

// Syslog says which RFC.
type Syslog struct {
	RFC int `json:"rfc"` // 5424 or 3164
}

// Payload is a field of the record that holds a record of another format, whose fields then are the event's native ones.
type Payload struct {
	Field   string   `json:"field"`
	Decoder string   `json:"decoder"`
	Keep    []string `json:"keep"` // fields of the outer record that remain native fields
}

// Time says where the event time is and how it is written.
type Time struct {
	From    Names    `json:"from"`    // several are joined by a space
	First   []Names  `json:"first"`   // instead of From: the first that is present
	Layouts []string `json:"layouts"` // tried in order: a Go layout, rfc3339 (default), unix, unix_ms or stamp (RFC 3164)
	Zone    string   `json:"zone"`    // of layouts without one, as in Europe/London; UTC if empty
	Year    int      `json:"year"`    // for stamp, which has none
}

// alternatives are the fields to read the time from, the first that are all present.
func (t *Time) alternatives() []Names {
	if len(t.First) > 0 {
		return t.First
	}
	return []Names{t.From}
}

// where names the fields for people.
func (t *Time) where() string {
	if len(t.First) == 0 {
		return strings.Join(t.From, " or ")
	}
	var out []string
	for _, names := range t.First {
		out = append(out, strings.Join(names, " and "))
	}
	return strings.Join(out, " or ")
}

// Sequence is the native counter.
type Sequence struct {
	From  string   `json:"from"`
	Scope []string `json:"scope"` // fields that say whose counter it is; a counter without its scope is missing
}

// Spec says which text a field gets. The short form is the name of a native field.
type Spec struct {
	From      Names               `json:"from"`      // the first that is present
	Const     *string             `json:"const"`     // instead of From
	First     []Spec              `json:"first"`     // instead of From: the first that yields a value
	When      map[string][]string `json:"when"`      // only if each of these native fields has one of its values
	Pattern   string              `json:"pattern"`   // RE2; the group "value" is the text, no match no value
	As        string              `json:"as"`        // host, lower or hyphens
	Split     string              `json:"split"`     // into a list
	Values    map[string]string   `json:"values"`    // native text → text
	Otherwise string              `json:"otherwise"` // of a text that Values lacks: keep (default), lower, hyphens or missing
	Default   string              `json:"default"`   // of a text that Values lacks: this constant
}

// FromScalar reads the short form.
func (s *Spec) FromScalar(text string) error {
	*s = Spec{From: Names{text}}
	return nil
}

// payloadOf returns the decoder whose fields are the native ones.
func (f *Format) payloadOf() string {
	if f.Payload != nil {
		return f.Payload.Decoder
	}
	return f.Decoder
}
