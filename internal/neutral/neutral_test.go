package neutral

import (
	"testing"
	"unicode"

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
