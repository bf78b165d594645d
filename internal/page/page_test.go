package page

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"probity/internal/alert"
	"probity/internal/event"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// example is an alert as a force would get it; everybody in it is made up.
func example() *alert.Alert {
	at := func(day, hour, minute int) time.Time { return time.Date(2026, 6, day, hour, minute, 7, 0, time.UTC) }
	record := func(n string, t time.Time, offset int64, text, sum string) event.Record {
		return event.Record{ID: "5f0c" + n + strings.Repeat("0", 27), Time: t, Ingested: t.Add(3 * time.Second), Source: "niche", NativeID: "90000" + n,
			Path: "/var/log/niche/audit.csv", Offset: offset, SHA256: sum, Original: text}
	}
	return &alert.Alert{
		Schema: alert.SchemaVersion, ID: "k3wq7vhd2mzt4xr5ncb6yaj2oe", Revision: 2, Status: alert.Open, Marking: "OFFICIAL-SENSITIVE",
		Rule: alert.Rule{ID: "unlinked_views", Version: 3, Type: "baseline", Title: "Many more records opened than is usual, without a link to work", Severity: alert.High,
			Hash: strings.Repeat("4d", 32), Controls: map[string][]string{"gpg13": {"PMC7"}, "law": {"CMA1990-s1", "DPA2018-s170"}},
			Proportionality: "The rule counts; it reads no content.\nIt compares a person with themselves and with their own team.",
			Response:        "1. Ask the duty planner, not the person, what they were assigned to.\n2. Look at who the records are about: is there a pattern?\n3. If none of it is explained, refer to Professional Standards.",
			FalsePositives:  []string{"A new posting: the first weeks of an analyst.", "A major incident that is not recorded as an assignment."}},
		Summary: "Mara QUILL 4821 (S00042) opened 41 records on Tuesday 2 June that no assignment explains; 4 a day are usual.",
		Person:  &alert.Person{ID: "S00042", Surname: "Quill", Forenames: "Mara", Collar: "4821", Role: "response officer", Team: "B Shift", Station: "Llanbrook", ManagerID: "S00007"},
		Group:   []alert.KeyPart{{Field: "actor.id", Value: "S00042"}}, Period: alert.Period{Start: at(2, 0, 0), End: at(3, 0, 0)},
		Count: 41, First: at(2, 13, 5), Last: at(2, 21, 40), EventIDs: []string{"5f0c1" + strings.Repeat("0", 27), "5f0c2" + strings.Repeat("0", 27)},
		Evidence: []event.Record{
			record("1", at(2, 13, 5), 182044, `900001,2026-06-02 14:05:07.000,c4821,"QUILL, Mara",LLA-WS-0312,View,Person,NOM-771,"MARSH, Ed 30/01/1979",N`, strings.Repeat("ab", 32)),
			record("2", at(2, 13, 6), 182151, "900002,2026-06-02 14:06:07.000,c4821,\"QUILL, Mara\",LLA-WS-0312,View,Person,NOM-772,\"<script>alert('x')</script>\u202e\x1b[2J\",N", strings.Repeat("cd", 32)),
		},
		Facts: []alert.Fact{{Say: "opened outside of their shift", Speaks: "for", True: 12, False: 29}, {Say: "somebody with the same surname is in it", Speaks: "for", False: 40, Unknown: 1},
			{Say: "assigned to a linked incident", Speaks: "against", True: 3, False: 36, Unknown: 2}},
		Measures: []alert.Measure{{From: at(2, 0, 0), To: at(3, 0, 0), Observed: 41, Unit: "events", Own: &alert.Usual{Median: 4, Spread: 2, Among: 28, Above: 18}, Peers: &alert.Usual{Median: 6, Spread: 3, Among: 14, Above: 11}}},
		Expired:  []string{"analyst of Operation Heron (approved by Insp. Vale, until 2026-05-31)"},
		Unknowns: []string{"assignments: the export of 2 June covers events up to 18:00; 9 events are later"},
		Tables: []alert.Table{{Name: "assignments", ExportedAt: at(2, 18, 0), SHA256: strings.Repeat("ef", 32)},
			{Name: "people", ExportedAt: at(1, 22, 0), SHA256: strings.Repeat("12", 32)}},
		Generation: strings.Repeat("9a", 32),
	}
}

