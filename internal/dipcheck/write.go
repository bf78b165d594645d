package dipcheck

import (
	"embed"
	"encoding/csv"
	"fmt"
	"html/template"
	"io"
	"strconv"
	"strings"
	"time"

	"probity/internal/neutral"
)

// List is a sample with what must be said of it.
type List struct {
	Draw         Draw          `json:"draw"`
	Marking      string        `json:"marking"`
	Notes        []string      `json:"notes,omitempty"`
	Transactions []Transaction `json:"transactions"`

	Zone *time.Location `json:"-"` // of the times that people read
}

// Outcomes are the boxes of the form.
func Outcomes() []string {
	return []string{"policing purpose shown", "explained, no concern", "advice given", "referred to Professional Standards"}
}

// facts are what identifies the draw, in the order in which they are shown.
func (l *List) facts() [][2]string {
	d := &l.Draw
	var strata []string
	for _, s := range d.Strata {
		strata = append(strata, fmt.Sprintf("%s %d of %d (%d marked)", s.System, s.Sampled, s.Size, s.Marked))
	}
	return [][2]string{
		{"team", d.Team}, {"period", d.From + " to " + d.To}, {"seed", d.Seed},
		{"frame", fmt.Sprintf("%d transactions, SHA-256 %s", d.Size, d.Frame)},
		{"sample", fmt.Sprintf("%d of %d asked for, SHA-256 %s", len(l.Transactions), d.N, d.Sample)},
		{"systems", strings.Join(strata, "; ")},
	}
}

// shown is a transaction as people read it.
type shown struct {
	Number                                                                      int
	System, Time, Person, Operator, Action, Object, Query, Reason, Marks, Place string
}

func (l *List) rows() []shown {
	zone := l.Zone
	if zone == nil {
		zone = time.UTC
	}
	out := make([]shown, len(l.Transactions))
	for i, t := range l.Transactions {
		out[i] = shown{
			i + 1, neutral.Terminal(t.System), t.Time.In(zone).Format("2006-01-02 15:04:05 MST"), neutral.Terminal(t.Person), neutral.Terminal(t.Operator),
			neutral.Terminal(t.Action), neutral.Terminal(t.Object), neutral.Terminal(t.Query), neutral.Terminal(t.Reason),
			strings.Join(t.Marks, ", "), neutral.Terminal(t.Path) + ":" + strconv.Itoa(t.Line),
		}
	}
	return out
}

// WriteText writes the list for a terminal.
func (l *List) WriteText(to io.Writer) error {
	var b strings.Builder
	for _, f := range l.facts() {
		fmt.Fprintf(&b, "%-8s %s\n", f[0], neutral.Terminal(f[1]))
	}
	for _, n := range l.Notes {
		fmt.Fprintf(&b, "note     %s\n", neutral.Terminal(n))
	}
	for _, r := range l.rows() {
		fmt.Fprintf(&b, "\n%d. %s  %s  %s\n   %s", r.Number, r.Time, r.System, r.Person, r.Action)
		for _, part := range []struct{ label, text string }{
			{"", r.Object}, {"query", r.Query}, {"reason", r.Reason}, {"typed by", r.Operator}, {"marked by", r.Marks},
		} {
			if part.text != "" {
				fmt.Fprintf(&b, "  %s", strings.TrimSpace(part.label+" "+part.text))
			}
		}
		fmt.Fprintf(&b, "\n   %s\n   outcome: ____________________________________________\n", r.Place)
	}
	_, err := io.WriteString(to, b.String())
	return err
}

// WriteCSV writes a row a transaction, with empty columns for the outcome. What identifies the draw stands in every row, so
// that no row can be taken elsewhere.
func (l *List) WriteCSV(to io.Writer) error {
	w := csv.NewWriter(to)
	w.UseCRLF = true // RFC 4180
	rows := [][]string{{
		"number", "system", "time", "person", "operator", "action", "object", "query", "reason", "marks", "log", "event_id",
		"outcome", "explanation", "reference", "reviewed_by", "reviewed_on", "team", "period", "seed", "frame_sha256",
	}}
	for i, r := range l.rows() {
		d := &l.Draw
		rows = append(rows, []string{
			strconv.Itoa(r.Number), r.System, r.Time, r.Person, r.Operator, r.Action, r.Object, r.Query, r.Reason, r.Marks, r.Place,
			l.Transactions[i].ID, "", "", "", "", "", d.Team, d.From + "/" + d.To, d.Seed, d.Frame,
		})
	}
	for _, row := range rows {
		for i := range row {
			row[i] = neutral.CSVCell(row[i])
		}
		if err := w.Write(row); err != nil {
			return err
		}
	}
	w.Flush()
	return w.Error()
}

//go:embed list.html.tmpl
var templates embed.FS

// WriteHTML writes one page that needs nothing else and can be printed: the list, each with a form for the outcome.
func (l *List) WriteHTML(to io.Writer) error {
	t, err := template.ParseFS(templates, "list.html.tmpl")
	if err != nil {
		return fmt.Errorf("the page of a dip-check: %w", err)
	}
	notes := make([]string, len(l.Notes))
	for i, n := range l.Notes {
		notes[i] = neutral.Terminal(n)
	}
	facts := l.facts()
	for i := range facts {
		facts[i][1] = neutral.Terminal(facts[i][1])
	}
	return t.Execute(to, map[string]any{
		"Marking": neutral.Terminal(l.Marking), "Facts": facts, "Notes": notes, "Rows": l.rows(), "Outcomes": Outcomes(),
		"Team": neutral.Terminal(l.Draw.Team), "Period": l.Draw.From + " to " + l.Draw.To,
	})
}
