package evaluate_test

import (
	"encoding/json"
	"math"
	"testing"

	"pgregory.net/rapid"

	"probity/internal/evaluate"
)

func TestIntervalsAreTheOnesPublished(t *testing.T) {
	// R. G. Newcombe, Two-sided confidence intervals for the single proportion, Statistics in Medicine 17 (1998), table I, method 3.
	for _, c := range []struct {
		count, of int
		low, high float64
	}{{81, 263, 0.2553, 0.3662}, {15, 148, 0.0624, 0.1605}, {0, 20, 0, 0.1611}, {1, 29, 0.0061, 0.1718}} {
		low, high := evaluate.Share{Count: c.count, Of: c.of}.Wilson()
		if math.Abs(low-c.low) > 5e-5 || math.Abs(high-c.high) > 5e-5 {
			t.Errorf("%d of %d: %.4f to %.4f, want %.4f to %.4f", c.count, c.of, low, high, c.low, c.high)
		}
	}
}

func TestAnIntervalHoldsTheShareAndIsTheMirrorOfTheRest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		of := rapid.IntRange(1, 5000).Draw(t, "of")
		s := evaluate.Share{Count: rapid.IntRange(0, of).Draw(t, "count"), Of: of}
		low, high := s.Wilson()
		if v, ok := s.Value(); !ok || low < 0 || high > 1 || low-1e-12 > v || v > high+1e-12 {
			t.Fatalf("%d of %d: %g to %g", s.Count, s.Of, low, high)
		}
		mirrorLow, mirrorHigh := evaluate.Share{Count: of - s.Count, Of: of}.Wilson()
		if math.Abs(low-(1-mirrorHigh)) > 1e-9 || math.Abs(high-(1-mirrorLow)) > 1e-9 {
			t.Fatalf("%d of %d: %g to %g, and the rest %g to %g", s.Count, s.Of, low, high, mirrorLow, mirrorHigh)
		}
	})
}

func TestAShareOfNothingIsNoNumber(t *testing.T) {
	for s, want := range map[evaluate.Share]string{
		{}:                     `{"count":0,"of":0}`,
		{Count: 19, Of: 20}:    `{"count":19,"of":20,"share":0.95,"low95":0.7639,"high95":0.9911}`,
		{Count: 0, Of: 20}:     `{"count":0,"of":20,"share":0,"low95":0,"high95":0.1611}`,
		{Count: 999, Of: 1000}: `{"count":999,"of":1000,"share":0.999,"low95":0.9944,"high95":0.9998}`,
	} {
		if got, err := json.Marshal(s); err != nil || string(got) != want {
			t.Errorf("%v: %s (%v), want %s", s, got, err, want)
		}
	}
	for s, want := range map[evaluate.Share]string{{}: "-", {Count: 999, Of: 1000}: "0.99 (999/1000)", {Count: 1, Of: 1000}: "0.01 (1/1000)", {Count: 3, Of: 3}: "1.00 (3/3)"} {
		if s.String() != want {
			t.Errorf("%q, want %q", s, want)
		}
	}
}
