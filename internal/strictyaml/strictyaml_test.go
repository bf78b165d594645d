package strictyaml

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

type inner struct {
	Limit int      `json:"limit"`
	Span  Duration `json:"span"`
}

type shorthand struct {
	From string `json:"from"`
}

func (s *shorthand) FromScalar(text string) error { s.From = text; return nil }

type sample struct {
	Name  string               `json:"name"`
	Tags  []string             `json:"tags"`
	Inner *inner               `json:"inner"`
	Map   map[string]shorthand `json:"map"`
	Free  map[string]any       `json:"free"`
	When  string               `json:"when"`
	On    bool                 `json:"on"`
}

func TestDecodeReadsEveryType(t *testing.T) {
	var got sample
	_, problems := Decode("f.yaml", []byte(`
name: "x: y"
tags: [a, 1, true]
inner: {limit: 5, span: 2d}
map:
  user.name: UserID
  event.action: {from: Verb}
free: {limit: 5, spell: 10m, roles: [a, b], ratio: 1.5, on: true}
when: |
  a == 1 and
  b == 2
on: true
`), &got)
	want := sample{
		Name: "x: y", Tags: []string{"a", "1", "true"}, Inner: &inner{5, Duration(48 * 3600e9)},
		Map:  map[string]shorthand{"user.name": {"UserID"}, "event.action": {"Verb"}},
		Free: map[string]any{"limit": int64(5), "spell": "10m", "roles": []any{"a", "b"}, "ratio": 1.5, "on": true},
		When: "a == 1 and\nb == 2\n", On: true,
	}
	if diff := cmp.Diff(want, got); diff != "" || len(problems) > 0 {
		t.Fatalf("problems %v\n%s", problems, diff)
	}
}

func TestEveryProblemIsReportedWithItsPlace(t *testing.T) {
	var got sample
	_, problems := Decode("f.yaml", []byte(`nam: x
tags: 5
inner: {limit: five, span: soon, more: 1}
on: maybe
on: true
map: [a]
`), &got)
	want := Problems{
		{"f.yaml", 1, 1, `unknown key "nam"`, `did you mean "name"?`, ""},
		{"f.yaml", 2, 7, `"5" where a list is needed`, `write it as [a, b] or one "- a" a line`, ""},
		{"f.yaml", 3, 16, `"five" where a number is needed`, "", ""},
		{"f.yaml", 3, 28, `"soon" is not a length of time; write 90s, 10m, 24h, 90d or 2w`, "", ""},
		{"f.yaml", 3, 34, `unknown key "more"`, "known here: limit, span", ""},
		{"f.yaml", 4, 5, `"maybe" where true or false is needed`, "", ""},
		{"f.yaml", 5, 1, `key "on" stands twice`, "keep one", ""},
		{"f.yaml", 6, 6, "a list where a mapping of keys is needed", "", ""},
	}
	if diff := cmp.Diff(want, problems); diff != "" {
		t.Fatal(diff)
	}
	if got, want := problems[0].String(), `f.yaml:1:1: unknown key "nam"; did you mean "name"?`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestAPlaceWithinATextIsAPlaceInTheFile(t *testing.T) {
	var s sample
	doc, problems := Decode("f.yaml", []byte("name: 'a b'\nwhen: |\n  one\n  two three\n"), &s)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if got, want := doc.Within("when", 2, 5), (Pos{4, 7}); got != want {
		t.Errorf("literal: got %v, want %v", got, want)
	}
	if got, want := doc.Within("name", 1, 3), (Pos{1, 10}); got != want {
		t.Errorf("quoted: got %v, want %v", got, want)
	}
	if got, want := doc.At("inner.limit"), (Pos{1, 1}); got != want {
		t.Errorf("missing: got %v, want %v", got, want)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte("name: x\ninner: {limit: 1}\n"))
	f.Add([]byte("a: &x [*x]\n---\nb: !!str 5\n"))
	f.Fuzz(func(t *testing.T, src []byte) {
		var s sample
		doc, _ := Decode("f.yaml", src, &s)
		doc.At("inner.limit")
	})
}

func TestWhatIsNoYAMLSaysWhatToDo(t *testing.T) {
	type some struct {
		A struct {
			B int `json:"b"`
			C int `json:"c"`
		} `json:"a"`
	}
	for text, want := range map[string]string{
		"a:\n  b: 1\n\tc: 2\n":  "indent with spaces: YAML knows no tabs there",
		"a:\n  b: 1\n c: 2\n":   "mend the indentation, of this line or the next: the keys of one mapping begin in one column",
		"a:\n  b: 1\n   c: 2\n": "mend the indentation, of this line or the next: the keys of one mapping begin in one column",
	} {
		var got some
		_, problems := Decode("f.yaml", []byte(text), &got)
		if len(problems) != 1 || problems[0].Do != want {
			t.Errorf("%q: %v, want %q", text, problems, want)
		}
	}
	var got some
	if _, problems := Decode("f.yaml", []byte(strings.Repeat("é", 300)), &got); len(problems) != 1 || len(problems[0].What) > 200 {
		t.Errorf("a value is shown whole: %v", problems)
	}
}
