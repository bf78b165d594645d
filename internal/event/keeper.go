package event

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"strings"
)

// Keeper identifies and keeps events of one schema. Records of one log have the same few sets of fields, so it remembers, for
// each that it met, what follows from their names alone: the shape, and the order in which an identity takes the native fields.
// It belongs to one goroutine.
type Keeper struct {
	schema     *Schema
	forms      map[uint64]*form // by the hash of what they are the form of
	remembered int              // bytes of their shapes
	last       *form
	place      *place
	slots      []slot // of the event at hand
	rest       []byte // scratch: what stands behind the original
	content    []byte // scratch: what an identity is the hash of
}

// maxRemembered bounds the shapes that a keeper remembers: names come from the log, and a log can make up names. One that needs
// more begins again.
const maxRemembered = 1 << 20

// NewKeeper returns a keeper of events of schema s.
func NewKeeper(s *Schema) *Keeper { return &Keeper{schema: s, forms: map[uint64]*form{}} }

// slot is a field that an event has.
type slot struct {
	field Field
	kind  Kind
}

// form is what a keeper knows of a shape.
type form struct {
	*shape
	slots   []slot
	like    []int   // by slot: the native field that has the same text, as it was in the first event of the form; none if none had
	likeID  int     // the same of the native id
	order   []named // the native fields by name, without notes
	doubled bool    // two native fields have one name, so the order follows from their texts as well
}

const none = -1

// named is a native field as an identity takes it.
type named struct {
	sized string // its name behind its length
	at    int    // its place in the event
}

// Identity is e.Identity, and cheaper.
func (k *Keeper) Identity(e *Event) ID { return k.identity(e, k.form(e)) }

// Keep identifies e and returns a copy that owns its memory.
func (k *Keeper) Keep(e *Event) *Kept {
	f := k.form(e)
	return k.keep(e, f, k.identity(e, f))
}

// Keep returns a copy of e that owns its memory, under an id. Who keeps many has a Keeper.
func (e *Event) Keep(s *Schema, id ID) *Kept {
	k := Keeper{schema: s}
	k.slots = e.slotsKept(nil)
	return k.keep(e, k.newForm(e), id)
}

// form is that of e, which is remembered.
func (k *Keeper) form(e *Event) *form {
	k.slots = e.slotsKept(k.slots[:0])
	if k.last != nil && k.last.fits(k.slots, e.Native) {
		return k.last
	}
	h := hashOf(k.slots, e.Native)
	f := k.forms[h]
	if f == nil || !f.fits(k.slots, e.Native) {
		f = k.newForm(e)
		if k.remembered += len(f.packed); k.remembered > maxRemembered {
			clear(k.forms)
			k.remembered = len(f.packed)
		}
		if len(f.packed) <= maxRemembered {
			k.forms[h] = f
		}
	}
	k.last = f
	return f
}

// slotsKept appends the fields that e has, but for its time.
func (e *Event) slotsKept(to []slot) []slot {
	for f := int(FieldTime) + 1; f < len(e.Slots); f++ {
		if v := &e.Slots[f]; v.kept() {
			to = append(to, slot{Field(f), v.Kind})
		}
	}
	return to
}

// fits says whether an event with these fields has this form.
func (f *form) fits(slots []slot, native []Pair) bool {
	if len(f.names) != len(native) || !slices.Equal(f.slots, slots) {
		return false
	}
	for i := range native {
		if native[i].Name != f.names[i] {
			return false
		}
	}
	return true
}

// hashOf tells most forms apart. It looks at a few bytes of each name: the names are compared where it is the same.
func hashOf(slots []slot, native []Pair) uint64 {
	const prime = 0x9e3779b97f4a7c15
	h := uint64(len(native))
	for _, s := range slots {
		h = (h ^ uint64(s.field)<<8 ^ uint64(s.kind)) * prime
	}
	for i := range native {
		if name := native[i].Name; name != "" {
			n := len(name)
			h = (h ^ uint64(n)<<24 ^ uint64(name[0])<<16 ^ uint64(name[n/2])<<8 ^ uint64(name[n-1])) * prime
		}
		h ^= h >> 32
	}
	return h
}

