package decode

import (
	"bytes"
	"strings"

	"github.com/valyala/fastjson"
)

const (
	maxDepth     = 64 // of JSON; parsers recurse
	maxFlatDepth = 4  // objects up to here are flattened by dots; deeper ones are kept as JSON text

	// A member's name is written out with those of the objects around it. What that may come to, beyond some for small records: a
	// long name around thousands of short members would be gigabytes.
	maxFlatGrowth = 8
	smallFlat     = 64 << 10 // bytes
	largeFlat     = 64 << 20 // bytes beyond the record's, for large ones
)

// jsonParser reads one JSON object. Nested objects become dotted names; arrays become their JSON text. The parser is
// valyala/fastjson, with flat before it; what it tolerates beyond RFC 8259 (raw control characters in strings, NaN) is tolerated. Its values die
// at the next parse, so texts are copied into the worker's arena.
type jsonParser struct {
	w       *Worker
	flat    flat
	parser  fastjson.Parser
	root    *fastjson.Value
	prefix  []byte
	scratch []byte
	room    int // for the names and texts of the record's members
}

func (p *jsonParser) parse(n *natives, text string, _ *Header) *Reject {
	p.root = nil
	if p.flat.parse(n, text) {
		return nil
	}
	n.again()
	return p.whole(n, text)
}

// whole reads any object.
func (p *jsonParser) whole(n *natives, text string) *Reject {
	if deeperThan(bytesOf(text), maxDepth) {
		return &Reject{ReasonTooDeep, "JSON nested deeper than 64"}
	}
	root, err := p.parser.Parse(text)
	if err != nil {
		return &Reject{ReasonSyntax, "not JSON: " + jsonFault(err) + " in " + quote(text)}
	}
	object, err := root.Object()
	if err != nil {
		return &Reject{ReasonSyntax, "a JSON " + root.Type().String() + " where an object is needed: " + quote(text)}
	}
	p.root, p.room = root, min(maxFlatGrowth*len(text)+smallFlat, len(text)+largeFlat)
	p.flatten(n, object, 1)
	if p.room < 0 {
		return &Reject{ReasonTooLong, "JSON whose members, each named with the objects around it, come to many times the record: " + quote(text)}
	}
	return nil
}

// flatten adds the members of an object whose dotted name stands in p.prefix.
func (p *jsonParser) flatten(n *natives, object *fastjson.Object, depth int) {
	object.Visit(func(key []byte, v *fastjson.Value) {
		length := len(p.prefix)
		p.prefix = append(p.prefix, key...)
		defer func() { p.prefix = p.prefix[:length] }()
		if p.room -= len(p.prefix); p.room < 0 {
			return
		}
		switch t := v.Type(); {
		case t == fastjson.TypeObject && depth < maxFlatDepth:
			p.prefix = append(p.prefix, '.')
			p.flatten(n, v.GetObject(), depth+1)
		case t == fastjson.TypeObject || t == fastjson.TypeArray:
			p.scratch = p.write(n, p.scratch[:0], v)
			p.room -= len(p.scratch)
			n.add(n.symbol(p.prefix), p.w.text.copy(p.scratch), v)
		default:
			n.add(n.symbol(p.prefix), p.scalar(v), nil)
		}
	})
}

// write appends v as JSON without white space and with the fewest escapes, so that the same value is the same text however
// its carrier wrote it, and notes duplicate keys.
func (p *jsonParser) write(n *natives, b []byte, v *fastjson.Value) []byte {
	switch v.Type() {
	case fastjson.TypeObject:
		object := v.GetObject()
		seen := make(map[string]bool, object.Len())
		b = append(b, '{')
		object.Visit(func(key []byte, v *fastjson.Value) {
			if len(seen) > 0 {
				b = append(b, ',')
			}
			if seen[string(key)] {
				n.doubled = append(n.doubled, string(p.prefix)+"."+string(key))
			}
			seen[string(key)] = true
			b = append(appendJSON(b, key), ':')
			b = p.write(n, b, v)
		})
		return append(b, '}')
	case fastjson.TypeArray:
		b = append(b, '[')
		for i, el := range v.GetArray() {
			if i > 0 {
				b = append(b, ',')
			}
			b = p.write(n, b, el)
		}
		return append(b, ']')
	case fastjson.TypeString:
		return appendJSON(b, v.GetStringBytes())
	}
	return v.MarshalTo(b)
}

// appendJSON appends a JSON string with the escapes that RFC 8259 demands and no others.
func appendJSON(b, text []byte) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	for _, c := range text {
		switch {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c < 0x20:
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		default:
			b = append(b, c)
		}
	}
	return append(b, '"')
}

// scalar returns the text of a string, number or boolean, "" for null. A number keeps the digits of the log.
func (p *jsonParser) scalar(v *fastjson.Value) string {
	switch v.Type() {
	case fastjson.TypeString:
		return p.w.text.copy(v.GetStringBytes())
	case fastjson.TypeTrue:
		return "true"
	case fastjson.TypeFalse:
		return "false"
	case fastjson.TypeNumber:
		p.scratch = v.MarshalTo(p.scratch[:0])
		return p.w.text.copy(p.scratch)
	}
	return ""
}

// jsonFault is the parser's message without the log's text that it quotes at length.
func jsonFault(err error) string {
	msg, _, _ := strings.Cut(err.Error(), "; unparsed tail")
	msg, _, _ = strings.Cut(msg, `: "`)
	if i := strings.LastIndex(msg, ": "); i >= 0 {
		msg = msg[i+2:]
	}
	return quote(msg)
}

// deeperThan reports whether brackets outside strings nest deeper than limit.
func deeperThan(b []byte, limit int) bool {
	if bytes.Count(b, []byte{'{'})+bytes.Count(b, []byte{'['}) <= limit {
		return false
	}
	depth := 0
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case '"':
			for i++; i < len(b) && b[i] != '"'; i++ {
				if b[i] == '\\' {
					i++
				}
			}
		case '{', '[':
			if depth++; depth > limit {
				return true
			}
		case '}', ']':
			depth--
		}
	}
	return false
}
