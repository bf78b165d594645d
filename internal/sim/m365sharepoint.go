package sim

import "strings"

// Operations of SharePoint and OneDrive.
var (
	fileAccessed   = &m365Kind{"FileAccessed", 6, "SharePoint", fileFields}
	fileModified   = &m365Kind{"FileModified", 6, "SharePoint", fileFields}
	fileUploaded   = &m365Kind{"FileUploaded", 6, "SharePoint", fileFields}
	fileDownloaded = &m365Kind{"FileDownloaded", 6, "SharePoint", fileFields}
	fileSynced     = &m365Kind{"FileSyncDownloadedFull", 6, "OneDrive", fileFields}
	sharingSet     = &m365Kind{"SharingSet", 14, "SharePoint", sharingFields}
	anonymousLink  = &m365Kind{"AnonymousLinkCreated", 14, "SharePoint", sharingFields}
)

const tenantSite = "https://sharepoint.example.police.uk/"

var fileStems = []string{
	"Rota", "Briefing", "MG11 draft", "Case summary", "Exhibit list", "Beat plan", "Minutes", "Risk assessment", "Handover", "CCTV index", "Unused material", "Letter",
}

var fileTypes = []string{"docx", "xlsx", "pdf", "pptx", "jpg"}

// onFile is an operation on a file of a site.
func onFile(r dice, k *m365Kind, who *person, ip, site string) *m365Entry {
	e := record(r, k, who, ip)
	e.site = tenantSite + "sites/" + site + "/"
	if k == fileSynced {
		e.site = tenantSite + "personal/" + who.login + "/"
	}
	e.name = pick(r, fileStems) + " " + string(appendPadded(nil, r.IntN(10000), 4)) + "." + pick(r, fileTypes)
	e.object = e.site + "Shared Documents/" + e.name
	if r.chance(0.1) {
		e.status = "Succeeded"
	}
	return e
}

func fileFields(b []byte, e *m365Entry) []byte {
	b = appendField(b, "CorrelationId", e.derived(1))
	b = appendField(b, "EventSource", "SharePoint")
	b = appendField(b, "ItemType", "File")
	b = appendField(b, "ListId", guid(hash(e.site), 1))
	b = appendField(b, "ListItemUniqueId", guid(hash(e.object), 2))
	b = appendField(b, "Site", guid(hash(e.site), 3))
	b = appendField(b, "UserAgent", browser)
	b = appendField(b, "WebId", guid(hash(e.site), 4))
	b = appendField(b, "SiteUrl", e.site)
	b = appendField(b, "SourceFileExtension", e.name[strings.LastIndexByte(e.name, '.')+1:])
	b = appendField(b, "SourceFileName", e.name)
	return appendField(b, "SourceRelativeUrl", "Shared Documents")
}

// share opens a file to somebody: a colleague, a partner organisation or,
// with the anonymous kind, to everyone who has the link (guest is empty then).
func share(r dice, k *m365Kind, who *person, ip, site, guest string) *m365Entry {
	e := onFile(r, k, who, ip, site)
	e.guest, e.status = guest, ""
	return e
}

func sharingFields(b []byte, e *m365Entry) []byte {
	b = fileFields(b, e)
	b = appendField(b, "UniqueSharingId", e.derived(8))
	if e.guest == "" {
		return appendField(b, "EventData", "<Type>View</Type>")
	}
	kind, name := "Member", e.guest
	if !strings.HasSuffix(e.guest, "@example.police.uk") {
		kind, name = "Guest", strings.Replace(e.guest, "@", "_", 1)+"#ext#@example.police.uk"
	}
	b = appendField(b, "TargetUserOrGroupType", kind)
	b = appendField(b, "TargetUserOrGroupName", name)
	return appendField(b, "EventData", "<Permissions granted>Read</Permissions granted>")
}
