package evaluate

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"probity/internal/neutral"
)

// Grid is a table of the report; text, Markdown and HTML show the same ones.
type Grid struct {
	Title string
	Notes []string
	Head  []string
	Rows  [][]string
}

// row adds a row. Names of forces, typologies and stations come from files: they are made harmless where they are shown.
func (g *Grid) row(cells ...string) {
	for i := range cells {
		cells[i] = neutral.Terminal(cells[i])
	}
	g.Rows = append(g.Rows, cells)
}

// WriteText writes the tables for a terminal.
func (e *Evaluation) WriteText(w io.Writer) error {
	for i, g := range e.Grids() {
		if i > 0 {
			fmt.Fprintln(w)
		}
		fmt.Fprintln(w, strings.ToUpper(g.Title))
		t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		fmt.Fprintln(t, strings.Join(g.Head, "\t"))
		for _, r := range g.Rows {
			fmt.Fprintln(t, strings.Join(r, "\t"))
		}
		if err := t.Flush(); err != nil {
			return err
		}
		for _, n := range g.Notes {
			if _, err := fmt.Fprintln(w, n); err != nil {
				return err
			}
		}
	}
	return nil
}

// WriteMarkdown writes the tables for a README.
func (e *Evaluation) WriteMarkdown(w io.Writer) error {
	var b strings.Builder
	line := func(cells []string) {
		for _, c := range cells {
			fmt.Fprintf(&b, "| %s ", strings.ReplaceAll(c, "|", `\|`))
		}
		b.WriteString("|\n")
	}
	for i, g := range e.Grids() {
		if i > 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "#### %s\n\n", g.Title)
		line(g.Head)
		b.WriteString(strings.Repeat("|---", len(g.Head)) + "|\n")
		for _, r := range g.Rows {
			line(r)
		}
		for _, n := range g.Notes {
			fmt.Fprintf(&b, "\n%s\n", n)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}
