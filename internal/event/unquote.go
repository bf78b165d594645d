package event

import (
	"bytes"
	"encoding/json"
	"time"
	"unicode/utf8"
)

// quotedReader reads the JSON of records as AppendJSON writes it, in a third of the time that encoding/json takes. Whatever is
// otherwise, if only a blank, makes it give up, and Record.UnmarshalJSON has it read by encoding/json.
type quotedReader struct {
	rest  []byte
	other bool // it is not as AppendJSON writes it
}

func (q *quotedReader) record() (r Record) {
	q.must(`{"id":`)
	r.ID = q.text()
	q.must(`,"@timestamp":`)
	r.Time = q.time()
	q.must(`,"event.ingested":`)
	r.Ingested = q.time()
	q.must(`,"source":`)
	r.Source = q.text()
	if q.has(`,"native_id":`) {
		r.NativeID = q.text()
	}
	if q.has(`,"nth":`) {
		n := q.number(10)
		if r.Nth = uint32(n); int64(r.Nth) != n {
			q.other = true
		}
	}
	q.must(`,"log.file.path":`)
	r.Path = q.text()
	q.must(`,"log.offset":`)
	r.Offset = q.number(19)
	q.must(`,"sha256":`)
	r.SHA256 = q.text()
	q.must(`,"event.original":`)
	r.Original = q.text()
	r.Base64 = q.has(`,"base64":true`)
	r.Partial = q.has(`,"partial":true`)
	r.Fields = q.fields()
	r.Native = q.natives()
	if q.must(`}`); len(q.rest) > 0 {
		q.other = true
	}
	return r
}

func (q *quotedReader) fields() map[string]any {
	fields := map[string]any{}
	q.must(`,"fields":{`)
	for first := true; !q.other && !q.has(`}`); first = false {
		if !first {
			q.must(`,`)
		}
		name := q.text()
		q.must(`:`)
		fields[name] = q.value()
	}
	return fields
}

func (q *quotedReader) value() any {
	switch {
	case len(q.rest) == 0:
		q.other = true
	case q.rest[0] == '"':
		return q.text()
	case q.has(`true`):
		return true
	case q.has(`false`):
		return false
	case q.has(`[`):
		list := []any{q.text()} // an empty one is not written
		for !q.other && !q.has(`]`) {
			q.must(`,`)
			list = append(list, q.text())
		}
		return list
	}
	return json.Number(q.digits(19))
}

func (q *quotedReader) natives() (list []Pair) {
	if !q.has(`,"native":[`) {
		return nil
	}
	for len(list) == 0 || !q.other && q.has(`,`) {
		q.must(`[`)
		p := Pair{Name: q.text()}
		q.must(`,`)
		p.Text = q.text()
		q.must(`]`)
		list = append(list, p)
	}
	q.must(`]`)
	return list
}

// has passes over what comes next if it is this.
func (q *quotedReader) has(literal string) bool {
	if len(q.rest) < len(literal) || string(q.rest[:len(literal)]) != literal {
		return false
	}
	q.rest = q.rest[len(literal):]
	return true
}

func (q *quotedReader) must(literal string) {
	if !q.has(literal) {
		q.other, q.rest = true, nil
	}
}

// string returns a string with its quotes and escapes.
func (q *quotedReader) string() (s []byte, escapes bool) {
	if len(q.rest) == 0 || q.rest[0] != '"' {
		q.other, q.rest = true, nil
		return nil, false
	}
	for i := 1; i < len(q.rest); i++ {
		switch c := q.rest[i]; {
		case c == '"':
			s, q.rest = q.rest[:i+1], q.rest[i+1:]
			if !utf8.Valid(s) {
				q.other = true
			}
			return s, escapes
		case c == '\\':
			escapes = true
			i++
		case c < ' ':
			q.other = true
		}
	}
	q.other, q.rest = true, nil
	return nil, false
}

func (q *quotedReader) text() string {
	s, escapes := q.string()
	if q.other {
		return ""
	}
	if s = s[1 : len(s)-1]; !escapes {
		return string(s)
	}
	out := make([]byte, 0, len(s))
	for {
		i := bytes.IndexByte(s, '\\')
		if i < 0 {
			return string(append(out, s...))
		}
		out = append(out, s[:i]...)
		switch c := s[i+1]; c { // string has seen that something follows
		case '"', '\\':
			out = append(out, c)
		case 'n':
			out = append(out, '\n')
		case 't':
			out = append(out, '\t')
		default: // seldom
			var rest string
			if json.Unmarshal(append(append([]byte{'"'}, s[i:]...), '"'), &rest) != nil {
				q.other = true
			}
			return string(append(out, rest...))
		}
		s = s[i+2:]
	}
}

func (q *quotedReader) time() (t time.Time) {
	s, _ := q.string()
	if !q.other && t.UnmarshalJSON(s) != nil {
		q.other = true
	}
	return t
}

// digits returns an integer of at most so many digits.
func (q *quotedReader) digits(most int) string {
	i := 0
	if len(q.rest) > 0 && q.rest[0] == '-' {
		i++
	}
	first := i
	for i < len(q.rest) && '0' <= q.rest[i] && q.rest[i] <= '9' {
		i++
	}
	n := i - first
	if n == 0 || n > most || n > 1 && q.rest[first] == '0' {
		q.other, q.rest = true, nil
		return ""
	}
	s := string(q.rest[:i])
	q.rest = q.rest[i:]
	return s
}

func (q *quotedReader) number(most int) int64 {
	n, err := json.Number(q.digits(most)).Int64()
	if err != nil {
		q.other = true
	}
	return n
}
