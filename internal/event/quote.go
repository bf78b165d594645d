package event

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// AppendJSON appends the JSON of k's Record, byte for byte what encoding/json writes of it, without making the Record: each
// revision of an alert writes all that it quotes, and hardly anybody reads a Record of it before.
func (k *Kept) AppendJSON(b []byte) ([]byte, error) {
	e := Event{Slots: make([]Value, FieldTime+1)} // read sets this one
	var few [32]namedValue
	fields := few[:0]
	err := k.read(&e, func(name string, v Value) {
		if v.Has() {
			fields = append(fields, namedValue{name, v})
		}
	})
	if err != nil {
		return b, err
	}
	b = append(b, `{"id":"`...)
	b = hex.AppendEncode(b, k.ID[:])
	b = append(b, `","@timestamp":"`...)
	b = time.Unix(0, e.Time()).UTC().AppendFormat(b, time.RFC3339Nano)
	b = append(b, `","event.ingested":"`...)
	b = time.Unix(0, e.Ingested).UTC().AppendFormat(b, time.RFC3339Nano)
	b = appendJSONText(append(b, `","source":`...), e.Origin.Source)
	if e.NativeID != "" {
		b = appendJSONText(append(b, `,"native_id":`...), e.NativeID)
	}
	if e.Origin.Nth != 0 {
		b = strconv.AppendUint(append(b, `,"nth":`...), uint64(e.Origin.Nth), 10)
	}
	b = appendJSONText(append(b, `,"log.file.path":`...), e.Origin.Path)
	b = strconv.AppendInt(append(b, `,"log.offset":`...), e.Origin.Offset, 10)
	b = appendOriginal(b, e.Original)
	if e.Partial {
		b = append(b, `,"partial":true`...)
	}
	b = appendFields(append(b, `,"fields":{`...), fields)
	b = append(b, '}')
	for i, p := range e.Native {
		if i == 0 {
			b = append(b, `,"native":[[`...)
		} else {
			b = append(b, `],[`...)
		}
		b = append(appendJSONText(b, p.Name), ',')
		b = appendJSONText(b, legible(p.Text))
	}
	if len(e.Native) > 0 {
		b = append(b, `]]`...)
	}
	return append(b, '}'), nil
}

// namedValue is a field and its value.
type namedValue struct {
	name  string
	value Value
}

// appendOriginal appends the line and its hash.
func appendOriginal(b, original []byte) []byte {
	sum := sha256.Sum256(original)
	b = hex.AppendEncode(append(b, `,"sha256":"`...), sum[:])
	b = append(b, `","event.original":`...)
	if utf8.Valid(original) {
		return appendJSONText(b, original)
	}
	b = base64.StdEncoding.AppendEncode(append(b, '"'), original)
	return append(b, `","base64":true`...)
}

// appendFields appends fields as the members of an object, in the order of their names, as encoding/json does with a map.
func appendFields(b []byte, fields []namedValue) []byte {
	slices.SortStableFunc(fields, func(a, b namedValue) int { return strings.Compare(a.name, b.name) })
	first := true
	for i, f := range fields {
		if i+1 < len(fields) && fields[i+1].name == f.name {
			continue // in a map the last one counts
		}
		if !first {
			b = append(b, ',')
		}
		first = false
		b = append(appendJSONText(b, f.name), ':')
		b = f.value.appendJSON(b)
	}
	return b
}

// appendJSON appends the JSON of jsonValue.
func (v *Value) appendJSON(b []byte) []byte {
	switch v.Kind {
	case String:
		return appendJSONText(b, legible(v.Str))
	case Int:
		return strconv.AppendInt(b, v.Num, 10)
	case Bool:
		return strconv.AppendBool(b, v.Num != 0)
	case List:
		b = append(b, '[')
		for i, el := range v.List() {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendJSONText(b, el)
		}
		return append(b, ']')
	}
	return appendJSONText(b, v.Text())
}

// legible is a text as a Record has it.
func legible(s string) string {
	return strings.ToValidUTF8(s, "\uFFFD")
}

// appendJSONText appends a text as encoding/json does: what HTML would take for its own is escaped, too.
func appendJSONText[T string | []byte](b []byte, s T) []byte {
	const digits = "0123456789abcdef"
	b = append(b, '"')
	from := 0 // what is not appended yet
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			if c >= ' ' && c != '"' && c != '\\' && c != '<' && c != '>' && c != '&' {
				i++
				continue
			}
			b = append(b, s[from:i]...)
			switch c {
			case '"', '\\':
				b = append(b, '\\', c)
			case '\b':
				b = append(b, '\\', 'b')
			case '\f':
				b = append(b, '\\', 'f')
			case '\n':
				b = append(b, '\\', 'n')
			case '\r':
				b = append(b, '\\', 'r')
			case '\t':
				b = append(b, '\\', 't')
			default:
				b = append(b, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
			}
			i++
			from = i
			continue
		}
		r, n := utf8.DecodeRuneInString(string(s[i:min(i+utf8.UTFMax, len(s))]))
		switch {
		case r == utf8.RuneError && n == 1:
			b = append(append(b, s[from:i]...), `\ufffd`...)
			from = i + n
		case r == '\u2028' || r == '\u2029': // JavaScript ends a line there
			b = append(append(b, s[from:i]...), '\\', 'u', '2', '0', '2', digits[r&15])
			from = i + n
		}
		i += n
	}
	return append(append(b, s[from:]...), '"')
}
