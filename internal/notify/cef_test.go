package notify

import (
	"fmt"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"probity/internal/alert"
	"probity/internal/neutral"
)

// readCEF reads a message as a receiver does that follows the standard: header fields end at a bar that is not escaped, a
// value ends before the last blank before the next equals sign that is not escaped.
func readCEF(text string) (header []string, extension []cefPair, err error) {
	rest, ok := strings.CutPrefix(text, "CEF:0|")
	if !ok {
		return nil, nil, fmt.Errorf("begins %.10q", text)
	}
	for len(header) < 6 {
		field, after, ok := cutUnescaped(rest, '|')
		if !ok {
			return nil, nil, fmt.Errorf("%d header fields", len(header))
		}
		header, rest = append(header, unescape(field)), after
	}
	key, rest, _ := cutUnescaped(rest, '=')
	for key != "" {
		value, after, more := cutUnescaped(rest, '=')
		next := ""
		if more {
			blank := strings.LastIndexByte(value, ' ')
			if blank < 0 {
				return nil, nil, fmt.Errorf("no blank before a key in %q", value)
			}
			value, next = value[:blank], value[blank+1:]
		}
		extension = append(extension, cefPair{key, unescape(value)})
		key, rest = next, after
	}
	return header, extension, nil
}

func cutUnescaped(text string, at byte) (before, after string, found bool) {
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case at:
			return text[:i], text[i+1:], true
		}
	}
	return text, "", false
}

func unescape(text string) string {
	return strings.NewReplacer(`\\`, `\`, `\|`, `|`, `\=`, `=`).Replace(text)
}

func TestAnAlertInTheCommonEventFormat(t *testing.T) {
	golden(t, "alert.cef", string(asCEF(sample(1)))+"\n"+string(asCEF(withdrawn(2)))+"\n")
}

func TestEverySeverityHasItsNumber(t *testing.T) {
	var got []string
	for _, s := range alert.Severities {
		a := sample(1)
		a.Rule.Severity = s
		header, _, err := readCEF(string(asCEF(a)))
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, header[5])
	}
	if diff := cmp.Diff([]string{"3", "5", "8", "10"}, got); diff != "" {
		t.Error(diff)
	}
}

func FuzzCEF(f *testing.F) {
	f.Add("Title", "msg", "actor.id", "S1", "reason")
	f.Add(`a|b\`, "x= y=z", "k=", "\n\r\t", "\xff\u202e|CEF:0|")
	f.Add(" ", " lead and trail ", "\\", "=", strings.Repeat("é", 2000))
	f.Fuzz(func(t *testing.T, title, summary, field, value, reason string) {
		a := sample(1)
		a.Rule.Title, a.Summary, a.Reason, a.Group = title, summary, reason, []alert.KeyPart{{Field: field, Value: value}}
		text := string(asCEF(a))
		for _, r := range text {
			if !unicode.IsPrint(r) {
				t.Fatalf("%q is left in %q", r, text)
			}
		}
		header, extension, err := readCEF(text)
		if err != nil {
			t.Fatal(err)
		}
		if want := neutral.Terminal(clip(title, cefLabelBytes)); header[4] != want {
			t.Errorf("title %q, want %q", header[4], want)
		}
		want := cefExtension(a)
		for i := range want {
			want[i].value = neutral.Terminal(want[i].value)
		}
		if diff := cmp.Diff(want, extension, cmp.AllowUnexported(cefPair{})); diff != "" {
			t.Errorf("the receiver reads (-want +got):\n%s", diff)
		}
	})
}