// known is what is known beside the example.
func known() *alert.Background {
	at := func(month time.Month, day int) time.Time { return time.Date(2026, month, day, 9, 30, 0, 0, time.UTC) }
	outcomes := map[alert.Outcome]int{alert.Misuse: 3, alert.PolicingPurpose: 5, alert.Erroneous: 1}
	return &alert.Background{
		AsOf: at(6, 3), State: alert.Reopened, Folded: 21, Over: alert.OverRule,
		Closings: []alert.Decision{{Outcome: alert.Training, Revision: 1, At: at(6, 3), Roles: []string{"iso"}}},
		Surroundings: []alert.Surrounding{
			{Event: "5f0c1" + strings.Repeat("0", 27), TakenAt: at(6, 2), Before: "900000,2026-06-02 14:04:51.000,c1177,\"VALE, Ann\",LLA-WS-0101,Search,Person,,,N\n",
				After: "900002,2026-06-02 14:06:07.000,c4821,\"QUILL, Mara\",LLA-WS-0312,View,Person,NOM-772,\x1b[2J,N\n"},
			{Event: "5f0c2" + strings.Repeat("0", 27), TakenAt: at(6, 2), Missing: "no file holds these bytes at this place any more"},
		},
		History: alert.History{
			Person: []alert.Tally{{Rule: "unlinked_views", Alerts: 2, Outcomes: map[alert.Outcome]int{alert.PolicingPurpose: 1}, Open: 1, Last: at(4, 17)},
				{Rule: "self_lookup", Alerts: 1, Withdrawn: 1, Last: at(1, 5)}},
			Rule: alert.Tally{Rule: "unlinked_views", Alerts: 12, Open: 3, Outcomes: outcomes, Last: at(5, 30), Precision: alert.PrecisionOf(outcomes)},
		},
	}
}

// gathered are four alerts of a digest, two of them beyond a budget; a comes twice.
func gathered(a, b *alert.Alert) []Item {
	c, d := *b, *b
	c.ID, c.Status, c.Revision = "c"+b.ID[1:], alert.Open, 1
	d.ID, d.Status, d.Revision, d.Person, d.Group = "d"+b.ID[1:], alert.Open, 1, nil, []alert.KeyPart{{Field: "object.id", Value: "NOM-771"}}
	return []Item{{Alert: a}, {Alert: b, Reopened: true}, {Alert: &c, Folded: 4, Over: alert.OverPerson}, {Alert: &d, Folded: 21, Over: alert.OverRule}, {Alert: a}}
}

func TestADigestOfWhatIsBeyondTheBudgetSaysWhoseBudget(t *testing.T) {
	l := Letter{Zone: time.UTC}
	d := l.Digest(gathered(example(), foldedSample()), "OFFICIAL")
	if d.Alerts != 4 || d.About != 3 || len(d.Persons) != 2 || len(d.Folded) != 2 {
		t.Errorf("%+v", d)
	}
	if want := []string{"1 alert, beyond the alert budget of Person 1.", "1 alert, beyond the alert budget of rule sample_rule."}; !slices.Equal(d.Over, want) {
		t.Errorf("%q", d.Over)
	}
}

func london(t *testing.T) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Europe/London")
	must(t, err)
	return zone
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		must(t, os.WriteFile(file, []byte(got), 0o644))
	}
	want, err := os.ReadFile(file)
	must(t, err)
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got), go test ./internal/page -update:\n%s", name, diff)
	}
}

func builtin(t *testing.T) (*Sheet, *Mail) {
	t.Helper()
	s, err := NewSheet(File{})
	must(t, err)
	m, err := NewMail(File{}, File{}, Letter{Zone: london(t), Names: true})
	must(t, err)
	return s, m
}

