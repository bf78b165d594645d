package sim

import (
	"strconv"
	"strings"
)

// crimeEntry is a line of Crime Management: logfmt.
type crimeEntry struct {
	who        *person
	desk       *desk
	verb       string // view, update, create, print, search, delete
	ref        string // crime_ref, empty of a search
	oic        string // login
	team       string
	restricted bool
	fields     string
	note       string
	query      string
	denied     bool
}

func (e *crimeEntry) system() system { return crime }

func (e *crimeEntry) native(p *press) string { return string(appendHex(nil, uint64(p.crimeID()), 8)) }

// crimeID scatters the counter without ever giving a value twice.
func (p *press) crimeID() uint32 {
	x := p.crimes * 0x9e3779b1
	x ^= x >> 15
	return x * 0x85ebca6b
}

func (e *crimeEntry) write(b []byte, p *press, at instant) []byte {
	p.crimes++
	local, offset := p.clock.local(at)
	b = append(b, "ts="...)
	b = appendStamp(b, local, 'T', true)
	b = append(b, '+')
	b = append(appendPadded(b, int(offset/hour), 2), ":00 id="...)
	b = appendHex(b, uint64(p.crimeID()), 8)
	b = appendPair(b, "user", e.who.login)
	b = appendPair(b, "host", e.desk.name)
	b = appendPair(b, "verb", e.verb)
	if e.verb == "search" {
		b = appendPair(b, "query", e.query)
	} else {
		b = appendPair(b, "crime_ref", e.ref)
		b = appendPair(b, "oic", e.oic)
		b = appendPair(b, "team", e.team)
		b = appendPair(b, "restricted", strconv.FormatBool(e.restricted))
		if e.fields != "" {
			b = appendPair(b, "fields", e.fields)
		}
		if e.note != "" {
			b = appendPair(b, "note", e.note)
		}
	}
	result := "ok"
	if e.denied {
		result = "denied"
	}
	b = appendPair(b, "result", result)
	return append(b, '\n')
}

// appendPair quotes the value when it must be, and a list of fields always.
func appendPair(b []byte, key, value string) []byte {
	b = append(b, ' ')
	b = append(b, key...)
	b = append(b, '=')
	if value != "" && !strings.ContainsAny(value, " ,=\"\\\n") {
		return append(b, value...)
	}
	b = append(b, '"')
	for i := range len(value) {
		switch c := value[i]; c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, '\\', 'n')
		default:
			b = append(b, c)
		}
	}
	return append(b, '"')
}

var crimeFields = []string{"mo,suspects", "victim", "outcome", "mo", "suspects,witnesses,property", "risk"}

var crimeNotes = []string{
	"victim updated", "CCTV requested", "suspect said \"not me\"", "awaiting CPS", "exhibit in store C:\\prop\\17", "no further lines = filed",
}

// crimeLine is a verb of somebody on a crime record.
func crimeLine(r dice, who *person, at *desk, verb string, q *inquiry) *crimeEntry {
	e := &crimeEntry{
		who: who, desk: at, verb: verb, ref: q.ref, oic: q.oic.login, team: q.teamName, restricted: q.restricted, fields: pick(r, crimeFields),
	}
	if verb == "update" && r.chance(0.4) {
		e.note = pick(r, crimeNotes)
	}
	return e
}

// oldCase is a verb on a crime of long ago, known by its reference only.
func oldCase(r dice, who *person, at *desk, verb, ref string) *crimeEntry {
	return &crimeEntry{who: who, desk: at, verb: verb, ref: ref, oic: "c999", team: "ARCHIVE", restricted: true, fields: pick(r, crimeFields)}
}
