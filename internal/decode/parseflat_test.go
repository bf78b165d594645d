package decode

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/valyala/fastjson"

	"probity/internal/event"
)

// pairsOf reads a JSON object with flat before fastjson, or without.
func pairsOf(text string, withFlat bool) (pairs []event.Pair, doubled []string, took bool, reject *Reject) {
	w := &Worker{}
	p := &jsonParser{w: w, flat: flat{text: &w.text}}
	n := newNatives(map[string]int{})
	n.begin(nil)
	took = p.flat.parse(n, text)
	n.again()
	if withFlat {
		reject = p.parse(n, text, nil)
		return n.pairs, n.doubled, took, reject
	}
	var parser fastjson.Parser
	root, err := parser.Parse(text)
	if err != nil {
		return nil, nil, took, &Reject{ReasonSyntax, err.Error()}
	}
	object, err := root.Object()
	if err != nil {
		return nil, nil, took, &Reject{ReasonSyntax, err.Error()}
	}
	p.room = 1 << 30
	p.flatten(n, object, 1)
	return n.pairs, n.doubled, took, nil
}

var flatSeeds = []struct {
	text string
	flat bool
}{
	{`{}`, true},
	{` { "a" : "b" , "n" : -12.5e+3 , "t":true,"f":false,"z":null } `, true},
	{`{"user":"FORCE\\jsmith","say":"\"no\"\n\t\/"}`, true},
	{`{"a":"x","a":"y","a":""}`, true},
	{`{"a":"tab	inside"}`, true},
	{`{"":"nothing"}`, true},
	{`{"a":"\u00e9"}`, false},
	{`{"a\n":"b"}`, false},
	{`{"a":[1]}`, false},
	{`{"a":{"b":1}}`, false},
	{`{"a":01}`, false},
	{`{"a":1.}`, false},
	{`{"a":+1}`, false},
	{`{"a":NaN}`, false},
	{`{"a":"b"} x`, false},
	{`{"a":"b",}`, false},
	{`{"a" "b"}`, false},
	{`{"a":"b`, false},
	{`{"a":"b\`, false},
	{`{"a":tru}`, false},
	{`[]`, false},
	{``, false},
}

func TestFlatObjectsAreReadWithoutTheParserOfAllJSON(t *testing.T) {
	for _, c := range flatSeeds {
		if _, _, took, _ := pairsOf(c.text, true); took != c.flat {
			t.Errorf("%s: taken %v, want %v", c.text, took, c.flat)
		}
		sameAsFastjson(t, c.text)
	}
}

func sameAsFastjson(t *testing.T, text string) {
	t.Helper()
	got, doubled, took, reject := pairsOf(text, true)
	if !took {
		return
	}
	want, wantDoubled, _, wantReject := pairsOf(text, false)
	if reject != nil || wantReject != nil {
		t.Fatalf("%q: flat takes it, reject %v; fastjson: %v", text, reject, wantReject)
	}
	if !slices.Equal(got, want) || !slices.Equal(doubled, wantDoubled) {
		t.Fatalf("%q: flat reads\n%q %q, fastjson\n%q %q", text, got, doubled, want, wantDoubled)
	}
}

// What flat takes is what fastjson reads.
func FuzzFlat(f *testing.F) {
	for _, c := range flatSeeds {
		f.Add(c.text)
	}
	for line := range strings.Lines(string(sampleOf(f, samples+"/m365"))) {
		f.Add(strings.TrimSpace(line))
	}
	f.Fuzz(func(t *testing.T, text string) {
		if utf8.ValidString(text) { // others are rejected before
			sameAsFastjson(t, text)
		}
	})
}

// Names that come in another order, or more of them than a worker remembers, are read as well.
func TestNamesAreFoundWhateverTheirOrder(t *testing.T) {
	w := &Worker{}
	p := &jsonParser{w: w, flat: flat{text: &w.text}}
	n := newNatives(map[string]int{"a": 0, "b": 1})
	for _, c := range []struct{ text, a, b string }{
		{`{"a":"1","b":"2"}`, "1", "2"}, {`{"b":"3","a":"4"}`, "4", "3"}, {`{"x":"0","a":"5"}`, "5", ""}, {`{"a":"6","a":"7","b":"8"}`, "6", "8"},
	} {
		n.begin(nil)
		if r := p.parse(n, c.text, nil); r != nil || n.text(0) != c.a || n.text(1) != c.b {
			t.Errorf("%s: a %q, b %q, %v", c.text, n.text(0), n.text(1), r)
		}
	}
}
