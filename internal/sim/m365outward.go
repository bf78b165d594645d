package sim

import (
	"fmt"
	"strings"
)

// Operations by which something leaves, as data loss prevention sees them.
var (
	dlpMatch  = &m365Kind{"DlpRuleMatch", 13, "Exchange", dlpFields}
	stickCopy = &m365Kind{"FileCopiedToRemovableMedia", 63, "Endpoint", stickFields}
)

// mailOut is a protectively marked message to addresses outside: the policy
// names the sender and the recipients.
func mailOut(r dice, who *person, ip string, to ...string) *m365Entry {
	e := record(r, dlpMatch, who, ip)
	e.object = "<" + e.derived(5) + "@example.police.uk>"
	e.name, e.guest = pick(r, subjects), strings.Join(to, ",")
	return e
}

func dlpFields(b []byte, e *m365Entry) []byte {
	b = appendField(b, "IncidentId", e.derived(9))
	b = append(b, `,"SensitiveInfoDetectionIsIncluded":false,"ExchangeMetaData":{"CC":[],"BCC":[],"To":[`...)
	to := strings.Split(e.guest, ",")
	for i, s := range to {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(b, s)
	}
	b = append(b, ']')
	b = appendField(b, "From", e.who.mail)
	b = appendField(b, "MessageID", e.object)
	b = appendNumber(b, "RecipientCount", len(to))
	b = appendField(b, "Subject", e.name)
	b = append(b, `},"PolicyDetails":[{"PolicyName":"OFFICIAL-SENSITIVE","Rules":[{"RuleName":"Marked mail to the outside","Severity":"Low"}]`...)
	b = appendField(b, "PolicyId", guid(1, 2))
	return append(b, `}]`...)
}

// toStick is one file copied from the laptop or desk to removable media.
func toStick(r dice, who *person, at *desk) *m365Entry {
	e := record(r, stickCopy, who, at.ip)
	e.name = fmt.Sprintf("%s %04d.%s", pick(r, fileStems), r.IntN(10000), pick(r, fileTypes))
	e.object, e.site = `C:\Users\`+who.login+`\Documents\`+e.name, at.name
	return e
}

func stickFields(b []byte, e *m365Entry) []byte {
	b = appendField(b, "DeviceName", e.site)
	b = appendField(b, "FileExtension", e.name[strings.LastIndexByte(e.name, '.')+1:])
	b = appendNumber(b, "FileSize", int(10_000+e.lo%900_000))
	b = append(b, `,"RemovableMediaDeviceAttributes":{"Manufacturer":"EXAMPLE"`...)
	b = appendField(b, "SerialNumber", e.derived(11)[:8])
	b = append(b, '}')
	b = appendField(b, "TargetFilePath", `E:\`+e.name)
	return append(b, `,"Hidden":false,"SourceLocationType":1,"DestinationLocationType":2`...)
}

// readFor is a delegate reading another's mailbox.
func readFor(r dice, who *person, ip string, owner *person) *m365Entry {
	e := readMail(r, who, ip)
	e.target = owner
	return e
}
