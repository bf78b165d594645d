package evaluate

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Grids are the tables of the report, the most important first.
func (e *Evaluation) Grids() []Grid {
	out := []Grid{e.figureGrid(), e.forceGrid(), e.typologyGrid(), e.ruleGrid(), e.severityGrid(), e.delayGrid()}
	if len(e.Disparity) > 0 {
		out = append(out, e.disparityGrid())
	}
	return out
}

func (e *Evaluation) figureGrid() Grid {
	g := Grid{Title: "How good the rules are", Head: []string{"measure", "value", "95 % interval", "forces: least / median / most"}}
	for _, f := range e.Figures {
		if f.Share != nil {
			g.row(f.Name, f.Share.String(), f.Share.interval(), f.Spread.text("%.2f"))
			continue
		}
		g.row(f.Name, decimals(*f.Rate), "-", f.Spread.text("%.2f"))
	}
	g.Notes = []string{
		"Intervals are Wilson's. Those of alerts are too narrow, as far as one person has several alerts.",
		"Counted apart, as neither true nor false: alerts about logs and clocks, and those that add up other alerts.",
	}
	if e.unknownTime() {
		g.Notes = append(g.Notes, "There are no rates: say --staff and --days, or evaluate with a configuration that has a people table.")
	}
	return g
}

func (e *Evaluation) unknownTime() bool {
	for _, f := range e.Forces {
		if f.Staff == 0 || f.Days == 0 {
			return true
		}
	}
	return false
}

func (e *Evaluation) forceGrid() Grid {
	g := Grid{Title: "Forces", Head: []string{"force", "staff", "days", "planted", "look-alikes", "recall", "interrupting alerts that are true", "for 1,000 staff a week"}}
	for _, f := range e.Forces {
		g.row(f.Name, known(f.Staff), known(f.Days), strconv.Itoa(f.Planted), strconv.Itoa(f.Lookalikes), f.Recall.String(), f.Interrupting.String(), perWeek(f.Rate))
	}
	return g
}

func known(n int) string {
	if n == 0 {
		return "-"
	}
	return strconv.Itoa(n)
}

func perWeek(r *float64) string {
	if r == nil {
		return "-"
	}
	return decimals(*r)
}

func (e *Evaluation) typologyGrid() Grid {
	g := Grid{Title: "Misuse by typology and variant", Head: []string{"typology"}}
	if len(e.Typologies) > 0 {
		for _, v := range e.Typologies[0].Recall {
			g.Head = append(g.Head, v.Variant)
		}
	}
	g.Head = append(g.Head, "precision against look-alikes", "look-alikes alerted on", "found by")
	for _, t := range e.Typologies {
		row := []string{t.Name}
		for _, v := range t.Recall {
			row = append(row, v.Found.String())
		}
		g.row(append(row, t.Precision.String(), t.Lookalikes.String(), cmp.Or(strings.Join(t.Rules, ", "), "-"))...)
	}
	g.Notes = []string{"A false alert has no typology, so precision here is among alerts about the typology and about what resembles it; a variant has none."}
	return g
}

func (e *Evaluation) ruleGrid() Grid {
	g := Grid{Title: "Alerts by rule", Head: []string{"rule", "severity", "alerts", "precision", "95 % interval", "misuses found", "by it alone", "look-alikes alerted on"}}
	for _, r := range e.Rules {
		precision, interval := r.Precision.String(), r.Precision.interval()
		if r.Apart {
			precision = "counted apart"
		}
		g.row(r.Rule, string(r.Severity), strconv.Itoa(r.Alerts), precision, interval, strconv.Itoa(r.Recall.Count), strconv.Itoa(r.Alone), strconv.Itoa(r.Lookalikes))
	}
	return g
}

func (e *Evaluation) severityGrid() Grid {
	g := Grid{Title: "Alerts by severity", Head: []string{"severity", "true", "false", "counted apart", "true and false for 1,000 staff a week", "counted apart for 1,000 staff a week"}}
	for _, s := range e.Severities {
		g.row(string(s.Severity), strconv.Itoa(s.True), strconv.Itoa(s.False), strconv.Itoa(s.Apart), perWeek(s.Rate), perWeek(s.ApartRate))
	}
	return g
}

func (e *Evaluation) delayGrid() Grid {
	g := Grid{Title: "From the first misuse to the alert", Head: []string{"variant", "by", "found", "median", "90 %", "longest"}}
	for _, d := range e.Delays {
		if d.Found == 0 {
			g.row(d.Variant, d.By, "0", "-", "-", "-")
			continue
		}
		g.row(d.Variant, d.By, strconv.Itoa(d.Found), Span(d.Median), Span(d.P90), Span(d.Max))
	}
	g.Notes = []string{"Of what was found. Event time, up to the last event that the alert needed; a rule that waits for a link, and a late log, add to it."}
	return g
}

func (e *Evaluation) disparityGrid() Grid {
	g := Grid{Title: "Disparity: alerts about people who misused nothing", Head: []string{"by", "alerts", "group", "people", "of them alerted on", "records", "alerts", "expected"}}
	for _, c := range e.Disparity {
		for _, x := range c.Groups {
			g.row(c.By, c.Alerts, x.Name, strconv.Itoa(x.People), strconv.Itoa(x.Alerted), strconv.Itoa(x.Records), strconv.Itoa(x.Alerts), fmt.Sprintf("%.1f", x.Expected))
		}
	}
	for _, c := range e.Disparity {
		g.Notes = append(g.Notes, c.Says(len(e.Disparity)))
	}
	g.Notes = append(g.Notes,
		"Compared are alerts about persons who are in no truth with what is expected if the alerts of each force and role fell evenly on the records that its people used or asked for.",
		fmt.Sprintf("p is the share of %d permutations (seed %d) of people within their force and role whose G is at least as large. No difference found is not proof of none.", permutations, disparitySeed))
	return g
}

// Says says what a comparison shows, one of so many.
func (c *Comparison) Says(among int) string {
	verdict := "no difference is shown"
	switch {
	case c.empty():
		return fmt.Sprintf("%s, by %s: there were none, so nothing is compared.", alertsNamed[c.Alerts], c.By)
	case c.Differs:
		verdict = "A DIFFERENCE IS SHOWN: look at the groups"
	}
	return fmt.Sprintf("%s, by %s: %s (G = %.2f, p = %.4f; shown below %.4f, which is %.2f over %d comparisons).",
		alertsNamed[c.Alerts], c.By, verdict, c.G, c.P, significance/float64(among), significance, among)
}

func (c *Comparison) empty() bool {
	return !slices.ContainsFunc(c.Groups, func(g Group) bool { return g.Alerts > 0 })
}

var alertsNamed = map[string]string{setNames[allAlerts]: "All alerts", setNames[interrupting]: "Interrupting alerts"}
