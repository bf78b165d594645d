package neutral

import (
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestNothingFromALogReachesTheTerminalAsControl(t *testing.T) {
	for text, want := range map[string]string{
		"Siân Nic Gruffydd – £5": "Siân Nic Gruffydd – £5",
		"\x1b[2Jgone\x07":        `\u001b[2Jgone\u0007`,
		"two\nlines\tand\r":      `two\u000alines\u0009and\u000d`,
		"\u009b31m":              `\u009b31m`,
		"\u202egnirts":           `\u202egnirts`,
		"\xff\xfe":               `\xff\xfe`,
		"\U000e0041":             `\udb40\udc41`,
	} {
		if got := Terminal(text); got != want {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
}

func TestWhateverGoesInWhatComesOutIsPrintable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		for _, r := range Terminal(string(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes"))) {
			if !unicode.IsPrint(r) {
				t.Fatalf("%q is left in", r)
			}
		}
	})
}

func TestLinesAndHeadersKeepNoLineFeedsOfTheirOwn(t *testing.T) {
	if diff := cmp.Diff([]string{"1. a", "", `b\u001b`}, Lines("1. a\r\n\nb\x1b\n\n")); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
	if got := Lines(" \n"); got != nil {
		t.Errorf("an empty text has lines: %q", got)
	}
	for text, want := range map[string]string{"a\r\nBcc: b": `a\u000d\u000a…`, "Siân": "Siân", "just fourteen!": "just fourteen!"} {
		if got := Header(text, 14); got != want {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
}

func TestTheCommonEventFormatIsNotBrokenByAValue(t *testing.T) {
	for text, want := range map[string][2]string{ // as a header's field, as a value
		"plain £5":            {"plain £5", "plain £5"},
		`a|b`:                 {`a\|b`, `a|b`},
		`act=blocked`:         {`act=blocked`, `act\=blocked`},
		`C:\x`:                {`C:\\x`, `C:\\x`},
		"one\ntwo\r":          {`one\\u000atwo\\u000d`, `one\\u000atwo\\u000d`},
		"\x1b[2J\xff":         {`\\u001b[2J\\xff`, `\\u001b[2J\\xff`},
		"a\u2028b\u202ec\x00": {`a\\u2028b\\u202ec\\u0000`, `a\\u2028b\\u202ec\\u0000`},
	} {
		if got := [2]string{CEFHeader(text), CEFValue(text)}; got != want {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
}

func TestNoCellOfASpreadsheetIsAFormula(t *testing.T) {
	for text, want := range map[string]string{
		"plain £5": "plain £5", "=1+1": "'=1+1", "+44 1632 960000": "'+44 1632 960000", "-1": "'-1", "@SUM(A1)": "'@SUM(A1)", "  =1": "'  =1",
		"\t=1": `\u0009=1`, "\r=1": `\u000d=1`, "＝1": "'＝1", "a=b": "a=b", "": "", " ": " ", "\x1b[2J": `\u001b[2J`,
	} {
		if got := CSVCell(text); got != want {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
}
