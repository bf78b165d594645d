package event

import (
	"bytes"
	"encoding/binary"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

// drawEvent draws an event whose texts stand in the original, here and there and one in another, or do not.
func drawEvent(t *rapid.T, s *Schema) *Event {
	anyText := rapid.StringOf(rapid.RuneFrom([]rune("abé1 ,|\"\x00")))
	e := &Event{
		Original: rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(t, "original"), Partial: rapid.Bool().Draw(t, "partial"),
		Ingested: rapid.Int64().Draw(t, "ingested"),
		Origin:   Origin{Source: anyText.Draw(t, "source"), Path: anyText.Draw(t, "path"), Offset: rapid.Int64().Draw(t, "offset"), Nth: rapid.Uint32().Draw(t, "nth")},
	}
	line := unsafe.String(unsafe.SliceData(e.Original), len(e.Original)) // as decoders see it
	at := 0
	text := rapid.Custom(func(t *rapid.T) string {
		switch rapid.IntRange(0, 3).Draw(t, "kind") {
		case 0:
			from := rapid.IntRange(0, len(line)).Draw(t, "from")
			at = rapid.IntRange(from, len(line)).Draw(t, "to")
			return line[from:at]
		case 1: // the next column
			from := min(at+1, len(line))
			at = rapid.IntRange(from, len(line)).Draw(t, "to")
			return line[from:at]
		case 2:
			if len(e.Native) > 0 {
				return rapid.SampledFrom(e.Native).Draw(t, "native").Text
			}
		}
		return anyText.Draw(t, "text")
	})
	names := rapid.OneOf(anyText, rapid.SampledFrom([]string{"A", "B", "C", "probity.invalid_utf8"}))
	for range rapid.IntRange(0, 5).Draw(t, "pairs") {
		e.Native = append(e.Native, Pair{names.Draw(t, "name"), text.Draw(t, "value")})
	}
	e.NativeID = text.Draw(t, "native id")
	e.Slots = make([]Value, s.Len())
	for f := range e.Slots {
		if f != int(FieldTime) && rapid.Bool().Draw(t, "missing") {
			if rapid.Bool().Draw(t, "illegible") {
				e.Slots[f] = Illegible()
			}
			continue
		}
		switch s.Info(Field(f)).Kind {
		case String:
			e.Slots[f] = StringValue(text.Draw(t, "text"))
		case List:
			e.Slots[f] = ListValue(rapid.SliceOf(text).Draw(t, "list"))
		case Bool:
			e.Slots[f] = BoolValue(rapid.Bool().Draw(t, "bool"))
		case Time:
			e.Slots[f] = TimeValue(rapid.Int64Range(-1<<60, 1<<60).Draw(t, "time"))
		default:
			e.Slots[f] = Value{Kind: Int, Num: rapid.Int64().Draw(t, "number")}
		}
	}
	return e
}

func keptSchema(t testing.TB) *Schema {
	s, err := NewSchema(FieldInfo{Name: "Size", Kind: Int}, FieldInfo{Name: "Tags", Kind: List}, FieldInfo{Name: "Seen", Kind: Time})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// inVersion1 is how the first version of the form kept an event: all names and texts written out.
func inVersion1(e *Event, s *Schema) []byte {
	flags := byte(0)
	if e.Partial {
		flags |= keptPartial
	}
	if e.NativeID != "" {
		flags |= keptNativeID
	}
	b := []byte{keptVersion1, flags}
	for _, n := range []int64{e.Time(), e.Ingested, e.Origin.Offset} {
		b = binary.AppendVarint(b, n)
	}
	for _, text := range []string{e.Origin.Source, e.NativeID, e.Origin.Path, string(e.Original)} {
		b = appendString(b, text)
	}
	n, fields := 0, []byte(nil)
	for f, v := range e.Slots {
		if !v.Has() && !v.Illegible() || Field(f) == FieldTime {
			continue
		}
		n++
		fields = append(appendString(fields, s.Info(Field(f)).Name), byte(v.Kind))
		switch v.Kind {
		case String:
			fields = appendString(fields, v.Str)
		case List:
			fields = binary.AppendUvarint(fields, uint64(len(v.List())))
			for _, el := range v.List() {
				fields = appendString(fields, el)
			}
		default:
			fields = binary.AppendVarint(fields, v.Num)
		}
	}
	b = append(binary.AppendUvarint(b, uint64(n)), fields...)
	b = binary.AppendUvarint(b, uint64(len(e.Native)))
	for _, p := range e.Native {
		b = appendString(appendString(b, p.Name), p.Text)
	}
	return binary.LittleEndian.AppendUint32(b, e.Origin.Nth)
}

// checkKept holds what is kept against its event, which may be gone by then.
func checkKept(t *rapid.T, s *Schema, e *Event, k *Kept) {
	var back Event
	if err := k.Event(s, &back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(e, &back, cmp.Comparer(Value.Equal), cmpopts.EquateEmpty()); diff != "" {
		t.Fatal(diff)
	}
	for f := range e.Slots {
		if e.Slots[f].Illegible() != back.Slots[f].Illegible() {
			t.Fatalf("field %d is legible, or is not", f)
		}
	}
	if id := e.Identity(); back.Identity() != id || k.ID != id || k.Nth != e.Origin.Nth || k.Numbered() != (e.NativeID == "") {
		t.Fatal("the identity is another")
	}
	for f, v := range e.Slots {
		if info := s.Info(Field(f)); info.Kind == String && k.Text(info.Name) != v.Str {
			t.Fatalf("%s is %q, want %q", info.Name, k.Text(info.Name), v.Str)
		}
	}
	if k.Text("no.such") != "" || !bytes.Equal(e.Original, k.original(t)) || !bytes.Equal(e.Original, k.Original()) || k.Time() != e.Time() || k.Origin() != e.Origin {
		t.Fatal("an event of other bytes, time or origin")
	}
}

// owned is a copy of an event that shares no memory with it.
func owned(e *Event) *Event {
	c := *e
	c.NativeID, c.Original, c.Native, c.Slots = strings.Clone(e.NativeID), bytes.Clone(e.Original), slices.Clone(e.Native), slices.Clone(e.Slots)
	for i, p := range c.Native {
		c.Native[i] = Pair{strings.Clone(p.Name), strings.Clone(p.Text)}
	}
	for i := range c.Slots {
		v := &c.Slots[i]
		v.Str = strings.Clone(v.Str)
		if v.Kind == List {
			var list []string
			for _, el := range v.List() {
				list = append(list, strings.Clone(el))
			}
			*v = ListValue(list)
		}
	}
	return &c
}

// One keeper keeps events of many forms, which come again; each by itself, all of them together, and what the version before
// wrote of them give back the same events.
func TestWhatIsKeptGivesBackItsEvent(t *testing.T) {
	s := keptSchema(t)
	rapid.Check(t, func(t *rapid.T) {
		keeper := NewKeeper(s)
		var events []*Event
		var kept []*Kept
		for range rapid.IntRange(1, 6).Draw(t, "events") {
			e := drawEvent(t, s)
			if len(events) > 0 && rapid.Bool().Draw(t, "the form of one before") {
				*e = *rapid.SampledFrom(events).Draw(t, "like")
				e = owned(e)
				for i := range e.Native {
					e.Native[i].Text = rapid.SampledFrom([]string{e.Native[i].Text, e.NativeID, "other"}).Draw(t, "now")
				}
			}
			events, kept = append(events, owned(e)), append(kept, keeper.Keep(e))
			old, err := Unpack(e.Identity(), inVersion1(e, s))
			if err != nil {
				t.Fatal(err)
			}
			clear(e.Original) // the batch's memory is used again
			checkKept(t, s, events[len(events)-1], kept[len(kept)-1])
			checkKept(t, s, events[len(events)-1], old)
			if diff := cmp.Diff(recordIn(t, old), recordIn(t, kept[len(kept)-1])); diff != "" {
				t.Fatal(diff)
			}
		}
		together := AppendAll(nil, kept)
		pack, err := UnpackAll(len(kept), together)
		if err != nil {
			t.Fatal(err)
		}
		size := 0
		for i, k := range kept {
			b := k.AppendTo(nil)
			alone, err := Unpack(k.ID, b)
			if err != nil {
				t.Fatal(err)
			}
			checkKept(t, s, events[i], alone)
			checkKept(t, s, events[i], pack.Event(i, k.ID))
			if size += k.Size(); len(b) > k.Size() {
				t.Fatalf("%d bytes, and %d at most", len(b), k.Size())
			}
		}
		if len(together) > size {
			t.Fatalf("%d bytes together, and %d at most", len(together), size)
		}
		if diff := cmp.Diff(together, AppendAll(nil, kept)); diff != "" {
			t.Fatal(diff)
		}
	})
}

func recordIn(t *rapid.T, k *Kept) *Record {
	r, err := k.Record()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Nobody else's memory is looked at: a text with the same letters elsewhere does not stand in the original.
func TestATextIsWhereItsMemoryIs(t *testing.T) {
	line := []byte("abcabc")
	all := unsafe.String(unsafe.SliceData(line), len(line))
	for _, c := range []struct {
		original []byte
		text     string
		from     int
		ok       bool
	}{
		{line, all, 0, true}, {line, all[3:], 3, true}, {line, all[5:], 5, true}, {line, all[2:4], 2, true},
		{line, strings.Clone(all), 0, false}, {line, all[6:], 0, false}, {line, "", 0, false}, {nil, "", 0, false}, {nil, all, 0, false},
		{line[:3], all[2:4], 0, false}, {line[:3], all[3:], 0, false}, {line[3:], all[:3], 0, false}, {line[3:], all[2:4], 0, false}, {line[3:], all[4:], 1, true},
		{line[:3], all, 0, false},
	} {
		if from, ok := placeIn(c.original, c.text); from != c.from || ok != c.ok {
			t.Errorf("%q in %q: %d, %v", c.text, c.original, from, ok)
		}
	}
}

func (k *Kept) original(t *rapid.T) []byte {
	b, err := recordIn(t, k).Bytes()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// A store of an older version kept records.
func TestARecordIsKeptAsItsEventWas(t *testing.T) {
	s, e := sample(t)
	k, err := e.Record(s, e.Identity()).Keep()
	if err != nil {
		t.Fatal(err)
	}
	again, err := k.Record()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(e.Record(s, e.Identity()), again); diff != "" {
		t.Error(diff)
	}
	seen, _ := s.Field("fields.Seen")
	var back Event
	if err := k.Event(s, &back); err != nil || back.Slots[seen].Num != e.Slots[seen].Num {
		t.Errorf("a time of a record: %v, want %v; %v", back.Slots[seen], e.Slots[seen], err)
	}
}

func BenchmarkRecord(b *testing.B) {
	s, e := sample(b)
	k := e.Keep(s, e.Identity())
	b.ReportAllocs()
	for b.Loop() {
		if _, err := k.Record(); err != nil {
			b.Fatal(err)
		}
	}
}
