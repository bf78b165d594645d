package coverage

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"probity/internal/decode"
	"probity/internal/rule"
	"probity/internal/table"
)

// explain adds why a way lacks something, and what would mend it, each said once.
func (out *Rule) explain(j *judge, w way, lacks []rule.Lack) {
	first := func(l rule.Lack) int { // the source, then its fields, then tables
		switch {
		case l.Field == "event.dataset":
			return 0
		case l.Lookup == nil:
			return 1
		}
		return 2
	}
	slices.SortStableFunc(lacks, func(a, b rule.Lack) int { return cmp.Compare(first(a), first(b)) })
	for _, l := range lacks {
		if l.Lookup != nil {
			for _, n := range j.unmet(l.Lookup.Name, l.Column, l.Want) {
				why, connect := j.tableWords(n)
				out.say(why, connect)
			}
			continue
		}
		out.say(j.fieldWords(w, l))
	}
}

func (out *Rule) say(why string, ask Ask) {
	if !slices.Contains(out.Why, why) {
		out.Why = append(out.Why, why)
	}
	i := slices.IndexFunc(out.Connect, func(a Ask) bool { return a.What == ask.What })
	if i < 0 {
		out.Connect = append(out.Connect, ask)
		return
	}
	out.Connect[i] = out.Connect[i].and(ask)
}

// fieldWords says what a source lacks.
func (j *judge) fieldWords(w way, l rule.Lack) (why string, ask Ask) {
	if l.Field == "event.dataset" {
		ask.What = "a source of dataset " + w.dataset
		if _, ok := decode.Builtin(w.dataset); ok {
			ask.What += " (format " + w.dataset + ", or a copy of it)"
		}
		return "no source of dataset " + w.dataset, ask
	}
	field := l.Field
	switch field { // the people table makes them of what the log names
	case "user.id":
		field = "user.name"
	case "requestor.id":
		field = "requestor.name"
	}
	who := "the built-in format of dataset " + w.dataset
	if j.connected(w.dataset) {
		who = "the format of source " + strings.Join(j.names(w.dataset), ", ")
	}
	ask.What = "map " + field
	why = who + " never fills " + field
	if len(l.Values) > 0 {
		values := strings.Join(l.Values, " or ")
		why = fmt.Sprintf("%s never gives %s the value %s", who, field, values)
		ask.What += " to " + values
	}
	ask.What += " in the format of dataset " + w.dataset
	return why, ask
}

func (j *judge) names(dataset string) (out []string) {
	for _, s := range j.stock.Sources {
		if s.Dataset == dataset {
			out = append(out, s.Name)
		}
	}
	return out
}

// tableWords says what a table lacks.
func (j *judge) tableWords(n table.Need) (why string, ask Ask) {
	held, ok := j.stock.Tables.Held(n.Table)
	if !ok {
		ask = Ask{What: "table " + n.Table, Columns: slices.Clone(n.Columns), Complete: n.Complete}
		if len(n.Either) > 0 {
			ask.Columns = append(ask.Columns, strings.Join(n.Either, " or "))
		}
		return "no table " + n.Table, ask
	}
	what := held.Meets(n)
	why = "table " + n.Table + " " + what
	switch {
	case n.Rows && held.Rows == 0:
		return why, Ask{What: "rows of table " + n.Table}
	case n.Complete && !held.Complete && strings.HasPrefix(what, "is not said"):
		return why, Ask{What: "a complete table " + n.Table + ", with miss: no"}
	}
	empty := slices.DeleteFunc(slices.Concat(n.Columns, n.Either), func(c string) bool { return held.Filled[c] > 0 })
	return why, Ask{What: "column " + strings.Join(empty, ", ") + " of table " + n.Table}
}
