package decode

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"probity/internal/event"
)

const (
	cefFormat      = "name: x\ndecoder: cef\ntime: {from: rt, layouts: [unix_ms]}\n"
	leefFormat     = "name: x\ndecoder: leef\ntime: {from: devTime, layouts: [unix_ms]}\n"
	winEventFormat = "name: x\ndecoder: winevent\ntime: {from: TimeCreated.SystemTime}\n"
)

// nativesOf decodes one line and returns its native fields behind the header's and the time.
func nativesOf(t interface {
	Helper()
	Fatalf(string, ...any)
}, w *Worker, line string, behind string) []event.Pair {
	t.Helper()
	var ev event.Event
	if err := w.Decode(Record{Data: []byte(line)}, &ev); err != nil {
		t.Fatalf("%q: %v", line, err)
	}
	for i, p := range ev.Native {
		if p.Name == behind {
			return ev.Native[i+1:]
		}
	}
	t.Fatalf("%q: no %s in %v", line, behind, ev.Native)
	return nil
}

func TestExtensionsOfCEFAreCutByTheStandard(t *testing.T) {
	w := decoderOf(t, parse(t, cefFormat), nil, 0).NewWorker()
	for _, tt := range []struct {
		name, extension string
		want            []event.Pair
	}{
		{"blanks in a value", "a=x y z b=1", []event.Pair{{Name: "a", Text: "x y z"}, {Name: "b", Text: "1"}}},
		{"blanks at its end are cut", "a=x   b=1  ", []event.Pair{{Name: "a", Text: "x"}, {Name: "b", Text: "1"}}},
		{"an escaped equals sign", `a=x b\=1`, []event.Pair{{Name: "a", Text: "x b=1"}}},
		{"an equals sign in an address", "a=https://x.example/?q=1&r=2 b=3", []event.Pair{{Name: "a", Text: "https://x.example/?q=1&r=2"}, {Name: "b", Text: "3"}}},
		{"line feeds", `a=x\ny\r\nz`, []event.Pair{{Name: "a", Text: "x\ny\r\nz"}}},
		{"backslashes", `a=C:\\x\y\ b=\\\\host`, []event.Pair{{Name: "a", Text: `C:\x\y\`}, {Name: "b", Text: `\\host`}}},
		{"a backslash before an escaped equals sign", `a=x\\\=y`, []event.Pair{{Name: "a", Text: `x\=y`}}},
		{"a pipe is a character like others", "a=x|y", []event.Pair{{Name: "a", Text: "x|y"}}},
		{"an empty value is missing", "a= b=1", []event.Pair{{Name: "b", Text: "1"}}},
		{"an equals sign after an equals sign", "a==b", []event.Pair{{Name: "a", Text: "=b"}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, nativesOf(t, w, "CEF:0|v|p|1|2|n|3|rt=1 "+tt.extension, "rt")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestWhatIsWrittenAsCEFReadsBack(t *testing.T) {
	w := decoderOf(t, parse(t, cefFormat), nil, 0).NewWorker()
	text := rapid.StringOfN(rapid.SampledFrom([]rune("ab=|\\ \nr\ré")), 0, 8, -1)
	inHeader := strings.NewReplacer(`\`, `\\`, `|`, `\|`)
	inValue := strings.NewReplacer(`\`, `\\`, `=`, `\=`, "\n", `\n`, "\r", `\r`)
	rapid.Check(t, func(t *rapid.T) {
		name := strings.NewReplacer("\n", "", "\r", "").Replace(text.Draw(t, "name"))
		values := rapid.SliceOfN(text, 0, 5).Draw(t, "values")
		line := "CEF:0|v|p|1|2|" + inHeader.Replace(name) + "|rt=1"
		line = strings.Replace(line, "|rt=1", "|3|rt=1", 1)
		want := []event.Pair{{Name: "severity", Text: "3"}, {Name: "rt", Text: "1"}}
		for i, v := range values {
			line += fmt.Sprintf(" k%d=%s", i, inValue.Replace(v))
			if v = strings.TrimRight(v, " "); v != "" {
				want = append(want, event.Pair{Name: fmt.Sprintf("k%d", i), Text: v})
			}
		}
		behind := "deviceEventClassId"
		if name != "" {
			want = append([]event.Pair{{Name: "name", Text: name}}, want...)
		}
		if diff := cmp.Diff(want, nativesOf(t, w, line, behind)); diff != "" {
			t.Fatalf("%q\n%s", line, diff)
		}
	})
}

func TestALabelNamesAValueUnlessTheRecordHasThatNameItself(t *testing.T) {
	const format = cefFormat + "map: {user.name: suser, object.id: Ref, purpose.ref: Case number, query.text: cs4}\n"
	for _, tt := range []struct {
		name, extension string
		want            map[string]any
	}{
		{"a label", "cs1Label=Case number cs1=CR/1 cs4=q", map[string]any{"purpose.ref": "CR/1", "query.text": "q"}},
		{"a label behind its value", "cs1=CR/1 cs1Label=Case number", map[string]any{"purpose.ref": "CR/1"}},
		{"a label without a value", "cs1Label=Case number", map[string]any{}},
		{"two of one label", "cs1Label=Ref cs1=A cs2Label=Ref cs2=B", map[string]any{}},
		{"a label that is a key's name", "cs1Label=suser cs1=forged suser=c4821", map[string]any{"user.name": "c4821"}},
		{"a label that is the name of a key without a value", "suser= cs1Label=suser cs1=forged", map[string]any{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, _ := fieldsOf(t, format, nil, "CEF:0|v|p|1|2|n|3|rt=1 "+tt.extension)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestLEEFSaysItsDelimiter(t *testing.T) {
	w := decoderOf(t, parse(t, leefFormat), nil, 0).NewWorker()
	two := []event.Pair{{Name: "a", Text: "x"}, {Name: "b", Text: "1=2"}}
	for _, tt := range []struct {
		name, line string
		want       []event.Pair
	}{
		{"1.0 has tabs", "LEEF:1.0|v|p|1|id|devTime=1\ta=x\tb=1=2", two},
		{"1.0 has no field for it", "LEEF:1.0|v|p|1|id|devTime=1\ta=^|b=x\tb=1", []event.Pair{{Name: "a", Text: "^|b=x"}, {Name: "b", Text: "1"}}},
		{"as such", "LEEF:2.0|v|p|1|id|^|devTime=1^a=x^b=1=2", two},
		{"hexadecimal with 0x", "LEEF:2.0|v|p|1|id|0x5e|devTime=1^a=x^b=1=2", two},
		{"hexadecimal with x, in capitals", "LEEF:2.0|v|p|1|id|X5E|devTime=1^a=x^b=1=2", two},
		{"hexadecimal of four digits", "LEEF:2.0|v|p|1|id|x00a6|devTime=1¦a=x¦b=1=2", two},
		{"empty", "LEEF:2.0|v|p|1|id||devTime=1\ta=x\tb=1=2", two},
		{"missing", "LEEF:2.0|v|p|1|id|devTime=1\ta=x\tb=1=2", two},
		{"missing, with a pipe in a value", "LEEF:2.0|v|p|1|id|devTime=1\ta=x|y", []event.Pair{{Name: "a", Text: "x|y"}}},
		{"the letter x", "LEEF:2.0|v|p|1|id|x|devTime=1xa=yxb=z", []event.Pair{{Name: "a", Text: "y"}, {Name: "b", Text: "z"}}},
		{"a zero, which no text can have", "LEEF:2.0|v|p|1|id|x00|devTime=1", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.want == nil {
				var ev event.Event
				if err := w.Decode(Record{Data: []byte(tt.line)}, &ev); err == nil {
					t.Errorf("read as %v", ev.Native)
				}
				return
			}
			if diff := cmp.Diff(tt.want, nativesOf(t, w, tt.line, "devTime")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestFieldsOfAWindowsEventHaveTheirPlainNamesUnlessTheRecordHasThemElsewhere(t *testing.T) {
	const format = winEventFormat + "map: {user.name: SubjectUserName, host.name: Computer, object.id: Twice, query.text: RenderingInfo.Message}\n"
	const system = `<Event><System><TimeCreated SystemTime="2026-03-02T14:05:17Z"/><Computer>ws1</Computer></System>`
	for _, tt := range []struct {
		name, event string
		want        map[string]any
	}{
		{"of EventData", `<EventData><Data Name="SubjectUserName">c4821</Data></EventData>`, map[string]any{"host.name": "ws1", "user.name": "c4821"}},
		{"of UserData", `<UserData><X xmlns="urn:x"><SubjectUserName>c4821</SubjectUserName></X></UserData>`, map[string]any{"host.name": "ws1", "user.name": "c4821"}},
		{"a name that System has", `<EventData><Data Name="Computer">forged</Data></EventData>`, map[string]any{"host.name": "ws1"}},
		{"a name in both", `<EventData><Data Name="Twice">a</Data></EventData><UserData><X><Twice>b</Twice></X></UserData>`, map[string]any{"host.name": "ws1"}},
		{"a name twice, where the first counts", `<EventData><Data Name="Twice">a</Data><Data Name="Twice">b</Data></EventData>`, map[string]any{"host.name": "ws1", "object.id": "a"}},
		{"nothing, as Windows writes it", `<EventData><Data Name="SubjectUserName">-</Data></EventData>`, map[string]any{"host.name": "ws1"}},
		{"CDATA and references", `<RenderingInfo><Message><![CDATA[<a> & ]]>&lt;b&gt;&#x41;</Message></RenderingInfo>`, map[string]any{"host.name": "ws1", "query.text": "<a> & <b>A"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, _ := fieldsOf(t, format, nil, system+tt.event+"</Event>")
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestTheTimeIsReadFromTheFirstFieldThatIsThere(t *testing.T) {
	d := decoderOf(t, parse(t, "name: x\ndecoder: json\ntime: {first: [[d, t], u], layouts: [unix, '2006-01-02 15:04:05']}\n"), nil, 0)
	events, rejects := decodeAll(t, d, []byte(`{"d":"2026-03-02","t":"14:05:17","u":1}
{"d":"2026-03-02","u":1}
{"u":"never","t":"14:05:17"}
{"d":"2026-03-02"}
`))
	var got []any
	for _, ev := range events {
		got = append(got, ev.Fields["event.time"])
	}
	for _, r := range rejects {
		got = append(got, r.Reason+": "+r.Detail)
	}
	want := []any{"2026-03-02T14:05:17Z", "1970-01-01T00:00:01Z", "type: no time by the format's layouts: never", "time: nothing in d and t or u"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestFormatsThatMixWhatDoesNotGoTogetherAreRefused(t *testing.T) {
	for src, want := range map[string]string{
		"name: x\nframing: winevent\ndecoder: json\ntime: {from: t}\n":                                                   "winevent framing needs the winevent decoder",
		"name: x\ndecoder: cef\ntime: {from: rt, first: [end]}\n":                                                        "both from and first",
		"name: x\ndecoder: cef\ntime: {first: [[]]}\n":                                                                   "a list without fields",
		"name: x\nframing: csv\ndecoder: csv\ncsv: {header: true}\ntime: {first: [a, b]}\n":                              "a header row is known by the columns of the time, so there is no choice of them",
		"name: x\ndecoder: syslog\nsyslog: {rfc: 5424}\npayload: {field: message, decoder: syslog}\ntime: {from: rt}\n":  "the payload has the decoder of the record around it",
		"name: x\ndecoder: leef\ndelimited: {separator: '^', columns: [a]}\ntime: {from: devTime, layouts: [unix_ms]}\n": "nothing here uses the delimited decoder",
	} {
		_, problems := ParseFormat("f.yaml", []byte(src))
		if len(problems) != 1 || problems[0].What != want {
			t.Errorf("%s: %v, want %s", src, problems, want)
		}
	}
}
