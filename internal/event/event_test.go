package event

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func sample(t testing.TB) (*Schema, *Event) {
	t.Helper()
	s, err := NewSchema(FieldInfo{Name: "Size", Kind: Int}, FieldInfo{Name: "Tags", Kind: List}, FieldInfo{Name: "Seen", Kind: Time})
	if err != nil {
		t.Fatal(err)
	}
	var e Event
	e.Reset(s)
	at := time.Date(2026, 3, 2, 14, 5, 17, 123e6, time.UTC).UnixNano()
	set := func(name string, v Value) { f, _ := s.Field(name); e.Slots[f] = v }
	set("event.time", TimeValue(at))
	set("event.dataset", StringValue("pnc"))
	set("user.name", StringValue("DP4821"))
	set("object.restricted", BoolValue(false))
	set("fields.Size", IntValue(9_007_199_254_740_993)) // no float64 holds it
	set("fields.Tags", ListValue([]string{"a", "b"}))
	set("fields.Seen", TimeValue(at+1))
	e.Native = []Pair{{"Seq", "17"}, {"Terminal", "T1"}, {"Seq", "17 again"}}
	e.NativeID = "T1/17"
	e.Original = []byte("caf\xe9|17")
	e.Origin = Origin{Source: "pnc", Path: "/var/log/pnc.log", Offset: 4096}
	e.Ingested = at + 5
	return s, &e
}

// What waits for a table, or is quoted years later, is the event that was judged.
func TestARecordGivesBackItsEventThroughJSON(t *testing.T) {
	s, e := sample(t)
	b, err := json.Marshal(e.Record(s, e.Identity()))
	if err != nil {
		t.Fatal(err)
	}
	var r Record
	if err := json.Unmarshal(b, &r); err != nil {
		t.Fatal(err)
	}
	var back Event
	k, err := r.Keep()
	if err != nil {
		t.Fatal(err)
	}
	if err := k.Event(s, &back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(e, &back, cmpopts.IgnoreFields(Value{}, "list"), cmpopts.EquateEmpty()); diff != "" {
		t.Error(diff)
	}
	if back.Identity() != e.Identity() || !back.Slots[NumBase+1].Equal(e.Slots[NumBase+1]) {
		t.Error("identity or list differ")
	}
	if got, _ := r.Bytes(); string(got) != "caf\xe9|17" {
		t.Errorf("the exact bytes are %q", got)
	}
}

func TestARecordOwnsItsMemory(t *testing.T) {
	s, e := sample(t)
	line := []byte("DP4821")
	e.Slots[FieldUserName] = StringValue(string(line))
	r := e.Record(s, e.Identity())
	copy(e.Original, "xxxxxxx")
	if got, _ := r.Bytes(); string(got) != "caf\xe9|17" {
		t.Errorf("the record follows its event's bytes: %q", got)
	}
}

func TestAFieldOfAnotherKindNowIsMissing(t *testing.T) {
	s, e := sample(t)
	r := e.Keep(s, e.Identity())
	now, err := NewSchema(FieldInfo{Name: "Size", Kind: String})
	if err != nil {
		t.Fatal(err)
	}
	var back Event
	if err := r.Event(now, &back); err != nil {
		t.Fatal(err)
	}
	if f, _ := now.Field("fields.Size"); back.Slots[f].Has() {
		t.Errorf("an integer became %v", back.Slots[f])
	}
}

func TestIdentity(t *testing.T) {
	_, e := sample(t)
	base := e.Identity()
	change := func(f func(e *Event)) ID {
		_, c := sample(t)
		f(c)
		return c.Identity()
	}
	for name, f := range map[string]func(*Event){
		"the order of native fields":   func(e *Event) { e.Native[0], e.Native[1] = e.Native[1], e.Native[0] },
		"path and offset":              func(e *Event) { e.Origin.Path, e.Origin.Offset = "/other", 9 },
		"spelling outside the content": func(e *Event) { e.Original = []byte("17 | café") },
		"the person resolved":          func(e *Event) { e.Slots[FieldUserID] = StringValue("S1") },
		"a note on how it was read":    func(e *Event) { e.Native = append(e.Native, Pair{"probity.uncoerced", "Size"}) },
		"the time of reading":          func(e *Event) { e.Ingested++ },
	} {
		if change(f) != base {
			t.Errorf("%s changes the identity", name)
		}
	}
	for name, f := range map[string]func(*Event){
		"the source":                func(e *Event) { e.Origin.Source = "pnc2" },
		"the native id":             func(e *Event) { e.NativeID = "T1/18" },
		"content under an equal id": func(e *Event) { e.Native[1].Text = "T2" },
		"where one field ends":      func(e *Event) { e.Native[0] = Pair{"Se", "q17"} },
	} {
		if change(f) == base {
			t.Errorf("%s does not change the identity", name)
		}
	}
	bare := func(f func(*Event)) ID { return change(func(e *Event) { e.NativeID = ""; f(e) }) }
	plain := bare(func(*Event) {})
	if bare(func(e *Event) { e.Native = nil }) != plain {
		t.Error("without a native id the bytes count, not the fields")
	}
	for name, f := range map[string]func(*Event){
		"bytes": func(e *Event) { e.Original = []byte("x") }, "time": func(e *Event) { e.Slots[FieldTime].Num++ }, "number": func(e *Event) { e.Origin.Nth++ },
	} {
		if bare(f) == plain {
			t.Errorf("without a native id the %s does not change the identity", name)
		}
	}
}

func TestOneFieldWithTwoTypesIsRefused(t *testing.T) {
	_, err := NewSchema(FieldInfo{Name: "A", Kind: Int}, FieldInfo{Name: "A", Kind: String})
	if err == nil || !strings.Contains(err.Error(), "field fields.A is declared both as int and as string") {
		t.Error(err)
	}
}

func TestASchemaWithOtherLookupsHasTheSameFields(t *testing.T) {
	s, err := NewSchema(FieldInfo{Name: "A", Kind: Int})
	if err != nil {
		t.Fatal(err)
	}
	s.AddLookups(Lookup{Name: "before"})
	other := s.WithLookups(Lookup{Name: "after"})
	if f, ok := other.Field("fields.A"); !ok || f != NumBase || other.Len() != s.Len() || other.Info(f).Kind != Int {
		t.Error("a field is missing, or has another number")
	}
	_, before := other.Lookup("before")
	_, after := other.Lookup("after")
	_, leaked := s.Lookup("after")
	if before || !after || leaked {
		t.Errorf("lookups: before %v, after %v, in the first schema %v", before, after, leaked)
	}
}

func TestRenewEmptiesAllButTheSlotsThatItsCallerSets(t *testing.T) {
	s, err := NewSchema()
	if err != nil {
		t.Fatal(err)
	}
	var e Event
	e.Renew(s, nil) // the first time there is nothing to keep
	old := ListValue([]string{"old"})
	e.Slots[FieldUserID], e.Slots[FieldHost], e.Slots[FieldAction] = Illegible(), old, StringValue("view")
	e.Native, e.NativeID, e.Original = append(e.Native, Pair{Name: "a", Text: "b"}), "1", []byte("x")
	e.Origin, e.Ingested, e.Live, e.Partial = Origin{Source: "s", Nth: 1}, 1, true, true
	e.Renew(s, []Field{FieldUserID, FieldAction, FieldReason})
	want := Event{Slots: make([]Value, s.Len()), Native: e.Native[:0]}
	want.Slots[FieldHost] = old
	if !reflect.DeepEqual(e, want) {
		t.Errorf("%+v is left", e)
	}
}
