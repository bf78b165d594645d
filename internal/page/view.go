package page

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"probity/internal/alert"
	"probity/internal/event"
	"probity/internal/neutral"
)

// View is all that a page tells of one revision.
type View struct {
	Marking, Reference, Status, Reason string
	Revision                           int
	Withdrawn                          bool
	Severity, Rule, Title, Summary     string

	Person, Group, When []Pair
	For, Against, Open  []string // facts: that held and speak for misuse, or against it, and that held for no event
	Unknowns, Expired   []string
	Measures            []Measure
	Records             []Record
	Count               int
	EventIDs            []string

	RuleParts, Controls, Tables []Pair
	Proportionality, Response   []string // lines
	FalsePositives              []string
	Generation                  string
	SHA256                      string // of the revision as it was committed and delivered

	Beside *Beside // nil: nothing is known beside the revision
}

// Pair is a row of a table of two columns.
type Pair struct{ Name, Value string }

// Instant is a time in both of its writings.
type Instant struct{ Local, UTC, ISO string }

// Record is one quoted record.
type Record struct {
	Number                             int
	At, Read                           Instant
	ID, Source, NativeID, Path, SHA256 string
	Offset                             int64
	Bytes                              int
	Text                               string // its bytes, as they can be shown
	Partial                            bool
	Before, After                      []string // lines of the log around it
	Around                             string   // when they were kept, or why there are none; "" if nobody has looked
	Check                              string   // the shell line that finds its bytes again
}

// Of makes the view of a revision; body is its JSON as it was committed, and zone that of local times.
func Of(a *alert.Alert, body []byte, zone *time.Location) *View {
	v := &View{
		Marking: marking(a), Reference: show(a.ID), Status: show(string(a.Status)), Reason: show(a.Reason), Revision: a.Revision,
		Withdrawn: a.Status == alert.Withdrawn, Severity: show(string(a.Rule.Severity)), Rule: show(a.Rule.ID), Title: show(a.Rule.Title), Summary: show(a.Summary),
		Unknowns: showAll(a.Unknowns), Expired: showAll(a.Expired), Count: a.Count, EventIDs: showAll(a.EventIDs),
		Proportionality: neutral.Lines(a.Rule.Proportionality), Response: neutral.Lines(a.Rule.Response), FalsePositives: showAll(a.Rule.FalsePositives),
		Generation: show(a.Generation), SHA256: sum(body),
	}
	v.addSubject(a)
	v.addTimes(a, zone)
	v.addFacts(a.Facts)
	v.addRule(a)
	for i := range a.Measures {
		v.Measures = append(v.Measures, measureOf(&a.Measures[i], a.Rule.Type, zone))
	}
	for i := range a.Evidence {
		v.Records = append(v.Records, recordOf(i+1, &a.Evidence[i], zone))
	}
	return v
}

func show(text string) string { return neutral.Terminal(text) }

func showAll(texts []string) []string {
	var out []string
	for _, t := range texts {
		out = append(out, show(t))
	}
	return out
}

// marking is never empty: a page without one would pass for one that needs none.
func marking(a *alert.Alert) string {
	if a.Marking == "" {
		return "NO MARKING"
	}
	return show(a.Marking)
}

func sum(p []byte) string {
	s := sha256.Sum256(p)
	return hex.EncodeToString(s[:])
}

func add(to *[]Pair, name, value string) {
	if value != "" {
		*to = append(*to, Pair{show(name), show(value)})
	}
}

func (v *View) addSubject(a *alert.Alert) {
	if a.Person != nil {
		for _, d := range a.Person.Details() {
			add(&v.Person, d[0], d[1])
		}
	}
	for _, g := range a.Group {
		add(&v.Group, g.Field, g.Value)
	}
}

func (v *View) addTimes(a *alert.Alert, zone *time.Location) {
	both := func(t time.Time) string {
		i := instant(t, zone)
		return i.Local + " (" + i.UTC + ")"
	}
	add(&v.When, "first event", both(a.First))
	add(&v.When, "last event", both(a.Last))
	add(&v.When, "distinct events", fmt.Sprint(a.Count))
	add(&v.When, "period of the alert", both(a.Period.Start)+" to "+both(a.Period.End))
}

func instant(t time.Time, zone *time.Location) Instant {
	return Instant{Local: t.In(zone).Format("Mon 2 Jan 2006, 15:04:05 MST"), UTC: t.UTC().Format("2006-01-02 15:04:05 UTC"), ISO: t.UTC().Format(time.RFC3339Nano)}
}

// addFacts says of each fact for how many of the events it held.
func (v *View) addFacts(facts []alert.Fact) {
	for _, f := range facts {
		say := fmt.Sprintf("%s: true for %s", show(f.Say), events(f.True))
		if f.False > 0 {
			say += fmt.Sprintf(", false for %d", f.False)
		}
		if f.Unknown > 0 {
			say += fmt.Sprintf(", unknown for %d", f.Unknown)
		}
		switch {
		case f.True == 0:
			v.Open = append(v.Open, say)
		case f.Speaks == "against":
			v.Against = append(v.Against, say)
		default:
			v.For = append(v.For, say)
		}
	}
}

func events(n int) string {
	switch n {
	case 0:
		return "none of the events"
	case 1:
		return "1 event"
	}
	return fmt.Sprintf("%d events", n)
}

func (v *View) addRule(a *alert.Alert) {
	add(&v.RuleParts, "rule", a.Rule.ID)
	add(&v.RuleParts, "version", fmt.Sprint(a.Rule.Version))
	add(&v.RuleParts, "kind", a.Rule.Type)
	add(&v.RuleParts, "SHA-256 of its file", a.Rule.Hash)
	add(&v.RuleParts, "SHA-256 of this force's overlay", a.Rule.Overlay)
	for _, name := range slices.Sorted(maps.Keys(a.Rule.Controls)) {
		add(&v.Controls, name, strings.Join(a.Rule.Controls[name], ", "))
	}
	for _, t := range a.Tables {
		add(&v.Tables, t.Name, fmt.Sprintf("exported %s, SHA-256 %s", t.ExportedAt.UTC().Format("2006-01-02 15:04:05 UTC"), t.SHA256))
	}
}

func recordOf(n int, r *event.Record, zone *time.Location) Record {
	text, size := r.Original, len(r.Original)
	if b, err := r.Bytes(); err == nil { // a text that is no base64 is shown as it is
		text, size = string(b), len(b)
	}
	check := ""
	if r.Path != "" { // what Probity wrote itself stands in no log
		check = fmt.Sprintf("tail -c +%d -- %s | head -c %d | sha256sum", r.Offset+1, shellWord(show(r.Path)), size)
	}
	return Record{
		Number: n, At: instant(r.Time, zone), Read: instant(r.Ingested, zone), ID: show(r.ID), Source: show(r.Source), NativeID: show(r.NativeID),
		Path: show(r.Path), SHA256: show(r.SHA256), Offset: r.Offset, Bytes: size, Text: show(text), Partial: r.Partial,
		Check: check,
	}
}

// shellWord quotes a text for a POSIX shell.
func shellWord(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }
