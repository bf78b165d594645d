package decode

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"probity/internal/event"

	"github.com/google/go-cmp/cmp"
	"github.com/leodido/go-syslog/v4/rfc5424"
	"pgregory.net/rapid"
)

// parse reads a format that is without problems.
func parse(tb testing.TB, src string) *Format {
	tb.Helper()
	f, problems := ParseFormat("f.yaml", []byte(src))
	if len(problems) > 0 {
		tb.Fatal(problems)
	}
	return f
}

const jsonFormat = "name: x\ndecoder: json\ntime: {from: t, layouts: [unix]}\n"

// fieldsOf decodes one line and returns its fields but for time and dataset.
func fieldsOf(t *testing.T, format string, fields map[string]event.Kind, line string) (map[string]any, []event.Pair) {
	t.Helper()
	events, rejects := decodeAll(t, decoderOf(t, parse(t, format), fields, 0), []byte(line))
	if len(events) != 1 || len(rejects) > 0 {
		t.Fatalf("%d events, rejects %v", len(events), rejects)
	}
	delete(events[0].Fields, "event.time")
	delete(events[0].Fields, "event.dataset")
	return events[0].Fields, events[0].Native
}

func TestMapping(t *testing.T) {
	tests := []struct {
		name, mapping, line string
		want                map[string]any
	}{
		{"the first name that is present", "object.id: {from: [a, b, c]}", `{"a":"","b":"B","c":"C"}`, map[string]any{"object.id": "B"}},
		{"an empty text is missing", "object.id: a", `{"a":""}`, map[string]any{}},
		{"null is missing", "object.id: a", `{"a":null}`, map[string]any{}},
		{"a listed value, and one that is kept", "event.action: {from: a, values: {V: view}}\nobject.id: {from: b, values: {V: view}}", `{"a":"V","b":"X"}`, map[string]any{"event.action": "view", "object.id": "X"}},
		{"otherwise lower", "event.action: {from: a, values: {V: view}, otherwise: lower}", `{"a":"XY"}`, map[string]any{"event.action": "xy"}},
		{"otherwise hyphens", "event.action: {from: a, values: {V: view}, otherwise: hyphens}", `{"a":"SetURLPolicyV2 now."}`, map[string]any{"event.action": "set-url-policy-v2-now"}},
		{"otherwise missing", "event.action: {from: a, values: {V: view}, otherwise: missing}", `{"a":"X"}`, map[string]any{}},
		{"default is for texts that are there", "event.action: {from: a, values: {V: view}, default: other}\nobject.id: {from: b, values: {V: view}, default: other}", `{"a":"X"}`, map[string]any{"event.action": "other"}},
		{"a value mapped to nothing is missing", "event.action: {from: a, values: {V: ''}}", `{"a":"V"}`, map[string]any{}},
		{"a pattern's group", `requestor.name: {from: a, pattern: '^PC\s*(?P<value>\d+)'}`, `{"a":"PC 4821 EVANS"}`, map[string]any{"requestor.name": "4821"}},
		{"a pattern that does not match", `requestor.name: {from: a, pattern: '^PC\s*(?P<value>\d+)'}`, `{"a":"EVANS"}`, map[string]any{}},
		{"a split list", "subject.ids: {from: a, split: ';'}", `{"a":"P1; P2;;P3"}`, map[string]any{"subject.ids": []string{"P1", "P2", "P3"}}},
		{"a list of one", "subject.ids: a", `{"a":"P1"}`, map[string]any{"subject.ids": []string{"P1"}}},
		{"an array of scalars", "subject.ids: a", `{"a":["P1",2,null,"",{"x":1}]}`, map[string]any{"subject.ids": []string{"P1", "2"}}},
		{"an empty array is missing", "subject.ids: a\nobject.id: a", `{"a":[]}`, map[string]any{}},
		{"each element's member", "subject.ids: {from: a.id, as: lower}", `{"a":[{"id":"P1"},{"id":"P2"},{"no":1}]}`, map[string]any{"subject.ids": []string{"p1", "p2"}}},
		{"a selected element", "object.id: {from: 'a[Name=Forward.To].Value'}", `{"a":[{"Name":"Force","Value":"no"},{"Name":"Forward.To","Value":"x"}]}`, map[string]any{"object.id": "x"}},
		{"no element selected", "object.id: {from: 'a[Name=To].Value'}", `{"a":[{"Name":"Force","Value":"no"}]}`, map[string]any{}},
		{"deeper than names are flattened", "object.id: a.b.c.d.e.f", `{"a":{"b":{"c":{"d":{"e":{"f":7}}}}}}`, map[string]any{"object.id": "7"}},
		{"an array for one text is its first scalar", "object.id: a.id", `{"a":[{"id":"P1"},{"id":"P2"}]}`, map[string]any{"object.id": "P1"}},
		{"a guard that holds", "object.id: {from: a, when: {v: [X, Y]}}", `{"a":"A","v":"Y"}`, map[string]any{"object.id": "A"}},
		{"a guard that does not", "object.id: {from: a, when: {v: [X, Y]}}", `{"a":"A","v":"Z"}`, map[string]any{}},
		{"the first spec that yields a value", "object.id: {first: [{from: a, when: {v: [X]}}, {from: b}, {const: c}]}", `{"a":"A","b":"B","v":"Z"}`, map[string]any{"object.id": "B"}},
		{"a constant last", "object.id: {first: [{from: a}, {const: c}]}", `{}`, map[string]any{"object.id": "c"}},
		{"hosts", "source.ip: {from: a, as: host}", `{"a":"[2001:db8::7]:443"}`, map[string]any{"source.ip": "2001:db8::7"}},
		{"types", "query.count: a\nobject.restricted: b", `{"a":12,"b":"Yes"}`, map[string]any{"query.count": 12, "object.restricted": true}},
		{"an integer keeps all its digits", "query.count: a", `{"a":9007199254740993}`, map[string]any{"query.count": 9007199254740993}},
		{"a text keeps an integer's digits", "object.id: a", `{"a":12345678901234567890}`, map[string]any{"object.id": "12345678901234567890"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			line := strings.Replace(tt.line, "{", `{"t":1,`, 1)
			line = strings.Replace(line, ",}", "}", 1)
			got, native := fieldsOf(t, jsonFormat+"map:\n  "+strings.ReplaceAll(tt.mapping, "\n", "\n  ")+"\n", nil, line)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("%s\nnative %v", diff, native)
			}
		})
	}
}

