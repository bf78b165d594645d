package decode

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"probity/internal/event"
)

// spec is a Spec with its names resolved and its pattern compiled.
type spec struct {
	from      []int // refs
	constant  string
	first     []spec
	when      []guard
	pattern   *pattern
	as        string
	split     string
	values    map[string]string
	otherwise string
	fallback  string
}

// guard asks that a native field has one of some values.
type guard struct {
	ref    int
	values []string
}

func (d *Decoder) compileSpec(s Spec) (spec, error) {
	out := spec{as: s.As, split: s.Split, values: s.Values, otherwise: s.Otherwise, fallback: s.Default}
	for _, name := range s.From {
		out.from = append(out.from, d.ref(name))
	}
	if s.Const != nil {
		out.constant = *s.Const
	}
	for _, alternative := range s.First {
		a, err := d.compileSpec(alternative)
		if err != nil {
			return out, err
		}
		out.first = append(out.first, a)
	}
	for name, values := range s.When {
		out.when = append(out.when, guard{d.ref(name), values})
	}
	if s.Pattern != "" {
		p, err := compilePattern(s.Pattern)
		if err != nil {
			return out, fmt.Errorf("pattern: %w", err)
		}
		out.pattern = p
	}
	return out, nil
}

// one returns the text of a native field, the first of several that a path leads to, "" if it is missing.
func (w *Worker) one(r int) string {
	if w.plain {
		return w.natives.text(r)
	}
	text, list := w.native(r)
	if len(list) > 0 {
		return list[0]
	}
	return text
}

// native returns what a ref holds: a text, or a list where a path leads through an array. The list is scratch. An array of
// nothing but objects, referred to as such, is its JSON text.
func (w *Worker) native(r int) (text string, list []string) {
	held := &w.natives.refs[r]
	if held.raw {
		w.unclear = true
		return "", nil
	}
	text = w.natives.text(r)
	if held.unset || text != "" && !held.array {
		return text, nil
	}
	if w.json == nil || w.json.root == nil {
		return "", nil
	}
	w.list = w.list[:0]
	switch {
	case held.array && text == "[]":
		return "", nil
	case held.array:
		w.list = path(nil).texts(w.json, w.natives.arrays[r], w.list)
	case w.d.paths[r] != nil:
		w.list = w.d.paths[r].texts(w.json, w.json.root, w.list)
	}
	if w.natives.raw && slices.ContainsFunc(w.list, illegible) {
		w.unclear = true
		return "", nil
	}
	return text, w.list
}

// value returns the value of a rule's field. What depends on something illegible is missing: neither the next native field nor
// a constant may stand for what nobody can read.
func (w *Worker) value(r *rule) event.Value {
	w.unclear = false
	text, list := w.apply(&r.spec)
	if w.unclear {
		w.oddities = append(w.oddities, r.name)
		return event.Illegible()
	}
	return w.coerce(r.name, r.kind, text, list)
}

// apply returns the text, or the list, that a spec yields.
func (w *Worker) apply(s *spec) (text string, list []string) {
	for _, g := range s.when {
		if !slices.Contains(g.values, w.one(g.ref)) {
			return "", nil
		}
	}
	for i := range s.first {
		if text, list = w.apply(&s.first[i]); text != "" || len(list) > 0 {
			return text, list
		}
	}
	if s.constant != "" {
		return s.constant, nil
	}
	for _, r := range s.from {
		if text, list = w.native(r); text != "" || len(list) > 0 {
			break
		}
	}
	if len(list) == 0 && s.split == "" {
		return w.rewrite(s, text), nil
	}
	if len(list) == 0 {
		list = w.list[:0]
		for part := range strings.SplitSeq(text, s.split) {
			list = append(list, strings.TrimSpace(part))
		}
	}
	kept := list[:0]
	for _, el := range list {
		if el = w.rewrite(s, el); el != "" {
			kept = append(kept, el)
		}
	}
	w.list = list[:0]
	return "", kept
}

// rewrite takes a text through pattern, as and values, in this order.
func (w *Worker) rewrite(s *spec, text string) string {
	if text == "" {
		return ""
	}
	if s.pattern != nil {
		found, ok := w.search.find(s.pattern, text)
		if !ok {
			return ""
		}
		text = found
	}
	text = w.fold(s.as, text)
	if s.values != nil {
		if mapped, ok := s.values[text]; ok {
			return mapped
		}
	}
	if s.fallback != "" {
		return s.fallback
	}
	return w.fold(s.otherwise, text)
}

// maxFolded bounds how many folded texts a worker remembers: the same few verbs and types come again and again.
const maxFolded = 4096

// fold returns text in the way that how says.
func (w *Worker) fold(how, text string) string {
	switch how {
	case "missing":
		return ""
	case "host":
		return hostOnly(text)
	case "lower":
		return remembered(w.lowered, text, strings.ToLower)
	case "hyphens":
		return remembered(w.hyphened, text, hyphens)
	}
	return text
}

func remembered(known map[string]string, text string, fold func(string) string) string {
	if folded, ok := known[text]; ok {
		return folded
	}
	folded := fold(text)
	if len(text) <= 64 && len(known) < maxFolded {
		known[strings.Clone(text)] = strings.Clone(folded)
	}
	return folded
}

// coerce returns the value of a field from its text or list. What does not read as the field's kind is missing, and noted.
func (w *Worker) coerce(name string, kind event.Kind, text string, list []string) event.Value {
	if kind == event.List {
		if len(list) > 0 {
			return event.ListValue(w.lists.copy(list...))
		}
		if text == "" {
			return event.Value{}
		}
		return event.ListValue(w.lists.copy(text))
	}
	if len(list) > 0 {
		text = list[0]
	}
	if text == "" {
		return event.Value{}
	}
	v, ok := w.scalar(kind, text)
	if !ok {
		w.oddities = append(w.oddities, name)
	}
	return v
}

func (w *Worker) scalar(kind event.Kind, text string) (event.Value, bool) {
	switch kind {
	case event.Int:
		n, ok := readInt(text)
		return ifOK(event.IntValue(n), ok)
	case event.Bool:
		b, ok := readBool(text)
		return ifOK(event.BoolValue(b), ok)
	case event.Time:
		if t, err := time.Parse(time.RFC3339, text); err == nil && t.Unix() >= earliest && t.Unix() <= latest {
			return event.TimeValue(t.UnixNano()), true
		}
		ns, _, ok := w.readTime(text)
		return ifOK(event.TimeValue(ns), ok)
	}
	return event.StringValue(text), true
}

func readInt(text string) (int64, bool) {
	const safe = 18 // so many digits do not overflow
	if len(text) <= safe && text != "" {
		if n, ok := readDigits(text, len(text)); ok {
			return int64(n), true
		}
	}
	n, err := strconv.ParseInt(text, 10, 64)
	return n, err == nil
}

func ifOK(v event.Value, ok bool) (event.Value, bool) {
	if !ok {
		return event.Value{}, false
	}
	return v, true
}

// readBool reads the ways in which logs write booleans.
func readBool(text string) (value, ok bool) {
	switch text { // as most do
	case "Y", "true", "1":
		return true, true
	case "N", "false", "0":
		return false, true
	}
	for _, word := range []string{"true", "yes", "y", "1"} {
		if strings.EqualFold(text, word) {
			return true, true
		}
	}
	for _, word := range []string{"false", "no", "n", "0"} {
		if strings.EqualFold(text, word) {
			return false, true
		}
	}
	return false, false
}
