package decode

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"probity/internal/event"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

const samples = "../../testdata/formats"

// goldenEvent is an event as the golden files show it.
type goldenEvent struct {
	Offset   int64          `json:"log.offset"`
	ID       string         `json:"event.id"`
	NativeID string         `json:"native_id,omitempty"`
	Partial  bool           `json:"partial,omitempty"`
	Fields   map[string]any `json:"fields"`
	Native   []event.Pair   `json:"native"`
}

type goldenReject struct {
	Offset   int64  `json:"log.offset"`
	Reason   string `json:"reason"`
	Detail   string `json:"detail"`
	Partial  bool   `json:"partial,omitempty"`
	Original string `json:"event.original"`
}

func showEvent(s *event.Schema, ev *event.Event) goldenEvent {
	g := goldenEvent{Offset: ev.Origin.Offset, ID: ev.Identity().String(), NativeID: ev.NativeID, Partial: ev.Partial, Fields: map[string]any{}}
	for f, v := range ev.Slots {
		switch v.Kind {
		case event.Missing:
		case event.Time:
			g.Fields[s.Info(event.Field(f)).Name] = v.Text()
		default:
			g.Fields[s.Info(event.Field(f)).Name] = v.Any()
		}
	}
	for _, p := range ev.Native {
		g.Native = append(g.Native, event.Pair{Name: strings.Clone(p.Name), Text: strings.Clone(p.Text)})
	}
	return g
}

// decodeAll decodes a whole file. Native fields and slots are copied, so that later records cannot change them unseen.
func decodeAll(tb testing.TB, d *Decoder, src []byte) (events []goldenEvent, rejects []goldenReject) {
	tb.Helper()
	used, records := d.NewFramer().Frame(src, 0, true, 1<<30, nil)
	if used != len(src) {
		tb.Fatalf("used %d bytes of %d", used, len(src))
	}
	w := d.NewWorker()
	var ev event.Event
	for _, rec := range records {
		err := w.Decode(rec, &ev)
		if err == nil {
			events = append(events, showEvent(d.schema, &ev))
			continue
		}
		r, ok := err.(*Reject)
		if !ok {
			tb.Fatalf("error %T, want *Reject", err)
		}
		rejects = append(rejects, goldenReject{rec.Offset, r.Reason, r.Detail, rec.Partial, strings.ToValidUTF8(string(rec.Data), "\uFFFD")})
	}
	return events, rejects
}

func formatOf(tb testing.TB, dir string) *Format {
	tb.Helper()
	if f, ok := Builtin(filepath.Base(dir)); ok {
		return f
	}
	file := filepath.Join(dir, "format.yaml")
	src, err := os.ReadFile(file)
	if err != nil {
		tb.Fatal(err)
	}
	f, problems := ParseFormat(file, src)
	if len(problems) > 0 {
		tb.Fatal(problems)
	}
	return f
}

// decoderOf returns a decoder of a format with these declared fields.
func decoderOf(tb testing.TB, f *Format, fields map[string]event.Kind, limit int) *Decoder {
	tb.Helper()
	var declared []event.FieldInfo
	for name, kind := range fields {
		declared = append(declared, event.FieldInfo{Name: name, Kind: kind})
	}
	schema, err := event.NewSchema(declared...)
	if err != nil {
		tb.Fatal(err)
	}
	d, err := New(Options{Source: "test", Format: f, Fields: fields, Schema: schema, MaxRecordBytes: limit})
	if err != nil {
		tb.Fatal(err)
	}
	return d
}

func TestEverySampleDecodesAsItsGoldenFilesSay(t *testing.T) {
	dirs, err := filepath.Glob(filepath.Join(samples, "*"))
	if err != nil || len(dirs) == 0 {
		t.Fatalf("no samples: %v", err)
	}
	for _, name := range BuiltinNames() {
		if !slices.Contains(dirs, filepath.Join(samples, name)) {
			t.Errorf("the built-in format %s has no sample", name)
		}
	}
	for _, dir := range dirs {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			d := decoderOf(t, formatOf(t, dir), nil, 0)
			golden := map[string]any{}
			for _, kind := range []string{"sample", "bad"} {
				files, _ := filepath.Glob(filepath.Join(dir, kind+".*"))
				files = slices.DeleteFunc(files, func(f string) bool { return strings.HasSuffix(f, ".golden.json") })
				for _, file := range files {
					src, err := os.ReadFile(file)
					if err != nil {
						t.Fatal(err)
					}
					events, rejects := decodeAll(t, d, src)
					golden["events"] = append(asList(golden["events"]), map[string]any{"file": filepath.Base(file), "events": events})
					golden["rejects"] = append(asList(golden["rejects"]), map[string]any{"file": filepath.Base(file), "rejects": rejects})
				}
			}
			if len(golden) == 0 {
				t.Fatal("no sample file")
			}
			for _, what := range slices.Sorted(maps.Keys(golden)) {
				compareGolden(t, filepath.Join(dir, what+".golden.json"), golden[what])
			}
		})
	}
}

func asList(v any) []any {
	list, _ := v.([]any)
	return list
}

func compareGolden(t *testing.T, file string, got any) {
	t.Helper()
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(got); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(fmt.Errorf("%w; run the test with -update and read what it wrote", err))
	}
	if diff := cmp.Diff(string(want), b.String()); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}

func TestARecordOfMicrosoft365HasOneIdentityInEveryCarrier(t *testing.T) {
	ids := map[string][]string{}
	for carrier, file := range map[string]string{"m365": "sample.ndjson", "m365-array": "sample.json", "m365-csv": "sample.csv"} {
		dir := filepath.Join(samples, carrier)
		src, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		events, rejects := decodeAll(t, decoderOf(t, formatOf(t, dir), nil, 0), src)
		if len(rejects) > 0 {
			t.Errorf("%s: %v", carrier, rejects)
		}
		for _, ev := range events {
			ids[carrier] = append(ids[carrier], ev.ID)
		}
	}
	if diff := cmp.Diff(ids["m365"], ids["m365-array"]); diff != "" || len(ids["m365"]) == 0 {
		t.Errorf("m365 and m365-array:\n%s", diff)
	}
	if diff := cmp.Diff(ids["m365"], ids["m365-csv"]); diff != "" {
		t.Errorf("m365 and m365-csv:\n%s", diff)
	}
}
