package rule

import "probity/internal/event"

// IndexField is one of the fields that rules are found by.
type IndexField struct {
	Field string   `json:"field"`
	Needs []string `json:"needs,omitempty"` // one of these; nil: any value, or none
	Value string   `json:"value,omitempty"` // the event's; "" if the record has none
	Meets bool     `json:"meets"`
}

// ExplainIndex says, for each field that rules are found by, what the rule cannot match without and what the event has. An
// event meets the rule if all fields do.
func (c *Compiled) ExplainIndex(s *event.Schema, ev *event.Event) (out []IndexField, meets bool) {
	var values [len(indexed)]string
	for i, f := range indexed {
		values[i] = ev.Text(f)
		only := needs{}
		only[i] = c.needs[i]
		out = append(out, IndexField{Field: s.Info(f).Name, Needs: c.needs[i], Value: values[i], Meets: only.allow(values)})
	}
	return out, c.needs.allow(values)
}
