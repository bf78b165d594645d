package sim

import (
	"fmt"
	"strconv"
)

// m365Entry is a record of the Microsoft 365 unified audit log, in the schema
// that Microsoft publishes (Office 365 Management Activity API). One entry can
// give two lines: the service repeats itself.
type m365Entry struct {
	hi, lo uint64 // Id, and the seed of whatever else looks random in it
	kind   *m365Kind
	who    *person
	ip     string
	status string // ResultStatus as this workload spells it; empty: left out
	object string // ObjectId; empty: left out
	target *person
	guest  string // whom something is shared with
	name   string // file, folder or role
	site   string
	pairs  []pair // Parameters of a cmdlet
}

// m365Kind is what records of one operation have in common.
type m365Kind struct {
	operation string
	record    int // RecordType
	workload  string
	rest      func(b []byte, e *m365Entry) []byte // the fields of the workload, each with a comma before it
}

// pair is one of the Name and Value objects that Microsoft likes.
type pair struct{ name, value string }

func (e *m365Entry) system() system         { return m365 }
func (e *m365Entry) native(p *press) string { return guid(e.hi, e.lo) }

const (
	soonest = 60 * minute
	latest  = 90 * minute
)

// arrival is 60 to 90 minutes after the event, and whether the record comes a
// second time: one in fifty does.
func (e *m365Entry) arrival(at instant) (instant, bool) {
	return at + soonest + instant(mix(e.lo)%uint64(latest-soonest)), mix(e.hi)%50 == 0
}

// second is when a repeated record comes again: within two hours of the event.
func (e *m365Entry) second(at instant) instant {
	first, _ := e.arrival(at)
	return first + second + instant(mix(e.lo+1)%uint64(28*minute))
}

func (e *m365Entry) write(b []byte, p *press, at instant) []byte {
	b = append(b, `{"CreationTime":"`...)
	b = appendStamp(b, at, 'T', false)
	b = append(b, `","Id":"`...)
	b = appendGUID(b, e.hi, e.lo)
	b = appendField(append(b, '"'), "Operation", e.kind.operation)
	b = appendField(b, "OrganizationId", p.f.tenant())
	b = appendNumber(b, "RecordType", e.kind.record)
	if e.status != "" {
		b = appendField(b, "ResultStatus", e.status)
	}
	b = appendField(b, "UserKey", e.userKey())
	userType := 0
	if e.who.role.name == ict {
		userType = 2
	}
	b = appendNumber(b, "UserType", userType)
	b = appendNumber(b, "Version", 1)
	b = appendField(b, "Workload", e.kind.workload)
	b = appendField(b, "ClientIP", e.clientIP())
	if e.object != "" {
		b = appendField(b, "ObjectId", e.object)
	}
	b = appendField(b, "UserId", e.who.mail)
	b = e.kind.rest(b, e)
	return append(b, '}', '\n')
}

func (f *Force) tenant() string { return f.guidOf("tenant") }

// clientIP as the workloads write it: Exchange adds a port, SharePoint leaves
// it out now and then.
func (e *m365Entry) clientIP() string {
	v6 := false
	for i := range len(e.ip) {
		v6 = v6 || e.ip[i] == ':'
	}
	port := 49152 + int(mix(e.hi+9)%16000)
	switch {
	case e.kind.workload == "Exchange" && v6:
		return fmt.Sprintf("[%s]:%d", e.ip, port)
	case e.kind.workload == "Exchange" && e.hi%3 != 0:
		return e.ip + ":" + strconv.Itoa(port)
	case e.kind.workload == "SharePoint" && mix(e.lo+9)%20 == 0:
		return ""
	}
	return e.ip
}

// userKey is the same person under another name in each workload.
func (e *m365Entry) userKey() string {
	switch e.kind.workload {
	case "AzureActiveDirectory":
		return e.who.objectID()
	case "Exchange":
		return e.who.puid()
	}
	return "i:0h.f|membership|" + e.who.puid() + "@example.police.uk"
}

// puid is a passport id, objectID the GUID in the directory.
func (p *person) puid() string { return "10037FFE" + fmt.Sprintf("%08X", uint32(hash("puid"+p.mail))) }

func (p *person) objectID() string { return guid(hash(p.mail), hash("object"+p.mail)) }

// derived is a GUID inside the record that is the same in its repetition.
func (e *m365Entry) derived(k uint64) string { return guid(mix(e.hi+k), mix(e.lo^k)) }

// record begins an entry with a fresh Id.
func record(r dice, k *m365Kind, who *person, ip string) *m365Entry {
	return &m365Entry{hi: r.Uint64(), lo: r.Uint64(), kind: k, who: who, ip: ip}
}

// appendField appends ,"name":"value".
func appendField(b []byte, name, value string) []byte {
	b = append(b, ',', '"')
	b = append(b, name...)
	b = append(b, '"', ':')
	return appendString(b, value)
}

// appendNumber appends ,"name":n.
func appendNumber(b []byte, name string, n int) []byte {
	b = append(b, ',', '"')
	b = append(b, name...)
	b = append(b, '"', ':')
	return strconv.AppendInt(b, int64(n), 10)
}

// appendString appends a JSON string.
func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c < 0x20:
			b = append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		default:
			b = append(b, c)
		}
	}
	return append(b, '"')
}

// appendPairs appends ,"name":[{"Name":…,"Value":…},…].
func appendPairs(b []byte, name string, pairs ...pair) []byte {
	b = append(b, ',', '"')
	b = append(b, name...)
	b = append(b, `":[`...)
	for i, p := range pairs {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, `{"Name":`...)
		b = appendString(b, p.name)
		b = append(b, `,"Value":`...)
		b = appendString(b, p.value)
		b = append(b, '}')
	}
	return append(b, ']')
}
