package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
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
		if got := neutral(text); got != want {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
}

func TestNeutralJSONSaysTheSame(t *testing.T) {
	want := map[string]string{"k": "a\x1b[0m\u009b\u202e\U000e0041\x7f<&>é"}
	var b strings.Builder
	if err := writeJSON(&b, want); err != nil {
		t.Fatal(err)
	}
	if strings.ContainsAny(b.String(), "\x1b\u009b\u202e\U000e0041\x7f") {
		t.Errorf("raw: %q", b.String())
	}
	var got map[string]string
	if err := json.Unmarshal([]byte(b.String()), &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
