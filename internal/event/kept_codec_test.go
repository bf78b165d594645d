package event

import (
	"fmt"
	"strconv"
	"testing"
	"unsafe"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

// What is on the disk stays what it is. Whoever changes it adds a version, and reads this one.
func TestTheBytesOfWhatIsKept(t *testing.T) {
	s, e := sample(t)
	line := "17|T1|DP4821|caf\xe9"
	e.Original = unsafe.Slice(unsafe.StringData(line), len(line))
	e.Native = []Pair{{"Seq", line[:2]}, {"Terminal", line[3:5]}, {"Seq", "17 again"}}
	e.Slots[FieldUserName] = StringValue(line[6:12])
	e.Slots[FieldObjectID] = StringValue(line[3:5])
	e.Slots[FieldHost] = Illegible()
	k := NewKeeper(s).Keep(e)
	for _, c := range []struct {
		name, want string
		got        []byte
	}{
		{"alone", keptAlone, k.AppendTo(nil)},
		{"together", keptTogether, AppendAll(nil, []*Kept{k, k})},
	} {
		if got := fmt.Sprintf("%+q", c.got); got != c.want {
			t.Errorf("%s:\n%s, want\n%s", c.name, got, c.want)
		}
	}
	alone, err := strconv.Unquote(keptAlone)
	if err != nil {
		t.Fatal(err)
	}
	back, err := Unpack(k.ID, []byte(alone))
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) { checkKept(t, s, e, back) })
}

const (
	keptAlone    = `"\x02\x02\x00\x80\u06fd\u024f\u0445\x991\x8a\u06fd\u024f\u0445\x991\x80@\x03pnc\x10/var/log/pnc.log}\b\revent.dataset\x01\tuser.name\x01\thost.name\x00\tobject.id\x01\x11object.restricted\x03\vfields.Size\x02\vfields.Tags\x05\vfields.Seen\x04\x03\x03Seq\bTerminal\x03Seq\x1117|T1|DP4821|caf\xe9\b\b\"17 again\x16T1/17\x0epnc\x18\x02\a\x00\x82\x80\x80\x80\x80\x80\x80 \x02\x06a\x06b\x82\u06fd\u024f\u0445\x991"`
	keptTogether = `"\x01}\b\revent.dataset\x01\tuser.name\x01\thost.name\x00\tobject.id\x01\x11object.restricted\x03\vfields.Size\x02\vfields.Tags\x05\vfields.Seen\x04\x03\x03Seq\bTerminal\x03Seq\x01\x03pnc\x10/var/log/pnc.log\x00\x00\x02\x00\x00\x00\x02\x00\x80\u06fd\u024f\u0445\x991\x8a\u06fd\u024f\u0445\x991\x80@\x00\x00\x00\x11@\x11@17|T1|DP4821|caf\xe9\b\b\"17 again\x16T1/17\x0epnc\x18\x02\a\x00\x82\x80\x80\x80\x80\x80\x80 \x02\x06a\x06b\x82\u06fd\u024f\u0445\x99117|T1|DP4821|caf\xe9\b\b\"17 again\x16T1/17\x0epnc\x18\x02\a\x00\x82\x80\x80\x80\x80\x80\x80 \x02\x06a\x06b\x82\u06fd\u024f\u0445\x991"`
)

// Whatever the bytes, reading ends with an event or an error, and what was read is written again the same.
func FuzzUnpack(f *testing.F) {
	s, e := sample(f)
	f.Add(e.Keep(s, e.Identity()).AppendTo(nil))
	f.Add(inVersion1(e, s))
	f.Add([]byte("\x01\x02abcdef"))
	id := e.Identity()
	f.Fuzz(func(t *testing.T, b []byte) {
		k, err := Unpack(id, b)
		if err != nil {
			return
		}
		again, err := Unpack(id, k.AppendTo(nil))
		if err != nil {
			t.Fatal(err)
		}
		sameEvents(t, s, k, again)
	})
}

// The same of many together.
func FuzzUnpackAll(f *testing.F) {
	s, e := sample(f)
	keeper := NewKeeper(s)
	kept := []*Kept{keeper.Keep(e)}
	f.Add(AppendAll(nil, kept), uint8(1))
	e.Native = e.Native[:1]
	kept = append(kept, keeper.Keep(e), kept[0])
	f.Add(AppendAll(nil, kept), uint8(3))
	f.Fuzz(func(t *testing.T, b []byte, n uint8) {
		p, err := UnpackAll(int(n), b)
		if err != nil {
			return
		}
		var events []*Kept
		for i := range int(n) {
			events = append(events, p.Event(i, ID{byte(i)}))
		}
		again, err := UnpackAll(int(n), AppendAll(nil, events))
		if err != nil {
			t.Fatal(err)
		}
		for i, k := range events {
			sameEvents(t, s, k, again.Event(i, k.ID))
		}
	})
}

func sameEvents(t *testing.T, s *Schema, a, b *Kept) {
	var x, y Event
	errX, errY := a.Event(s, &x), b.Event(s, &y)
	if (errX == nil) != (errY == nil) {
		t.Fatalf("%v, then %v", errX, errY)
	}
	if errX != nil {
		return
	}
	if diff := cmp.Diff(&x, &y, cmp.Comparer(Value.Equal), cmpopts.EquateEmpty()); diff != "" {
		t.Fatal(diff)
	}
	if _, err := a.Record(); err != nil {
		t.Fatalf("an event, but no record: %v", err)
	}
	again, err := Unpack(a.ID, x.Keep(s, a.ID).AppendTo(nil))
	if err != nil {
		t.Fatal(err)
	}
	var twice Event
	if err := again.Event(s, &twice); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(&x, &twice, cmp.Comparer(Value.Equal), cmpopts.EquateEmpty()); diff != "" {
		t.Fatal(diff)
	}
}
