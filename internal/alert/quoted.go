package alert

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// Unfold makes Evidence of Quoted, for who reads or changes it.
func (a *Alert) Unfold() error {
	for _, k := range a.Quoted {
		r, err := k.Record()
		if err != nil {
			return fmt.Errorf("alert %s: %w", a.Key(), err)
		}
		a.Evidence = append(a.Evidence, *r)
	}
	a.Quoted = nil
	return nil
}

// MarshalJSON writes the same whether the evidence is unfolded or not.
func (a Alert) MarshalJSON() ([]byte, error) { return a.JSON() }

// JSON is the body of the revision. It is MarshalJSON for who need not have it checked again, as json.Marshal does.
func (a *Alert) JSON() ([]byte, error) {
	type plain Alert // without MarshalJSON
	if len(a.Quoted) == 0 {
		return json.Marshal((*plain)(a))
	}
	if len(a.Evidence) > 0 {
		return nil, fmt.Errorf("alert %s: some of its evidence is unfolded, and some is not", a.Key())
	}
	around := plain(*a)
	around.Evidence = nil
	b, err := json.Marshal(&around)
	if err != nil {
		return nil, err
	}
	// No text of the alert can hold this, for its quotes would be escaped; nor any object behind it, for none has such a member.
	const evidence = `,"evidence":null,`
	at := bytes.LastIndex(b, []byte(evidence)) + len(evidence) - len(`null,`)
	out := make([]byte, 0, len(b)+len(a.Quoted)*bytesQuoted)
	out = append(append(out, b[:at]...), '[')
	for i, k := range a.Quoted {
		if i > 0 {
			out = append(out, ',')
		}
		if out, err = k.AppendJSON(out); err != nil {
			return nil, fmt.Errorf("alert %s: %w", a.Key(), err)
		}
	}
	return append(append(out, ']'), b[at+len(`null`):]...), nil
}

// bytesQuoted is room for a record as an alert quotes it, most often.
const bytesQuoted = 2 << 10

// quotedTexts calls fn with the text of a field of each record that the alert quotes, "" where it has none.
func (a *Alert) quotedTexts(field string, fn func(text string)) {
	for i := range a.Evidence {
		text, _ := a.Evidence[i].Fields[field].(string)
		fn(text)
	}
	for _, k := range a.Quoted {
		fn(strings.ToValidUTF8(k.Text(field), "\uFFFD")) // as a Record has it
	}
}

// Datasets are those of the records that it quotes, each once, in their order.
func (a *Alert) Datasets() (list []string) {
	a.quotedTexts("event.dataset", func(dataset string) { list = add(list, dataset) })
	return list
}
