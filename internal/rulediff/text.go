package rulediff

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"probity/internal/alert"
	"probity/internal/neutral"
	"probity/internal/ruletest"
)

// WriteText writes the report for a terminal.
func (r *Report) WriteText(w io.Writer) error {
	var b strings.Builder
	if w := r.Outcomes.warning(); w != "" {
		fmt.Fprintf(&b, "%s\n\n", w)
	}
	r.sides().text(&b)
	fmt.Fprintf(&b, "%s\n", r.basis())
	if len(r.Changes) > 0 {
		b.WriteByte('\n')
		r.changes().text(&b)
	}
	for _, c := range r.Silent() {
		fmt.Fprintf(&b, "%s\n", silence(c))
	}
	b.WriteByte('\n')
	r.severities().text(&b)
	if r.Budget != nil {
		fmt.Fprintf(&b, "%s\n", r.Budget)
	}
	if r.Outcomes != nil {
		fmt.Fprintf(&b, "%s\n", r.Outcomes.sentence())
	}
	if len(r.Rules) == 0 {
		b.WriteString("\nno alert differs\n")
	} else {
		b.WriteByte('\n')
		r.rules().text(&b)
	}
	for i := range r.Rules {
		r.Rules[i].textExamples(&b)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// textExamples writes one alert a line: + added, - removed, ~ altered.
func (d *RuleDifference) textExamples(b *strings.Builder) {
	if len(d.Examples) == 0 {
		return
	}
	fmt.Fprintf(b, "\n%s%s%s\n", d.Rule, d.differs(), d.closed())
	for _, e := range d.Examples {
		fmt.Fprintf(b, "  %s %s", e.sign(), e.ID)
		if len(e.Differs) > 0 {
			fmt.Fprintf(b, "  %s", strings.Join(e.Differs, ", "))
		}
		b.WriteByte('\n')
		if e.Summary != "" {
			fmt.Fprintf(b, "    %s\n", neutral.Terminal(e.Summary))
		}
	}
}

func (e Example) sign() string {
	return map[Kind]string{AlertAdded: "+", AlertRemoved: "-", AlertAltered: "~"}[e.Kind]
}

// differs sums up in which keys the altered alerts differ.
func (d *RuleDifference) differs() string {
	var parts []string
	for _, k := range slices.Sorted(maps.Keys(d.Differs)) {
		parts = append(parts, fmt.Sprintf("%s %d", k, d.Differs[k]))
	}
	if parts == nil {
		return ""
	}
	return fmt.Sprintf(" (%d altered in: %s)", d.Altered, strings.Join(parts, ", "))
}

// closed sums up how the removed alerts of the rule were closed.
func (d *RuleDifference) closed() string {
	var parts []string
	for _, o := range alert.Outcomes {
		if n := d.RemovedOutcomes[o]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, o))
		}
	}
	if parts == nil {
		return ""
	}
	return " (removed, and closed as: " + strings.Join(parts, ", ") + ")"
}

// basis says what the figures stand on.
func (r *Report) basis() string {
	s := fmt.Sprintf("on %d records of %d days", r.Records, r.Days)
	if r.Days < 7 {
		s += "; less than a week, so the weekly volume is a guess"
	}
	return s
}

// silence is the finding about a meaning that changed under the version it had.
func silence(c ruletest.Change) string {
	return fmt.Sprintf("%s: rule %s means something else (%s) and is still version %d; raise version to %d",
		neutral.Terminal(c.File), c.Rule, strings.Join(c.Parts, ", "), c.To, c.From+1)
}

func (b *Budget) String() string {
	verdict := "within the budget of " + strconv.Itoa(b.PerWeek)
	if b.Exceeded() {
		verdict = "over the budget of " + strconv.Itoa(b.PerWeek)
	}
	return fmt.Sprintf("critical and high: %.1f → %.1f a week, %s", b.Base, b.Head, verdict)
}

// grid is a table of either output; cells hold nothing that comes out of logs.
type grid struct {
	head []string
	rows [][]string
}

func (g *grid) add(cells ...any) {
	row := make([]string, len(cells))
	for i, c := range cells {
		row[i] = neutral.Terminal(fmt.Sprint(c))
	}
	g.rows = append(g.rows, row)
}

func (g *grid) text(b *strings.Builder) {
	t := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, strings.ToUpper(strings.Join(g.head, "\t")))
	for _, row := range g.rows {
		fmt.Fprintln(t, strings.Join(row, "\t"))
	}
	_ = t.Flush() // a strings.Builder takes all
}

func (r *Report) sides() *grid {
	g := &grid{head: []string{"", "rules of", "rules", "alerts", "undecided", "suppressed"}}
	for _, s := range []struct {
		side string
		of   *Counted
	}{{"base", &r.Base}, {"head", &r.Head}} {
		of := s.of.Name
		if s.of.Commit != "" {
			of += " (" + s.of.Commit[:min(12, len(s.of.Commit))] + ")"
		}
		g.add(s.side, of, s.of.Rules, s.of.Alerts, s.of.Undecided, s.of.Suppressed)
	}
	return g
}

func (r *Report) changes() *grid {
	g := &grid{head: []string{"rule", "changed", "version", "file"}}
	for _, c := range r.Changes {
		what := string(c.Kind)
		if c.Overlay {
			what += " by overlay"
		}
		if len(c.Parts) > 0 {
			what += ": " + strings.Join(c.Parts, ", ")
		}
		g.add(c.Rule, what, arrow(version(c.From), version(c.To)), c.File)
	}
	return g
}

func (r *Report) severities() *grid {
	g := &grid{head: []string{"severity", "base", "head", "added", "removed", "altered", "a week"}}
	for _, s := range r.Severities {
		g.add(s.Severity, s.Base, s.Head, s.Added, s.Removed, s.Altered, fmt.Sprintf("%.1f → %.1f", s.BasePerWeek, s.HeadPerWeek))
	}
	return g
}

func (r *Report) rules() *grid {
	g := &grid{head: []string{"rule", "severity", "base", "head", "added", "removed", "altered", "undecided", "suppressed"}}
	for _, d := range r.Rules {
		g.add(d.Rule, arrow(severity(d.Was), severity(d.Is)), d.Base, d.Head, d.Added, d.Removed, d.Altered,
			arrow(d.Undecided[0], d.Undecided[1]), arrow(d.Suppressed[0], d.Suppressed[1]))
	}
	return g
}

// arrow writes a value once if it is the same on both sides.
func arrow[T comparable](was, is T) string {
	if was == is {
		return fmt.Sprint(is)
	}
	return fmt.Sprintf("%v → %v", was, is)
}

func version(n int) string {
	if n == 0 {
		return "none"
	}
	return strconv.Itoa(n)
}

func severity(s alert.Severity) string {
	if s == "" {
		return "none"
	}
	return string(s)
}
