package hearing

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"
	"maps"
	"slices"
	"strings"
	texttemplate "text/template"
	"time"

	"probity/internal/alert"
	"probity/internal/neutral"
)

//go:embed report.html.tmpl
var htmlReport string

//go:embed report.txt.tmpl
var textReport string

//go:embed prove.sh
var proveScript string

// report is what both forms show. Every text in it is neutralised already.
type report struct {
	Marking, ID, Title, Summary, Severity, Status, Reason string
	Exported                                              string
	Person                                                []pair // whom it is about
	Group                                                 []pair
	When                                                  []pair
	For, Against, Open                                    []string // facts
	Unknowns, Missing                                     []string
	Decided                                               []string // how it was closed, oldest first
	Revisions                                             []revisionRow
	Lines                                                 []lineRow
	Entries                                               []entryRow
	Rule                                                  []pair
	RuleFiles                                             []string
	Tables                                                []string
	Response, Proportionality                             []string // by line
	FalsePositives, Controls                              []string
	Chain                                                 []string
	Checks                                                []check
}

type pair struct{ Name, Value string }

type revisionRow struct{ Number, Status, Count, Last, File, SHA256 string }

type lineRow struct {
	Number, Source, NativeID, At, Path, Offset, SHA256, Text, Surroundings string
	Now                                                                    string // where it stands now, or that it is gone
}

type entryRow struct{ Seq, At, Kind, What, Proof string }

// check is one thing that a reader can check, and the shell line that does it in the unpacked bundle.
type check struct{ Say, Shell string }

// Kinds of entries that the report reads.
const (
	surroundings = "surroundings" // the lines around records
	disposition  = "disposition"  // how the alert was closed
)

const timeForm = "2006-01-02 15:04:05 MST"

func at(t time.Time) string { return t.UTC().Format(timeForm) }

func (c *Case) reports() (text, page []byte, err error) {
	r := c.report()
	var t, h bytes.Buffer
	if err := texttemplate.Must(texttemplate.New("report").Parse(textReport)).Execute(&t, r); err != nil {
		return nil, nil, err
	}
	if err := template.Must(template.New("report").Parse(htmlReport)).Execute(&h, r); err != nil {
		return nil, nil, err
	}
	return t.Bytes(), h.Bytes(), nil
}

func (c *Case) report() *report {
	a, n := c.Last(), neutral.Terminal
	r := &report{
		Marking: n(a.Marking), ID: n(c.ID), Title: n(a.Rule.Title), Summary: n(a.Summary), Severity: n(string(a.Rule.Severity)), Status: n(string(a.Status)),
		Reason: n(a.Reason), Exported: n(at(c.At) + " by probity " + c.Version), Response: prose(a.Rule.Response), Proportionality: prose(a.Rule.Proportionality),
		Unknowns: neutralAll(a.Unknowns), FalsePositives: neutralAll(a.Rule.FalsePositives), Missing: neutralAll(c.Missing), Checks: c.checks(),
	}
	r.addSubject(a)
	r.addFacts(a.Facts)
	r.addRule(c, a)
	for _, rev := range c.Revisions {
		x := &rev.Alert
		r.Revisions = append(r.Revisions, revisionRow{fmt.Sprint(x.Revision), n(string(x.Status)), fmt.Sprint(x.Count), at(x.Last), revisionFile(x.Revision), sum(rev.Body)})
	}
	for i, l := range c.Lines {
		r.Lines = append(r.Lines, rowOf(i, l))
	}
	for _, e := range c.Entries {
		r.Entries = append(r.Entries, rowOfEntry(e))
	}
	r.addDecisions(c, a)
	r.Chain = neutralAll(c.chain())
	return r
}

// prose is the lines of a text that the rule's author broke into lines, numbered steps above all.
func prose(text string) []string { return neutralAll(strings.Split(strings.TrimSpace(text), "\n")) }

func neutralAll(texts []string) []string {
	var out []string
	for _, t := range texts {
		out = append(out, neutral.Terminal(t))
	}
	return out
}

func (r *report) addSubject(a *alert.Alert) {
	add := func(to *[]pair, name, value string) {
		if value != "" {
			*to = append(*to, pair{neutral.Terminal(name), neutral.Terminal(value)})
		}
	}
	if a.Person != nil {
		for _, d := range a.Person.Details() {
			add(&r.Person, d[0], d[1])
		}
	}
	for _, g := range a.Group {
		add(&r.Group, g.Field, g.Value)
	}
	add(&r.When, "first event", at(a.First))
	add(&r.When, "last event", at(a.Last))
	add(&r.When, "distinct events", fmt.Sprint(a.Count))
	add(&r.When, "period of the alert", at(a.Period.Start)+" to "+at(a.Period.End))
}

// addFacts says each fact in words: for how many of the events it held.
func (r *report) addFacts(facts []alert.Fact) {
	for _, f := range facts {
		say := neutral.Terminal(fmt.Sprintf("%s: true for %d events, false for %d, unknown for %d", f.Say, f.True, f.False, f.Unknown))
		switch {
		case f.True == 0:
			r.Open = append(r.Open, say)
		case f.Speaks == "against":
			r.Against = append(r.Against, say)
		default:
			r.For = append(r.For, say)
		}
	}
}

