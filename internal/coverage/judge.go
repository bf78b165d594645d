package coverage

import (
	"slices"
	"strings"

	"probity/internal/alert"
	"probity/internal/decode"
	"probity/internal/event"
	"probity/internal/rule"
	"probity/internal/table"
)

// Source is a connected log.
type Source struct {
	Name    string
	Dataset string
	Format  *decode.Format
}

// Stock is what is at hand. Without sources and tables every rule lacks all that it needs.
type Stock struct {
	Sources []Source
	Tables  *table.Set
}

// State says whether a rule can work.
type State string

// The states.
const (
	Active   State = "active"
	Partial  State = "partial"
	Inactive State = "inactive"
)

// Rule is one rule's coverage.
type Rule struct {
	ID       string              `json:"id"`
	Title    string              `json:"title"`
	Severity alert.Severity      `json:"severity"`
	State    State               `json:"state"`
	Systems  map[string]State    `json:"systems"` // by dataset that it reads
	Why      []string            `json:"why,omitempty"`
	Connect  []Ask               `json:"connect,omitempty"` // what would activate it, in all its systems
	Tables   []string            `json:"tables,omitempty"`  // that it asks
	Controls map[string][]string `json:"controls,omitempty"`
}

// Ask is one thing to connect. Columns and Complete are of a table that is not there at all.
type Ask struct {
	What     string   `json:"what"`
	Columns  []string `json:"columns,omitempty"`  // "accounts or collar": one of the two
	Complete bool     `json:"complete,omitempty"` // a miss must mean no
}

func (a Ask) String() string {
	out := a.What
	if len(a.Columns) > 0 {
		out += " with " + strings.Join(a.Columns, ", ")
	}
	if a.Complete {
		out += ", complete (miss: no)"
	}
	return out
}

// and joins what two rules, or two lookups, ask of the same.
func (a Ask) and(b Ask) Ask {
	for _, c := range b.Columns {
		if !slices.Contains(a.Columns, c) {
			a.Columns = append(slices.Clone(a.Columns), c)
		}
	}
	a.Complete = a.Complete || b.Complete
	return a
}

// Judge says of each rule whether it can work, by id.
func Judge(set *rule.Set, stock Stock) []Rule {
	j := judge{set: set, stock: stock}
	if j.stock.Tables == nil {
		j.stock.Tables = table.NewSet(nil)
	}
	out := make([]Rule, 0, len(set.Rules))
	for _, r := range set.Rules {
		out = append(out, j.rule(r))
	}
	return out
}

type judge struct {
	set   *rule.Set
	stock Stock
}

// way is how one side of a rule can be met in one dataset, by the role of those that it judges that lacks least: most systems
// write down no requester.
type way struct {
	side    int
	dataset string
	reach   rule.Reach
}

func (j *judge) rule(r *rule.Compiled) Rule {
	out := Rule{
		ID: r.ID, Title: r.Title, Severity: r.Severity, Systems: map[string]State{}, Controls: map[string][]string{},
		Tables: tablesOf(j.set, r),
	}
	for control, values := range r.Controls {
		out.Controls[control] = values
	}
	ways := j.ways(r)
	possible := true
	for i, side := range r.Sides {
		if side.Link {
			continue // one that can never be told accounts for nothing, or for all, and then its own lacks say so
		}
		if best := nearest(ways, i); best != nil && len(best.reach.Lacks) > 0 || best == nil {
			possible = false
			if best != nil {
				out.explain(j, *best, best.reach.Lacks)
			}
		}
	}
	out.State = Inactive
	if possible {
		out.State = Active
	}
	j.bySystem(&out, ways, possible)
	if len(out.Why) == 0 && !possible {
		out.Why = []string{"its condition wants what no system has"}
	}
	return out
}

// bySystem fills in each system's state, and what is beside the nearest ways.
func (j *judge) bySystem(out *Rule, ways []way, possible bool) {
	for _, w := range ways {
		state := Inactive
		if possible && len(w.reach.Lacks) == 0 {
			state = Active
			if len(w.reach.Beside) > 0 {
				state = Partial
			}
		}
		if have, ok := out.Systems[w.dataset]; !ok || better(state, have) {
			out.Systems[w.dataset] = state
		}
	}
	if !possible {
		return
	}
	for _, w := range ways {
		switch out.Systems[w.dataset] {
		case Inactive:
			out.State = Partial
			out.explain(j, w, w.reach.Lacks)
		case Partial:
			out.State = Partial
			out.explain(j, w, w.reach.Beside)
		}
	}
}

func better(a, b State) bool {
	order := []State{Inactive, Partial, Active}
	return slices.Index(order, a) > slices.Index(order, b)
}

// nearest is the way of a side that lacks least, the first of equals.
func nearest(ways []way, side int) (best *way) {
	for i := range ways {
		if w := &ways[i]; w.side == side && (best == nil || len(w.reach.Lacks) < len(best.reach.Lacks)) {
			best = w
		}
	}
	return best
}

