package ruletest

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"probity/internal/neutral"
)

// maxRows is how many rules a table shows; of more it shows those with something wrong.
const maxRows = 100

// Failed is how many tests do not pass.
func Failed(results []Result) (n int) {
	for _, r := range results {
		if !r.Passed {
			n++
		}
	}
	return n
}

// ruleRow is what a table says of one rule.
type ruleRow struct {
	rule          string
	tests, failed int
	plays, broken int
	score         *Score
	took          time.Duration
}

// rows gathers a report by rule, in the order of the files.
func (r *Report) rows() []*ruleRow {
	var out []*ruleRow
	byRule := map[string]*ruleRow{}
	row := func(id string) *ruleRow {
		if byRule[id] == nil {
			byRule[id] = &ruleRow{rule: id}
			out = append(out, byRule[id])
		}
		return byRule[id]
	}
	for _, t := range r.Results {
		w := row(t.Rule)
		w.tests++
		w.took += t.Duration
		if !t.Passed {
			w.failed++
		}
	}
	for _, t := range r.Tests {
		w := row(t.Rule)
		w.plays += t.Plays
		w.broken += len(t.Broken)
		w.took += t.Duration
	}
	for i := range r.Scores {
		row(r.Scores[i].Rule).score = &r.Scores[i]
	}
	return out
}

// WriteTable writes a line a rule; deep adds the columns of Deep. Of very many rules only those with findings are shown.
func (r *Report) WriteTable(w io.Writer, deep bool) error {
	rows := r.rows()
	tw := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	head := "RULE\tTESTS\tFAILED\tTIME"
	if deep {
		head = "RULE\tTESTS\tFAILED\tPLAYS\tBROKEN\tMUTANTS\tKILLED\tSURVIVED\tSCORE\tEQUIVALENT\tINVALID\tTIME"
	}
	fmt.Fprintln(tw, head)
	left := 0
	for _, row := range rows {
		if len(rows) > maxRows && row.failed+row.broken == 0 && (row.score == nil || row.score.Survived == 0) {
			left++
			continue
		}
		fmt.Fprintln(tw, row.line(deep))
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	if left > 0 {
		if _, err := fmt.Fprintf(w, "and %d rules without findings\n", left); err != nil {
			return err
		}
	}
	return nil
}

func (row *ruleRow) line(deep bool) string {
	took := row.took.Round(100 * time.Microsecond)
	if !deep {
		return fmt.Sprintf("%s\t%d\t%d\t%s", row.rule, row.tests, row.failed, took)
	}
	score := "–\t–\t–\t–\t–\t–" // a test fails, or was not selected
	if s := row.score; s != nil {
		score = fmt.Sprintf("%d\t%d\t%d\t%.0f%%\t%d\t%d", s.Killed+s.Survived, s.Killed, s.Survived, s.Percent(), s.Equivalent, s.Invalid)
	}
	return fmt.Sprintf("%s\t%d\t%d\t%d\t%d\t%s\t%s", row.rule, row.tests, row.failed, row.plays, row.broken, score, took)
}

// WriteFindings writes what does not hold, each with its place: failing tests, broken properties and survivors.
func (r *Report) WriteFindings(w io.Writer) error {
	for _, t := range r.Results {
		if !t.Passed {
			fmt.Fprintf(w, "FAIL %s:%d: %s/%s\n", neutral.Terminal(t.File), t.Line, t.Rule, neutral.Terminal(t.Test))
			indent(w, t.Problems...)
		}
	}
	for _, t := range r.Tests {
		for _, b := range t.Broken {
			fmt.Fprintf(w, "BROKEN %s:%d: %s/%s: %s\n", neutral.Terminal(t.File), t.Line, t.Rule, neutral.Terminal(t.Test), b.Property)
			indent(w, b.What)
		}
	}
	for _, s := range r.Scores {
		for _, v := range s.Survivors {
			fmt.Fprintf(w, "SURVIVED %s:%d:%d: %s: %s; add a test that notices\n", neutral.Terminal(s.File), v.Line, v.Column, s.Rule, neutral.Terminal(v.What))
		}
	}
	return nil
}

func indent(w io.Writer, texts ...string) {
	for _, text := range texts {
		for line := range strings.Lines(text) {
			fmt.Fprintf(w, "    %s\n", neutral.Terminal(strings.TrimSuffix(line, "\n")))
		}
	}
}

// Total adds the scores of all rules.
func (r *Report) Total() Score {
	var sum Score
	for _, s := range r.Scores {
		sum.Killed += s.Killed
		sum.Survived += s.Survived
		sum.Equivalent += s.Equivalent
		sum.Invalid += s.Invalid
	}
	return sum
}

// Broken counts the properties that do not hold.
func (r *Report) Broken() (n int) {
	for _, t := range r.Tests {
		n += len(t.Broken)
	}
	return n
}

// Plays counts the ways through timelines that were tried.
func (r *Report) Plays() (n int) {
	for _, t := range r.Tests {
		n += t.Plays
	}
	return n
}

// Under lists the rules whose score is under a share in percent.
func (r *Report) Under(percent float64) (rules []string) {
	for i := range r.Scores {
		if r.Scores[i].Percent() < percent {
			rules = append(rules, r.Scores[i].Rule)
		}
	}
	return rules
}
