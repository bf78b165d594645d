package notify

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"probity/internal/alert"
	"probity/internal/event"
)

// format writes a revision in the words of whoever reads it. The same revision gives the same bytes at every attempt: no
// clock, host or count of attempts is in them. A nil format is the revision's JSON as it was committed.
type format func(*alert.Alert) []byte

// formatNamed returns the format of a name that checkFormat let pass.
func formatNamed(name string) format {
	switch name {
	case "cef":
		return asCEF
	case "ocsf":
		return asOCSF
	}
	return nil
}

// checkFormat checks c.Format; the first of names is what "" means.
func checkFormat(c Config, names ...string) []Flaw {
	if c.Format == "" || slices.Contains(names, c.Format) {
		return nil
	}
	return []Flaw{{"format", fmt.Sprintf("%q is no format of a %s sink", c.Format, c.Type), "use " + strings.Join(names, " or ")}}
}

// body is what is sent of d.
func (f format) body(d alert.Delivery) ([]byte, error) {
	if f == nil {
		return d.Body, nil
	}
	a, err := revisionIn(d)
	if err != nil {
		return nil, err
	}
	return f(a), nil
}

// revisionIn reads a delivery's body. The cause of a failure is left out: it would quote the body.
func revisionIn(d alert.Delivery) (*alert.Alert, error) {
	var a alert.Alert
	if json.Unmarshal(d.Body, &a) != nil || a.ID == "" {
		return nil, failure(Refused, "the body is no alert")
	}
	return &a, nil
}

func asJSON(a *alert.Alert) []byte {
	b, err := json.Marshal(a)
	if err != nil {
		panic(err) // it was read from JSON: every field marshals
	}
	return b
}

// cut is a step in which an alert is shortened for a receiver that takes no more than so many bytes.
type cut struct {
	what  string // is missing afterwards
	apply func(*alert.Alert)
}

// cuts, in their order, each on top of those before: what can be looked up in Probity goes first, what the alert says goes
// last. What is left of a record names its exact place and hash.
func cuts() []cut {
	return []cut{
		{"", func(*alert.Alert) {}},
		{"records", func(a *alert.Alert) {
			a.Evidence = slices.Clone(a.Evidence)
			for i := range a.Evidence {
				r := &a.Evidence[i]
				r.Original, r.Base64, r.Native, r.Fields = "", false, nil, map[string]any{}
			}
		}},
		{"evidence", func(a *alert.Alert) { a.Evidence, a.EventIDs, a.Tables = []event.Record{}, []string{}, nil }},
		{"texts", func(a *alert.Alert) {
			a.Rule.Proportionality, a.Rule.Response, a.Rule.FalsePositives, a.Rule.Controls = "", "", nil, nil
			a.Measures, a.Expired = nil, nil
		}},
		{"facts", func(a *alert.Alert) { a.Facts, a.Unknowns = nil, nil }},
	}
}

// within returns d's body in at most limit bytes, and what had to be left out for that, "" if nothing.
func (f format) within(limit int, d alert.Delivery) (body []byte, without string, err error) {
	if f == nil && len(d.Body) <= limit {
		return d.Body, "", nil
	}
	a, err := revisionIn(d)
	if err != nil {
		return nil, "", err
	}
	if f == nil {
		f = asJSON
	}
	for _, c := range cuts() {
		c.apply(a)
		if body = f(a); len(body) <= limit {
			return body, c.what, nil
		}
	}
	return nil, "", failure(Refused, "the revision takes %d bytes at least, and max_bytes leaves room for %d", len(body), limit)
}

// clip shortens a text to at most n bytes of whole characters.
func clip(text string, n int) string {
	if len(text) <= n {
		return text
	}
	const more = "…"
	end := 0
	for i := range text {
		if i > n-len(more) {
			break
		}
		end = i
	}
	return text[:end] + more
}
