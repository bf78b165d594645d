package page

import (
	"strings"
	"unicode"

	"probity/internal/neutral"
)

// Ranks of markings. What is not known ranks highest, so that a ceiling refuses it.
const (
	rankOfficial = iota + 1
	rankOfficialSensitive
	rankSecret
	rankTopSecret
	rankUnknown
)

// classifications of the Government Security Classifications Policy (2024), the longer of two that begin alike first.
var classifications = []struct {
	words string
	rank  int
}{
	{"OFFICIAL SENSITIVE", rankOfficialSensitive}, {"OFFICIAL", rankOfficial}, {"TOP SECRET", rankTopSecret}, {"SECRET", rankSecret},
}

// Rank orders markings: OFFICIAL < OFFICIAL-SENSITIVE < SECRET < TOP SECRET < anything else. Descriptors and caveats may follow
// (OFFICIAL-SENSITIVE PERSONAL), and OFFICIAL: SENSITIVE is read too.
func Rank(marking string) int {
	words := strings.Join(strings.FieldsFunc(strings.ToUpper(marking), func(r rune) bool { return !unicode.IsLetter(r) }), " ") + " "
	for _, c := range classifications {
		if strings.HasPrefix(words, c.words+" ") {
			return c.rank
		}
	}
	return rankUnknown
}

// ShownMarking is a marking as an error or a log may quote it.
func ShownMarking(marking string) string { return neutral.Header(marking, 60) }

// Known says whether Rank knows the marking.
func Known(marking string) bool { return Rank(marking) != rankUnknown }
