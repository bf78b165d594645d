package triage

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"probity/internal/alert"
	"probity/internal/event"
)

// clock is how the texts write a time.
const clock = "2006-01-02 15:04:05 MST"

// Text is the listing as a table. Whoever prints it makes it harmless for where it is shown.
func (l Listing) Text() string {
	var b strings.Builder
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	if len(l.Alerts) > 0 {
		fmt.Fprintln(t, "ID\tCAME\tSEVERITY\tRULE\tREV\tSTATE")
		for _, r := range l.Alerts {
			state := string(r.State)
			if r.Outcome != "" {
				state += " (" + string(r.Outcome) + ")"
			}
			if r.Folded > 0 {
				state += fmt.Sprintf(", %d. in seven days: over budget", r.Folded)
			}
			fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%d\t%s\n", r.ID, r.OpenedAt.Format(clock), r.Severity, r.Rule, r.Revision, state)
		}
		t.Flush() //nolint:errcheck // into memory
		if l.LeftOff > 0 {
			fmt.Fprintf(&b, "and %d older ones; --limit lists more\n", l.LeftOff)
		}
		b.WriteByte('\n')
	}
	if len(l.Counts) == 0 {
		return "no alerts\n"
	}
	fmt.Fprintln(t, "RULE\tSEVERITY\tSTATE\tALERTS")
	for _, c := range l.Counts {
		fmt.Fprintf(t, "%s\t%s\t%s\t%d\n", c.Rule, c.Severity, c.State, c.Alerts)
	}
	t.Flush() //nolint:errcheck // into memory
	return b.String()
}

// Text is what one decides by, in the order in which one needs it.
func (s Shown) Text() string {
	var b strings.Builder
	a := s.Alert
	say := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	say("%s", a.Marking)
	say("%s", a.Summary)
	say("")
	say("alert      %s, revision %d, %s", a.ID, a.Revision, s.State)
	say("rule       %s version %d, %s: %s", a.Rule.ID, a.Rule.Version, a.Rule.Severity, a.Rule.Title)
	if a.Person != nil {
		say("person     %s, %s, %s, %s; manager %s", a.Person, a.Person.Role, a.Person.Team, a.Person.Station, a.Person.ManagerID)
	}
	say("events     %d, %s to %s", a.Count, a.First.Format(clock), a.Last.Format(clock))
	say("came       %s", s.OpenedAt.Format(clock))
	if a.Reason != "" {
		say("withdrawn  %s", a.Reason)
	}
	if s.Folded > 0 {
		say("budget     beyond that of its %s: number %d in seven days", cmp.Or(s.Over, "rule or person"), s.Folded)
	}
	s.facts(say)
	s.lines(say)
	if response := strings.TrimSpace(a.Rule.Response); response != "" { // it numbers its own steps
		say("\nWhat to do next:\n  %s", strings.ReplaceAll(response, "\n", "\n  "))
	}
	section(say, "Known false positives", a.Rule.FalsePositives)
	s.others(say)
	s.history(say)
	closing := "To close it"
	if s.State == alert.Closed {
		closing = "It is closed. To decide anew"
	}
	say("\n"+closing+": probity alerts close %s --revision %d --outcome policing-purpose|training|misuse|unintentional|error --note \"…\"", a.ID, a.Revision)
	say("%s", a.Marking)
	return b.String()
}

func (s Shown) facts(say func(string, ...any)) {
	for _, speaks := range []string{"for", "against"} {
		var list []string
		for _, f := range s.Alert.Facts {
			if f.Speaks == speaks && f.True > 0 {
				list = append(list, fmt.Sprintf("%s (%d of %d events)", f.Say, f.True, f.True+f.False+f.Unknown))
			}
		}
		section(say, map[string]string{"for": "Speaks for misuse", "against": "Speaks against misuse"}[speaks], list)
	}
	var not []string
	for _, f := range s.Alert.Facts {
		if f.True == 0 && f.False > 0 {
			not = append(not, fmt.Sprintf("%s (not so of %d of %d events; it would speak %s misuse)", f.Say, f.False, f.False+f.Unknown, f.Speaks))
		}
	}
	section(say, "Asked, and not found to be so", not)
	section(say, "Not known", s.Alert.Unknowns)
	section(say, "Exceptions that have expired", s.Alert.Expired)
}

func (s Shown) lines(say func(string, ...any)) {
	var list []string
	for i := range s.Alert.Evidence {
		r := &s.Alert.Evidence[i]
		place := ""
		if r.Path != "" { // an alert that another rule counts stands in no log
			place = fmt.Sprintf(", %s at byte %d", r.Path, r.Offset)
		}
		list = append(list, fmt.Sprintf("%s %s%s, SHA-256 %s\n%s", r.Time.UTC().Format(clock), r.Source, place, r.SHA256, s.amid(r)))
	}
	title := fmt.Sprintf("The first %d of %d records", len(list), s.Alert.Count)
	if len(list) == s.Alert.Count {
		title = "The records"
	}
	section(say, title, list)
}

