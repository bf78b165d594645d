package ruletest

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"probity/internal/rule"
	"probity/internal/strictyaml"
)

// mapped are the fields whose values are the formats' own words.
var mapped = []string{"event.action", "event.outcome", "object.type", "operation"}

// words are what the formats of a dataset are known to give a field.
type words struct {
	values []string
	open   bool // they may give more
}

// vocabulary collects what the formats are known to give the mapped fields, by dataset.
func (l *linter) vocabulary() {
	l.values = map[string]map[string]*words{}
	for _, field := range mapped {
		l.values[field] = map[string]*words{}
		for _, f := range l.Formats {
			known := l.values[field][f.Dataset]
			if known == nil {
				known = &words{}
				l.values[field][f.Dataset] = known
			}
			values, open := f.Vocabulary(field)
			known.values, known.open = append(known.values, values...), known.open || open
		}
	}
}

// known joins the words of the rule's datasets; ok is false if one of them is of a format that is not known here.
func (r *ruleLint) known(field string) (datasets []string, all words, ok bool) {
	of := r.values[field]
	if datasets = r.Datasets; datasets == nil {
		datasets = slices.Sorted(maps.Keys(of))
	}
	for _, d := range datasets {
		if of[d] == nil {
			return nil, all, false
		}
		all.values, all.open = append(all.values, of[d].values...), all.open || of[d].open
	}
	return datasets, all, len(datasets) > 0
}

// lintValues looks for values that no event has. Where the vocabulary is open, only what is one slip from a known word is
// reported; likewise of object.type, for rules name types that a force's own formats will give.
func (r *ruleLint) lintValues(path string, c rule.Comparison) {
	if c.Op != "==" && c.Op != "!=" && c.Op != "in" || !slices.Contains(mapped, c.Left) {
		return
	}
	datasets, known, ok := r.known(c.Left)
	if !ok {
		return
	}
	for _, v := range c.Values {
		if slices.Contains(known.values, v) {
			continue
		}
		like := strictyaml.Nearest(v, known.values)
		if (known.open || c.Left == "object.type") && (like == "" || !oneSlip(v, like)) {
			continue
		}
		do := "compare with what `probity decode` shows of the log, or add it to the format's map"
		if like != "" {
			do = fmt.Sprintf("did you mean %q?", like)
		}
		r.within("PRB014", path, c.Line, c.Column, fmt.Sprintf("no format of %s is known to give %s the value %q", strings.Join(datasets, ", "), c.Left, v), do)
	}
}

// oneSlip reports whether a letter too many, one too few or another one makes a of b.
func oneSlip(a, b string) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	i := 0
	for i < len(a) && a[i] == b[i] {
		i++
	}
	if len(a) == len(b) {
		return i < len(a) && a[i+1:] == b[i+1:]
	}
	return len(b) == len(a)+1 && a[i:] == b[i+1:]
}
