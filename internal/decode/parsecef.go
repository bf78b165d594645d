package decode

import "strings"

// The names of the header's fields, in order, as the standard's dictionary has them.
var cefHeader = []string{"cefVersion", "deviceVendor", "deviceProduct", "deviceVersion", "deviceEventClassId", "name", "severity"}

// nativeCarrier is what stands before the format's own first word in its line: the header of a syslog message.
const nativeCarrier = "carrier"

// cefParser reads ArcSight's Common Event Format (Implementation Standard, revision 25):
//
//	CEF:0|vendor|product|version|event class id|name|severity|key=value key=value …
//
// In the header \| and \\ are escapes, in the extension \=, \\, \n and \r; any other backslash is a backslash. A value goes on
// to the last blank before the next key; blanks at its end are cut. An = with no key right before it belongs to the value,
// because many products leave it unescaped in addresses.
//
// The value of cs1 (any key that has a companion cs1Label) is seen by mappings also under the label's text, unless a key of
// the record has that name or two labels are alike: which of the six custom strings holds what, each product decides anew.
type cefParser struct {
	w       *Worker
	header  []*symbol
	carrier *symbol
	payload bool // the text is a field of another record
	labels  []cefLabel
}

// cefLabel is a key whose name ends in Label, without that end, and its value.
type cefLabel struct{ key, text string }

func (p *cefParser) parse(n *natives, text string, _ *Header) *Reject {
	if p.header == nil {
		p.header = n.fixed(cefHeader)
		p.carrier = n.newSymbol(nativeCarrier)
	}
	carrier, rest, ok := cutCarrier(text, "CEF:", p.payload)
	if !ok {
		return &Reject{ReasonSyntax, "not CEF: no CEF: in " + quote(text)}
	}
	n.add(p.carrier, carrier, nil)
	for i, s := range p.header {
		field, after, ended := p.headerField(rest)
		if !ended && i < len(p.header)-1 {
			return &Reject{ReasonSyntax, "not CEF: a header of fewer than seven fields in " + quote(text)}
		}
		n.add(s, field, nil)
		rest = after
	}
	if !p.extension(n, rest) {
		return &Reject{ReasonSyntax, "not CEF: text before the first key of the extension in " + quote(text)}
	}
	p.nameByLabel(n)
	return nil
}

// cutCarrier cuts what stands before the word that begins the format, which a syslog daemon writes there. Within another
// record the word may be missing: RFC 3164 takes it for the tag of the message.
func cutCarrier(text, word string, payload bool) (carrier, rest string, ok bool) {
	if carrier, rest, ok = strings.Cut(text, word); ok {
		return strings.TrimSpace(carrier), rest, carrier == "" || strings.HasSuffix(carrier, " ")
	}
	rest = strings.TrimLeft(text, " ")
	return "", rest, payload && rest != "" && rest[0] >= '0' && rest[0] <= '9'
}

// headerField returns the field at the front of text, and what stands behind its |; ended is false if none ends it.
func (p *cefParser) headerField(text string) (field, after string, ended bool) {
	end, escapes := 0, false
	for end < len(text) && text[end] != '|' {
		if text[end] == '\\' && end+1 < len(text) && (text[end+1] == '|' || text[end+1] == '\\') {
			escapes = true
			end++
		}
		end++
	}
	field = text[:end]
	if escapes {
		field = p.unescape(field, func(c byte) byte {
			if c == '|' || c == '\\' {
				return c
			}
			return 0
		})
	}
	if end == len(text) {
		return field, "", false
	}
	return field, text[end+1:], true
}

// extension adds the pairs. It returns false if something stands before the first key.
func (p *cefParser) extension(n *natives, text string) bool {
	p.labels = p.labels[:0]
	from, equals := nextKey(text, 0)
	if strings.TrimSpace(text[:from]) != "" {
		return false
	}
	for from < len(text) {
		next, nextEquals := nextKey(text, equals+1)
		key := text[from:equals]
		value := strings.TrimRight(text[equals+1:next], " ")
		if strings.IndexByte(value, '\\') >= 0 {
			value = p.unescape(value, extensionEscape)
		}
		n.add(n.symbol(bytesOf(key)), value, nil)
		if labelled, ok := strings.CutSuffix(key, "Label"); ok && labelled != "" && value != "" {
			p.labels = append(p.labels, cefLabel{labelled, value})
		}
		from, equals = next, nextEquals
	}
	return true
}

// nextKey finds the next key at or behind text[at]: where it begins, and its =. Without one both are the text's end.
func nextKey(text string, at int) (from, equals int) {
	for i := at; i < len(text); i++ {
		switch {
		case text[i] == '\\':
			i++ // what is escaped ends no key
		case text[i] == '=':
			from = i
			for from > at && isKey(text[from-1]) {
				from--
			}
			if from < i && (from == 0 || text[from-1] == ' ') {
				return from, i
			}
		}
	}
	return len(text), len(text)
}

// isKey reports whether a key may have c: the standard allows letters and digits; products write _, ., -, [ and ] too.
func isKey(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("_.-[]", c) >= 0
}

// extensionEscape is what a backslash before c stands for, 0 if it is no escape.
func extensionEscape(c byte) byte {
	switch c {
	case '=', '\\', '|': // some products escape | here as well
		return c
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	}
	return 0
}

// unescape returns text with its escapes read.
func (p *cefParser) unescape(text string, escape func(byte) byte) string {
	b := p.w.text.room(len(text))
	for i := 0; i < len(text); i++ {
		if text[i] == '\\' && i+1 < len(text) {
			if c := escape(text[i+1]); c != 0 {
				b = append(b, c)
				i++
				continue
			}
		}
		b = append(b, text[i])
	}
	return p.w.text.keep(b)
}

// nameByLabel lets mappings see labelled values by their labels. The names that the record itself has come first, so that
// no label can stand in for a key.
func (p *cefParser) nameByLabel(n *natives) {
	for _, l := range p.labels {
		if n.has(l.text) {
			continue
		}
		for _, pair := range n.pairs {
			if pair.Name == l.key {
				n.also(l.text, pair.Text)
				break
			}
		}
	}
}
