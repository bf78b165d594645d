package decode

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// The names of the header's fields, in order.
var leefHeader = []string{"leefVersion", "vendor", "product", "productVersion", "eventID"}

// leefParser reads IBM's Log Event Extended Format, versions 1.0 and 2.0:
//
//	LEEF:1.0|vendor|product|version|event id|key=value<tab>key=value<tab>…
//	LEEF:2.0|vendor|product|version|event id|^|key=value^key=value^…
//
// Version 2.0 may say which character stands between the attributes: as such, or in hexadecimal (x5E, 0x5e); a tab if the
// field is empty or missing. There are no escapes; a value may hold =.
type leefParser struct {
	header  []*symbol
	carrier *symbol
	payload bool // the text is a field of another record
}

func (p *leefParser) parse(n *natives, text string, _ *Header) *Reject {
	if p.header == nil {
		p.header = n.fixed(leefHeader)
		p.carrier = n.newSymbol(nativeCarrier)
	}
	carrier, rest, ok := cutCarrier(text, "LEEF:", p.payload)
	if !ok {
		return &Reject{ReasonSyntax, "not LEEF: no LEEF: in " + quote(text)}
	}
	n.add(p.carrier, carrier, nil)
	version, _, _ := strings.Cut(rest, "|")
	for _, s := range p.header {
		field, after, ended := strings.Cut(rest, "|")
		if !ended {
			return &Reject{ReasonSyntax, "not LEEF: a header of fewer than five fields in " + quote(text)}
		}
		n.add(s, field, nil)
		rest = after
	}
	delimiter := "\t"
	if !strings.HasPrefix(version, "1") {
		delimiter, rest = leefDelimiter(rest)
	}
	if !attributes(n, rest, delimiter) {
		return &Reject{ReasonSyntax, "not LEEF: an attribute without = in " + quote(text)}
	}
	return nil
}

// leefDelimiter reads the delimiter at the front of the attributes, if one is there.
func leefDelimiter(text string) (delimiter, rest string) {
	field, after, ok := strings.Cut(text, "|")
	if !ok {
		return "\t", text
	}
	if field == "" {
		return "\t", after
	}
	if r, n := utf8.DecodeRuneInString(field); n == len(field) && r != utf8.RuneError {
		return field, after
	}
	digits, hex := strings.CutPrefix(strings.TrimPrefix(strings.ToLower(field), "0"), "x")
	if !hex || len(digits) > 4 {
		return "\t", text // no delimiter, but attributes that hold a |
	}
	code, err := strconv.ParseUint(digits, 16, 16)
	if err != nil || code == 0 || !utf8.ValidRune(rune(code)) {
		return "\t", text
	}
	return string(rune(code)), after
}

// attributes adds what stands between delimiters. It returns false if one has no =. Blanks around keys and values are cut.
func attributes(n *natives, text, delimiter string) bool {
	for attribute := range strings.SplitSeq(text, delimiter) {
		if strings.TrimSpace(attribute) == "" {
			continue
		}
		key, value, ok := strings.Cut(attribute, "=")
		if key = strings.TrimSpace(key); !ok || key == "" {
			return false
		}
		n.add(n.symbol(bytesOf(key)), strings.Trim(value, " \t"), nil)
	}
	return true
}