func TestThePagesAndMailsAreWhatTheGoldenFilesSay(t *testing.T) {
	sheet, mail := builtin(t)
	a, b := example(), example()
	b.ID, b.Rule.Severity, b.Rule.ID, b.Rule.Title = "p5tq7vhd2mzt4xr5ncb6yaj2oe", alert.Medium, "own_team_lookup", "Somebody looked up a colleague"
	b.Status, b.Reason, b.Revision, b.Count = alert.Withdrawn, "a link to incident 771 came late", 3, 1
	v := Of(a, []byte("{}"), london(t))
	v.Tell(known(), a.Concerned(), london(t))
	p, err := sheet.Page(v)
	must(t, err)
	golden(t, "page.html", string(p))
	p, err = sheet.Page(Of(b, []byte("{}"), london(t)))
	must(t, err)
	golden(t, "withdrawn.html", string(p))
	p, err = sheet.Index(NewIndex([]Row{RowOf(a, london(t)), RowOf(b, london(t))}))
	must(t, err)
	golden(t, "index.html", string(p))
	for _, names := range []bool{false, true} {
		l, suffix := Letter{Pages: "https://probity.force.example/alerts/", Names: names, Zone: london(t)}, ""
		if names {
			suffix = "_names"
		}
		m, err := mail.Notice(l.Notice(Item{Alert: a, Body: []byte("{}")}))
		must(t, err)
		golden(t, "mail"+suffix+".txt", "Subject: "+m.Subject+"\n\n"+m.Text)
		golden(t, "mail"+suffix+".html", m.HTML)
		m, err = mail.Digest(l.Digest(gathered(a, b), a.Marking))
		must(t, err)
		golden(t, "digest"+suffix+".txt", "Subject: "+m.Subject+"\n\n"+m.Text)
		golden(t, "digest"+suffix+".html", m.HTML)
	}
}

// A screen reader goes by language, headings, landmarks and the headers of tables.
func TestAPageCanBeReadAloudAndFetchesNothing(t *testing.T) {
	sheet, _ := builtin(t)
	for _, a := range append(samples(), example()) {
		b, err := sheet.Page(Of(a, nil, london(t)))
		must(t, err)
		text := string(b)
		must(t, fit(b, ""))
		for _, want := range []string{`<html lang="en-GB">`, "<title>", "<main>", "<header>", "<footer>", "default-src 'none'"} {
			if !strings.Contains(text, want) {
				t.Errorf("no %s", want)
			}
		}
		before := 0
		for _, m := range regexp.MustCompile(`<h([1-6])`).FindAllStringSubmatch(text, -1) {
			level := int(m[1][0] - '0')
			if level > before+1 {
				t.Errorf("a heading of level %d follows one of level %d", level, before)
			}
			before = level
		}
		if strings.Contains(text, "<th>") {
			t.Error("a table's header does not say what it heads")
		}
		ids := map[string]bool{}
		for _, m := range regexp.MustCompile(` id="([^"]+)"`).FindAllStringSubmatch(text, -1) {
			if ids[m[1]] {
				t.Errorf("two elements are #%s", m[1])
			}
			ids[m[1]] = true
		}
		for _, m := range regexp.MustCompile(`aria-labelledby="([^"]+)"`).FindAllStringSubmatch(text, -1) {
			if !ids[m[1]] {
				t.Errorf("no element is #%s", m[1])
			}
		}
		if mark := marking(a); strings.Index(text, `<p class="marking">`+mark) > strings.Index(text, "<h1>") || strings.LastIndex(text, mark) < strings.Index(text, "</main>") {
			t.Error("not marked at top and bottom")
		}
	}
}

