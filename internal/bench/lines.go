package bench

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// log is one system's log.
type log struct {
	name   string
	file   string
	length int                                     // of each line, its end included
	header string                                  // before the first
	line   func(to []byte, c *crowd, n int) []byte // appends the next line; n is its length
	json   bool
}

// logs are those that can be measured.
var logs = []log{
	{name: "m365", file: "m365.ndjson", length: 400, line: m365Line, json: true},
	{name: "niche", file: "niche.csv", length: 250, line: nicheLine, header: strings.Join(nicheColumns, ",") + "\n"},
	{name: "pnc", file: "pnc.log", length: 250, line: pncLine},
	{name: "rms", file: "rms.ndjson", length: 400, line: rmsLine, json: true},
}

// LogNames are the logs that can be measured.
func LogNames() []string {
	var names []string
	for _, l := range logs {
		names = append(names, l.name)
	}
	return names
}

func logNamed(name string) (log, bool) {
	i := slices.IndexFunc(logs, func(l log) bool { return l.name == name })
	if i < 0 {
		return log{}, false
	}
	return logs[i], true
}

// write writes the log's lines into dir.
func (l log) write(dir string, seed uint64, lines int) (err error) {
	f, err := os.Create(filepath.Join(dir, l.file))
	if err != nil {
		return fmt.Errorf("writing lines: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	w := bufio.NewWriterSize(f, 1<<20)
	w.WriteString(l.header) //nolint:errcheck // Flush says it again
	c, line := newCrowd(seed, l.name), []byte(nil)
	for range lines {
		line = l.line(line[:0], c, l.length)
		if len(line) != l.length {
			return fmt.Errorf("a line of %s has %d bytes instead of %d: %q", l.name, len(line), l.length, line)
		}
		w.Write(line) //nolint:errcheck // likewise
	}
	return w.Flush()
}

// prose fills a line up to its length.
const prose = "Enquiry made in the course of duty and noted here at the length that such notes have, which is that of people who must " +
	"give a reason each time and are in a hurry to be done with it. Seen, read, and put back where it was found by whoever came first. "

// fill appends so many bytes of prose.
func fill(to []byte, n int) []byte {
	for n > 0 {
		part := prose[:min(n, len(prose))]
		to, n = append(to, part...), n-len(part)
	}
	return to
}

var (
	m365Verbs = []share{
		{"FileAccessed", 420}, {"MailItemsAccessed", 150}, {"FileModified", 140}, {"Send", 90}, {"FileSyncDownloadedFull", 80},
		{"FileUploaded", 50}, {"UserLoggedIn", 40}, {"FileDownloaded", 30},
	}
	nicheVerbs = []share{{"View", 560}, {"Update", 170}, {"Search", 90}, {"Create", 60}, {"Login", 50}, {"Logout", 40}, {"Print", 25}, {"Export", 5}}
	nicheKinds = []share{{"Occurrence", 480}, {"Document", 280}, {"Person", 140}, {"Vehicle", 60}, {"Address", 40}}
	pncVerbs   = []share{{"VE", 520}, {"NE", 430}, {"QUEST", 20}, {"VODS", 15}, {"UP", 15}}
	none       = []share{{"", 1000}}
)

// m365Line is a record of Microsoft 365 without members of members.
func m365Line(to []byte, c *crowd, length int) []byte {
	a := c.next(m365Verbs, none)
	workload, kind := "SharePoint", "6"
	switch a.verb {
	case "Send", "MailItemsAccessed":
		workload, kind = "Exchange", "2"
	case "UserLoggedIn":
		workload, kind = "AzureActiveDirectory", "15"
	}
	start := len(to)
	to = append(to, `{"CreationTime":"`...)
	to = a.at.AppendFormat(to, "2006-01-02T15:04:05")
	to = fmt.Appendf(to, `","Id":"%08x-0000-4000-8000-%012x","Operation":"%s","RecordType":%s,"UserType":0,"Version":1,"Workload":"%s",`,
		scatter(a.n), a.n, a.verb, kind, workload)
	to = fmt.Appendf(to, `"ClientIP":"192.0.2.%d","UserId":"%s"`, a.who%250, address(a.who))
	switch workload {
	case "Exchange":
		to = fmt.Appendf(to, `,"ResultStatus":"Succeeded","MailboxGuid":"%s","MailboxOwnerUPN":"%s"`, recordID(a.who), address(a.who))
	case "SharePoint":
		to = fmt.Appendf(to, `,"ItemType":"File","ObjectId":"https://sharepoint.example.police.uk/sites/T%03d/%s.docx"`, a.who%300, recordID(a.record)[:8])
	}
	to = append(to, `,"UserAgent":"`...)
	to = fill(to, length-(len(to)-start)-len("\"}\n"))
	return append(to, "\"}\n"...)
}

var nicheColumns = strings.Split("AuditID,AuditTime,UserID,UserName,Workstation,ClientIP,Application,Verb,EntityType,EntityGUID,EntityURN,"+
	"EntityLabel,Restricted,AccessDenied,LinkedOccurrence,SearchTerms,RowCount,Reason", ",")

// nicheCells are a record of Niche but for its last column.
func nicheCells(c *crowd) [17]string {
	a := c.next(nicheVerbs, nicheKinds)
	cells := [17]string{
		strconv.Itoa(40_000_000 + a.n), a.at.Format("2006-01-02 15:04:05.000"), account(a.who), fmt.Sprintf("TESTNOMINAL PC%04d", a.who),
		fmt.Sprintf("LLA-WS-%04d", a.who), fmt.Sprintf("192.0.2.%d", a.who%250), "NicheRMS", a.verb,
	}
	if a.verb == "Login" || a.verb == "Logout" {
		return cells
	}
	cells[8], cells[9], cells[10], cells[11], cells[12], cells[13] = a.kind, recordID(a.record), fmt.Sprintf("D53/%07d", a.record), "Common assault", "N", "N"
	if a.refused {
		cells[12], cells[13] = "Y", "Y"
	}
	if a.own {
		cells[14] = caseOf(a.who)
	}
	if a.verb == "Search" {
		cells[15], cells[16] = "TESTNOMINAL", "3"
	}
	return cells
}

func nicheLine(to []byte, c *crowd, length int) []byte {
	start := len(to)
	for _, cell := range nicheCells(c) {
		to = append(append(to, cell...), ',')
	}
	text := len(to)
	to = append(fill(to, length-(len(to)-start)-1), '\n')
	for i := text; i < len(to); i++ {
		if to[i] == ',' {
			to[i] = ';'
		}
	}
	return to
}

// unread are columns that no field is filled from; an rms line has no room for them.
var unread = []string{"UserName", "Application", "EntityURN"}

func rmsLine(to []byte, c *crowd, length int) []byte {
	start := len(to)
	to = append(to, '{')
	for i, cell := range nicheCells(c) {
		if cell != "" && !slices.Contains(unread, nicheColumns[i]) {
			to = fmt.Appendf(to, `"%s":"%s",`, nicheColumns[i], cell)
		}
	}
	to = append(to, `"Reason":"`...)
	to = fill(to, length-(len(to)-start)-len("\"}\n"))
	return append(to, "\"}\n"...)
}

// pncLine is a transaction of the PNC; its terminals count for themselves.
func pncLine(to []byte, c *crowd, length int) []byte {
	a := c.next(pncVerbs, none)
	id, vrm := "", ""
	switch a.verb {
	case "VE", "VODS":
		vrm = plate(a.record)
	default:
		id = pncID(a.record)
	}
	terminal := a.who % terminals
	c.counts[terminal]++
	start := len(to)
	to = fmt.Appendf(to, "%8d|%s|99  |CR%02d    |%-8s|%-52s|%-5s| 8|", 1000+c.counts[terminal], a.at.Format("02/01/2006|15:04:05"), terminal,
		operator(a.who), fmt.Sprintf("PC%04d TESTNOMINAL/%s/STOP CHECK", a.who, caseOf(a.who)), a.verb)
	tail := fmt.Sprintf("|%-13s|%-8s|   1|TRACE   \r\n", id, vrm)
	key := length - (len(to) - start) - len(tail)
	to = fmt.Appendf(to, "%-*s", key, fmt.Sprintf("TESTNOMINAL/ANN%06d:01011980:M", a.record))
	return append(to, tail...)
}
