package decode

import (
	"slices"

	"probity/internal/event"
)

// The general way to a rule's value, Worker.value, asks at every step what the spec says, and whether the native field may be a
// list, a path, or illegible. Most rules in most records take one text through one table: for those the spec is laid out flat
// beforehand, as choices of which the first that yields a text gives the value. A fuzz test holds both ways against each other.

// choice reads the text of a native field, or is a constant.
type choice struct {
	way     way
	ref     int32 // the native field
	missing int32 // the choice to go on with where the record lacks the field,
	nothing int32 // where nothing is made of its text,
	found   int32 // and where something is; 0: that is the value
	of, nth int32 // by word: which column of the worker's, and which of the column's readings
	*reading
}

// reading is what a spec makes of the text of a native field.
type reading struct {
	spec     *spec     // whose rewriting it is,
	guard    *[]string // or the values that one of its guards asks for: then the text says only that it has one of them
	constant string    // in place of both
}

// way is how a choice comes by its text.
type way uint8

const (
	asItStands way = iota
	hostPart
	byWord    // texts that come again and again, with what is made of them remembered
	rewritten // worked out every time
	constant
)

// column is a native field whose texts are remembered with what rules read in them.
type column struct {
	ref      int32
	readings []*reading
}

// layOut lays out a rule's spec; what it cannot lay out keeps to the general way.
func (d *Decoder) layOut(r *rule) {
	if isFlat(&r.spec) {
		r.choices = d.choices(nil, &r.spec, nil)
	}
}

// isFlat reports whether a spec yields texts by no more than choices.
func isFlat(s *spec) bool {
	asksForNone := func(g guard) bool { return slices.Contains(g.values, "") } // for a field that is missing
	return s.split == "" && !slices.ContainsFunc(s.when, asksForNone) &&
		!slices.ContainsFunc(s.first, func(a spec) bool { return !isFlat(&a) })
}

// choices appends those of a spec inside others whose guards are when. Each ends with what it yields, or leads to one behind it.
func (d *Decoder) choices(out []choice, s *spec, when []choice) []choice {
	for i := range s.when {
		g := &s.when[i]
		when = append(slices.Clone(when), d.read(choice{way: byWord, ref: int32(g.ref), reading: &reading{guard: &g.values}}))
	}
	for i := range s.first {
		out = d.choices(out, &s.first[i], when)
	}
	if len(s.from) == 0 && s.constant == "" {
		return out
	}
	start := len(out)
	out = append(out, when...)
	for _, r := range s.from {
		out = append(out, d.read(choice{way: s.way(), ref: int32(r), reading: &reading{spec: s}}))
	}
	if s.constant != "" {
		out = append(out, choice{way: constant, reading: &reading{constant: s.constant}})
	}
	end := int32(len(out))
	for i := start; i < len(out); i++ {
		if c := &out[i]; i < start+len(when) {
			c.missing, c.nothing, c.found = end, end, int32(i+1)
		} else {
			c.missing, c.nothing = int32(i+1), end // what is there is what counts, whatever is made of it
		}
	}
	return out
}

// way is how the spec's rewriting is best done. Texts that a pattern is for are seldom the same again.
func (s *spec) way() way {
	plain := s.pattern == nil && s.values == nil && s.fallback == "" && s.otherwise == ""
	switch {
	case plain && s.as == "":
		return asItStands
	case plain && s.as == "host":
		return hostPart
	case s.pattern == nil:
		return byWord
	}
	return rewritten
}

// read gives a choice by word its place.
func (d *Decoder) read(c choice) choice {
	if c.way != byWord {
		return c
	}
	of := slices.IndexFunc(d.columns, func(col column) bool { return col.ref == c.ref })
	if of < 0 {
		of = len(d.columns)
		d.columns = append(d.columns, column{ref: c.ref})
	}
	col := &d.columns[of]
	c.of, c.nth = int32(of), int32(len(col.readings))
	col.readings = append(col.readings, c.reading)
	return c
}

// yield returns the text of the first choice that yields one, in a record without arrays, paths and illegible fields.
func (w *Worker) yield(choices []choice) string {
	for at := int32(0); int(at) < len(choices); {
		c := &choices[at]
		if c.way == constant {
			return c.constant
		}
		text := w.natives.text(int(c.ref))
		if text == "" {
			at = c.missing
			continue
		}
		text = w.made(c, text)
		switch {
		case text == "":
			at = c.nothing
		case c.found == 0:
			return text
		default:
			at = c.found
		}
	}
	return ""
}

// made is what a choice makes of a text.
func (w *Worker) made(c *choice, text string) string {
	switch c.way {
	case asItStands:
		return text
	case hostPart:
		return hostOnly(text)
	case byWord:
		if known := &w.words[c.of]; known.has(w, text) {
			return known.reading(known.current, c.nth)
		}
	}
	return w.work(c.reading, text)
}

// work works a reading out.
func (w *Worker) work(r *reading, text string) string {
	switch {
	case r.guard == nil:
		return w.rewrite(r.spec, text)
	case slices.Contains(*r.guard, text):
		return text
	}
	return ""
}

// empty empties a slot, which most are already.
func empty(slot *event.Value) {
	if slot.Kind != event.Missing || slot.Num != 0 {
		*slot = event.Value{}
	}
}

// putText sets a slot to a String, or empties it. A slot holds what the record before had, and no more of it is written than is
// another now: while garbage is collected each pointer that is written costs extra.
func putText(slot *event.Value, text string) {
	switch {
	case text == "":
		empty(slot)
		return
	case slot.Kind != event.String:
		*slot = event.Value{Kind: event.String}
	}
	slot.Str = text
}

// put is coerce for one text.
func (w *Worker) put(slot *event.Value, name string, kind event.Kind, text string) {
	if text == "" {
		empty(slot)
		return
	}
	if kind == event.String {
		putText(slot, text)
		return
	}
	if slot.Kind != kind || kind == event.List {
		*slot = event.Value{}
	}
	switch kind {
	case event.Int:
		if n, ok := readInt(text); ok {
			slot.Kind, slot.Num = event.Int, n
			return
		}
	case event.Bool:
		if b, ok := readBool(text); ok {
			if slot.Kind, slot.Num = event.Bool, 0; b {
				slot.Num = 1
			}
			return
		}
	}
	*slot = w.coerce(name, kind, text, nil)
}