// Nobody who writes into a log can write markup into a page or a mail, nor turn their text around, nor end the first line.
func TestNothingFromALogIsMarkup(t *testing.T) {
	sheet, mail := builtin(t)
	l := Letter{Pages: "https://x.example/", Names: true, Zone: time.UTC}
	tags := regexp.MustCompile(`<[^>]*>`)
	shape := func(a *alert.Alert) (string, string) {
		v, beside := Of(a, nil, time.UTC), known()
		beside.Surroundings[0].Before, beside.Closings[0].Roles = a.Evidence[0].Original, []string{a.Summary}
		v.Tell(beside, a.Concerned(), time.UTC)
		p, err := sheet.Page(v)
		must(t, err)
		m, err := mail.Notice(l.Notice(Item{Alert: a}))
		must(t, err)
		line, err := RowOf(a, time.UTC).Line()
		must(t, err)
		if strings.Count(string(line), "-->") != 1 || strings.Count(string(line), "\n") != 1 || strings.ContainsAny(m.Subject, "\r\n") {
			t.Fatalf("line %q, subject %q", line, m.Subject)
		}
		all := string(p) + m.HTML
		return strings.Join(tags.FindAllString(all, -1), ""), all + m.Text
	}
	wantTags, _ := shape(example())
	bad := rapid.SampledFrom([]string{"<script>", "</pre>", "\"onload=", "-->", "--!>", "\u202e", "\x1b[2J", "\r\nBcc: x", "{{.}}", "'", "&lt;", "\x00", "\xff", "]]>", "x"})
	rapid.Check(t, func(rt *rapid.T) {
		text := strings.Join(rapid.SliceOfN(bad, 1, 6).Draw(rt, "text"), "")
		a := example()
		a.Summary, a.Rule.Title, a.Reason, a.Rule.Response = text, text, text, text
		a.Rule.Response = strings.Repeat("x\n", 2) + strings.ReplaceAll(text, "\n", "") // three lines, as before
		a.Person.Surname, a.Group[0].Value, a.Evidence[0].Original, a.Evidence[0].NativeID, a.Facts[0].Say, a.Unknowns[0] = text, text, text, text, text, text
		gotTags, all := shape(a)
		if gotTags != wantTags {
			rt.Fatalf("%q changes the markup", text)
		}
		if strings.ContainsAny(all, "\u202e\x1b\x00") {
			rt.Fatalf("%q reaches the reader", text)
		}
	})
}

func TestATemplateIsTriedBeforeItIsUsed(t *testing.T) {
	for name, c := range map[string]struct{ page, text, html, want string }{
		"an unknown field":      {page: `{{define "page"}}{{.Marking}}{{.Surname}}{{end}}`, want: "Surname"},
		"no YAML, no template":  {page: `{{define "page"`, want: "unclosed action"},
		"nothing redefined":     {page: `<h1>{{.Title}}</h1>`, want: "changes nothing"},
		"no marking":            {page: `{{define "page"}}{{.Summary}}{{end}}`, want: "does not show the marking"},
		"a script":              {page: `{{define "page"}}{{.Marking}}<script>1</script>{{end}}`, want: "no script"},
		"a picture":             {page: `{{define "page"}}{{.Marking}}<IMG src="https://x/y">{{end}}`, want: "fetches nothing"},
		"a style from afar":     {page: `{{define "style"}}@import "https://x/y";{{end}}`, want: "fetches nothing"},
		"a broken attribute":    {page: `{{define "page"}}{{.Marking}}<a href="{{if .Rule}}x"{{end}}>{{end}}`, want: "template"},
		"a subject with a name": {text: `{{define "subject"}}{{.View.Summary}}{{end}}`, want: "nil pointer"},
		"a text, no marking":    {text: `{{define "text"}}hello{{end}}`, want: "does not show the marking"},
		"a digest's field":      {text: `{{define "digest_text"}}{{.Marking}}{{.Summary}}{{end}}`, want: "Summary"},
		"HTML, no marking":      {html: `{{define "html"}}<p>hello</p>{{end}}`, want: "does not show the marking"},
		"a digest that phones":  {html: `{{define "digest_html"}}{{.Marking}}<iframe></iframe>{{end}}`, want: "fetches nothing"},
		"the page in a mail":    {html: `{{define "page"}}{{.Marking}}{{end}}`, want: "changes nothing"},
		"a digest that loses":   {text: `{{define "digest_text"}}{{.Marking}}{{range .Persons}}{{.Name}}{{end}}{{end}}`, want: "beyond the alert budget"},
		"HTML that loses":       {html: `{{define "digest_html"}}{{.Marking}}{{end}}`, want: "beyond the alert budget"},
		"a page of the known":   {page: `{{define "page"}}{{.Marking}}{{.Beside.State}}{{end}}`, want: "nil pointer"},
		"a good page":           {page: `{{define "page"}}{{.Marking}} {{.Summary}}{{end}}`},
		"a good mail":           {text: `{{define "text"}}{{.Marking}} {{.Reference}}{{end}}`, html: `{{define "style"}}p { color: red }{{end}}`},
	} {
		t.Run(name, func(t *testing.T) {
			file := func(text string) File {
				if text == "" {
					return File{}
				}
				return File{Name: "own.tmpl", Text: text}
			}
			_, err := NewSheet(file(c.page))
			if err == nil {
				_, err = NewMail(file(c.text), file(c.html), Letter{Zone: time.UTC, Pages: "/x/"})
			}
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "own.tmpl")) {
				t.Errorf("got %v, want %q in it", err, c.want)
			}
		})
	}
}

