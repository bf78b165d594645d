package sim

import (
	"strconv"
	"strings"
)

const nicheHeader = "AuditID,AuditTime,UserID,UserName,Workstation,ClientIP,Application,Verb,EntityType,EntityGUID,EntityURN," +
	"EntityLabel,Restricted,AccessDenied,LinkedOccurrence,SearchTerms,RowCount,Reason\r\n"

// nicheEntry is a row of the Niche audit extract, RFC 4180.
type nicheEntry struct {
	who        *person
	desk       *desk
	verb       string // View, Search, Print, Export, Create, Update, Delete, AclChange, Login, Logout
	kind       string // EntityType: Person, Vehicle, Address, Occurrence, Document, Task, and Account for AclChange
	guid       string
	urn        string
	label      string
	restricted bool
	denied     bool
	occurrence string
	terms      string
	rows       int // -1: empty
	reason     string
}

func (e *nicheEntry) system() system         { return niche }
func (e *nicheEntry) native(p *press) string { return strconv.FormatInt(p.auditID, 10) }

func (e *nicheEntry) write(b []byte, p *press, at instant) []byte {
	p.auditID++
	b = strconv.AppendInt(b, p.auditID, 10)
	local, _ := p.clock.local(at)
	b = appendStamp(append(b, ','), local, ' ', true)
	for _, s := range [...]string{e.who.login, e.who.userName, e.desk.name, e.desk.ip, "NicheRMS", e.verb, e.kind, e.guid, e.urn, e.label} {
		b = appendCSV(append(b, ','), s)
	}
	b = append(b, ',', yesNo(e.restricted), ',', yesNo(e.denied), ',')
	b = append(b, e.occurrence...)
	b = appendCSV(append(b, ','), e.terms)
	b = append(b, ',')
	if e.rows >= 0 {
		b = strconv.AppendInt(b, int64(e.rows), 10)
	}
	b = appendCSV(append(b, ','), e.reason)
	return append(b, '\r', '\n')
}

func yesNo(v bool) byte {
	if v {
		return 'Y'
	}
	return 'N'
}

// appendCSV quotes a field when it must be.
func appendCSV(b []byte, s string) []byte {
	if !strings.ContainsAny(s, ",\"\r\n") {
		return append(b, s...)
	}
	b = append(b, '"')
	for i := range len(s) {
		if s[i] == '"' {
			b = append(b, '"')
		}
		b = append(b, s[i])
	}
	return append(b, '"')
}

// session is a Login or Logout.
func session(who *person, at *desk, verb string) *nicheEntry {
	return &nicheEntry{who: who, desk: at, verb: verb, rows: -1}
}

// onPerson is a verb on the record of a person.
func onPerson(who *person, at *desk, verb string, x *nominal) *nicheEntry {
	return &nicheEntry{who: who, desk: at, verb: verb, kind: "Person", guid: x.guid, urn: x.urn, label: x.label, restricted: x.restricted, rows: -1}
}

// onOccurrence is a verb on an occurrence; its GUID follows from its number.
func (f *Force) onOccurrence(who *person, at *desk, verb, occurrence, title string) *nicheEntry {
	return &nicheEntry{who: who, desk: at, verb: verb, kind: "Occurrence", guid: f.guidOf(occurrence), urn: occurrence, label: title, occurrence: occurrence, rows: -1}
}

// onDocument is a verb on document k of an occurrence.
func (f *Force) onDocument(who *person, at *desk, verb, occurrence string, k int) *nicheEntry {
	name := occurrence + "#" + strconv.Itoa(k)
	label := documents[k%len(documents)]
	return &nicheEntry{
		who: who, desk: at, verb: verb, kind: "Document", guid: f.guidOf(name), rows: -1, label: label, occurrence: occurrence,
		urn: "D53/" + strconv.FormatUint(hash(name)%10_000_000, 10),
	}
}

var documents = []string{
	"MG11 statement", "MG3 report", "MG5 case summary", "Exhibit list, part 1", "Photograph", "MG11 statement, draft \"v2\"", "Interview record",
	"Crime scene log", "MG6 schedule", "Custody summary", "999 transcript", "House to house form",
}

// searchFor is a search for a person by name, in one of the ways people type.
func searchFor(who *person, at *desk, r dice, x *nominal) *nicheEntry {
	e := &nicheEntry{who: who, desk: at, verb: "Search", kind: "Person", rows: r.between(1, 40), reason: r.reason()}
	switch r.IntN(3) {
	case 0:
		e.terms = x.upper + ", " + x.forenames + " " + x.born.slashed()
	case 1:
		e.terms = "surname=" + x.upper + "; forename=" + x.forenames
	default:
		e.terms = "\"" + x.surname + "\" " + x.forenames[:1] + "*"
	}
	return e
}
