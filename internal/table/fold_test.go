package table

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestFoldedTextsAreEqualWhereOnlyCaseAndOuterSpaceDiffer(t *testing.T) {
	for _, c := range [][2]string{{" C4821 ", "c4821"}, {"Siân", "SIÂN"}, {"ŴYN", "ŵyn"}, {"", "  "}, {"Σίσυφος", "ΣΊΣΥΦΟΣ"}, {"O'Mock", "o'MOCK"}} {
		if a, b := foldText(c[0]), foldText(c[1]); a != b {
			t.Errorf("%q folds to %q, %q to %q", c[0], a, c[1], b)
		}
	}
	if a, b := foldText("Mock Evans"), foldText("MockEvans"); a == b {
		t.Error("inner space is lost")
	}
}

func TestFoldingTwiceIsFoldingOnceAndKeepsWhatStandsBefore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.String().Draw(t, "s")
		once := foldText(s)
		if got := string(fold([]byte("before"), s)); got != "before"+once {
			t.Fatalf("appended: %q", got)
		}
		if strings.TrimSpace(once) != once {
			t.Fatalf("%q has outer space", once)
		}
		if plate := string(foldPlate([]byte("x "), s)); plate != "x "+strings.ReplaceAll(once, " ", "") {
			t.Fatalf("plate: %q", plate)
		}
		if ascii := strings.Map(func(r rune) rune { return r & 0x7f }, s); foldText(foldText(ascii)) != foldText(ascii) {
			t.Fatalf("%q folds further", ascii)
		}
	})
}