func TestMarkingsAreOrdered(t *testing.T) {
	for i, equals := range [][]string{
		{"OFFICIAL", "official", "OFFICIAL POLICE"},
		{"OFFICIAL-SENSITIVE", "OFFICIAL: SENSITIVE", "Official - Sensitive PERSONAL", "OFFICIAL-SENSITIVE [HR]"},
		{"SECRET", "SECRET UK EYES ONLY"},
		{"TOP SECRET", "top secret STRAP2"},
		{"", "EYES ONLY", "OFFICIALLY", "NOT SECRET", "SECRETARIAT", "UNMARKED"},
	} {
		for _, m := range equals {
			if got := Rank(m); got != i+1 {
				t.Errorf("%q ranks %d, want %d", m, got, i+1)
			}
		}
	}
}

func TestTheListIsNewestFirstAndCarriesTheHighestMarking(t *testing.T) {
	rows := []Row{{ID: "b", At: 1, Marking: "OFFICIAL"}, {ID: "c", At: 2, Marking: "SECRET"}, {ID: "a", At: 1, Marking: "OFFICIAL"}}
	x := NewIndex(rows)
	var ids []string
	for _, r := range x.Rows {
		ids = append(ids, r.ID)
	}
	if x.Marking != "SECRET" || !slices.Equal(ids, []string{"c", "a", "b"}) {
		t.Errorf("marking %s, rows %q", x.Marking, ids)
	}
}

func FuzzARowIsReadAsItWasWritten(f *testing.F) {
	f.Add("k3wq", 2, "open", "QUILL --> <x>", int64(-7))
	f.Add("", -1, "\u2028", strings.Repeat("x", 400), int64(0))
	f.Fuzz(func(t *testing.T, id string, revision int, status, who string, at int64) {
		r := Row{ID: show(id), Revision: revision, Status: show(status), Who: show(who), At: at}
		line, err := r.Line()
		must(t, err)
		got, ok := ReadRow(append(line, "<!DOCTYPE html>"...))
		if want := r.ID != "" && revision >= 0; ok != want {
			t.Fatalf("read %t, want %t", ok, want)
		}
		if diff := cmp.Diff(r, got); ok && diff != "" {
			t.Error(diff)
		}
		ReadRow([]byte(who)) // whatever a folder holds
		ReadRow([]byte(rowPrefix + who + rowSuffix))
	})
}

func TestARecordThatStandsInNoLogHasNoPlaceAndNoCommand(t *testing.T) {
	sheet, _ := builtin(t)
	a := example()
	a.Evidence = a.Evidence[:1]
	a.Evidence[0].Path, a.Evidence[0].Offset = "", 0
	p, err := sheet.Page(Of(a, nil, time.UTC))
	must(t, err)
	if s := string(p); strings.Contains(s, "check it by hand") || strings.Contains(s, "at byte") || !strings.Contains(s, "in no log: Probity wrote it itself") {
		t.Error(s)
	}
}
