package daemon

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"probity/internal/sim"
)

// marks are texts that occur nowhere but in what they are put into.
var marks = map[string]string{
	"user name":    "xqzuser77",
	"surname":      "Zzyzxqvist",
	"forename":     "Quillonia",
	"workstation":  "XQZ-WS-0001",
	"record":       "xqz00000-0000-4000-8000-00000000000a",
	"label":        "Oddlington Featherstonehaugh",
	"search terms": "Wimbleforth Quuxington",
	"purpose":      "5326/9998887",
	"staff id":     "SXQZ42",
	"reject":       "brokenXqzName",
	"originator":   "PC 99 XQZEVANS",
}

// TestNoNamesOutsideOfAlerts puts unusual names into everything that the daemon reads, has rules fire, records rejected,
// tables fault and reloads refused, and then looks for the names in all that the daemon tells.
func TestNoNamesOutsideOfAlerts(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	people := strings.Split(s.read("tables/people.csv"), "\n")
	columns := strings.Split(people[1], ",")
	person := make([]string, len(columns))
	for i, c := range columns {
		person[i] = map[string]string{
			"staff_id": marks["staff id"], "accounts": "niche:" + marks["user name"], "surname": marks["surname"], "forenames": marks["forename"],
		}[c]
	}
	// The account is claimed twice: a finding about the table.
	twice := strings.Replace(strings.Join(person, ","), marks["staff id"], "SXQZ43", 1)
	s.write("tables/people.csv", s.read("tables/people.csv")+strings.Join(person, ",")+"\n"+twice+"\n")
	hook := newReceiver(t)
	c := s.config("sinks:", "sinks:\n  - {name: hook, type: webhook, url: "+hook.URL+"}\n  - {name: pages, type: html, dir: pages}")
	d, stop := s.start(Options{Config: c})
	s.append(s.lines[0]) // the header
	s.append(s.namedLines()...)
	s.append(sim.Line{File: "pnc.log", Bytes: []byte("1|02/03/2026|14:05:17|62|T1|" + marks["user name"] + "|" + marks["originator"] + "|NE|1|" + marks["surname"] + "/X:01011970:M|||0|NO TRACE\r\n")})
	s.append(sim.Line{File: "crime.log", Bytes: []byte("ts=notatime id=1 user=" + marks["reject"] + "\n")})
	s.append(sim.Line{File: "m365.ndjson", Bytes: []byte(`{"UserId":"` + marks["reject"] + "\n")})
	s.drain(d)
	s.write("tables/people.csv", s.read("tables/people.csv")+marks["surname"]+`,"`+marks["forename"]+"\n")
	_, refused := s.get(d, "POST", "/-/reload")
	if !strings.Contains(refused, "refused") {
		t.Errorf("a broken table is taken: %s", refused)
	}
	told := map[string]string{"reload": refused}
	for _, path := range []string{"/metrics", "/readyz", "/healthz", "/nowhere"} {
		_, told[path] = s.get(d, "GET", path)
	}
	stop()
	told["log"] = s.log.String()
	alerts := s.read("alerts.jsonl")
	if list := s.read("pages/index.html"); !strings.Contains(list, marks["user name"]) {
		t.Errorf("the list of pages does not say who: %s", list)
	}
	for _, needed := range []string{"user name", "label", "record"} {
		if !strings.Contains(alerts, marks[needed]) {
			t.Fatalf("a poor test: the alerts do not hold the %s: %s", needed, alerts)
		}
	}
	if !strings.Contains(s.read("state/rejects.jsonl"), marks["reject"]) {
		t.Error("a poor test: nothing was rejected")
	}
	for where, text := range told {
		for what, mark := range marks {
			if strings.Contains(strings.ToLower(text), strings.ToLower(mark)) {
				t.Errorf("%s tells the %s %q", where, what, mark)
			}
		}
	}
}

// namedLines are niche rows of one person, enough for the counting rule.
func (s *site) namedLines() []sim.Line {
	columns := strings.Split(strings.TrimSpace(string(s.lines[0].Bytes)), ",")
	var out []sim.Line
	for i := range 10 {
		row := make([]string, len(columns))
		for k, c := range columns {
			row[k] = map[string]string{
				"AuditID": fmt.Sprint(900000 + i), "AuditTime": time.Date(2026, 3, 2, 14, i, 0, 0, time.UTC).Format("2006-01-02 15:04:05.000"),
				"UserID": marks["user name"], "UserName": marks["surname"], "Workstation": marks["workstation"], "ClientIP": "192.0.2.1", "Application": "RMS",
				"Verb": "View", "EntityType": "Person", "EntityGUID": marks["record"], "EntityLabel": marks["label"], "Restricted": "N", "AccessDenied": "N",
				"LinkedOccurrence": marks["purpose"], "SearchTerms": marks["search terms"],
			}[c]
		}
		out = append(out, sim.Line{File: "niche.csv", Bytes: []byte(strings.Join(row, ",") + "\n")})
	}
	return out
}
