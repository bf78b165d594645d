package sim

import (
	"fmt"
	"strconv"
	"strings"
)

// stormEntry is an audit line of command and control, RFC 5424.
type stormEntry struct {
	who   *person
	verb  string // VIEW, SEARCH, UPDATE, CREATE, CLOSE, PRINT, LOGIN, LOGOUT
	inc   *incident
	query string
	hits  int
	note  string // of an update
	host  int
	mark  bool // a byte order mark before the message
}

var stormHosts = [2]string{"storm-app01", "storm-app02"}

func (e *stormEntry) system() system { return storm }

func (e *stormEntry) native(p *press) string {
	return stormHosts[e.host] + "/" + strconv.FormatInt(p.stormSeq[e.host], 10)
}

func (e *stormEntry) write(b []byte, p *press, at instant) []byte {
	p.stormSeq[e.host]++
	b = append(b, "<110>1 "...)
	b = appendStamp(b, at, 'T', true)
	b = append(b, "Z "...)
	b = append(b, stormHosts[e.host]...)
	b = append(b, " STORM "...)
	b = strconv.AppendInt(b, int64(2211+e.host), 10)
	b = append(b, " AUDIT [storm@32473"...)
	b = appendParam(b, "seq", strconv.FormatInt(p.stormSeq[e.host], 10))
	b = appendParam(b, "op", e.who.login)
	b = appendParam(b, "pos", e.who.position)
	b = appendParam(b, "verb", e.verb)
	if e.inc != nil {
		b = e.inc.params(b, at)
	}
	if e.verb == "SEARCH" {
		b = appendParam(b, "query", e.query)
		b = appendParam(b, "hits", strconv.Itoa(e.hits))
	}
	if e.note != "" {
		b = appendParam(b, "note", e.note)
	}
	b = append(b, "] "...)
	if e.mark {
		b = append(b, "\xef\xbb\xbf"...)
	}
	b = append(b, stormMessages[e.verb]...)
	return append(b, '\n')
}

var stormMessages = map[string]string{
	"VIEW": "incident viewed", "SEARCH": "incidents searched", "UPDATE": "incident updated", "CREATE": "incident created",
	"CLOSE": "incident closed", "PRINT": "incident printed", "LOGIN": "operator logged in", "LOGOUT": "operator logged out",
}

// params is the state of the incident as it was at the moment.
func (inc *incident) params(b []byte, at instant) []byte {
	b = appendParam(b, "log", inc.log)
	b = appendParam(b, "logdate", inc.on.iso())
	b = appendParam(b, "sector", inc.station.sector)
	b = appendParam(b, "grade", strconv.Itoa(inc.grade))
	b = append(b, " opened=\""...)
	b = append(appendStamp(b, inc.opened, 'T', false), "Z\" closed=\""...)
	closeCode := ""
	if at >= inc.closed {
		b = append(appendStamp(b, inc.closed, 'T', false), 'Z')
		closeCode = strconv.Itoa(inc.closeCode)
	}
	b = append(b, '"')
	b = appendParam(b, "openCode", strconv.Itoa(inc.openCode))
	b = appendParam(b, "closeCode", closeCode)
	return appendParam(b, "units", inc.units)
}

// appendParam appends an SD-PARAM with the escapes of RFC 5424, section 6.3.3.
func appendParam(b []byte, name, value string) []byte {
	b = append(b, ' ')
	b = append(b, name...)
	b = append(b, '=', '"')
	for i := range len(value) {
		switch c := value[i]; c {
		case '"', '\\', ']':
			b = append(b, '\\', c)
		default:
			b = append(b, c)
		}
	}
	return append(b, '"')
}

// stormLine is a verb of somebody on an incident.
func stormLine(r dice, who *person, verb string, inc *incident) *stormEntry {
	e := &stormEntry{who: who, verb: verb, inc: inc, host: inc.host, mark: r.chance(0.1)}
	if verb == "UPDATE" && r.chance(0.5) {
		e.note = pick(r, stormNotes)
		if r.chance(0.15) {
			e.note = fmt.Sprintf("caller on 01632 960%03d, %s", r.IntN(1000), e.note)
		}
		if r.chance(0.002) {
			e.note = strings.Repeat("pasted from e-mail: "+e.note+"; ", 8000/(len(e.note)+22)+1)
		}
	}
	return e
}

var stormNotes = []string{
	"unit resumed", "no reply at door", "passed to CID", "result pending", "caller states \"he is back\"", "file at \\\\share\\logs [copy]",
	"ambulance called", "keyholder informed [tel given]", "units stood down", "ETA 10",
}
