package rule

import (
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"probity/internal/event"
)

// A look at the first byte never says no to what the pattern matches.
func TestAPatternMatchesWhatItsExpressionDoes(t *testing.T) {
	atoms := []string{"a", "B", "é", "ſ", "K", ".", "[^a]", "[a-z]", "\\d", "\\b", "^", "$", "\\A", "\\z", "(?i:k)", "(?s:.)", "(?i)s", "", "(?m:^)", "a*", "(?:b|^c)", "\\x{ff}"}
	letters := []string{"a", "b", "B", "é", "É", "ſ", "s", "S", "K", "k", "\u212a", "\n", "1", " ", "\xff", "\xc3"}
	var specialised int
	rapid.Check(t, func(t *rapid.T) {
		source := rapid.SampledFrom([]string{"", "^", "(?i)^", "\\A", "^(?:x|"}).Draw(t, "begin") +
			strings.Join(rapid.SliceOfN(rapid.SampledFrom(append(atoms, "|")), 0, 5).Draw(t, "pattern"), "")
		source += strings.Repeat(")", strings.Count(source, "^(?:x|"))
		re, err := regexp.Compile(source)
		if err != nil {
			return
		}
		if beginnings(source) != nil {
			specialised++
		}
		for range 20 {
			v := event.Value{Kind: event.String, Str: strings.Join(rapid.SliceOfN(rapid.SampledFrom(letters), 0, 4).Draw(t, "text"), "")}
			if got, want := pattern(source)(&v), re.MatchString(v.Str); got != want {
				t.Fatalf("%q of %q: %v, regexp says %v", source, v.Str, got, want)
			}
		}
	})
	if specialised == 0 {
		t.Error("no pattern had known beginnings: nothing was tested")
	}
}

func TestABeginningIsKnownOfWhatRulesAsk(t *testing.T) {
	for source, want := range map[string]string{
		"(?i)^(ctx|vdi)[-0-9]": "CVcv", "^[0-9]": "0123456789", `\Ax?y`: "xy",
	} {
		may := beginnings(source)
		if may == nil {
			t.Errorf("%s: nothing is known", source)
			continue
		}
		var got string
		for b := range 128 {
			if may[b] {
				got += string(rune(b))
			}
		}
		if got != want {
			t.Errorf("%s: begins with %q, not %q", source, got, want)
		}
	}
	for _, source := range []string{"a", "^", "^a*", "(?m)^a", "(^a|b)", "^$", "("} {
		if beginnings(source) != nil {
			t.Errorf("%s: it may match what begins with anything", source)
		}
	}
}

// The forms that rules use are spared the machine.
func TestWhatIsDerivedHasAClosure(t *testing.T) {
	set := NewSet(testSchema(t))
	for _, source := range []string{
		`lower(object.name) == lower(user.name)`, `upper(object.name) contains "X"`, `lower(object.name) matches "^a"`,
		`len(split(object.name, "/")) < 3`, `len(split(object.name, "/")) == len(split(user.name, "/"))`,
	} {
		if _, err := set.Compile(source, nil); err != nil {
			t.Fatal(err)
		}
	}
	for i := range set.atoms {
		if set.atoms[i].fast == nil {
			t.Errorf("%s is left to the machine", set.atoms[i].text)
		}
	}
}
