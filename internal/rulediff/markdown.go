package rulediff

import (
	"fmt"
	"io"
	"strings"

	"probity/internal/neutral"
)

// WriteMarkdown writes the report as a comment of a pull request.
func (r *Report) WriteMarkdown(w io.Writer) error {
	var b strings.Builder
	b.WriteString("### What this change does to the alerts\n\n")
	if w := r.Outcomes.warning(); w != "" {
		fmt.Fprintf(&b, "- **%s**\n", w)
	}
	for _, c := range r.Silent() {
		fmt.Fprintf(&b, "- **Finding:** %s\n", code(silence(c)))
	}
	if r.Budget.Exceeded() {
		b.WriteString("- **Over budget.**\n")
	}
	if r.Budget != nil {
		fmt.Fprintf(&b, "- %s\n", r.Budget)
	}
	if r.Outcomes != nil {
		sentence := r.Outcomes.sentence()
		if r.Outcomes.Unknown != "" { // it may name a path
			sentence = code(sentence)
		}
		fmt.Fprintf(&b, "- %s\n", sentence)
	}
	fmt.Fprintf(&b, "- %s\n\n", r.basis())
	r.sides().markdown(&b)
	if len(r.Changes) > 0 {
		b.WriteString("\n#### Rules\n\n")
		r.changes().markdown(&b)
	}
	b.WriteString("\n#### Alerts by severity\n\n")
	r.severities().markdown(&b)
	b.WriteString("\n#### Alerts by rule\n\n")
	if len(r.Rules) == 0 {
		b.WriteString("No alert differs.\n")
	} else {
		r.rules().markdown(&b)
	}
	for i := range r.Rules {
		r.Rules[i].markdownExamples(&b)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (d *RuleDifference) markdownExamples(b *strings.Builder) {
	if len(d.Examples) == 0 {
		return
	}
	fmt.Fprintf(b, "\n<details><summary>%s%s%s</summary>\n\n", d.Rule, d.differs(), d.closed())
	for _, e := range d.Examples {
		fmt.Fprintf(b, "- %s `%s`", e.Kind, e.ID)
		if len(e.Differs) > 0 {
			fmt.Fprintf(b, ": %s", strings.Join(e.Differs, ", "))
		}
		if e.Summary != "" {
			fmt.Fprintf(b, " %s", code(e.Summary))
		}
		b.WriteByte('\n')
	}
	b.WriteString("\n</details>\n")
}

func (g *grid) markdown(b *strings.Builder) {
	line := func(cells []string) {
		for _, c := range cells {
			fmt.Fprintf(b, "| %s ", strings.ReplaceAll(c, "|", `\|`))
		}
		b.WriteString("|\n")
	}
	line(g.head)
	b.WriteString(strings.Repeat("|---", len(g.head)) + "|\n")
	for _, row := range g.rows {
		cells := make([]string, len(row))
		for i, c := range row {
			if cells[i] = c; strings.ContainsAny(c, "`*_<>[]@#\\|/") {
				cells[i] = code(c)
			}
		}
		line(cells)
	}
}

// code writes a text so that a git host shows it and does nothing else with it: it may come out of a log, where somebody
// wrote a link, an image or an @name. The fence is longer than any run of backticks within.
func code(text string) string {
	text = neutral.Terminal(text)
	fence := "`"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	if fence != "`" {
		return fence + " " + text + " " + fence
	}
	return fence + text + fence
}
