package ruletest

import (
	"fmt"
	"slices"
	"strings"

	"probity/internal/rule"
)

// Table is the matrix of rules by systems, GPG13 and the operations of section 62, one line a rule. link gives where a
// rule's title leads.
func (c *Catalogue) Table(link func(*CatalogueRule) string) string {
	var b strings.Builder
	b.WriteString("| rule | systems | severity | shape | actors | GPG13 | s.62 | law |\n|---|---|---|---|---|---|---|---|\n")
	for i := range c.Rules {
		r := &c.Rules[i]
		systems := strings.Join(r.Systems, ", ")
		if systems == "" {
			systems = "all"
		}
		fmt.Fprintf(&b, "| [%s](%s): %s | %s | %s | %s | %s | %s | %s | %s |\n", r.ID, link(r), cell(r.Title), systems, r.Severity, r.Shape,
			strings.Join(r.Actors, ", "), controls(r, "gpg13"), controls(r, "dpa62"), controls(r, "law"))
	}
	return b.String()
}

func controls(r *CatalogueRule, control string) string {
	return strings.Join(r.Controls[control], ", ")
}

// cell keeps a text within its cell.
func cell(text string) string {
	return strings.ReplaceAll(strings.Join(strings.Fields(text), " "), "|", `\|`)
}

// controlNames are the controls as people call them.
var controlNames = map[string]string{"gpg13": "GPG13", "dpa62": "s.62", "law": "law", "iso27001": "ISO 27001"}

// Coverage counts the rules of each value of a control by system; a dash is a gap.
func (c *Catalogue) Coverage(control string, values []string) string {
	systems := c.systems()
	for i := range c.Rules { // those that the standard does not know, too
		for _, v := range c.Rules[i].Controls[control] {
			if !slices.Contains(values, v) {
				values = append(slices.Clone(values), v)
			}
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "| %s | %s |\n|---|%s\n", controlNames[control], strings.Join(systems, " | "), strings.Repeat("---|", len(systems)))
	for _, v := range values {
		fmt.Fprintf(&b, "| %s |", v)
		for _, s := range systems {
			n := 0
			for i := range c.Rules {
				r := &c.Rules[i]
				anywhere := len(r.Systems) == 0 && s != rule.AlertDataset // alerts are no system: only rules over them count
				if slices.Contains(r.Controls[control], v) && (anywhere || slices.Contains(r.Systems, s)) {
					n++
				}
			}
			if n == 0 {
				b.WriteString(" – |")
			} else {
				fmt.Fprintf(&b, " %d |", n)
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// systems are those that rules name; "any" if none does.
func (c *Catalogue) systems() []string {
	order := []string{"niche", "pnc", "storm", "crime", "m365"}
	var out []string
	for i := range c.Rules {
		out = append(out, c.Rules[i].Systems...)
	}
	if len(out) == 0 {
		return []string{"any"}
	}
	slices.SortFunc(out, func(a, b string) int {
		i, j := slices.Index(order, a), slices.Index(order, b)
		switch {
		case i >= 0 && j >= 0:
			return i - j
		case i >= 0:
			return -1
		case j >= 0:
			return 1
		}
		return strings.Compare(a, b)
	})
	return slices.Compact(out)
}
