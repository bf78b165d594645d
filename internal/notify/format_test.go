package notify

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/jsonschema-go/jsonschema"
	"pgregory.net/rapid"

	"probity/internal/alert"
)

func alertSchema(t *testing.T) *jsonschema.Resolved {
	t.Helper()
	text, err := alert.Schema()
	if err != nil {
		t.Fatal(err)
	}
	var s jsonschema.Schema
	if err := json.Unmarshal(text, &s); err != nil {
		t.Fatal(err)
	}
	resolved, err := s.Resolve(nil)
	if err != nil {
		t.Fatal(err)
	}
	return resolved
}

// long is an alert with much of everything.
func long() *alert.Alert {
	a := sample(1)
	for range 99 {
		a.Evidence = append(a.Evidence, a.Evidence[0])
		a.EventIDs = append(a.EventIDs, a.EventIDs[0])
		a.Facts = append(a.Facts, a.Facts[0])
		a.Unknowns = append(a.Unknowns, a.Unknowns[0])
	}
	a.Rule.Response = strings.Repeat("look. ", 1000)
	return a
}

func TestALongAlertLosesFirstWhatCanBeLookedUp(t *testing.T) {
	d, schema := sampled(long()), alertSchema(t)
	var lost []string
	for limit := len(d.Body); limit > 0; limit -= 400 {
		body, without, err := format(nil).within(limit, d)
		if err != nil {
			if f, ok := errors.AsType[*Failure](err); !ok || f.Extent != Refused || tellsNames(err.Error()) != nil {
				t.Errorf("within %d: %v", limit, err)
			}
			without = "refused"
		} else {
			var doc map[string]any
			if err := json.Unmarshal(body, &doc); err != nil {
				t.Fatal(err)
			}
			if err := schema.Validate(doc); err != nil {
				t.Errorf("within %d, without %s: %v", limit, without, err)
			}
			if len(body) > limit {
				t.Errorf("%d bytes within %d", len(body), limit)
			}
		}
		if len(lost) == 0 || lost[len(lost)-1] != without {
			lost = append(lost, without)
		}
	}
	if diff := cmp.Diff([]string{"", "records", "evidence", "texts", "facts", "refused"}, lost); diff != "" {
		t.Errorf("what is lost, as the room shrinks (-want +got):\n%s", diff)
	}
}

func TestWhatFitsIsSentByteForByte(t *testing.T) {
	d := sampled(sample(1))
	d.Body = append(d.Body, ' ')
	body, without, err := format(nil).within(len(d.Body), d)
	if err != nil || without != "" || string(body) != string(d.Body) {
		t.Errorf("without %q, error %v", without, err)
	}
}

func TestEveryFormatGivesTheSameBytesAgain(t *testing.T) {
	d := sampled(long())
	for _, name := range []string{"json", "cef", "ocsf"} {
		for _, limit := range []int{1 << 20, 30_000, 8_000} {
			first, _, err := formatNamed(name).within(limit, d)
			if err != nil {
				t.Fatalf("%s in %d: %v", name, limit, err)
			}
			for range 20 { // the order of a map would show
				if again, _, _ := formatNamed(name).within(limit, d); string(again) != string(first) {
					t.Fatalf("%s gave other bytes", name)
				}
			}
		}
	}
}

func TestWhatIsNoAlertIsRefusedWithoutBeingQuoted(t *testing.T) {
	for _, body := range []string{"", "{}", `{"id":"a","first":"Mara QUILL"}`, `{"id":{"Mara":"QUILL"}}`, "Mara QUILL"} {
		_, err := format(asCEF).body(alert.Delivery{AlertID: "a", Revision: 1, Body: []byte(body)})
		f, ok := errors.AsType[*Failure](err)
		if !ok || f.Extent != Refused || tellsNames(err.Error()) != nil {
			t.Errorf("%q: %v", body, err)
		}
	}
}

func TestATextIsClippedBetweenCharacters(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text, n := rapid.String().Draw(t, "text"), rapid.IntRange(3, 50).Draw(t, "bytes")
		got := clip(text, n)
		if len(got) > n || !utf8.ValidString(got) {
			t.Fatalf("%q", got)
		}
		if got != text && (len(text) <= n || !strings.HasPrefix(text, strings.TrimSuffix(got, "…"))) {
			t.Fatalf("%q of %q", got, text)
		}
	})
}
