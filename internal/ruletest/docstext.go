package ruletest

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"probity/internal/coverage"
	"probity/internal/neutral"
)

// WriteMarkdown writes the catalogue: the matrix, what is covered and what is not, and a section a rule.
func (c *Catalogue) WriteMarkdown(to io.Writer) error {
	p := &docPrinter{to: to}
	p.print("# Catalogue of rules\n\nGenerated from the rules by `probity rules docs`; edit the rules, not this page. Tags of law and standards are indicators\nfor an investigator, never findings.\n\n")
	p.print("## The rules\n\n%s\n", c.Table(func(r *CatalogueRule) string { return "#" + r.ID }))
	p.print("## What is covered\n\nHow many rules look at each system for each control of GPG13 and each operation of section 62 of the Data Protection Act 2018;\na dash is a gap.\n\n")
	p.print("%s\n%s", c.Coverage("gpg13", coverage.PMC()), c.Coverage("dpa62", coverage.Operations62()))
	for i := range c.Rules {
		p.rule(&c.Rules[i])
	}
	return p.err
}

// docPrinter writes until an error.
type docPrinter struct {
	to  io.Writer
	err error
}

func (p *docPrinter) print(format string, args ...any) {
	if p.err == nil {
		_, p.err = io.WriteString(p.to, harmless(fmt.Sprintf(format, args...)))
	}
}

// harmless keeps line ends and tabs and makes all else harmless on a terminal: whoever writes a rule writes what the catalogue says.
func harmless(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		cells := strings.Split(line, "\t")
		for k := range cells {
			cells[k] = neutral.Terminal(cells[k])
		}
		lines[i] = strings.Join(cells, "\t")
	}
	return strings.Join(lines, "\n")
}

func (p *docPrinter) rule(r *CatalogueRule) {
	p.print("\n## %s\n\n**%s** (version %d)\n\n%s\n\n", r.ID, r.Title, r.Version, strings.TrimSpace(r.Description))
	p.print("| | |\n|---|---|\n")
	p.row("severity", r.Severity)
	p.row("status", r.Status)
	p.row("systems", cmp.Or(strings.Join(r.Systems, ", "), "all"))
	p.row("shape", r.Shape+", by "+strings.Join(r.GroupBy, ", "))
	p.row("judged for", strings.Join(r.Actors, ", "))
	p.row("one alert for each", r.Period)
	if r.Points > 0 {
		p.row("points", fmt.Sprint(r.Points))
	}
	p.row("tables asked", strings.Join(r.Tables, ", "))
	if r.DecideWithin != "" {
		p.row("waits for them", "up to "+r.DecideWithin)
	}
	for _, control := range []string{"gpg13", "dpa62", "law", "iso27001"} {
		p.row(controlNames[control], controls(r, control))
	}
	p.row("owner", r.Owner+", review by "+r.ReviewBy)
	p.row("tests", fmt.Sprint(r.Tests))
	p.row("file", "`"+r.File+"`")
	p.print("\n**Why it is proportionate.** %s\n\n", strings.TrimSpace(r.Proportionality))
	p.print("**Condition**\n\n```\n%s\n```\n", r.Condition)
	p.tables(r)
	p.list("Known false positives", r.FalsePositives)
	p.print("\n**Response**\n\n%s\n", strings.TrimSpace(r.Response))
}

// row writes a row of the rule's table, if there is something to say.
func (p *docPrinter) row(name, text string) {
	if text != "" {
		p.print("| %s | %s |\n", name, cell(text))
	}
}

func (p *docPrinter) tables(r *CatalogueRule) {
	if len(r.Params) > 0 {
		p.print("\n| parameter | default |\n|---|---|\n")
		for _, v := range r.Params {
			p.print("| `%s` | %s |\n", v.Name, cell(parameter(v.Default)))
		}
	}
	if len(r.Exceptions) > 0 {
		p.print("\n| excepted | reason | approved by | until |\n|---|---|---|---|\n")
		for _, x := range r.Exceptions {
			p.print("| `%s` | %s | %s | %s |\n", cell(x.When), cell(x.Reason), cell(x.ApprovedBy), x.Expires)
		}
	}
	if len(r.Facts) > 0 {
		p.print("\n| fact | speaks | when |\n|---|---|---|\n")
		for _, f := range r.Facts {
			p.print("| %s | %s | `%s` |\n", cell(f.Say), f.Speaks, cell(f.When))
		}
	}
}

func (p *docPrinter) list(title string, texts []string) {
	if len(texts) == 0 {
		return
	}
	p.print("\n**%s**\n\n", title)
	for _, t := range texts {
		p.print("- %s\n", strings.TrimSpace(t))
	}
}

// parameter writes a default as the rule does.
func parameter(v any) string {
	switch v := v.(type) {
	case []any:
		parts := make([]string, len(v))
		for i := range v {
			parts[i] = parameter(v[i])
		}
		return strings.Join(parts, ", ")
	}
	return fmt.Sprint(v)
}
