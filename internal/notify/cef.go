package notify

import (
	"strconv"
	"strings"
	"time"

	"probity/internal/alert"
	"probity/internal/neutral"
)

// ArcSight's Common Event Format, version 0 (Implementation Standard, revision 25):
//
//	CEF:0|Probity|Probity|1|<rule id>|<rule title>|<severity>|<key>=<value> <key>=<value> …
//
// The header escapes \ and |, a value \ and =; whatever is not printable is an escape already, see neutral. A key that has
// nothing to say is left out. doc.go lists the keys.
const (
	cefVendor  = "Probity"
	cefVersion = "1" // of this mapping

	cefTextBytes  = 1023 // msg: the longest that the standard allows
	cefLabelBytes = 512  // the custom strings, which the standard lets be longer; a SIEM's columns often are not
)

// cefSeverity is 0 to 10, of which the standard calls 0–3 low, 4–6 medium, 7–8 high, 9–10 very high.
func cefSeverity(s alert.Severity) string {
	switch s {
	case alert.Low:
		return "3"
	case alert.Medium:
		return "5"
	case alert.High:
		return "8"
	}
	return "10"
}

func asCEF(a *alert.Alert) []byte {
	var b strings.Builder
	b.WriteString("CEF:0")
	for _, field := range []string{cefVendor, cefVendor, cefVersion, a.Rule.ID, clip(a.Rule.Title, cefLabelBytes), cefSeverity(a.Rule.Severity)} {
		b.WriteByte('|')
		b.WriteString(neutral.CEFHeader(field))
	}
	b.WriteByte('|')
	for i, e := range cefExtension(a) {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(e.key)
		b.WriteByte('=')
		b.WriteString(neutral.CEFValue(e.value))
	}
	return []byte(b.String())
}

type cefPair struct{ key, value string }

// cefExtension returns the keys that have a value, in a fixed order.
func cefExtension(a *alert.Alert) (out []cefPair) {
	add := func(key, value string) {
		// A value ends where the next key begins, so blanks around it would be lost: they are not sent.
		if value = strings.TrimSpace(value); value != "" {
			out = append(out, cefPair{key, value})
		}
	}
	custom := func(key, label, value string) {
		if value = strings.TrimSpace(value); value != "" {
			add(key+"Label", label)
			add(key, clip(value, cefLabelBytes))
		}
	}
	add("rt", cefTime(a.Last))
	add("start", cefTime(a.First))
	add("end", cefTime(a.Last))
	add("cnt", strconv.Itoa(a.Count))
	add("externalId", a.ID)
	custom("cn1", "revision", strconv.Itoa(a.Revision))
	custom("cn2", "rule_version", strconv.Itoa(a.Rule.Version))
	custom("cs1", "marking", a.Marking)
	custom("cs2", "status", string(a.Status))
	add("cat", a.Rule.Type)
	if a.Person != nil {
		add("suid", a.Person.ID)
		add("suser", clip(a.Person.String(), cefLabelBytes))
	}
	custom("cs3", "group", cefGroup(a.Group))
	add("msg", clip(a.Summary, cefTextBytes))
	add("reason", clip(a.Reason, cefTextBytes))
	custom("cs4", "unknown", strings.Join(a.Unknowns, "; "))
	custom("cs5", "evidence", cefEvidence(a))
	custom("cs6", "rule_sha256", a.Rule.Hash)
	return out
}

func cefTime(t time.Time) string { return strconv.FormatInt(t.UnixMilli(), 10) }

func cefGroup(group []alert.KeyPart) string {
	parts := make([]string, len(group))
	for i, g := range group {
		parts[i] = g.Field + ": " + g.Value
	}
	return strings.Join(parts, "; ")
}

// cefEvidence names where the records stand: source, file and offset.
func cefEvidence(a *alert.Alert) string {
	places := make([]string, len(a.Evidence))
	for i, r := range a.Evidence {
		places[i] = r.Source + " " + r.Path + "@" + strconv.FormatInt(r.Offset, 10)
	}
	return strings.Join(places, "; ")
}
