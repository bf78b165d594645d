package coverage

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"probity/internal/neutral"
)

// mark shows a state in a narrow cell.
func mark(s State) string {
	switch s {
	case Active:
		return "yes"
	case Partial:
		return "partly"
	case Inactive:
		return "no"
	}
	return "·"
}

func (c Cell) String() string {
	if c.Rules == 0 {
		return "·"
	}
	return fmt.Sprintf("%d of %d", c.Working, c.Rules)
}

// head is how a system's column is headed.
func head(system string) string {
	for name, shown := range map[string]string{"niche": "Niche", "pnc": "PNC", "storm": "STORM", "crime": "Crime", "m365": "M365", "probity": "itself"} {
		if name == system {
			return shown
		}
	}
	return system
}

// rows are the three matrices as cells, each with its head.
func (r *Report) matrices() (out [][][]string) {
	heads := make([]string, len(r.Systems))
	for i, s := range r.Systems {
		heads[i] = head(s)
	}
	rules := [][]string{append([]string{"rule", "severity", "works"}, heads...)}
	for i := range r.Rules {
		rule := &r.Rules[i]
		row := []string{rule.ID, string(rule.Severity), mark(rule.State)}
		for _, s := range r.Systems {
			row = append(row, mark(rule.Systems[s]))
		}
		rules = append(rules, row)
	}
	out = append(out, rules)
	for _, m := range []struct {
		name  string
		lines []Line
	}{{"GPG13", r.GPG13}, {"s.62", r.DPA62}} {
		matrix := [][]string{append(append([]string{m.name}, heads...), "all")}
		for _, l := range m.lines {
			row := []string{l.Control}
			for _, s := range r.Systems {
				row = append(row, l.Cells[s].String())
			}
			matrix = append(matrix, append(row, l.All.String()))
		}
		out = append(out, matrix)
	}
	return out
}

func (r *Report) count() string {
	return fmt.Sprintf("%d rules: %d can work, %d in part, %d are inactive", len(r.Rules), r.Active, r.Partial, r.Inactive)
}

// WriteText writes the report for a terminal.
func (r *Report) WriteText(to io.Writer) error {
	w := tabwriter.NewWriter(to, 0, 8, 2, ' ', 0)
	for _, matrix := range r.matrices() {
		for _, row := range matrix {
			for i := range row {
				row[i] = neutral.Terminal(row[i])
			}
			fmt.Fprintln(w, strings.Join(row, "\t"))
		}
		fmt.Fprintln(w)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	var b strings.Builder
	b.WriteString(r.count() + "\n")
	for i := range r.Rules {
		if rule := &r.Rules[i]; len(rule.Why) > 0 {
			fmt.Fprintf(&b, "\n%s (%s)\n", rule.ID, rule.State)
			for _, why := range rule.Why {
				fmt.Fprintf(&b, "  - %s\n", neutral.Terminal(why))
			}
		}
	}
	if len(r.Connect) > 0 {
		b.WriteString("\nTO CONNECT\n")
	}
	for _, s := range r.Connect {
		fmt.Fprintf(&b, "  - %s: %s\n", neutral.Terminal(s.Ask.String()), s.effect())
	}
	_, err := io.WriteString(to, b.String())
	return err
}

// effect says what a step does.
func (s Step) effect() string {
	var parts []string
	if len(s.Activates) > 0 {
		parts = append(parts, "activates "+strings.Join(s.Activates, ", "))
	}
	if len(s.Helps) > 0 {
		parts = append(parts, "helps "+strings.Join(s.Helps, ", "))
	}
	return strings.Join(parts, "; ")
}

// WriteMarkdown writes the report for a wiki or a pull request.
func (r *Report) WriteMarkdown(to io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "# What the rules can see\n\n%s.\n", r.count())
	for i, matrix := range r.matrices() {
		fmt.Fprintf(&b, "\n## %s\n\n", []string{"By system", "By GPG13 control", "By operation of section 62"}[i])
		for n, row := range matrix {
			for k := range row {
				row[k] = cell(row[k])
			}
			fmt.Fprintf(&b, "| %s |\n", strings.Join(row, " | "))
			if n == 0 {
				b.WriteString(strings.Repeat("|---", len(row)) + "|\n")
			}
		}
	}
	b.WriteString("\n## What they lack\n\n")
	for i := range r.Rules {
		if rule := &r.Rules[i]; len(rule.Why) > 0 {
			fmt.Fprintf(&b, "- **%s** (%s): %s\n", rule.ID, rule.State, cell(strings.Join(rule.Why, "; ")))
		}
	}
	b.WriteString("\n## To connect\n\n")
	for _, s := range r.Connect {
		fmt.Fprintf(&b, "- **%s** %s\n", cell(s.Ask.String()), cell(s.effect()))
	}
	_, err := io.WriteString(to, b.String())
	return err
}

// cell keeps a text within its cell.
func cell(text string) string { return strings.ReplaceAll(neutral.Terminal(text), "|", `\|`) }
