package decode

import (
	"strings"
	"unsafe"

	"probity/internal/event"

	"github.com/valyala/fastjson"
)

// What bounds the field names that a worker remembers: they come from the log, and a log can make up names.
const (
	maxSymbols = 4096
	maxSymbol  = 256 // bytes of a name that is remembered
)

// symbol is the name of a native field as a worker remembers it.
type symbol struct {
	name   string
	ref    int    // index into natives.refs; -1 if the format does not refer to the name
	seen   uint64 // number of the record that had it last
	member string // how a JSON object says it that needs no escapes for it, with its colon; "" if the symbol is not remembered
	// In flat JSON, the names that came behind it. Records of one log have the same members in the same order, but for some that
	// only some of them have: so several names may be next.
	next [3]*symbol
	turn uint8 // which of next is given up for another
}

// ref is where the native field that the format refers to stands in the record at hand. It has no pointers: while garbage is
// collected each pointer that is written or cleared costs extra, and a record has dozens of fields.
type ref struct {
	at    int32 // behind which of natives.pairs its text is the last; below zero: which of natives.aside; 0: the record lacks it
	array bool  // it is a JSON array, in natives.arrays
	unset bool  // two fields compete for the name, so neither has it
	raw   bool  // it is there, and is not valid UTF-8
}

// natives collects the native fields of one record: all of them in order, and those that the format refers to by index.
type natives struct {
	pairs   []event.Pair
	refs    []ref
	present uint64             // bits: the first of refs that the record has
	aside   []string           // texts that mappings see under a second name
	arrays  []*fastjson.Value  // by ref; empty if the record has none
	byName  map[string]int     // name → index into refs
	symbols map[string]*symbol // names seen so far
	beyond  map[string]bool    // names of this record that found no room in symbols
	start   symbol             // nameless: the first names of records are next to it
	kept    []event.Pair       // with a payload: what the record around it gives, which every beginning begins with
	ends    []int              // scratch: where the columns of a row end
	record  uint64
	doubled []string // names that this record has twice
	raw     bool     // this record is not valid UTF-8
	broken  []string // names of its fields that are not
}

func newNatives(byName map[string]int) *natives {
	return &natives{refs: make([]ref, len(byName)), byName: byName, symbols: map[string]*symbol{}, beyond: map[string]bool{}}
}

// begin forgets the record before and collects into pairs.
func (n *natives) begin(pairs []event.Pair) {
	n.pairs = pairs
	clear(n.refs)
	n.present = 0
	n.doubled, n.broken, n.aside = n.doubled[:0], n.broken[:0], n.aside[:0]
	if len(n.arrays) > 0 {
		clear(n.arrays)
		n.arrays = n.arrays[:0]
	}
	if len(n.beyond) > 0 {
		clear(n.beyond)
	}
	n.record++
	for _, p := range n.kept {
		n.add(n.symbol(bytesOf(p.Name)), p.Text, nil)
	}
}

// again forgets what this record has given so far.
func (n *natives) again() { n.begin(n.pairs[:0]) }

// symbol returns what is known of a name. The name is copied if it is kept.
func (n *natives) symbol(name []byte) *symbol {
	if s, ok := n.symbols[string(name)]; ok {
		return s
	}
	member := `"` + string(name) + `":`
	own := member[1 : len(member)-2] // as the log has it: s.name is a picture of it where it is not valid UTF-8
	s := n.newSymbol(own)
	if len(n.symbols) < maxSymbols && len(name) <= maxSymbol {
		n.symbols[own] = s
		s.member = member
	} else if n.beyond[s.name] {
		s.seen = n.record
	} else {
		n.beyond[s.name] = true
	}
	return s
}

// foretold returns the symbol whose name and colon text begins with if it is one that came behind last before, else nil.
func (last *symbol) foretold(text string) *symbol {
	for _, s := range &last.next {
		if s == nil {
			return nil
		}
		if strings.HasPrefix(text, s.member) {
			return s
		}
	}
	return nil
}

