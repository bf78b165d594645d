package event

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

func drawEvent(t *rapid.T, s *Schema) *Event {
	text := rapid.StringOf(rapid.RuneFrom([]rune("abé1 ,|\"\x00")))
	e := &Event{
		NativeID: text.Draw(t, "native id"), Original: rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(t, "original"), Partial: rapid.Bool().Draw(t, "partial"),
		Ingested: rapid.Int64().Draw(t, "ingested"),
		Origin:   Origin{Source: text.Draw(t, "source"), Path: text.Draw(t, "path"), Offset: rapid.Int64().Draw(t, "offset"), Nth: rapid.Uint32().Draw(t, "nth")},
	}
	original := e.Original
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
	for range rapid.IntRange(0, 3).Draw(t, "pairs") {
		e.Native = append(e.Native, Pair{text.Draw(t, "name"), text.Draw(t, "value")})
	}
	e.Original = original
	return e
}

func TestWhatIsKeptGivesBackItsEvent(t *testing.T) {
	s, err := NewSchema(FieldInfo{Name: "Size", Kind: Int}, FieldInfo{Name: "Tags", Kind: List}, FieldInfo{Name: "Seen", Kind: Time})
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		e := drawEvent(t, s)
		id := e.Identity()
		k, err := Unpack(id, e.Keep(s, id).AppendTo(nil))
		if err != nil {
			t.Fatal(err)
		}
		var back Event
		if err := k.Event(s, &back); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(e, &back, cmp.AllowUnexported(Value{}), cmpopts.EquateEmpty()); diff != "" {
			t.Fatal(diff)
		}
		if back.Identity() != id || k.ID != id || k.Nth != e.Origin.Nth || k.Numbered() != (e.NativeID == "") {
			t.Fatal("the identity is another")
		}
		if f := FieldUserName; k.Text("user.name") != e.Text(f) {
			t.Fatalf("user.name is %q, want %q", k.Text("user.name"), e.Text(f))
		}
		clear(e.Original) // the batch's memory is used again
		if !bytes.Equal(back.Original, k.original(t)) || !bytes.Equal(back.Original, k.Original()) || k.Time() != e.Time() || k.Origin() != e.Origin {
			t.Fatal("what is kept follows its event's bytes")
		}
	})
}

func (k *Kept) original(t *rapid.T) []byte {
	r, err := k.Record()
	if err != nil {
		t.Fatal(err)
	}
	b, err := r.Bytes()
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

// Whatever the bytes, reading ends with an event or an error, and what was read is written again the same.
func FuzzUnpack(f *testing.F) {
	s, e := sample(f)
	f.Add(e.Keep(s, e.Identity()).AppendTo(nil))
	f.Add([]byte("\x01\x02abcdef"))
	id := e.Identity()
	f.Fuzz(func(t *testing.T, b []byte) {
		k, err := Unpack(id, b)
		if err != nil {
			return
		}
		var back Event
		if err := k.Event(s, &back); err != nil {
			return
		}
		if _, err := k.Record(); err != nil {
			t.Fatalf("an event, but no record: %v", err)
		}
		again, err := Unpack(id, back.Keep(s, k.ID).AppendTo(nil))
		if err != nil {
			t.Fatal(err)
		}
		var twice Event
		if err := again.Event(s, &twice); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(&back, &twice, cmp.AllowUnexported(Value{}), cmpopts.EquateEmpty()); diff != "" {
			t.Fatal(diff)
		}
	})
}

func BenchmarkKeep(b *testing.B) {
	s, e := sample(b)
	id := e.Identity()
	e.Ingested = time.Now().UnixNano()
	b.ReportAllocs()
	for b.Loop() {
		e.Keep(s, id)
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