func TestAValueThatIsNotOfItsTypeIsMissingAndListed(t *testing.T) {
	got, native := fieldsOf(t, jsonFormat+"sequence: {from: s}\nmap: {query.count: n, object.restricted: b}\n",
		map[string]event.Kind{"when": event.Time}, `{"t":1,"n":"many","b":"perhaps","s":1.5,"when":"soon"}`)
	if diff := cmp.Diff(map[string]any{}, got); diff != "" {
		t.Error(diff)
	}
	want := []event.Pair{
		{Name: "t", Text: "1"}, {Name: "n", Text: "many"}, {Name: "b", Text: "perhaps"}, {Name: "s", Text: "1.5"}, {Name: "when", Text: "soon"},
		{Name: NativeUncoerced, Text: "event.sequence,object.restricted,query.count,fields.when"},
	}
	if diff := cmp.Diff(want, native); diff != "" {
		t.Error(diff)
	}
}

func TestDeclaredFieldsGetTheirTypes(t *testing.T) {
	fields := map[string]event.Kind{
		"n": event.Int, "on": event.Bool, "at": event.Time, "Props.Name": event.List, "Props": event.String, "Params[Name=To].Value": event.String,
		"deep.er": event.String, "absent": event.String,
	}
	got, _ := fieldsOf(t, jsonFormat, fields,
		`{"t":1,"n":"5","on":true,"at":"2026-03-02T14:05:17+01:00","Props":[{"Name":"a"},{"Name":"b"}],"Params":[{"Name":"To","Value":"x"}],"deep":{"er":"y"}}`)
	want := map[string]any{
		"fields.n": 5, "fields.on": true, "fields.at": "2026-03-02T13:05:17Z", "fields.Props.Name": []string{"a", "b"},
		"fields.Props": `[{"Name":"a"},{"Name":"b"}]`, "fields.Params[Name=To].Value": "x", "fields.deep.er": "y",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestTheFirstOfDuplicateKeysCountsAndTheRestIsKept(t *testing.T) {
	got, native := fieldsOf(t, jsonFormat+"map: {user.name: u, object.id: 'o[k=a].v'}\n", nil,
		`{"t":1,"u":"first","u":"second","o":[{"k":"a","v":"1","v":"2"}],"n":{"x":1},"n.x":2}`)
	if diff := cmp.Diff(map[string]any{"user.name": "first", "object.id": "1"}, got); diff != "" {
		t.Error(diff)
	}
	want := []event.Pair{
		{Name: "t", Text: "1"}, {Name: "u", Text: "first"}, {Name: "u", Text: "second"}, {Name: "o", Text: `[{"k":"a","v":"1","v":"2"}]`},
		{Name: "n.x", Text: "1"}, {Name: "n.x", Text: "2"}, {Name: "json.duplicate_keys", Text: "u,o.v,n.x"},
	}
	if diff := cmp.Diff(want, native); diff != "" {
		t.Error(diff)
	}
}

func TestDuplicateKeysAreSeenBeyondTheNamesThatAWorkerRemembers(t *testing.T) {
	n := newNatives(nil)
	n.begin(nil)
	for i := range maxSymbols {
		n.add(n.symbol([]byte("k"+strings.Repeat("x", i))), "1", nil)
	}
	for range 2 {
		n.begin(nil)
		n.add(n.symbol([]byte("late")), "1", nil)
		n.add(n.symbol([]byte("late")), "2", nil)
		if diff := cmp.Diff([]string{"late"}, n.doubled); diff != "" || len(n.pairs) != 2 {
			t.Errorf("pairs %v, doubled:\n%s", n.pairs, diff)
		}
	}
}

func TestAnEventOutlivesTheWorkersNextRecords(t *testing.T) {
	for _, name := range BuiltinNames() {
		dir := samples + "/" + name
		d := decoderOf(t, formatOf(t, dir), nil, 0)
		src := sampleOf(t, dir)
		_, records := d.NewFramer().Frame(src, 0, true, 1<<30, nil)
		w := d.NewWorker()
		var kept []event.Event
		var want []goldenEvent
		for _, rec := range records {
			var ev event.Event
			if err := w.Decode(rec, &ev); err != nil {
				t.Fatal(err)
			}
			kept = append(kept, ev)
			want = append(want, showEvent(d.schema, &ev))
		}
		for i := range kept {
			if diff := cmp.Diff(want[i], showEvent(d.schema, &kept[i])); diff != "" {
				t.Errorf("%s, event %d after all records:\n%s", name, i, diff)
			}
		}
	}
}

func TestAWorkerGivesTheSameAfterAnyRecordsBefore(t *testing.T) {
	for _, name := range BuiltinNames() {
		dir := samples + "/" + name
		d := decoderOf(t, formatOf(t, dir), nil, 0)
		var records []Record
		for _, file := range []string{"sample", "bad"} {
			_, records = d.NewFramer().Frame(fileOf(t, dir, file), 0, true, 1<<30, records)
		}
		one := func(w *Worker, rec Record) any {
			var ev event.Event
			if err := w.Decode(rec, &ev); err != nil {
				return err.Error()
			}
			return showEvent(d.schema, &ev)
		}
		rapid.Check(t, func(t *rapid.T) {
			w := d.NewWorker()
			for range rapid.IntRange(1, 12).Draw(t, "records") {
				rec := records[rapid.IntRange(0, len(records)-1).Draw(t, "record")]
				if diff := cmp.Diff(one(d.NewWorker(), rec), one(w, rec)); diff != "" {
					t.Fatalf("%s, %q (-new worker +used one):\n%s", name, rec.Data, diff)
				}
			}
		})
	}
}

func TestStructuredDataIsWhatTheLibraryReads(t *testing.T) {
	machine := rfc5424.NewParser()
	p := &syslog5424Parser{w: decoderOf(t, formatOf(t, samples+"/storm"), nil, 0).NewWorker()}
	value := rapid.StringOfN(rapid.SampledFrom([]rune(`ab"\] =[é`)), 0, 8, -1)
	escape := regexp.MustCompile(`["\\\]]`)
	rapid.Check(t, func(t *rapid.T) {
		params := rapid.MapOfN(rapid.SampledFrom([]string{"a", "b", "c", "op"}), value, 0, 4).Draw(t, "params")
		line := "<110>1 2026-03-02T14:05:17.123Z host app - - [s@1"
		for _, name := range slices.Sorted(maps.Keys(params)) {
			line += " " + name + `="` + escape.ReplaceAllString(params[name], `\$0`) + `"`
		}
		line += "][t] text"
		m, err := machine.Parse([]byte(line))
		if err != nil {
			t.Fatal(err)
		}
		n := newNatives(nil)
		n.begin(nil)
		if reject := p.parse(n, line, nil); reject != nil {
			t.Fatal(reject)
		}
		got := map[string]string{}
		for _, pair := range n.pairs {
			if name, ok := strings.CutPrefix(pair.Name, "s@1."); ok {
				got[name] = pair.Text
			}
		}
		want := (*m.(*rfc5424.SyslogMessage).StructuredData)["s@1"]
		maps.DeleteFunc(want, func(_, v string) bool { return v == "" })
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%s\n%s", line, diff)
		}
	})
}

func TestAPlainParameterNameMustBeTheOnlyOne(t *testing.T) {
	const format = "name: x\ndecoder: syslog\nsyslog: {rfc: 5424}\ntime: {from: timestamp}\nmap: {user.name: op, object.id: id}\n"
	const head = "<110>1 2026-03-02T14:05:17Z h a - - "
	for _, tt := range []struct {
		name, data string
		want       map[string]any
	}{
		{"once", `[s@1 op="x" id="1"]`, map[string]any{"user.name": "x", "object.id": "1"}},
		{"in two elements", `[s@1 op="x"][t@1 op="y"][u@1 op="z" id="1"]`, map[string]any{"object.id": "1"}},
		{"twice in one element, where the first counts", `[s@1 op="x" op="y"]`, map[string]any{"user.name": "x"}},
		{"a backslash that escapes nothing", `[s@1 op="POLICE\x\\y\]"]`, map[string]any{"user.name": `POLICE\x\y]`}},
	} {
		got, _ := fieldsOf(t, format, nil, head+tt.data)
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s:\n%s", tt.name, diff)
		}
	}
}

