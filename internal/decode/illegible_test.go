package decode

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"probity/internal/event"
)

// One bad byte does not keep a record from being judged; what stands in the same field is unknown.
func TestAByteThatIsNotUTF8SpoilsItsFieldOnly(t *testing.T) {
	const mapped = "map: {user.name: u, object.name: o}\n"
	for name, c := range map[string]struct{ format, line, native string }{
		"json":      {"name: x\ndecoder: json\ntime: {from: t, layouts: [unix]}\n" + mapped, `{"t":1,"u":"c4821","o":"Andr` + "\xe9" + `"}`, "o"},
		"csv":       {"name: x\nframing: csv\ndecoder: csv\ncsv: {columns: [t, u, o]}\ntime: {from: t, layouts: [unix]}\n" + mapped, "1,c4821,Andr\xe9", "o"},
		"quoted":    {"name: x\nframing: csv\ndecoder: csv\ncsv: {columns: [t, u, o]}\ntime: {from: t, layouts: [unix]}\n" + mapped, "1,\"c4821\",\"Andr\xe9\"", "o"},
		"delimited": {"name: x\ndecoder: delimited\ndelimited: {separator: \"|\", columns: [t, u, o]}\ntime: {from: t, layouts: [unix]}\n" + mapped, "1|c4821|Andr\xe9", "o"},
		"logfmt":    {"name: x\ndecoder: logfmt\ntime: {from: t, layouts: [unix]}\n" + mapped, "t=1 u=c4821 o=\"Andr\xe9\"", "o"},
		"regex":     {"name: x\ndecoder: regex\nregex: {pattern: '^(?P<t>\\d+) (?P<u>\\S+) (?P<o>.*)$'}\ntime: {from: t, layouts: [unix]}\n" + mapped, "1 c4821 Andr\xe9", "o"},
		"syslog 5424": {"name: x\ndecoder: syslog\nsyslog: {rfc: 5424}\ntime: {from: timestamp}\n" + mapped,
			"<13>1 1970-01-01T00:00:01Z h a - - [x@1 u=\"c4821\" o=\"Andr\xe9\"]", "x@1.o"},
		"syslog 3164": {"name: x\ndecoder: syslog\nsyslog: {rfc: 3164}\ntime: {from: timestamp, layouts: [stamp], year: 1970}\nmap: {user.name: app_name, object.name: message}\n",
			"<13>Jan  1 00:00:01 h c4821: Andr\xe9", "message"},
		"payload": {"name: x\nframing: csv\ndecoder: csv\ncsv: {columns: [k, p]}\npayload: {field: p, decoder: json, keep: [k]}\ntime: {from: t, layouts: [unix]}\n" + mapped,
			"1,\"{\"\"t\"\":1,\"\"u\"\":\"\"c4821\"\",\"\"o\"\":\"\"Andr\xe9\"\"}\"", "o"},
	} {
		t.Run(name, func(t *testing.T) {
			got, native := fieldsOf(t, c.format, nil, c.line)
			if diff := cmp.Diff(map[string]any{"user.name": "c4821"}, got); diff != "" {
				t.Error(diff)
			}
			for _, want := range []event.Pair{{Name: c.native, Text: `Andr\xe9`}, {Name: NativeIllegible, Text: c.native}, {Name: NativeUncoerced, Text: "object.name"}} {
				if !slices.Contains(native, want) {
					t.Errorf("no %v in %v", want, native)
				}
			}
		})
	}
}

