package notify

import (
	"bytes"
	"encoding/json"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"probity/internal/alert"
)

// What a person who is watched can write into a log, in every text of an alert that comes out of logs or tables.
const hostile = "=1+1\x1b[2J\x07\u009b31m\u202egnp.exe\r\nBcc: thief@evil.example\x00\x7f|k=v\\ <script>"

func hostileAlert() *alert.Alert {
	a := sample(1)
	a.Summary, a.Reason = hostile, hostile
	a.Person.Surname, a.Person.Forenames, a.Person.Role = hostile, hostile, hostile
	a.Group[0].Value = hostile
	a.Evidence[0].Original, a.Evidence[0].NativeID = hostile, hostile
	a.Evidence[0].Fields["user.name"], a.Evidence[0].Native[0].Text = hostile, hostile
	return a
}

func TestNoBodyHoldsAControlCharacterAndEachStillSaysTheSame(t *testing.T) {
	a := hostileAlert()
	for _, name := range []string{"json", "cef", "ocsf"} {
		body, err := formatNamed(name).body(sampled(a))
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range string(bytes.TrimSuffix(body, []byte("\n"))) {
			if r < 0x20 || name == "cef" && !unicode.IsPrint(r) {
				t.Errorf("%s holds %U", name, r)
			}
		}
	}
	body, err := formatNamed("json").body(sampled(a))
	if err != nil {
		t.Fatal(err)
	}
	var back alert.Alert
	if err := json.Unmarshal(body, &back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{hostile, hostile, hostile}, []string{back.Summary, back.Person.Surname, back.Evidence[0].Original}); diff != "" {
		t.Errorf("read back (-want +got):\n%s", diff)
	}
}
