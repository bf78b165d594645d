package sim

import (
	"fmt"
	"strconv"
)

// Operations of Exchange: on mailboxes, and cmdlets, which are administration
// even when users do it to themselves.
var (
	mailItemsAccessed = &m365Kind{"MailItemsAccessed", 50, "Exchange", accessFields}
	mailSend          = &m365Kind{"Send", 2, "Exchange", sendFields}
	newInboxRule      = &m365Kind{"New-InboxRule", 1, "Exchange", cmdletFields}
	addPermission     = &m365Kind{"Add-MailboxPermission", 1, "Exchange", cmdletFields}
	setInboxRule      = &m365Kind{"Set-InboxRule", 1, "Exchange", cmdletFields}
	setMailbox        = &m365Kind{"Set-Mailbox", 1, "Exchange", cmdletFields}
	setAuditConfig    = &m365Kind{"Set-AdminAuditLogConfig", 1, "Exchange", cmdletFields}
)

// readMail is the aggregated record of reading one's own mail.
func readMail(r dice, who *person, ip string) *m365Entry {
	e := record(r, mailItemsAccessed, who, ip)
	e.status = "Succeeded"
	return e
}

func accessFields(b []byte, e *m365Entry) []byte {
	b = appendMailbox(b, e)
	b = appendPairs(b, "OperationProperties", pair{"MailAccessType", "Bind"}, pair{"IsThrottled", "False"})
	b = append(b, `,"Folders":[{"FolderItems":[`...)
	n := 1 + int(mix(e.hi)%3)
	for i := range n {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, `{"InternetMessageId":`...)
		b = appendString(b, "<"+e.derived(uint64(20+i))+"@example.police.uk>")
		b = append(b, `,"SizeInBytes":`...)
		b = strconv.AppendInt(b, int64(2000+mix(e.lo+uint64(i))%90000), 10)
		b = append(b, '}')
	}
	b = append(b, `],"Id":`...)
	b = appendString(b, e.derived(4))
	b = append(b, `,"Path":"\\Inbox"}]`...)
	return appendNumber(b, "OperationCount", n)
}

// sendMail is a message sent; its body is not in the log.
func sendMail(r dice, who *person, ip string) *m365Entry {
	e := record(r, mailSend, who, ip)
	e.status, e.name = "Succeeded", pick(r, subjects)
	if r.chance(0.3) {
		e.site = pick(r, fileStems) + ".docx"
	}
	return e
}

var subjects = []string{"Rota", "RE: Briefing", "FW: Handover", "Statement", "RE: \"urgent\" exhibit", "Training, Tuesday", "Bail date"}

func sendFields(b []byte, e *m365Entry) []byte {
	b = appendMailbox(b, e)
	b = append(b, `,"Item":{"Id":`...)
	b = appendString(b, e.derived(4))
	if e.site != "" {
		b = appendField(b, "Attachments", e.site+" ("+strconv.Itoa(int(10000+e.lo%90000))+"b)")
	}
	b = appendField(b, "InternetMessageId", "<"+e.derived(5)+"@example.police.uk>")
	b = append(b, `,"ParentFolder":{"Id":`...)
	b = appendString(b, e.derived(6))
	b = append(b, `,"Path":"\\Drafts"}`...)
	b = appendNumber(b, "SizeInBytes", int(3000+e.lo%100000))
	b = appendField(b, "Subject", e.name)
	return append(b, `},"SaveToSentItems":true`...)
}

func appendMailbox(b []byte, e *m365Entry) []byte {
	b = appendField(b, "ClientIPAddress", e.clientIP())
	b = appendField(b, "ClientInfoString", "Client=OWA;Action=ViaProxy")
	b = append(b, `,"ExternalAccess":false`...)
	b = appendNumber(b, "InternalLogonType", 0)
	owner, logon := e.who, 0
	if e.target != nil {
		owner, logon = e.target, 2 // a delegate
	}
	b = appendNumber(b, "LogonType", logon)
	b = appendField(b, "LogonUserSid", e.who.sid())
	b = appendField(b, "MailboxGuid", guid(hash("box"+owner.mail), hash(owner.mail)))
	b = appendField(b, "MailboxOwnerSid", owner.sid())
	b = appendField(b, "MailboxOwnerUPN", owner.mail)
	b = appendField(b, "OrganizationName", "example.police.uk")
	return appendField(b, "OriginatingServer", "EX01 (15.20.9999.0)")
}

func (p *person) sid() string { return fmt.Sprintf("S-1-5-21-0-0-0-%d", 10000+p.n) }

// cmdlet is a command of Exchange PowerShell; object is what it was given.
func cmdlet(r dice, k *m365Kind, who *person, ip, object string, given ...pair) *m365Entry {
	e := record(r, k, who, ip)
	e.status, e.object, e.pairs = "True", object, given
	return e
}

func cmdletFields(b []byte, e *m365Entry) []byte {
	b = appendField(b, "AppId", "")
	b = append(b, `,"ExternalAccess":false`...)
	b = appendField(b, "OrganizationName", "example.police.uk")
	b = appendField(b, "OriginatingServer", "EX01 (15.20.9999.0)")
	b = appendPairs(b, "Parameters", e.pairs...)
	return appendField(b, "SessionId", e.derived(7))
}

// inboxRule is New-InboxRule on one's own mailbox.
func inboxRule(r dice, who *person, ip, name string, does ...pair) *m365Entry {
	given := append([]pair{{"AlwaysDeleteOutlookRulesBlob", "False"}, {"Force", "False"}, {"Name", name}}, does...)
	given = append(given, pair{"StopProcessingRules", "True"})
	return cmdlet(r, newInboxRule, who, ip, mailboxObject(who)+`\`+name, given...)
}

func mailboxObject(p *person) string {
	return "EXAMPLE.PROD/Microsoft Exchange Hosted Organizations/example.police.uk/" + p.login
}
