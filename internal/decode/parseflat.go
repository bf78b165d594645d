package decode

import "strings"

// flat reads the JSON objects that logs mostly are: of scalars alone, with no escapes but the common ones. It is several times
// as fast as a parser of all JSON and accepts nothing that fastjson reads otherwise; what it does not accept goes there.
type flat struct {
	text    *arena
	rest    string
	members []member
}

// member is a name and the text of its value; the text of null is "".
type member struct{ name, text string }

// parse reports whether text is such an object; its members are then in f.members.
func (f *flat) parse(text string) bool {
	f.rest, f.members = text, f.members[:0]
	if !f.skip('{') {
		return false
	}
	if f.skip('}') {
		return f.atEnd()
	}
	for {
		name, escaped, ok := f.quoted()
		if !ok || escaped || !f.skip(':') {
			return false
		}
		value, ok := f.scalar()
		if !ok {
			return false
		}
		f.members = append(f.members, member{name, value})
		if f.skip(',') {
			continue
		}
		return f.skip('}') && f.atEnd()
	}
}

func (f *flat) atEnd() bool {
	f.space()
	return f.rest == ""
}

func (f *flat) space() {
	for f.rest != "" && (f.rest[0] == ' ' || f.rest[0] == '\t' || f.rest[0] == '\r' || f.rest[0] == '\n') {
		f.rest = f.rest[1:]
	}
}

// skip passes over white space and the byte c, if it comes next.
func (f *flat) skip(c byte) bool {
	if f.rest != "" && f.rest[0] <= ' ' {
		f.space()
	}
	if f.rest == "" || f.rest[0] != c {
		return false
	}
	f.rest = f.rest[1:]
	return true
}

// scalar reads a string, number, boolean or null.
func (f *flat) scalar() (text string, ok bool) {
	f.space()
	if f.rest == "" {
		return "", false
	}
	switch f.rest[0] {
	case '"':
		text, escaped, ok := f.quoted()
		if escaped {
			text, ok = f.unescape(text)
		}
		return text, ok
	case 't':
		return "true", f.word("true")
	case 'f':
		return "false", f.word("false")
	case 'n':
		return "", f.word("null")
	}
	n := numberLength(f.rest)
	text, f.rest = f.rest[:n], f.rest[n:]
	return text, n > 0
}

func (f *flat) word(w string) (ok bool) {
	f.rest, ok = strings.CutPrefix(f.rest, w)
	return ok
}

// quoted reads a string; escaped says that what it returns has its escapes still.
func (f *flat) quoted() (text string, escaped, ok bool) {
	if !f.skip('"') {
		return "", false, false
	}
	end := strings.IndexByte(f.rest, '"')
	if end < 0 {
		return "", false, false
	}
	if strings.IndexByte(f.rest[:end], '\\') >= 0 {
		escaped = true
		if end = closing(f.rest); end < 0 {
			return "", true, false
		}
	}
	text, f.rest = f.rest[:end], f.rest[end+1:]
	return text, escaped, true
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