// ways lists how the sides of a rule can be met, in each dataset that they may read.
func (j *judge) ways(r *rule.Compiled) (out []way) {
	for i, side := range r.Sides {
		if side.Link {
			continue
		}
		datasets, _, _ := j.set.Needs(side.Cond)
		if datasets == nil {
			datasets = j.known(r)
		}
		for _, d := range datasets {
			var roles []way
			for _, role := range r.Roles {
				if reach := j.reach(r, side, d, role); !reach.Never {
					roles = append(roles, way{i, d, reach})
				}
			}
			if best := nearest(roles, i); best != nil && (r.Datasets != nil || !foreign(best.reach)) {
				out = append(out, *best)
			}
		}
	}
	return out
}

// foreign reports whether a dataset knows nothing of what a rule is about that names no dataset: its format writes out all the
// values of a field, and none that the rule wants is among them. A log of incidents is not blind to records of persons.
func foreign(r rule.Reach) bool {
	return slices.ContainsFunc(r.Lacks, func(l rule.Lack) bool { return len(l.Values) > 0 && l.Field != "event.dataset" })
}

// known are the datasets that a rule may read which names none: those of the sources, and the systems that Probity is for.
func (j *judge) known(r *rule.Compiled) []string {
	if r.Datasets != nil {
		return r.Datasets
	}
	out := Systems()
	for _, s := range j.stock.Sources {
		if !slices.Contains(out, s.Dataset) {
			out = append(out, s.Dataset)
		}
	}
	return out
}

// reach joins what a side, the exceptions and the key ask.
func (j *judge) reach(r *rule.Compiled, side rule.Side, dataset string, role rule.Role) rule.Reach {
	supply := j.supply(dataset, role)
	out := j.set.Reach(side.Cond, supply)
	if out.Never {
		return out
	}
	add := func(more rule.Reach) {
		out.Lacks, out.Beside = append(out.Lacks, more.Lacks...), append(out.Beside, more.Beside...)
	}
	if role == rule.Requestor && !supply.Field("requestor.name") {
		add(rule.Reach{Lacks: []rule.Lack{{Field: "requestor.name"}}})
	}
	for _, x := range r.Exceptions {
		add(j.set.ReachFalse(x.Cond, supply))
	}
	for _, g := range r.GroupBy {
		add(j.set.ReachField(g, supply))
	}
	if r.Value != nil {
		add(j.set.ReachField(*r.Value, supply))
	}
	if r.Normal != nil && r.Normal.Peers != nil {
		add(j.set.ReachField(*r.Normal.Peers, supply))
	}
	if !j.connected(dataset) {
		add(rule.Reach{Lacks: []rule.Lack{{Field: "event.dataset", Values: []string{dataset}}}})
	}
	return out
}

// supply is what there is for events of a dataset. Of one without a source the built-in format of that name shows what a log of
// it can hold, so that what else would be missing is known beforehand.
func (j *judge) supply(dataset string, role rule.Role) rule.Supply {
	formats := j.formats(dataset)
	own := dataset == rule.AlertDataset || len(formats) == 0
	some := func(ask func(*decode.Format) bool) bool { return own || slices.ContainsFunc(formats, ask) }
	return rule.Supply{
		Dataset: dataset, Role: role,
		Field: func(name string) bool { return some(func(f *decode.Format) bool { return f.Fills(name) }) },
		Values: func(name string, values []string) bool {
			return some(func(f *decode.Format) bool { return f.Gives(name, values) })
		},
		Answers: func(l *event.Lookup, column string, want rule.Answer) bool {
			return len(j.unmet(l.Name, column, want)) == 0
		},
	}
}

func (j *judge) formats(dataset string) (out []*decode.Format) {
	for _, s := range j.stock.Sources {
		if s.Dataset == dataset {
			out = append(out, s.Format)
		}
	}
	if f, ok := decode.Builtin(dataset); ok && out == nil {
		out = append(out, f)
	}
	return out
}

func (j *judge) connected(dataset string) bool {
	return dataset == rule.AlertDataset || slices.ContainsFunc(j.stock.Sources, func(s Source) bool { return s.Dataset == dataset })
}

// unmet are the needs of a lookup's answer that the tables do not meet: those of the way to it that lacks least. Any answer
// will do if one can be had.
func (j *judge) unmet(lookup, column string, want rule.Answer) (least []table.Need) {
	yes, no := table.Needs(lookup, column)
	ways := slices.Concat(yes, no)
	switch want {
	case rule.Yes:
		ways = yes
	case rule.No:
		ways = no
	}
	for i, needs := range ways {
		unmet := slices.DeleteFunc(slices.Clone(needs), func(n table.Need) bool {
			held, ok := j.stock.Tables.Held(n.Table)
			return ok && held.Meets(n) == ""
		})
		if i == 0 || len(unmet) < len(least) {
			least = unmet
		}
	}
	return least
}

// tablesOf are the tables that a rule's condition and exceptions ask.
func tablesOf(set *rule.Set, r *rule.Compiled) []string {
	var conds []*rule.Cond
	for _, s := range r.Sides {
		conds = append(conds, s.Cond)
	}
	for _, x := range r.Exceptions {
		conds = append(conds, x.Cond)
	}
	return set.Tables(conds...)
}
