package decode

import (
	"strings"

	"github.com/leodido/go-syslog/v4"
	"github.com/leodido/go-syslog/v4/rfc3164"
	"github.com/leodido/go-syslog/v4/rfc5424"
)

// The names of what stands before the structured data, in order, by RFC 5424. RFC 3164 uses some of them.
var headerNames = []string{"priority", "version", "timestamp", "hostname", "app_name", "proc_id", "msg_id"}

// syslog5424Parser reads RFC 5424. The grammar is checked by leodido/go-syslog; the fields are then cut out of the checked
// text, because the library's map of parameters loses their order and all but the last of a repeated name, behind which
// a forger could hide a value. A backslash that escapes nothing is a backslash, as section 6.3.3 asks.
type syslog5424Parser struct {
	w       *Worker
	machine syslog.Machine
	scratch []byte
	header  []*symbol
	message *symbol
}

func (p *syslog5424Parser) parse(n *natives, text string, _ *Header) *Reject {
	if p.machine == nil {
		p.machine = rfc5424.NewParser()
		p.header = n.fixed(headerNames)
		p.message = n.newSymbol("message")
	}
	if err := p.check(text); err != nil {
		return &Reject{ReasonSyntax, "not RFC 5424: " + err.Error() + " in " + quote(text)}
	}
	priority, rest, _ := strings.Cut(text[1:], ">")
	n.add(p.header[0], priority, nil)
	for _, s := range p.header[1:] {
		var field string
		field, rest, _ = strings.Cut(rest, " ")
		if field != "-" {
			n.add(s, field, nil)
		}
	}
	rest = p.structuredData(n, rest)
	rest = strings.TrimPrefix(strings.TrimPrefix(rest, " "), string(byteOrderMark))
	n.add(p.message, rest, nil)
	return nil
}

// check asks the library, a second time with lone backslashes doubled. It knows no bytes that are not UTF-8.
func (p *syslog5424Parser) check(text string) error {
	if p.w.natives.raw {
		text = alias(asASCII(nil, text))
	}
	_, err := p.machine.Parse(bytesOf(text))
	if err == nil || strings.IndexByte(text, '\\') < 0 {
		return err
	}
	b := p.scratch[:0]
	for i := 0; i < len(text); i++ {
		b = append(b, text[i])
		if text[i] != '\\' {
			continue
		}
		if i+1 < len(text) && escaped(text[i+1]) {
			i++
			b = append(b, text[i])
		} else {
			b = append(b, '\\')
		}
	}
	p.scratch = b
	_, err = p.machine.Parse(b)
	return err
}

func escaped(c byte) bool { return c == '"' || c == '\\' || c == ']' }

// structuredData adds the parameters as id.name and returns what stands behind them. The text is known to be well formed.
func (p *syslog5424Parser) structuredData(n *natives, text string) string {
	if strings.HasPrefix(text, "-") {
		return text[1:]
	}
	for strings.HasPrefix(text, "[") {
		end := strings.IndexAny(text, " ]")
		id := text[1:end]
		text = text[end:]
		for text[0] == ' ' {
			name, rest, _ := strings.Cut(text[1:], "=\"")
			value, after := p.value(rest)
			full := append(append(append(p.scratch[:0], id...), '.'), name...)
			p.scratch = full
			if n.add(n.symbol(full), value, nil) {
				n.also(name, value)
			}
			text = after
		}
		text = text[1:]
	}
	return text
}

// value returns the parameter value at the front of text, unescaped, and what stands behind its closing quote.
func (p *syslog5424Parser) value(text string) (value, after string) {
	end, escapes := 0, false
	for text[end] != '"' {
		if text[end] == '\\' && escaped(text[end+1]) {
			escapes = true
			end++
		}
		end++
	}
	value, after = text[:end], text[end+1:]
	if !escapes {
		return value, after
	}
	b := p.w.text.room(len(value))
	for i := 0; i < len(value); i++ {
		if value[i] == '\\' && i+1 < len(value) && escaped(value[i+1]) {
			i++
		}
		b = append(b, value[i])
	}
	return p.w.text.keep(b), after
}

// syslog3164Parser reads RFC 3164, with a stamp of that RFC or of RFC 3339. Files that a syslog daemon writes often lack
// the priority.
type syslog3164Parser struct {
	w       *Worker
	machine syslog.Machine
	scratch []byte
	header  []*symbol
	message *symbol
}

func (p *syslog3164Parser) parse(n *natives, text string, _ *Header) *Reject {
	if p.machine == nil {
		p.machine = rfc3164.NewParser(rfc3164.WithRFC3339(), rfc3164.WithSecondFractions())
		p.header = n.fixed(headerNames)
		p.message = n.newSymbol("message")
	}
	priority, rest := "", text
	if strings.HasPrefix(text, "<") {
		priority, rest, _ = strings.Cut(text[1:], ">")
	}
	stamp := stampText(rest)
	m, err := p.machine.Parse(p.plain(priority, stamp, rest[len(stamp):]))
	if err != nil {
		return &Reject{ReasonSyntax, "not RFC 3164: " + err.Error() + " in " + quote(text)}
	}
	msg, ok := m.(*rfc3164.SyslogMessage)
	if !ok || msg == nil || msg.Timestamp == nil {
		return &Reject{ReasonSyntax, "not RFC 3164: no time stamp in " + quote(text)}
	}
	n.add(p.header[0], priority, nil)
	n.add(p.header[2], stamp, nil)
	for i, s := range []*string{msg.Hostname, msg.Appname, msg.ProcID} {
		if s != nil {
			n.add(p.header[3+i], *s, nil)
		}
	}
	if msg.Message != nil {
		n.add(p.message, *msg.Message, nil)
	}
	return nil
}

// plain puts a message together as the library reads it: with a priority, and without a fraction in an RFC 3339 time.
func (p *syslog3164Parser) plain(priority, stamp, rest string) []byte {
	if priority == "" {
		priority = "13" // user.notice, which RFC 3164 itself gives to a message without one
	}
	b := append(append(append(p.scratch[:0], '<'), priority...), '>')
	whole, fraction, ok := strings.Cut(stamp, ".")
	if ok && whole != "" && whole[0] <= '9' {
		b = append(append(b, whole...), strings.TrimLeft(fraction, "0123456789")...)
	} else {
		b = append(b, stamp...)
	}
	p.scratch = append(b, rest...)
	return p.scratch
}

// stampText returns the time stamp at the front of text: "Mar  2 14:05:17", with a fraction or not, or RFC 3339.
func stampText(text string) string {
	const stamp = len("Jan _2 15:04:05")
	if len(text) > stamp && (text[0] < '0' || text[0] > '9') {
		end := strings.IndexByte(text[stamp:], ' ')
		if end < 0 {
			return text
		}
		return text[:stamp+end]
	}
	stampOnly, _, _ := strings.Cut(text, " ")
	return stampOnly
}
