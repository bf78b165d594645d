package decode

import (
	"testing"

	"probity/internal/strictyaml"

	"github.com/google/go-cmp/cmp"
)

func TestAllProblemsOfAFormatAreReportedWithTheirPlaces(t *testing.T) {
	_, got := ParseFormat("f.yaml", []byte(`name: x
encoding: utf-16
framing: csv
decoder: delimited
delimited: {separator: "||", columns: [a, b, a]}
csv: {header: true}
time: {from: [a, c], layouts: ["2006", stamp], zone: Europe/Cardiff}
native_id: [""]
map:
  user.id: a
  user.nam: a
  fields.a: b
  event.action: {from: a, const: view}
  event.outcome: {from: a, otherwise: upper, values: {x: success}}
  object.id: {from: a, pattern: '(\d+'}
  object.name: {from: a, pattern: '\d+', default: x}
  object.restricted: {from: a, values: {J: ja}}
  query.count: {const: many}
  query.text: {from: a, split: ","}
  object.type: {from: d, when: {a: []}}
`))
	const file = "f.yaml"
	want := strictyaml.Problems{
		{File: file, Line: 2, Column: 11, What: `unknown value "utf-16"`, Do: "one of utf-8, latin-1, windows-1252"},
		{File: file, Line: 3, Column: 10, What: "csv framing needs the csv decoder", Do: "write decoder: csv, or framing: lines"},
		{File: file, Line: 5, Column: 24, What: `the separator "||" is not one ASCII character other than a quote`, Do: `write it as "|" or "\t"`},
		{File: file, Line: 5, Column: 46, What: `column "a" is without a name or stands twice`, Do: "give every column a name of its own"},
		{File: file, Line: 6, Column: 6, What: "nothing here uses the csv decoder", Do: "remove the section"},
		{File: file, Line: 7, Column: 7, What: "the layout stamp has no year", Do: "add year:, or have the log written with RFC 3339 times"},
		{File: file, Line: 7, Column: 14, What: `the record has no field "c"`, Do: "it has a, b, a"},
		{File: file, Line: 7, Column: 32, What: `"2006" is no layout with a year, a month, a day and a time`, Do: "write how 2 January 2006, 15:04:05 would look, or rfc3339, unix, unix_ms or stamp"},
		{File: file, Line: 7, Column: 54, What: `unknown zone "Europe/Cardiff"`, Do: "write a name of the zone database, as Europe/London"},
		{File: file, Line: 8, Column: 12, What: "an empty name", Do: "write the name of a native field"},
		{File: file, Line: 10, Column: 12, What: "user.id is not mapped", Do: "map user.name; the people table says who that is"},
		{File: file, Line: 11, Column: 13, What: "there is no field user.nam", Do: "the fields are listed in internal/event/schema.go"},
		{File: file, Line: 12, Column: 13, What: "fields.a is a native field", Do: "declare it under fields in the source's configuration"},
	}
	if diff := cmp.Diff(want, got[:min(len(want), len(got))]); diff != "" {
		t.Error(diff)
	}
	var lines []int
	for _, p := range got[min(len(want), len(got)):] {
		lines = append(lines, p.Line)
	}
	if diff := cmp.Diff([]int{13, 14, 15, 16, 16, 17, 18, 19, 20, 20}, lines); diff != "" {
		t.Errorf("lines of the mapping's problems:\n%s\n%v", diff, got)
	}
}

func TestOneProblemEach(t *testing.T) {
	const head = "name: x\ndecoder: json\ntime: {from: t}\n"
	tests := []struct{ name, src, want string }{
		{"no time", "name: x\ndecoder: json\n", `f.yaml:1:1: the format does not say where the time is; add time: {from: …, layouts: [...]}`},
		{"an unknown key", head + "maps: {}\n", `f.yaml:4:1: unknown key "maps"; did you mean "map"?`},
		{"a message body", head + "map: {query.text: Item.Body}\n", `f.yaml:4:19: Item.Body is the body of a message, which is never ingested; remove it, or write allow_message_bodies: true if a decision to read messages has been made and recorded`},
		{"a message body further down", head + "map: {query.text: {first: [{from: [a, BodyPreview]}]}}\n", `f.yaml:4:35: BodyPreview is the body of a message, which is never ingested; remove it, or write allow_message_bodies: true if a decision to read messages has been made and recorded`},
		{"a message body that was decided on", head + "allow_message_bodies: true\nmap: {query.text: Item.Body}\n", ``},
		{"body-worn video", head + "map: {query.text: BodyWornVideoID}\n", ``},
		{"a body as the time", "name: x\ndecoder: json\ntime: {from: Body}\n", ``},
		{"a broken path", head + "map: {query.text: 'a[b].c'}\n", `f.yaml:4:19: path "a[b].c" has a selector that is not written [Key=Value]; write it as Item.Id or Parameters[Name=ForwardTo].Value`},
		{"no description of the decoder", "name: x\ndecoder: regex\ntime: {from: t}\n", `f.yaml:2:10: the regex decoder needs to be described; add a section regex:`},
		{"a pattern without names", "name: x\ndecoder: regex\nregex: {pattern: x}\ntime: {from: t}\n", `f.yaml:3:18: no named group; name the fields as in (?P<user>\S+)`},
		{"csv columns and a header", "name: x\nframing: csv\ndecoder: csv\ncsv: {header: true, columns: [t]}\ntime: {from: t}\n", `f.yaml:4:30: columns beside a header row; remove one of the two; the header row names the columns`},
		{"a year that is not needed", "name: x\ndecoder: json\ntime: {from: t, year: 2026}\n", `f.yaml:3:23: only the layout stamp lacks the year; remove it`},
		{"the machine's zone", "name: x\ndecoder: json\ntime: {from: t, zone: Local}\n", `f.yaml:3:23: zone Local depends on the machine; write a name of the zone database, as Europe/London`},
		{"a payload of the same kind", head + "payload: {field: a, decoder: json}\n", `f.yaml:4:30: the payload has the decoder of the record around it; use another`},
		{"an unknown RFC", "name: x\ndecoder: syslog\nsyslog: {rfc: 1149}\ntime: {from: timestamp}\n", `f.yaml:3:15: unknown value "1149"; 5424 or 3164`},
	}
	for _, tt := range tests {
		f, problems := ParseFormat("f.yaml", []byte(tt.src))
		if got := problems.Error(); got != tt.want {
			t.Errorf("%s:\ngot  %s\nwant %s", tt.name, got, tt.want)
		}
		if (f == nil) != (len(problems) > 0) {
			t.Errorf("%s: format %v with problems %v", tt.name, f, problems)
		}
	}
}
