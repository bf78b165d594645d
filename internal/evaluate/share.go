package evaluate

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
)

// Share is a count among so many. Of nothing there is no share.
type Share struct{ Count, Of int }

func (s *Share) add(yes bool) {
	s.Of++
	if yes {
		s.Count++
	}
}

// Value is Count / Of; ok is false of nothing.
func (s Share) Value() (value float64, ok bool) {
	if s.Of == 0 {
		return 0, false
	}
	return float64(s.Count) / float64(s.Of), true
}

// z95 is the standard normal distribution's 0.975 quantile.
const z95 = 1.959963984540054

// Wilson is the 95 % score interval (Wilson 1927), without correction for continuity. It stays within 0 and 1 and is honest for
// few cases, where the usual one claims certainty from three of three. Of nothing it is 0 to 1.
func (s Share) Wilson() (low, high float64) {
	if s.Of == 0 {
		return 0, 1
	}
	n, k := float64(s.Of), float64(s.Count)
	mid := (k + z95*z95/2) / (n + z95*z95)
	half := z95 / (n + z95*z95) * math.Sqrt(k*(n-k)/n+z95*z95/4)
	return max(0, mid-half), min(1, mid+half)
}

// String writes 0.95 (19/20).
func (s Share) String() string {
	v, ok := s.Value()
	if !ok {
		return "-"
	}
	return fmt.Sprintf("%s (%d/%d)", decimals(v), s.Count, s.Of)
}

// interval writes 0.76–0.99.
func (s Share) interval() string {
	if s.Of == 0 {
		return "-"
	}
	low, high := s.Wilson()
	return decimals(low) + "–" + decimals(high)
}

// decimals writes two of them. What is not all is not written as all, nor what is not nothing as nothing.
func decimals(v float64) string {
	switch text := fmt.Sprintf("%.2f", v); {
	case text == "1.00" && v < 1:
		return "0.99"
	case text == "0.00" && v > 0:
		return "0.01"
	default:
		return text
	}
}

// shareJSON is the form of a Share in JSON; of nothing there is neither share nor interval.
type shareJSON struct {
	Count int      `json:"count"`
	Of    int      `json:"of"`
	Share *float64 `json:"share,omitempty"`
	Low   *float64 `json:"low95,omitempty"`
	High  *float64 `json:"high95,omitempty"`
}

// MarshalJSON writes the share with its interval.
func (s Share) MarshalJSON() ([]byte, error) {
	out := shareJSON{Count: s.Count, Of: s.Of}
	if v, ok := s.Value(); ok {
		low, high := s.Wilson()
		v, low, high = round4(v), round4(low), round4(high)
		out.Share, out.Low, out.High = &v, &low, &high
	}
	return json.Marshal(out)
}

func round4(v float64) float64 { return math.Round(v*1e4) / 1e4 }

// Spread is how a number differs between forces.
type Spread struct {
	Min    float64 `json:"min"`
	Median float64 `json:"median"`
	Max    float64 `json:"max"`
	Forces int     `json:"forces"` // that have the number
}

// spread of values; nil of none.
func spread(values []float64) *Spread {
	if len(values) == 0 {
		return nil
	}
	v := slices.Sorted(slices.Values(values))
	n := len(v)
	return &Spread{Min: round4(v[0]), Median: round4((v[(n-1)/2] + v[n/2]) / 2), Max: round4(v[n-1]), Forces: n}
}

func (s *Spread) text(form string) string {
	if s == nil {
		return "-"
	}
	return fmt.Sprintf(form+" / "+form+" / "+form, s.Min, s.Median, s.Max)
}