// newForm is the form of e, whose fields are in k.slots.
func (k *Keeper) newForm(e *Event) *form {
	f := &form{slots: slices.Clone(k.slots), like: make([]int, len(k.slots)), likeID: none}
	fields := make([]shapeField, len(f.slots))
	for i, s := range f.slots {
		fields[i] = shapeField{k.schema.fields[s.field].Name, s.kind}
	}
	f.shape = newShape(fields, e.Native)
	same := func(text string) int {
		return slices.IndexFunc(e.Native, func(p Pair) bool { return p.Text == text })
	}
	for i, s := range f.slots {
		f.like[i] = none
		if s.kind == String {
			f.like[i] = same(e.Slots[s.field].Str)
		}
	}
	f.likeID = same(e.NativeID)
	for i, name := range f.names {
		if !strings.HasPrefix(name, NotePrefix) {
			f.order = append(f.order, named{string(appendSized(nil, name)), i})
		}
	}
	slices.SortFunc(f.order, func(a, b named) int { return strings.Compare(f.names[a.at], f.names[b.at]) })
	for i := 1; i < len(f.order); i++ {
		f.doubled = f.doubled || f.order[i].sized == f.order[i-1].sized
	}
	return f
}

// identity is e.Identity.
func (k *Keeper) identity(e *Event, f *form) ID {
	k.content = e.identified(k.content[:0])
	switch {
	case e.NativeID == "":
		k.content = e.bare(k.content)
	case f.doubled:
		return e.Identity()
	default:
		b := k.content
		for _, n := range f.order {
			b = appendSized(append(b, n.sized...), e.Native[n.at].Text)
		}
		k.content = b
	}
	sum := sha256.Sum256(k.content)
	if cap(k.content) > maxScratch {
		k.content = nil
	}
	return ID(sum[:16])
}

// maxScratch is how much memory is held for the next event: a record may be of 64 MiB, and the next ones hardly are.
const maxScratch = 1 << 20

func (k *Keeper) keep(e *Event, f *form, id ID) *Kept {
	flags := byte(0)
	if e.Partial {
		flags |= keptPartial
	}
	if e.NativeID != "" {
		flags |= keptNativeID
	}
	k.rest = f.append(k.rest[:0], e)
	body := make([]byte, 0, len(e.Original)+len(k.rest))
	body = append(append(body, e.Original...), k.rest...)
	if cap(k.rest) > maxScratch {
		k.rest = nil
	}
	return &Kept{
		ID: id, Nth: e.Origin.Nth, flags: flags, cut: len(e.Original), at: e.Time(), ingested: e.Ingested, offset: e.Origin.Offset,
		place: k.placeOf(e), shape: f.shape, body: body,
	}
}

func (k *Keeper) placeOf(e *Event) *place {
	if p := k.place; p == nil || p.source != e.Origin.Source || p.path != e.Origin.Path {
		k.place = &place{strings.Clone(e.Origin.Source), strings.Clone(e.Origin.Path)}
	}
	return k.place
}

// append appends the texts and numbers of e, which has this form.
func (f *form) append(b []byte, e *Event) []byte {
	at := beforeTexts
	for i := range e.Native {
		b, at = appendText(b, e.Original, e.Native[i].Text, at)
	}
	text := func(s string, like int) {
		if like != none && e.Native[like].Text == s {
			b = binary.AppendUvarint(b, uint64(like)<<textForms|textRepeats)
			return
		}
		b, at = appendText(b, e.Original, s, at)
	}
	if e.NativeID != "" {
		text(e.NativeID, f.likeID)
	}
	for i, s := range f.slots {
		switch v := &e.Slots[s.field]; s.kind {
		case String:
			text(v.Str, f.like[i])
		case List:
			b = binary.AppendUvarint(b, uint64(len(v.List())))
			for _, el := range v.List() {
				text(el, none)
			}
		default:
			b = binary.AppendVarint(b, v.Num)
		}
	}
	return b
}