// amid is a record amid the lines around it, it alone marked.
func (s Shown) amid(r *event.Record) string {
	i := slices.IndexFunc(s.Surroundings, func(x alert.Surrounding) bool { return x.Event == r.ID })
	if i < 0 {
		return "    " + original(r)
	}
	x := &s.Surroundings[i]
	if x.Missing != "" {
		return "    " + original(r) + "\n    (the lines around it could not be kept: " + x.Missing + ")"
	}
	var out []string
	before, after := x.Lines()
	for _, l := range before {
		out = append(out, "      "+l)
	}
	out = append(out, "    > "+original(r))
	for _, l := range after {
		out = append(out, "      "+l)
	}
	return strings.Join(append(out, "    (as it stood in the log on "+x.TakenAt.Format(clock)+")"), "\n")
}

func original(r *event.Record) string {
	if r.Base64 {
		return "base64: " + r.Original
	}
	return strings.TrimRight(r.Original, "\r\n")
}

func (s Shown) history(say func(string, ...any)) {
	var list []string
	for _, c := range s.Closings {
		list = append(list, c.line())
	}
	section(say, "Closed before", list)
	if s.State == alert.Reopened {
		say("\nIt was reopened by a further revision: what was decided does not cover it.")
	}
}

// others tells what other alerts became.
func (s Shown) others(say func(string, ...any)) {
	var list []string
	for i := range s.History.Person {
		list = append(list, s.History.Person[i].Rule+": "+told(&s.History.Person[i]))
	}
	section(say, "Other alerts about the same person, of those that you may see", list)
	if s.History.Rule.Alerts > 0 {
		list = []string{told(&s.History.Rule)}
		if p := s.History.Rule.Precision; p != nil {
			list = append(list, fmt.Sprintf("precision %s", precise(p)))
		}
		section(say, "Other alerts of the same rule, of those that you may see", list)
	}
}

func told(t *alert.Tally) string {
	parts := []string{fmt.Sprintf("%d, the last at %s", t.Alerts, t.Last.Format(clock))}
	return strings.Join(append(parts, t.Became()...), "; ")
}

// precise is a precision with how far it can be trusted.
func precise(p *alert.Precision) string {
	return fmt.Sprintf("%.0f %% (%.0f–%.0f %%, n=%d)", 100*p.Share, 100*p.Low, 100*p.High, p.N)
}

func section(say func(string, ...any), title string, list []string) {
	if len(list) == 0 {
		return
	}
	say("\n%s:", title)
	for _, l := range list {
		say("  - %s", l)
	}
}

func (c Closed) line() string {
	note := c.Note
	if note == "" {
		note = "(the note was redacted)"
	}
	return fmt.Sprintf("%s by %s at %s, revision %d, evidence entry %d: %s", c.Outcome, c.By, c.At.Format(clock), c.Revision, c.Evidence, note)
}

// Text says what was recorded.
func (c Closed) Text() string {
	text := "closed as " + c.line() + "\n"
	if c.Before != nil {
		text += "it was closed before, as " + c.Before.line() + "\nthe later outcome counts: " + string(c.Outcome) + "\n"
	}
	return text
}

// Text is the tuning report.
func (s Stats) Text() string {
	if len(s.Rules) == 0 {
		return "no alerts\n"
	}
	var b strings.Builder
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "RULE\tSEVERITY\tALERTS\t7 DAYS\tFOLDED\tOPEN\tMISUSE\tUNINTENTIONAL\tPURPOSE\tTRAINING\tERROR\tPRECISION\tTRIAGE")
	for _, r := range s.Rules {
		precision, wait := "-", "-"
		if r.Precision != nil {
			precision = precise(r.Precision)
		}
		if r.TriageSeconds != nil {
			wait = (time.Duration(*r.TriageSeconds) * time.Second).String()
		}
		fmt.Fprintf(t, "%s\t%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%s\t%s\n", r.Rule, r.Severity, r.Alerts, r.Week, r.Folded, r.Open,
			r.Outcomes[alert.Misuse], r.Outcomes[alert.Unintentional], r.Outcomes[alert.PolicingPurpose], r.Outcomes[alert.Training], r.Outcomes[alert.Erroneous], precision, wait)
	}
	t.Flush() //nolint:errcheck // into memory
	if s.PerWeek > 0 {
		fmt.Fprintf(&b, "\nThe budget is %d alerts of one rule, or about one person, in seven days.\n", s.PerWeek)
	}
	b.WriteString("\nPrecision is the share of misuse and unintentional access among the outcomes; between 95 % bounds (Wilson) from n of them; triage is the median time to the first closing.\n")
	return b.String()
}
