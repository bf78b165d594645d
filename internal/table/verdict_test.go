package table

import "testing"

func TestVerdictsFollowKleeneAndReportTheUnknownThatANewerTableMayLift(t *testing.T) {
	all := []verdict{no, yes, unknownField, unknownTable}
	and := [][]verdict{{no, no, no, no}, {no, yes, unknownField, unknownTable}, {no, unknownField, unknownField, unknownTable}, {no, unknownTable, unknownTable, unknownTable}}
	for i, a := range all {
		for j, b := range all {
			if got := a.and(b); got != and[i][j] {
				t.Errorf("%d and %d: %d", a, b, got)
			}
			if got, want := a.or(b), a.not().and(b.not()).not(); got != want {
				t.Errorf("%d or %d: %d, by De Morgan %d", a, b, got, want)
			}
		}
	}
}