// addDecisions says how the alert was closed, and in the first lines, too: its revisions do not know.
func (r *report) addDecisions(c *Case, a *alert.Alert) {
	var last *alert.Closing
	for _, e := range c.Entries {
		if e.Kind != disposition {
			continue
		}
		var x alert.Closing
		if e.Body == nil || json.Unmarshal(e.Body, &x) != nil {
			r.Decided = append(r.Decided, fmt.Sprintf("entry %d: what was decided was redacted", e.Seq))
			last = nil
			continue
		}
		last = &x
		r.Decided = append(r.Decided, neutral.Terminal(fmt.Sprintf("%s, of revision %d, by %s as %s at %s (entry %d): %s",
			x.Outcome, x.Revision, x.By, strings.Join(x.Roles, ", "), instant(e), e.Seq, x.Note)))
	}
	switch {
	case len(r.Decided) == 0:
	case last == nil:
		r.Status += ", or closed by what was redacted"
	case last.Revision < a.Revision:
		r.Decided = append(r.Decided, fmt.Sprintf("Revision %d came after that: what was decided does not cover it.", last.Revision+1))
	case a.Status == alert.Open:
		r.Status = neutral.Terminal("closed as " + string(last.Outcome))
	}
}

func (r *report) addRule(c *Case, a *alert.Alert) {
	n := neutral.Terminal
	r.Rule = []pair{{"rule", n(a.Rule.ID)}, {"version", fmt.Sprint(a.Rule.Version)}, {"SHA-256", n(a.Rule.Hash)}}
	if a.Rule.Overlay != "" {
		r.Rule = append(r.Rule, pair{"SHA-256 of the overlay", n(a.Rule.Overlay)})
	}
	r.Rule = append(r.Rule, pair{"generation of rules and tables", n(a.Generation)})
	for _, f := range c.Files {
		r.RuleFiles = append(r.RuleFiles, n(fmt.Sprintf("%s, found in %s", f.Name, f.From)))
	}
	for _, t := range a.Tables {
		r.Tables = append(r.Tables, n(fmt.Sprintf("%s, exported %s, SHA-256 %s", t.Name, at(t.ExportedAt), t.SHA256)))
	}
	for _, name := range slices.Sorted(maps.Keys(a.Rule.Controls)) {
		r.Controls = append(r.Controls, n(name+": "+strings.Join(a.Rule.Controls[name], ", ")))
	}
}

func rowOf(i int, l Line) lineRow {
	n, rec := neutral.Terminal, &l.Record
	row := lineRow{Number: fmt.Sprint(i + 1), Source: n(rec.Source), NativeID: n(rec.NativeID), At: at(rec.Time), Path: n(rec.Path),
		Offset: fmt.Sprint(rec.Offset), SHA256: n(rec.SHA256), Text: n(string(l.Bytes))}
	if rec.Path == "" {
		row.Now = "written by Probity itself, of what it raised or did, so it stands in no log: here is what the alert keeps"
		return row
	}
	if l.Now == nil {
		row.Now = "gone from the log: the copy here is the one that was kept with the alert"
		if l.Kept != nil && l.Kept.Missing == "" {
			row.Now += n(fmt.Sprintf("; the lines around it are those that were preserved at %s, see the entries of kind surroundings", at(l.Kept.TakenAt)))
			before, after := l.Kept.Lines()
			for _, line := range slices.Concat(before, strings.Split(strings.TrimRight(string(l.Bytes), "\r\n"), "\n"), after) {
				row.Surroundings += n(line) + "\n"
			}
		}
		return row
	}
	row.Now = n(fmt.Sprintf("stands unchanged in %s", l.Now.Path))
	for line := range strings.Lines(string(l.Now.Text)) {
		row.Surroundings += n(strings.TrimRight(line, "\r\n")) + "\n"
	}
	return row
}

// instant is when an entry was written, as it says.
func instant(e Entry) string {
	var link struct {
		At string `json:"at"`
	}
	_ = json.Unmarshal(e.Line, &link) // it has been read as an entry before
	return link.At
}

func rowOfEntry(e Entry) entryRow {
	row := entryRow{Seq: fmt.Sprint(e.Seq), At: neutral.Terminal(instant(e)), Kind: neutral.Terminal(e.Kind), What: neutral.Terminal(string(e.Body)), Proof: "not in the checkpoint"}
	if e.Kind == surroundings {
		row.What = "the lines around records, as the log had them then; they are in evidence/bodies.jsonl"
	}
	if e.Body == nil {
		row.What = "redacted"
	}
	if e.Proof != nil {
		row.Proof = fmt.Sprintf("proved by %d hashes", len(e.Proof.Path))
	}
	return row
}

// chain says what was found of the evidence log when the bundle was made.
func (c *Case) chain() []string {
	v := &c.Verified
	out := []string{fmt.Sprintf("The evidence log had %d entries, the last of %s with hash %s.", v.Entries, v.Last, v.Hash)}
	if v.OK() {
		out = append(out, "All of it was verified when this bundle was made, and nothing was found changed, removed, inserted or moved.")
	} else {
		out = append(out, fmt.Sprintf("It was NOT whole when this bundle was made: %d faults, the first: %s", len(v.Faults)+v.FaultsLeftOff, v.Faults[0]))
	}
	if c.Checkpoint != nil {
		s := fmt.Sprintf("The checkpoint here is of %d entries of the log %s, root %s. ", c.Checkpoint.Size, c.Checkpoint.Origin, c.Checkpoint.Root)
		if c.Key == "" {
			s += "Its signature was not checked when this bundle was made."
		} else {
			s += "Its signature was checked with the key of " + c.Key + "."
		}
		out = append(out, s+" Take the public key, and if you can the checkpoint too, from somebody who does not run the log.")
	}
	return append(out, v.Caveat)
}
