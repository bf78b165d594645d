package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
)

// hostileValue is what somebody may get written into a log: it would clear the screen, retitle it, turn the writing direction,
// end the line, begin a formula, a script, a link and a header of a mail. jsonValue is the same as JSON writes it.
const (
	hostileValue = "=HYPERLINK(\"http://evil.example\")\x1b[2J\x1b]0;owned\x07\u009b31m\u202egnp.exe\r\nBcc: thief@evil.example\U000e0041<script>alert(1)</script>\u2028![x](http://evil.example)"
	jsonValue    = `=HYPERLINK(\"http://evil.example\")\u001b[2J\u001b]0;owned\u0007\u009b31m\u202egnp.exe\r\nBcc: thief@evil.example\udb40\udc41<script>alert(1)</script>\u2028![x](http://evil.example)`
)

var hostileFiles = map[string]string{
	"identity.key": "0123456789abcdef0123456789abcdef",
	"doors.yaml":   "name: doors\ndecoder: json\ntime: {from: t}\nnative_id: [n]\nmap: {user.name: u, event.action: a, object.id: o, object.name: o}\n",
	"doors.log": `{"t":"2026-03-02T14:05:17Z","n":"1","u":"c4821","a":"view","o":"VALUE"}` + "\n" +
		`{"t":"2026-03-02T14:05:18Z","n":"2","u":"VALUE","a":"view","o":"D1","VALUE":"x"}` + "\n" + "RAW\n",
	"probity.yaml": "state_dir: state\nidentity_key_file: identity.key\nsources:\n  - {name: doors, format: 'file:doors.yaml', paths: [doors.log]}\nrules: {paths: [rules]}\n",
	"rules/seen.yaml": `id: seen
version: 1
title: "Seen VALUE"
severity: low
description: "VALUE"
owner: ITSO
review_by: 2027-06-01
proportionality: "VALUE"
when: event.action == "view"
alert: {summary: '{{ .user.name }} opened {{ .object.name }}'}
response: "VALUE"
false_positives: ["VALUE"]
tests:
  - name: "VALUE"
    events: [{event.time: 2026-03-02T14:00:00Z, event.dataset: doors, event.action: view, user.name: "VALUE", object.id: "VALUE", object.name: "VALUE"}]
    alerts: []
`,
	"none/seen.yaml": `id: seen
version: 1
title: Seen
severity: low
description: Nothing.
owner: ITSO
review_by: 2027-06-01
proportionality: Needed.
when: event.action == "search"
alert: {summary: '{{ .user.name }}'}
response: None.
`,
	"broken/seen.yaml":        "id: seen\n\"VALUE\": 1\n",
	"broken.yaml":             "\"VALUE\": 1\nsources: [{name: \"VALUE\", format: \"VALUE\", paths: [\"VALUE\"]}]\n",
	"evidence/000001.log":     "RAW\n" + `{"seq":1,"kind":"VALUE","at":"VALUE"}` + "\n",
	"state-of/rejects.jsonl":  "RAW\n",
	"state-of/evidence/x.log": "RAW\n",
}

// TestNoCommandPrintsWhatALogSaysAsItIs runs every command that shows a value of an event, or of a rule, on values that are
// made to harm whoever looks at them. Its pages, mails and sinks have tests of their own where they are written.
func TestNoCommandPrintsWhatALogSaysAsItIs(t *testing.T) {
	t.Chdir(t.TempDir())
	for name, text := range hostileFiles {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		text = strings.NewReplacer("VALUE", jsonValue, "RAW", strings.NewReplacer("\n", "", "\r", "").Replace(hostileValue)).Replace(text)
		if strings.HasSuffix(name, ".yaml") { // YAML writes what lies beyond 16 bits otherwise
			text = strings.ReplaceAll(text, `\udb40\udc41`, `\U000e0041`)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		command string
		shows   bool // the value, or it would prove nothing
	}{
		{"decode -s doors -c probity.yaml doors.log", true},
		{"decode -s doors -c probity.yaml --output json doors.log", true},
		{"decode -s doors -c probity.yaml --rejects doors.log", true},
		{"rules explain --rule seen -c probity.yaml --line 1 doors.log", true},
		{"rules explain --rule seen -c probity.yaml --line 2 --output json doors.log", true},
		{"replay -c probity.yaml", true},
		{"replay -c probity.yaml --canonical", true},
		{"rules diff none rules -c probity.yaml", true},
		{"rules diff none rules -c probity.yaml --output markdown --names", true},
		{"rules diff none rules -c probity.yaml --output json", true},
		{"rules test rules", true},
		{"rules test -v --output json rules", true},
		{"rules check rules", false},
		{"rules check broken", true},
		{"rules check --output json broken", true},
		{"rules docs rules", true},
		{"rules docs --output json rules", true},
		{"config check probity.yaml", false},
		{"config check broken.yaml", true},
		{"config check --output json broken.yaml", true},
		{"run -c broken.yaml", true},
		{"evidence verify evidence", false},
		{"evidence verify --output json evidence", false},
		{"state check state-of", false},
	} {
		t.Run(c.command, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			run(strings.Fields(c.command), strings.NewReader(""), &stdout, &stderr)
			said := stdout.String() + stderr.String()
			for _, r := range said {
				if !unicode.IsPrint(r) && r != '\n' && r != '\t' {
					t.Fatalf("prints %s:\n%q", fmt.Sprintf("%U", r), said)
				}
			}
			for line := range strings.Lines(said) {
				if strings.HasPrefix(line, "Bcc:") && c.command != "rules docs rules" { // its texts are of several lines
					t.Errorf("a value began a line: %q", said)
				}
			}
			if c.shows && !strings.Contains(said, "owned") {
				t.Errorf("does not show the value: %q", said)
			}
		})
	}
}
