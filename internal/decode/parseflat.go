package decode

import "strings"

// flat reads the JSON objects that logs mostly are: of scalars alone, with no escapes but the common ones. It is several times
// as fast as a parser of all JSON and accepts nothing that fastjson reads otherwise; what it does not accept goes there.
//
// It passes over the text once. Each name is first compared with those that came at this place in records before; and where
// the next backslash stands is known all the time, so that a string without one is looked at for its closing quote only.
type flat struct{ text *arena }

// parse adds the members of the object that text is. If it is false, text is not such an object, and n has some of them.
func (f *flat) parse(n *natives, text string) bool {
	i := past(text, 0, '{')
	if i < 0 {
		return false
	}
	if end := past(text, i, '}'); end >= 0 {
		return space(text, end) == len(text)
	}
	backslash := next(text, i, '\\')
	for last := &n.start; ; {
		if i < len(text) && text[i] != '"' {
			i = space(text, i)
		}
		s := last.foretold(text[i:])
		if s != nil {
			i += len(s.member)
		} else {
			if s, i = member(n, text, i, backslash); s == nil {
				return false
			}
			last.learn(s)
		}
		last = s
		value := ""
		if i < len(text) && text[i] != '"' {
			i = space(text, i)
		}
		if i < len(text) && text[i] == '"' {
			i++
			length := strings.IndexByte(text[i:], '"')
			if length < 0 {
				return false
			}
			value = text[i:][:length]
			if i += length; backslash < i {
				var ok bool
				if value, i, ok = f.escaped(text, i-length); !ok {
					return false
				}
				backslash = next(text, i, '\\')
			}
			i++
		} else {
			end := 0
			if value, end = bare(text[i:]); end == 0 {
				return false
			}
			i += end
		}
		if n.raw {
			n.add(s, value, nil)
		} else {
			n.take(s, value)
		}
		if i < len(text) && text[i] == ',' && i+1 < len(text) && text[i+1] == '"' {
			i++ // as most are written
		} else if end := past(text, i, ','); end >= 0 {
			i = end
		} else {
			i = past(text, i, '}')
			return i >= 0 && space(text, i) == len(text)
		}
	}
}

// member reads a name and its colon, and returns what stands behind; nil if there is none, or one with escapes.
func member(n *natives, text string, i, backslash int) (*symbol, int) {
	if i = past(text, i, '"'); i < 0 {
		return nil, 0
	}
	end := next(text, i, '"')
	if end == len(text) || backslash < end {
		return nil, 0
	}
	s := n.symbol(bytesOf(text[i:end]))
	if i = past(text, end+1, ':'); i < 0 {
		return nil, 0
	}
	return s, i
}

// next is where c stands in text from i on, the end if nowhere.
func next(text string, i int, c byte) int {
	if n := strings.IndexByte(text[i:], c); n >= 0 {
		return i + n
	}
	return len(text)
}

// space passes over white space.
func space(text string, i int) int {
	for i < len(text) && (text[i] == ' ' || text[i] == '\t' || text[i] == '\r' || text[i] == '\n') {
		i++
	}
	return i
}

// past is what stands behind white space and the byte c, -1 if c is not what comes next.
func past(text string, i int, c byte) int {
	if i = space(text, i); i < len(text) && text[i] == c {
		return i + 1
	}
	return -1
}

// bare reads a number, a boolean or null, whose text is "", from the front of text; length is 0 if there is none.
func bare(text string) (value string, length int) {
	if text == "" {
		return "", 0
	}
	switch text[0] {
	case 't':
		return literal(text, "true", "true")
	case 'f':
		return literal(text, "false", "false")
	case 'n':
		return literal(text, "null", "")
	}
	length = numberLength(text)
	return text[:length], length
}

func literal(text, as, value string) (string, int) {
	if strings.HasPrefix(text, as) {
		return value, len(as)
	}
	return "", 0
}

// escaped reads a string with escapes from i on, and returns where its closing quote stands.
func (f *flat) escaped(text string, i int) (value string, end int, ok bool) {
	length := closing(text[i:])
	if length < 0 {
		return "", 0, false
	}
	value, ok = f.unescape(text[i:][:length])
	return value, i + length, ok
}

// closing is where the quote stands that ends a string with escapes, -1 if none does.
func closing(s string) int {
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return i
		}
	}
	return -1
}

// unescape replaces the escapes of one byte; ok is false if there are others.
func (f *flat) unescape(s string) (text string, ok bool) {
	b := f.text.room(len(s))
	for {
		i := strings.IndexByte(s, '\\')
		if i < 0 {
			return f.text.keep(append(b, s...)), true
		}
		b = append(b, s[:i]...)
		switch c := s[i+1]; c { // closing saw to it that there is one
		case '"', '\\', '/':
			b = append(b, c)
		case 'n':
			b = append(b, '\n')
		case 't':
			b = append(b, '\t')
		case 'r':
			b = append(b, '\r')
		case 'b':
			b = append(b, '\b')
		case 'f':
			b = append(b, '\f')
		default:
			return "", false
		}
		s = s[i+2:]
	}
}

// numberLength is how many bytes of s are a number as RFC 8259 writes one; 0 if it begins with none.
func numberLength(s string) int {
	i := 0
	for i < len(s) && s[i] <= '9' && s[i] >= '0' && s[0] != '0' { // most have no more than digits
		i++
	}
	if i > 0 && i < len(s) && s[i] == ',' {
		return i
	}
	i = 0
	digits := func() bool {
		from := i
		for i < len(s) && s[i] >= '0' && s[i] <= '9' {
			i++
		}
		return i > from
	}
	if i < len(s) && s[i] == '-' {
		i++
	}
	if i < len(s) && s[i] == '0' {
		i++
	} else if !digits() {
		return 0
	}
	if i < len(s) && s[i] == '.' {
		i++
		if !digits() {
			return 0
		}
	}
	if i < len(s) && (s[i] == 'e' || s[i] == 'E') {
		i++
		if i < len(s) && (s[i] == '+' || s[i] == '-') {
			i++
		}
		if !digits() {
			return 0
		}
	}
	return i
}
