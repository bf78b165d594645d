package decode

import (
	"encoding/xml"
	"errors"
	"io"
	"strconv"
	"strings"
)

// winEventParser reads one event of the Windows event log as XML (Microsoft's event schema,
// http://schemas.microsoft.com/win/2004/08/events/event). Native names are the path of the element, attributes behind it:
//
//	<System><EventID>4624</EventID><TimeCreated SystemTime="…"/>     EventID, TimeCreated.SystemTime
//	<EventData><Data Name="IpAddress">…</Data><Data>x</Data>         EventData.IpAddress, EventData.param1
//	<UserData><LogFileCleared><SubjectUserName>…                     UserData.SubjectUserName
//
// Fields of EventData and UserData are seen by mappings by their plain names, too, unless the record has that name elsewhere.
// "-", which Windows writes there for nothing, is missing. Namespaces are not looked at; no entity is expanded but those of
// XML itself, and nothing is fetched.
type winEventParser struct {
	w       *Worker
	open    []string // names of the elements around, below Event
	text    []byte   // of the element at hand
	nested  bool     // the element that ended last is inside the one at hand
	unnamed int      // <Data> without a name so far
	name    []byte   // scratch
	plain   []plainName
}

// plainName is a field of EventData or UserData.
type plainName struct{ name, text string }

func (p *winEventParser) parse(n *natives, text string, _ *Header) *Reject {
	d := xml.NewDecoder(strings.NewReader(text))
	p.open, p.text, p.plain, p.unnamed = p.open[:0], p.text[:0], p.plain[:0], 0
	depth := 0
	ended := false
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) && ended {
			break
		}
		if err != nil {
			return &Reject{ReasonSyntax, "not XML: " + xmlFault(err) + " in " + quote(text)}
		}
		switch t := token.(type) {
		case xml.StartElement:
			switch depth++; {
			case ended || depth == 1 && t.Name.Local != "Event":
				return &Reject{ReasonSyntax, "not one <Event>: " + quote(text)}
			case depth > maxDepth:
				return &Reject{ReasonTooDeep, "XML nested deeper than 64"}
			case depth > 1:
				p.start(n, t)
			}
		case xml.EndElement:
			if depth--; depth == 0 {
				ended = true
			} else {
				p.end(n)
			}
		case xml.CharData:
			if depth > 1 {
				p.text = append(p.text, t...)
			} else if strings.TrimSpace(string(t)) != "" {
				return &Reject{ReasonSyntax, "text outside of the event's elements: " + quote(text)}
			}
		}
	}
	for _, f := range p.plain {
		if !n.has(f.name) {
			n.also(f.name, f.text)
		}
	}
	return nil
}

// start opens an element and adds its attributes.
func (p *winEventParser) start(n *natives, t xml.StartElement) {
	name := t.Name.Local
	if len(p.open) == 1 && p.open[0] == "EventData" && name == "Data" {
		name = ""
		for _, a := range t.Attr {
			if a.Name.Local == "Name" {
				name = a.Value
			}
		}
		if name == "" {
			p.unnamed++
			name = "param" + strconv.Itoa(p.unnamed)
		}
		t.Attr = nil
	}
	p.open = append(p.open, name)
	p.text, p.nested = p.text[:0], false
	for _, a := range t.Attr {
		if a.Name.Local != "xmlns" && a.Name.Space != "xmlns" {
			p.add(n, a.Name.Local, a.Value)
		}
	}
}

// end closes an element and adds its text, if it has no elements inside.
func (p *winEventParser) end(n *natives) {
	if !p.nested {
		p.add(n, "", p.w.text.copy(p.text))
	}
	p.open = p.open[:len(p.open)-1]
	p.text, p.nested = p.text[:0], true
}

// add takes a text at the path of the open elements, or an attribute of the last one.
func (p *winEventParser) add(n *natives, attribute, text string) {
	section, inner := p.open[0], p.open[1:]
	own := section == "EventData" || section == "UserData"
	if text = strings.TrimSpace(text); text == "" || own && text == "-" {
		return
	}
	if section == "UserData" && len(inner) > 1 {
		inner = inner[1:] // the element that names the kind of event
	}
	b := p.name[:0]
	if section != "System" {
		b = append(b, section...)
	}
	for _, name := range inner {
		b = join(b, name)
	}
	if attribute != "" {
		b = join(b, attribute)
	}
	if len(b) == 0 {
		b = append(b, section...)
	}
	p.name = b
	first := n.add(n.symbol(b), text, nil)
	if own && first && attribute == "" && len(inner) == 1 {
		p.plain = append(p.plain, plainName{inner[0], text})
	}
}

// join appends a name to a dotted path.
func join(b []byte, name string) []byte {
	if len(b) > 0 {
		b = append(b, '.')
	}
	return append(b, name...)
}

// xmlFault is the library's message, as short as a Detail can hold.
func xmlFault(err error) string {
	if fault := (*xml.SyntaxError)(nil); errors.As(err, &fault) {
		return quote(fault.Msg)
	}
	return quote(err.Error())
}
