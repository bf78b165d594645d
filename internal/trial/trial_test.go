package trial

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"

	"probity/internal/alert"
	"probity/internal/evaluate"
)

func write(t *testing.T, folder string, files map[string]string) string {
	t.Helper()
	for name, text := range files {
		file := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

const (
	config = `
identity_key_file: identity.key
sources: [{name: niche, format: niche, paths: [niche.csv]}]
tables:
  people: {path: people.csv, max_age: 30d}
  nominals: {path: nominals.csv, max_age: 30d}
rules: {paths: [rule.yaml]}
`
	rule = `
id: view
version: 1
title: A view
severity: high
description: Any view.
owner: ITSO
review_by: 2027-06-01
proportionality: Needed.
when: event.action == "view"
correlation: {type: event_count, group_by: [actor.id], timespan: 1h, condition: {gte: 2}}
alert: {summary: viewed, evidence: 1}
response: None.
`
	people = `# exported_at=2026-03-02T00:00:00Z
staff_id,accounts,surname,forenames,dob,collar,role,team,station,address_id,postcode,employment,status,start_date,end_date,vetting_expiry,manager_id
S1,niche:c1,Quill,A,,1,response,A,LLA,,,officer,active,,,,
S2,niche:c2,quill,B,,2,response,A,LLB,,,officer,active,,,,
S3,niche:c3,Vale,C,,3,vetting,A,LLB,,,staff,Left,,,,
`
	nominals = `# exported_at=2026-03-02T00:00:00Z
record_ref,surname,forenames,dob,address_id
N1,Quill,Ed,1979-01-30,A7
PNC1,Quill,Ed,1979-01-30,A7
N2,Quill,Jo,1981-01-30,A7
`
)

// aForce has two people who open records; what S1 opens last is misuse.
func aForce(t *testing.T) string {
	t.Helper()
	const header = "AuditID,AuditTime,UserID,UserName,Workstation,ClientIP,Application,Verb,EntityType,EntityGUID,EntityURN,EntityLabel,Restricted,AccessDenied,LinkedOccurrence,SearchTerms,RowCount,Reason\n"
	return write(t, filepath.Join(t.TempDir(), "north"), map[string]string{
		"probity.yml": config, "rule.yaml": rule, "people.csv": people, "nominals.csv": nominals, "identity.key": strings.Repeat("k", 32),
		"niche.csv":        header + view(1, "c1") + view(2, "c1") + view(3, "c2") + view(4, "c2"),
		"truth.jsonl":      `{"typology":"self-lookup","variant":"obvious","person":"S1","first":"2026-03-02T09:02:00Z","last":"2026-03-02T09:02:00Z","events":[{"dataset":"niche","native_id":"2"}]}` + "\n",
		"lookalikes.jsonl": `{"typology":"self-lookup","variant":"legitimate","person":"S2","first":"2026-03-02T09:04:00Z","last":"2026-03-02T09:04:00Z","events":[{"dataset":"niche","native_id":"4"}]}` + "\n",
	})
}

// view is a line of the Niche log.
func view(n int, account string) string {
	return fmt.Sprintf("%d,2026-03-02 09:%02d:00.000,%s,,LLA-WS-1,192.0.2.31,NicheRMS,View,Person,,,,N,N,,,,\n", n, n, account)
}

func TestAForceIsFoundReplayedAndMarked(t *testing.T) {
	f, err := InFolder(aForce(t))
	if err != nil {
		t.Fatal(err)
	}
	events := 0
	a, err := Run(context.Background(), f, Options{Logger: zap.NewNop(), Progress: func(n int) { events = n }})
	if err != nil {
		t.Fatal(err)
	}
	e := evaluate.Pool(a)
	per := 1 / (0.002 / 7) // two of three are employed, for a day
	rate := float64(2) * per
	want := []evaluate.ForceScore{{
		Name: "north", Staff: 2, Days: 1, Planted: 1, Lookalikes: 1, Recall: evaluate.Share{Count: 1, Of: 1},
		Interrupting: evaluate.Share{Count: 1, Of: 2}, Rate: &rate,
	}}
	if diff := cmp.Diff(want, e.Forces); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if events != 4 {
		t.Errorf("progress says %d events", events)
	}
	// The alerts quote one record each, which is not the planted one: what else they list is known from the log.
	if got := e.Typologies[0].Lookalikes; got != (evaluate.Share{Count: 1, Of: 1}) {
		t.Errorf("look-alikes %v", got)
	}
	var people, records, alerts int
	for _, c := range e.Disparity {
		if c.By == "station" && c.Alerts == "all" {
			for _, g := range c.Groups {
				people, records, alerts = people+g.People, records+g.Records, alerts+g.Alerts
			}
		}
	}
	if people != 1 || records != 2 || alerts != 1 {
		t.Errorf("compared %d people, %d records, %d alerts; want S2 alone", people, records, alerts)
	}
}

// An alert over alerts is told from misuse by the alerts that it adds up, which it quotes.
func TestAnAlertOverAlertsCountsApart(t *testing.T) {
	force := aForce(t)
	write(t, force, map[string]string{
		"rule.yaml": strings.Replace(rule, "severity: high", "severity: high\npoints: 30", 1),
		"sum.yaml": `
id: points
version: 1
title: Points
severity: high
description: Any points.
owner: ITSO
review_by: 2027-06-01
proportionality: Needed.
when: event.dataset == "probity" and event.risk_score > 0
correlation: {type: value_sum, group_by: [actor.id], field: event.risk_score, timespan: 1h, condition: {gte: 30}}
alert: {summary: points}
response: None.
`,
		"probity.yml": strings.Replace(config, "[rule.yaml]", "[rule.yaml, sum.yaml]", 1),
	})
	f, err := InFolder(force)
	if err != nil {
		t.Fatal(err)
	}
	a, err := Run(context.Background(), f, Options{Logger: zap.NewNop()})
	if err != nil {
		t.Fatal(err)
	}
	e := evaluate.Pool(a)
	if got := e.Forces[0].Interrupting; got != (evaluate.Share{Count: 1, Of: 2}) {
		t.Errorf("%v of the alerts that interrupt are true; those over alerts are neither", got)
	}
}

func TestASubjectOfTwoRecordsBearsItsSurnameOnce(t *testing.T) {
	f, err := InFolder(aForce(t))
	if err != nil {
		t.Fatal(err)
	}
	got, err := readStaff(f.Config)
	if err != nil {
		t.Fatal(err)
	}
	want := []evaluate.Person{
		{ID: "S1", Station: "LLA", Role: "response", Bearers: 4}, {ID: "S2", Station: "LLB", Role: "response", Bearers: 4},
		{ID: "S3", Station: "LLB", Role: "vetting", Bearers: 1},
	}
	if diff := cmp.Diff(want, got.people); diff != "" || got.employed != 2 {
		t.Errorf("%d employed (-want +got):\n%s", got.employed, diff)
	}
}

func TestAlertsAreReadLineByLineAndAnErrorSaysWhere(t *testing.T) {
	const good = `{"schema":"probity.alert/1","id":"a","revision":1,"status":"open"}` + "\n"
	for text, want := range map[string]string{
		good + good[:len(good)-1]:         "",
		good + "{\n":                      "line 2: unexpected end of JSON input",
		good + "\n" + `{"id":"a"}` + "\n": "line 3: no alert of schema probity.alert/1",
		`{"schema":"probity.alert/1"}`:    "line 1: no alert of schema",
	} {
		file := filepath.Join(write(t, t.TempDir(), map[string]string{"a.jsonl": text}), "a.jsonl")
		read := 0
		err := eachAlert(file, func(*alert.Alert) { read++ })
		if want == "" && (err != nil || read != 2) || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: %d read, %v; want %q", text, read, err, want)
		}
	}
}

func TestWhatIsMissingIsSaid(t *testing.T) {
	force := aForce(t)
	lost := func(name string) string {
		folder := filepath.Join(t.TempDir(), "lost")
		if err := os.CopyFS(folder, os.DirFS(force)); err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(filepath.Join(folder, name)); err != nil {
			t.Fatal(err)
		}
		return folder
	}
	for name, want := range map[string]string{
		"probity.yml": "no force: it has no probity.yaml", "truth.jsonl": "name it with --truth", "people.csv": "read table people",
		"nominals.csv": "read table nominals", "rule.yaml": "no such file",
	} {
		f, err := InFolder(lost(name))
		if err == nil {
			_, err = Run(context.Background(), f, Options{Logger: zap.NewNop()})
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("without %s: %v, want %q", name, err, want)
		}
	}
}
