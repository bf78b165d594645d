package decode

import "probity/internal/event"

// The records of one log have the same few sets of fields. For each set it is worked out once what the rules come to: which of
// their choices are left, which fields stay missing, and which depend on nothing but words (words.go), so that all of these are
// known when the words are.

const (
	maxPlans   = 64 // of a worker
	maxPresent = 64 // native fields that a set can tell apart
	verseBits  = 7  // of the table of verses
	maxColumns = 8  // of a verse
	// restless is how often the words of a column give way to others before it is taken for one that verses should not wait for.
	restless = 256
)

// plans are those of a worker, by the sets of native fields that they are for.
type plans struct {
	sets []uint64
	all  []*plan
}

// plan is what the rules come to in records that have one set of native fields.
type plan struct {
	missing []event.Field // that no rule sets then
	copied  []setting     // native fields as they stand
	worded  []setting     // by words and constants alone
	columns []choice      // those of these words, each by one choice that reads it
	verses  []verse       // a table by the words; empty if nothing is worded
	rest    []setting
}

// setting sets a field.
type setting struct {
	field   event.Field
	kind    event.Kind
	rule    *rule
	choices []choice // nil: the rule goes the general way
}

// verse is what the worded settings come to for one combination of words.
type verse struct {
	words []ends   // by column
	long  []string // those that have more to them than their ends; "" for others
	texts []string // by setting; none if the place is free
}

// planned returns the plan for the record at hand, nil if there is none.
func (w *Worker) planned() *plan {
	if !w.plain || len(w.natives.refs) > maxPresent {
		return nil
	}
	for i, set := range w.plans.sets {
		if set == w.natives.present {
			return w.plans.all[i]
		}
	}
	if len(w.plans.sets) == maxPlans {
		return nil
	}
	p := w.newPlan()
	w.plans.sets, w.plans.all = append(w.plans.sets, w.natives.present), append(w.plans.all, p)
	return p
}

// newPlan makes the plan for records that have the fields which the one at hand has.
func (w *Worker) newPlan() *plan {
	p := &plan{}
	for i := range w.d.rules {
		r := &w.d.rules[i]
		s := setting{field: r.field, kind: r.kind, rule: r, choices: w.left(r.choices)}
		switch {
		case r.choices == nil:
			p.rest = append(p.rest, s)
		case len(s.choices) == 0:
			p.missing = append(p.missing, s.field)
		case r.kind == event.String && len(s.choices) == 1 && s.choices[0].way == asItStands:
			p.copied = append(p.copied, s)
		case !p.take(w, s):
			p.rest = append(p.rest, s)
		}
	}
	if len(p.worded) > 0 {
		p.verses = make([]verse, 1<<verseBits)
	}
	return p
}

// left are the choices that can be come to in records like the one at hand.
func (w *Worker) left(choices []choice) []choice {
	there := func(at int32) int32 { // or where one gets from there, past those whose field is missing
		for int(at) < len(choices) && choices[at].way != constant && w.natives.refs[choices[at].ref].at == 0 {
			at = choices[at].missing
		}
		return at
	}
	reached, place := make([]bool, len(choices)+1), make([]int32, len(choices)+1)
	reached[there(0)] = true
	var out []choice
	for i, c := range choices {
		if place[i] = int32(len(out)); !reached[i] {
			continue
		}
		out = append(out, c)
		reached[there(c.found)] = reached[there(c.found)] || c.found > 0
		reached[there(c.nothing)] = reached[there(c.nothing)] || c.way != constant && c.way != asItStands
	}
	place[len(choices)] = int32(len(out))
	for i := range out {
		c := &out[i]
		c.nothing = place[there(c.nothing)]
		if c.found > 0 {
			c.found = place[there(c.found)]
		}
	}
	return out
}

// take takes a setting among the worded ones if it is one.
func (p *plan) take(w *Worker, s setting) bool {
	columns := p.columns
	for _, c := range s.choices {
		if s.kind != event.String || c.way != constant && (c.way != byWord || w.words[c.of].replaced >= restless) {
			return false
		}
		if c.way == byWord && !reads(columns, c.of) {
			columns = append(columns[:len(columns):len(columns)], c)
		}
	}
	if len(columns) > maxColumns {
		return false
	}
	p.columns, p.worded = columns, append(p.worded, s)
	return true
}

func reads(columns []choice, of int32) bool {
	for i := range columns {
		if columns[i].of == of {
			return true
		}
	}
	return false
}

// follow sets or empties the fields of all rules.
func (w *Worker) follow(p *plan, ev *event.Event) {
	for _, f := range p.missing {
		empty(&ev.Slots[f])
	}
	for i := range p.copied {
		s := &p.copied[i]
		putText(&ev.Slots[s.field], w.natives.text(int(s.choices[0].ref)))
	}
	if texts := w.verse(p); len(texts) > 0 {
		for i, text := range texts {
			putText(&ev.Slots[p.worded[i].field], text)
		}
	} else {
		w.settle(p.worded, ev)
	}
	w.settle(p.rest, ev)
}

func (w *Worker) settle(settings []setting, ev *event.Event) {
	for i := range settings {
		if s := &settings[i]; s.choices != nil {
			w.put(&ev.Slots[s.field], s.rule.name, s.kind, w.yield(s.choices))
		} else {
			ev.Slots[s.field] = w.value(s.rule)
		}
	}
}

// verse returns the texts of the worded settings, none if there are none or if a word is not remembered.
func (w *Worker) verse(p *plan) []string {
	if len(p.verses) == 0 {
		return nil
	}
	var words [maxColumns]ends
	hash := uint64(0)
	for i := range p.columns {
		words[i] = endsOf(w.natives.text(int(p.columns[i].ref)))
		hash = (hash ^ words[i].mixed()) * hashFactor
	}
	v := &p.verses[hash>>(64-verseBits)]
	if len(v.texts) == 0 {
		return w.compose(p, v, words[:len(p.columns)])
	}
	for i := range v.words {
		if v.words[i] != words[i] || v.long[i] != "" && v.long[i] != w.natives.text(int(p.columns[i].ref)) {
			return w.compose(p, v, words[:len(p.columns)])
		}
	}
	return v.texts
}

// compose makes a verse of what the columns hold, in the place of another, unless one of them is not remembered.
func (w *Worker) compose(p *plan, v *verse, words []ends) []string {
	v.words, v.long, v.texts = append(v.words[:0], words...), v.long[:0], v.texts[:0]
	for i := range p.columns {
		c := &p.columns[i]
		known, long := &w.words[c.of], ""
		if !known.has(w, w.natives.text(int(c.ref))) {
			return nil
		}
		if words[i].length > allEnds {
			long = known.texts[known.current]
		}
		v.long = append(v.long, long)
	}
	for i := range p.worded {
		v.texts = append(v.texts, w.yield(p.worded[i].choices))
	}
	return v.texts
}
