package event

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// texts holds what JSON, HTML and UTF-8 each make trouble of.
var texts = rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{
	"", "plain", `"quoted" \ and`, "<script>&amp;", "\x00\x01\b\f\n\r\t\x1f\x7f", "\u2028\u2029\uFFFD\U0001F600", "\xff\xfe", "a\xffb\xe2\x80", "\xe2\x80\xa8\xe2", "\xed\xa0\x80",
}))

func drawKept(t *rapid.T, s *Schema) *Kept {
	var e Event
	e.Reset(s)
	for range rapid.IntRange(0, 12).Draw(t, "fields") {
		f := Field(rapid.IntRange(0, int(NumBase)-1).Draw(t, "field"))
		switch s.Info(f).Kind {
		case String:
			e.Slots[f] = StringValue(texts.Draw(t, "text"))
		case Int:
			e.Slots[f] = IntValue(rapid.Int64().Draw(t, "number"))
		case Bool:
			e.Slots[f] = BoolValue(rapid.Bool().Draw(t, "bool"))
		case Time:
			e.Slots[f] = TimeValue(rapid.Int64().Draw(t, "time"))
		case List:
			e.Slots[f] = ListValue(rapid.SliceOfN(texts, 0, 3).Draw(t, "list"))
		}
		if rapid.IntRange(0, 9).Draw(t, "illegible") == 0 && f != FieldTime {
			e.Slots[f] = Illegible()
		}
	}
	e.Slots[FieldTime] = TimeValue(rapid.Int64().Draw(t, "at"))
	for range rapid.IntRange(0, 4).Draw(t, "natives") {
		e.Native = append(e.Native, Pair{Name: texts.Draw(t, "name"), Text: texts.Draw(t, "of")})
	}
	e.Ingested, e.NativeID, e.Partial = rapid.Int64().Draw(t, "ingested"), texts.Draw(t, "native id"), rapid.Bool().Draw(t, "partial")
	e.Original = []byte(texts.Draw(t, "original"))
	e.Origin = Origin{Source: texts.Draw(t, "source"), Path: texts.Draw(t, "path"), Offset: rapid.Int64().Draw(t, "offset"), Nth: rapid.Uint32Range(0, 2).Draw(t, "nth")}
	return e.Keep(s, ID(rapid.SliceOfN(rapid.Byte(), len(ID{}), len(ID{})).Draw(t, "id")))
}

func TestTheJSONOfWhatIsKeptIsThatOfItsRecord(t *testing.T) {
	s, err := NewSchema()
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		k := drawKept(t, s)
		got, err := k.AppendJSON([]byte("before"))
		if err != nil {
			t.Fatal(err)
		}
		r, err := k.Record()
		if err != nil {
			t.Fatal(err)
		}
		want, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff("before"+string(want), string(got)); diff != "" {
			t.Fatal(diff)
		}
	})
}

func FuzzATextIsWrittenAsEncodingJSONWritesIt(f *testing.F) {
	for _, s := range []string{"", "a\"\\<>&\x00\x7f\n", "\u2028\u2029é\xff\xe2\x80", "\U0010FFFF\xf4\x90\x80\x80"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		want, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		if got := string(appendJSONText(nil, s)); got != string(want) {
			t.Errorf("%q: %s instead of %s", s, got, want)
		}
		if got := string(appendJSONText(nil, []byte(s))); got != string(want) {
			t.Errorf("bytes %q: %s instead of %s", s, got, want)
		}
	})
}

// readBoth reads the JSON of a record in both ways, and says whether the short one was enough.
func readBoth(t interface {
	Fatalf(string, ...any)
}, text []byte) (short bool) {
	q := quotedReader{rest: text}
	got := q.record()
	if q.other {
		return false
	}
	var want Record
	if err := want.unmarshal(text); err != nil {
		t.Fatalf("%s is read; encoding/json says: %v", text, err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("%s: %s", text, diff)
	}
	return true
}

func TestTheJSONOfWhatIsKeptIsReadAsEncodingJSONReadsIt(t *testing.T) {
	s, err := NewSchema()
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		b, err := drawKept(t, s).AppendJSON(nil)
		if err != nil {
			t.Fatal(err)
		}
		if !readBoth(t, b) {
			t.Fatalf("%s is not read", b)
		}
		// A byte more, less or other is read as encoding/json reads it, or not at all.
		at := rapid.IntRange(0, len(b)-1).Draw(t, "at")
		c := rapid.SampledFrom([]byte("\"\\ ,:{}[]0-9eutn\x00\xff")).Draw(t, "byte")
		changed := bytes.Clone(b)
		changed[at] = c
		readBoth(t, changed)
		readBoth(t, slices.Delete(bytes.Clone(b), at, at+1))
		readBoth(t, slices.Insert(bytes.Clone(b), at, c))
	})
}

func FuzzTheJSONOfARecordIsReadAsEncodingJSONReadsIt(f *testing.F) {
	const head = `{"id":"00","@timestamp":"2026-03-02T08:00:00Z","event.ingested":"2026-03-02T08:00:00.5Z","source":"s",`
	f.Add([]byte(head + `"native_id":"n","nth":1,"log.file.path":"/p","log.offset":-1,"sha256":"","event.original":"a\"\\\n\u003c\ud83d\ude00","base64":true,"partial":true,"fields":{"a":"b","c":1,"d":true,"e":["f","g"],"h":false},"native":[["a","b"],["c","d"]]}`))
	f.Add([]byte(head + `"log.file.path":"","log.offset":0,"sha256":"","event.original":"","fields":{}}`))
	f.Fuzz(func(t *testing.T, b []byte) { readBoth(t, b) })
}