func TestHyphens(t *testing.T) {
	for in, want := range map[string]string{
		"FileSyncDownloadedFull": "file-sync-downloaded-full", "New-InboxRule": "new-inbox-rule", "Add member to role.": "add-member-to-role",
		"VIEW": "view", "MDCRegulatoryComplianceControls": "mdc-regulatory-compliance-controls", "": "", "...": "", "a_b": "a-b", "Düne2X": "düne2-x",
	} {
		if got := hyphens(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestHostOnly(t *testing.T) {
	for in, want := range map[string]string{
		"192.0.2.7": "192.0.2.7", "192.0.2.7:50123": "192.0.2.7", "[2001:db8::7]:443": "2001:db8::7", "[2001:db8::7]": "2001:db8::7",
		"2001:db8::7": "2001:db8::7", "ws-0312:445": "ws-0312", "[broken": "[broken",
	} {
		if got := hostOnly(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestNewSaysWhatDoesNotFit(t *testing.T) {
	schema, err := event.NewSchema(event.FieldInfo{Name: "n", Kind: event.Int})
	if err != nil {
		t.Fatal(err)
	}
	f := parse(t, jsonFormat)
	for want, o := range map[string]Options{
		`decoder of source "s": a format and a schema are needed`:                                                                                                    {Source: "s", Schema: schema},
		`decoder of source "s", format "x": the schema has no field fields.m`:                                                                                        {Source: "s", Format: f, Schema: schema, Fields: map[string]event.Kind{"m": event.Int}},
		`decoder of source "s", format "x": field n is a string here and a int in the schema`:                                                                        {Source: "s", Format: f, Schema: schema, Fields: map[string]event.Kind{"n": event.String}},
		`decoder of source "s": records of at most 10 bytes are too short to be useful; 256 or more`:                                                                 {Source: "s", Format: f, Schema: schema, MaxRecordBytes: 10},
		`decoder of source "s", format "x": field Item.Body is the body of a message, which is never ingested; set allow_message_bodies in the format if it must be`: {Source: "s", Format: f, Schema: schema, Fields: map[string]event.Kind{"Item.Body": event.String}},
	} {
		if _, err := New(o); err == nil || err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
}