// Neither another field, nor a constant, nor the element that is left may stand for what nobody can read.
func TestNothingStandsForWhatIsIllegible(t *testing.T) {
	for name, mapping := range map[string]string{
		"the next name":            "object.id: {from: [bad, good]}",
		"a constant":               "object.id: {first: [{from: bad}, {const: c}]}",
		"a guard":                  "object.id: {first: [{const: x, when: {bad: [y]}}, {const: c}]}",
		"an element of an array":   "subject.ids: list",
		"an element's member":      "subject.ids: {from: list.id}",
		"an element that is asked": "object.id: {first: [{from: 'sel[Name=To].Value'}, {const: c}]}",
		"a default":                "object.id: {from: bad, values: {V: view}, default: other}",
	} {
		t.Run(name, func(t *testing.T) {
			line := `{"t":1,"bad":"b` + "\xff" + `","good":"g","list":[{"id":"P1"},{"id":"P` + "\xff" + `"},"P3` + "\xff" + `"],"sel":[{"Name":"T` + "\xff" + `","Value":"v"}]}`
			got, _ := fieldsOf(t, jsonFormat+"map:\n  "+mapping+"\n", nil, line)
			if diff := cmp.Diff(map[string]any{}, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	got, _ := fieldsOf(t, jsonFormat+"map: {object.id: {from: [good, bad]}}\n", nil, `{"t":1,"bad":"`+"\xff"+`","good":"g"}`)
	if diff := cmp.Diff(map[string]any{"object.id": "g"}, got); diff != "" {
		t.Errorf("what is not asked for spoils nothing: %s", diff)
	}
}

func TestARecordWithoutALegibleTimeOrShapeIsRejectedForItsEncoding(t *testing.T) {
	for _, line := range []string{`{"t":"1` + "\xff" + `"}`, "\xff\xfe{}", "plain \xff text"} {
		w := decoderOf(t, parse(t, jsonFormat), nil, 0).NewWorker()
		var ev event.Event
		err := w.Decode(Record{Data: []byte(line)}, &ev)
		if r := (*Reject)(nil); !errors.As(err, &r) || r.Reason != ReasonEncoding || string(ev.Original) != line {
			t.Errorf("%q: %v", line, err)
		}
	}
}

// Two records that differ in a byte that nobody can read are two events, even under one native id: the second cannot hide behind
// the first.
func TestDifferentIllegibleBytesAreDifferentEvents(t *testing.T) {
	d := decoderOf(t, parse(t, jsonFormat+"native_id: [id]\n"), nil, 0)
	seen := map[string]string{}
	for _, text := range []string{"a\xe9", "a\xe8", `a\\xe9`, "a\ufffd"} {
		w := d.NewWorker()
		var ev event.Event
		if err := w.Decode(Record{Data: []byte(`{"t":1,"id":"7","o":"` + text + `"}`)}, &ev); err != nil {
			t.Fatal(err)
		}
		var all strings.Builder
		for _, p := range ev.Native {
			all.WriteString(p.Name + "\x00" + p.Text + "\x00")
		}
		if other, ok := seen[all.String()]; ok {
			t.Errorf("%q and %q have the same fields", text, other)
		}
		seen[all.String()] = text
		if string(ev.Original) != `{"t":1,"id":"7","o":"`+text+`"}` {
			t.Errorf("the original is %q", ev.Original)
		}
	}
}

// Whatever a record holds, its fields are text.
func TestTheFieldsOfAnEventAreValidUTF8(t *testing.T) {
	d := decoderOf(t, parse(t, jsonFormat+"map: {user.name: u, object.id: {from: [o, l.a]}}\n"), nil, 0)
	w := d.NewWorker()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.Map(rapid.SliceOfN(rapid.SampledFrom([]byte("a\xe9\xff\xc3\xa9\xf0")), 0, 4), func(b []byte) string { return string(b) })
		line := `{"t":1,"u":"` + text.Draw(t, "u") + `","` + text.Draw(t, "name") + `":"x","o":["` + text.Draw(t, "o") + `"],"l":{"a":"` + text.Draw(t, "l") + `"}}`
		var ev event.Event
		if err := w.Decode(Record{Data: []byte(line)}, &ev); err != nil {
			t.Fatal(err)
		}
		for _, p := range ev.Native {
			if !utf8.ValidString(p.Name) || !utf8.ValidString(p.Text) {
				t.Fatalf("%q: %q", p.Name, p.Text)
			}
		}
		for i := range ev.Slots {
			if !utf8.ValidString(ev.Slots[i].Str) {
				t.Fatalf("field %d: %q", i, ev.Slots[i].Str)
			}
		}
		if w.Illegible() && utf8.ValidString(line) {
			t.Fatal("a legible record is said to be illegible")
		}
	})
}

// Its picture is not its name: the record's second field of that name is one too many, and the next record's is the same again.
func TestANameThatIsNotUTF8IsRememberedAsTheLogHasIt(t *testing.T) {
	n := newNatives(nil)
	for range 2 {
		n.begin(nil)
		n.add(n.symbol([]byte("n\xe9")), "a", nil)
		n.add(n.symbol([]byte("n\xe9")), "b", nil)
		if !slices.Equal(n.doubled, []string{`n\xe9`}) || len(n.symbols) != 1 {
			t.Errorf("doubled %q, %d names", n.doubled, len(n.symbols))
		}
		n.begin(nil)
		if n.add(n.symbol([]byte(`n\xe9`)), "c", nil); len(n.doubled) > 0 {
			t.Error("the text of its picture is another name")
		}
		delete(n.symbols, `n\xe9`)
	}
}
