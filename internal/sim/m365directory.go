package sim

import "strconv"

// Operations of Azure Active Directory.
var (
	userLoggedIn    = &m365Kind{"UserLoggedIn", 15, "AzureActiveDirectory", logonFields}
	userLoginFailed = &m365Kind{"UserLoginFailed", 15, "AzureActiveDirectory", logonFields}
	addToRole       = &m365Kind{"Add member to role.", 8, "AzureActiveDirectory", roleFields}
	resetPassword   = &m365Kind{"Reset user password.", 8, "AzureActiveDirectory", passwordFields}
)

// signIn is a logon, failed or not. ResultStatus is spelt differently by the
// services that write it.
func signIn(r dice, who *person, ip string, failed bool) *m365Entry {
	e := record(r, userLoggedIn, who, ip)
	e.status, e.object = "Success", guid(hash("app"), hash("office")+uint64(r.IntN(3)))
	if failed {
		e.kind, e.status = userLoginFailed, "Failed"
	} else if r.chance(0.3) {
		e.status = "Succeeded"
	}
	return e
}

func logonFields(b []byte, e *m365Entry) []byte {
	b = appendNumber(b, "AzureActiveDirectoryEventType", 1)
	b = appendPairs(b, "ExtendedProperties",
		pair{"ResultStatusDetail", "Redirect"}, pair{"UserAgent", browser}, pair{"RequestType", "OAuth2:Authorize"})
	b = append(b, `,"ModifiedProperties":[]`...)
	b = appendParties(b, "Actor", party{e.who.objectID(), 0}, party{e.who.mail, 5})
	b = appendField(b, "ActorContextId", e.derived(1))
	b = appendField(b, "ActorIpAddress", e.ip)
	b = appendField(b, "InterSystemsId", e.derived(2))
	b = appendField(b, "IntraSystemId", e.derived(3))
	b = appendField(b, "SupportTicketId", "")
	b = appendParties(b, "Target", party{e.object, 0})
	b = appendField(b, "TargetContextId", e.derived(1))
	b = appendField(b, "ApplicationId", e.object)
	b = appendPairs(b, "DeviceProperties", pair{"OS", "Windows 10"}, pair{"BrowserType", "Edge"}, pair{"IsCompliantAndManaged", "True"})
	number := "0"
	if e.status == "Failed" {
		number = "50126"
		b = appendField(b, "LogonError", "InvalidUserNameOrPassword")
	}
	return appendField(b, "ErrorNumber", number)
}

const browser = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0"

// grantRole is an administrator putting somebody in a directory role.
func grantRole(r dice, who *person, ip string, target *person, role string) *m365Entry {
	e := record(r, addToRole, who, ip)
	e.status, e.object, e.target, e.name = "Success", target.mail, target, role
	return e
}

func roleFields(b []byte, e *m365Entry) []byte {
	b = appendNumber(b, "AzureActiveDirectoryEventType", 1)
	b = appendPairs(b, "ExtendedProperties",
		pair{"additionalDetails", `{"UserType":"Member","User-Agent":"EvoSTS"}`}, pair{"extendedAuditEventCategory", "Role"})
	b = append(b, `,"ModifiedProperties":[`...)
	role := guid(hash(e.name), hash("role"+e.name))
	for i, p := range []pair{{"Role.ObjectID", role}, {"Role.DisplayName", e.name}, {"Role.TemplateId", role}, {"Role.WellKnownObjectName", wellKnown[e.name]}} {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, `{"Name":`...)
		b = appendString(b, p.name)
		b = append(b, `,"NewValue":`...)
		b = appendString(b, p.value)
		b = append(b, `,"OldValue":""}`...)
	}
	return appendChange(append(b, ']'), e)
}

var wellKnown = map[string]string{
	"Global Administrator": "TenantAdmins", "Helpdesk Administrator": "HelpdeskAdmins", "eDiscovery Manager": "eDiscoveryManager",
	"Global Reader": "GlobalReaders", "Security Reader": "SecurityReaders",
}

// newPassword is an administrator resetting somebody's password.
func newPassword(r dice, who *person, ip string, target *person) *m365Entry {
	e := record(r, resetPassword, who, ip)
	e.status, e.object, e.target = "Success", target.mail, target
	return e
}

func passwordFields(b []byte, e *m365Entry) []byte {
	b = appendNumber(b, "AzureActiveDirectoryEventType", 1)
	b = appendPairs(b, "ExtendedProperties", pair{"extendedAuditEventCategory", "User"})
	b = append(b, `,"ModifiedProperties":[{"Name":"Included Updated Properties","NewValue":"","OldValue":""}]`...)
	return appendChange(b, e)
}

// appendChange appends who did it to whom, as directory changes have it.
func appendChange(b []byte, e *m365Entry) []byte {
	b = appendParties(b, "Actor", party{e.who.mail, 5}, party{e.who.puid(), 3}, party{"User_" + e.who.objectID(), 2},
		party{e.who.objectID(), 2}, party{"User", 2})
	b = appendField(b, "ActorContextId", e.derived(1))
	b = appendField(b, "InterSystemsId", e.derived(2))
	b = appendField(b, "IntraSystemId", e.derived(3))
	b = appendField(b, "SupportTicketId", "")
	b = appendParties(b, "Target", party{"User_" + e.target.objectID(), 2}, party{e.target.objectID(), 2}, party{"User", 2},
		party{e.target.mail, 5}, party{e.target.puid(), 3})
	return appendField(b, "TargetContextId", e.derived(1))
}

// party is an actor or a target; kind is Microsoft's IdentityTypeValue.
type party struct {
	id   string
	kind int
}

func appendParties(b []byte, name string, parties ...party) []byte {
	b = append(b, ',', '"')
	b = append(b, name...)
	b = append(b, `":[`...)
	for i, p := range parties {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, `{"ID":`...)
		b = appendString(b, p.id)
		b = append(b, `,"Type":`...)
		b = strconv.AppendInt(b, int64(p.kind), 10)
		b = append(b, '}')
	}
	return append(b, ']')
}
