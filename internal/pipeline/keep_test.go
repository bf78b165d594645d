package pipeline

import (
	"testing"

	"pgregory.net/rapid"
)

func TestARecordIsKeptAsLongAsItMustAndLittleLonger(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at, until := rapid.Int64().Draw(t, "at"), rapid.Int64().Draw(t, "until")
		got := inStep(at, until)
		if got < until {
			t.Fatalf("until %d instead of %d", got, until)
		}
		if until > at {
			if span := uint64(until) - uint64(at); uint64(got)-uint64(until) > span/8 {
				t.Errorf("%d later, of %d", got-until, span)
			}
		} else if got != until {
			t.Errorf("%d, although it was over before it began", got)
		}
	})
}

func TestRecordsOfOneHourGoInAFewSteps(t *testing.T) {
	steps := map[int64]bool{}
	for second := range int64(3600) {
		at := 1_760_000_000e9 + second*1e9
		steps[inStep(at, at+6*3600e9)] = true
	}
	if len(steps) > 4 {
		t.Errorf("%d steps", len(steps))
	}
}
