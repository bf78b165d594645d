package decode

import (
	"slices"

	"probity/internal/event"
)

// The general way to a rule's value, Worker.value, asks at every step what the spec says, and whether the native field may be a
// list, a path, or illegible. Most rules in most records take one text through one table: for those the spec is laid out flat
// beforehand, as choices of which the first that yields a text is the value. A fuzz test holds both ways against each other.

// choice yields the text of the first of some native fields that the record has, or a constant, if what it asks for holds.
type choice struct {
	when     []reading // each must yield a text
	from     []reading
	constant string
}

// reading is what a spec makes of the text of a native field.
type reading struct {
	ref   int
	way   way
	of    int       // by word: which column of the worker's, and
	nth   int       // which of the column's readings
	spec  *spec     // whose rewriting it is,
	guard *[]string // or the values that one of its guards asks for: then the text says only that it has one of them
}

// way is how a reading comes by its text.
type way uint8

const (
	asItStands way = iota
	hostPart
	byWord    // texts that come again and again, with what is made of them remembered
	rewritten // worked out every time
)

// planRule lays out a rule's spec; what it cannot lay out keeps to the general way.
func (d *Decoder) planRule(r *rule) {
	if choices, ok := d.plan(&r.spec, nil); ok {
		r.choices = choices
	}
	if len(r.choices) == 1 && len(r.choices[0].when) == 0 && len(r.choices[0].from) == 1 && r.choices[0].from[0].way == asItStands {
		r.single = true
	}
}

// plan returns the choices of a spec inside others whose guards are when.
func (d *Decoder) plan(s *spec, when []reading) ([]choice, bool) {
	if s.split != "" {
		return nil, false
	}
	for i := range s.when {
		g := &s.when[i]
		if slices.Contains(g.values, "") {
			return nil, false // it asks for a field that is missing
		}
		when = append(slices.Clone(when), d.read(reading{ref: g.ref, way: byWord, guard: &g.values}))
	}
	var out []choice
	for i := range s.first {
		inner, ok := d.plan(&s.first[i], when)
		if !ok {
			return nil, false
		}
		out = append(out, inner...)
	}
	last := choice{when: when, constant: s.constant}
	for _, r := range s.from {
		last.from = append(last.from, d.read(reading{ref: r, way: s.way(), spec: s}))
	}
	return append(out, last), true
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

// read gives a reading by word its place.
func (d *Decoder) read(r reading) reading {
	if r.way != byWord {
		return r
	}
	r.of = slices.IndexFunc(d.columns, func(c []reading) bool { return c[0].ref == r.ref })
	if r.of < 0 {
		r.of = len(d.columns)
		d.columns = append(d.columns, nil)
	}
	r.nth = len(d.columns[r.of])
	d.columns[r.of] = append(d.columns[r.of], r)
	return r
}

// set sets the slot of a rule that is laid out, in a record without arrays, paths and illegible fields.
func (w *Worker) set(r *rule, slot *event.Value) {
	text := ""
	if r.single {
		text = w.natives.refs[r.choices[0].from[0].ref].text
	} else {
		for i := range r.choices {
			if text = w.yield(&r.choices[i]); text != "" {
				break
			}
		}
	}
	w.put(slot, r.name, r.kind, text)
}

// put is coerce for one text, into an empty slot: a Value is large enough for its copies to be felt.
func (w *Worker) put(slot *event.Value, name string, kind event.Kind, text string) {
	if text == "" {
		return
	}
	switch kind {
	case event.String:
		slot.Kind, slot.Str = event.String, text
		return
	case event.Int:
		if n, ok := readInt(text); ok {
			slot.Kind, slot.Num = event.Int, n
			return
		}
	}
	*slot = w.coerce(name, kind, text, nil)
}

func (w *Worker) yield(c *choice) string {
	for i := range c.when {
		if w.reading(&c.when[i]) == "" {
			return ""
		}
	}
	for i := range c.from {
		if r := &c.from[i]; w.natives.refs[r.ref].text != "" {
			return w.reading(r)
		}
	}
	return c.constant
}

func (w *Worker) reading(r *reading) string {
	text := w.natives.refs[r.ref].text
	switch {
	case text == "" || r.way == asItStands:
		return text
	case r.way == hostPart:
		return hostOnly(text)
	case r.way == byWord:
		if known := w.words[r.of].word(w, text); known != nil {
			return known.readings[r.nth]
		}
	}
	return w.work(r, text)
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