// learn makes s, if it is remembered, a name that is foretold behind last.
func (last *symbol) learn(s *symbol) {
	if s.member != "" {
		last.next[last.turn] = s
		last.turn = (last.turn + 1) % uint8(len(last.next))
	}
}

func (n *natives) newSymbol(name string) *symbol {
	s := &symbol{name: legible(name), ref: -1}
	if i, ok := n.byName[name]; ok {
		s.ref = i
	}
	return s
}

// add takes a field. Of a name that comes twice the first is what mappings see; the pairs hold both, and doubled names it.
// It reports whether the field is the first of its name.
func (n *natives) add(s *symbol, text string, array *fastjson.Value) (first bool) {
	if s.seen == n.record {
		n.doubled = append(n.doubled, s.name)
		if text != "" {
			n.pairs = append(n.pairs, event.Pair{Name: s.name, Text: legible(text)})
		}
		return false
	}
	s.seen = n.record
	if text == "" {
		return true
	}
	held := ref{at: int32(len(n.pairs) + 1), array: array != nil}
	if n.raw && illegible(text) {
		n.broken = append(n.broken, s.name)
		held, text = ref{raw: true}, legible(text)
	}
	n.pair(s.name, text)
	if s.ref >= 0 {
		n.present |= 1 << s.ref
		if n.refs[s.ref] = held; held.array {
			n.arrays = append(n.arrays, make([]*fastjson.Value, len(n.refs)-len(n.arrays))...)
			n.arrays[s.ref] = array
		}
	}
	return true
}

// pair appends a pair. Where it stood in the record before under the same name, as most do, its name need not be written.
func (n *natives) pair(name, text string) {
	at := len(n.pairs)
	if at == cap(n.pairs) {
		n.pairs = append(n.pairs, event.Pair{Name: name, Text: text})
		return
	}
	n.pairs = n.pairs[:at+1]
	p := &n.pairs[at]
	if len(p.Name) != len(name) || unsafe.StringData(p.Name) != unsafe.StringData(name) {
		p.Name = name
	}
	p.Text = text
}

// text is what a ref holds: a scalar's text, an array's JSON text, "" for a field that is missing or illegible.
func (n *natives) text(r int) string {
	switch at := n.refs[r].at; {
	case at > 0:
		return n.pairs[at-1].Text
	case at < 0:
		return n.aside[^at]
	}
	return ""
}

// take is add for a text that is legible and no array.
func (n *natives) take(s *symbol, text string) {
	if s.seen == n.record {
		n.add(s, text, nil)
		return
	}
	s.seen = n.record
	if text == "" {
		return
	}
	n.pair(s.name, text)
	if s.ref >= 0 {
		n.present |= 1 << s.ref
		n.refs[s.ref] = ref{at: int32(len(n.pairs))}
	}
}

// also lets mappings see a field under a second name as long as no other field claims that name in this record.
func (n *natives) also(name, text string) {
	i, ok := n.byName[name]
	if !ok || text == "" {
		return
	}
	switch r := &n.refs[i]; {
	case r.at != 0 || r.unset || r.raw:
		*r = ref{unset: true}
		n.present &^= 1 << i
	case n.raw && illegible(text):
		r.raw = true
	default:
		r.at = ^int32(len(n.aside))
		n.present |= 1 << i
		n.aside = append(n.aside, text)
	}
}

// has reports whether the record has had a field of that name.
func (n *natives) has(name string) bool {
	s, ok := n.symbols[name]
	if ok && s.seen == n.record || n.beyond[name] {
		return true
	}
	for i := range n.pairs { // those of fixed names are in no table
		if n.pairs[i].Name == name {
			return true
		}
	}
	return false
}

// fixed returns symbols for columns whose names and order are known.
func (n *natives) fixed(columns []string) []*symbol {
	out := make([]*symbol, len(columns))
	for i, c := range columns {
		out[i] = n.newSymbol(c)
	}
	for i, c := range columns { // a name that two columns share is one symbol, so that the first has it
		for j := range i {
			if columns[j] == c {
				out[i] = out[j]
			}
		}
	}
	return out
}
