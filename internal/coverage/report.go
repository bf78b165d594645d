package coverage

import (
	"cmp"
	"slices"
	"strconv"
)

// Systems are those that Probity is for, in the order in which they are shown.
func Systems() []string { return []string{"niche", "pnc", "storm", "crime", "m365"} }

// PMC are the twelve Protective Monitoring Controls of CESG Good Practice Guide 13.
func PMC() []string {
	out := make([]string, 12)
	for i := range out {
		out[i] = "PMC" + strconv.Itoa(i+1)
	}
	return out
}

// Operations62 are the operations that section 62 of the Data Protection Act 2018 wants logged, in its order.
func Operations62() []string {
	return []string{"collection", "alteration", "consultation", "disclosure", "combination", "erasure"}
}

// Report is the coverage of a set of rules, for those who decide what to connect next.
type Report struct {
	Systems  []string `json:"systems"`
	Rules    []Rule   `json:"rules"`
	GPG13    []Line   `json:"gpg13"`
	DPA62    []Line   `json:"dpa62"`
	Connect  []Step   `json:"connect"`
	Active   int      `json:"active"`
	Partial  int      `json:"partial"`
	Inactive int      `json:"inactive"`
}

// Line is a control and how many rules of it there are in each system, and in all.
type Line struct {
	Control string          `json:"control"`
	Cells   map[string]Cell `json:"systems"`
	All     Cell            `json:"all"`
}

// Cell counts rules that can work, of those there are.
type Cell struct {
	Working int `json:"working"`
	Rules   int `json:"rules"`
}

// Step is something to connect, and what that would do.
type Step struct {
	Ask
	Activates []string `json:"activates"`       // rules that are inactive for want of this alone
	Helps     []string `json:"helps,omitempty"` // others that want it beside something else, or to see more
}

// NewReport makes a report of what Judge says.
func NewReport(rules []Rule) Report {
	r := Report{Systems: Systems(), Rules: rules}
	for i := range rules {
		switch rules[i].State {
		case Active:
			r.Active++
		case Partial:
			r.Partial++
		case Inactive:
			r.Inactive++
		}
		for system := range rules[i].Systems {
			if !slices.Contains(r.Systems, system) {
				r.Systems = append(r.Systems, system)
			}
		}
	}
	slices.Sort(r.Systems[len(Systems()):])
	r.GPG13, r.DPA62 = r.lines("gpg13", PMC()), r.lines("dpa62", Operations62())
	r.Connect = steps(rules)
	return r
}

func (r *Report) lines(control string, values []string) []Line {
	for i := range r.Rules { // those that the standard does not know, too
		for _, v := range r.Rules[i].Controls[control] {
			if !slices.Contains(values, v) {
				values = append(values, v)
			}
		}
	}
	out := make([]Line, len(values))
	for n, v := range values {
		out[n] = Line{Control: v, Cells: map[string]Cell{}}
		for i := range r.Rules {
			rule := &r.Rules[i]
			if !slices.Contains(rule.Controls[control], v) {
				continue
			}
			for system, state := range rule.Systems {
				out[n].Cells[system] = out[n].Cells[system].with(state)
			}
			out[n].All = out[n].All.with(rule.State)
		}
	}
	return out
}

func (c Cell) with(s State) Cell {
	c.Rules++
	if s != Inactive {
		c.Working++
	}
	return c
}

// steps lists what to connect, what activates most rules first.
func steps(rules []Rule) []Step {
	var out []Step
	for i := range rules {
		r := &rules[i]
		for _, ask := range r.Connect {
			n := slices.IndexFunc(out, func(s Step) bool { return s.What == ask.What })
			if n < 0 {
				n, out = len(out), append(out, Step{Ask: ask, Activates: []string{}})
			}
			out[n].Ask = out[n].and(ask)
			if r.State == Inactive && len(r.Connect) == 1 {
				out[n].Activates = append(out[n].Activates, r.ID)
			} else {
				out[n].Helps = append(out[n].Helps, r.ID)
			}
		}
	}
	slices.SortStableFunc(out, func(a, b Step) int {
		return cmp.Or(cmp.Compare(len(b.Activates), len(a.Activates)), cmp.Compare(len(b.Helps), len(a.Helps)), cmp.Compare(a.What, b.What))
	})
	return out
}
