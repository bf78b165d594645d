package alert

import "math"

// Precision is the share of alerts that told what they are to tell, among those that were closed, and how far that can be
// trusted: of two closed alerts nothing follows, and the interval says so.
type Precision struct {
	Share float64 `json:"share"`
	Low   float64 `json:"low"` // Wilson's score interval at 95 %
	High  float64 `json:"high"`
	N     int     `json:"n"` // closed alerts
}

// z is the normal quantile of 95 %, two-sided.
const z = 1.959964

// PrecisionOf is the precision that outcomes say; nil if there are none.
func PrecisionOf(outcomes map[Outcome]int) *Precision {
	n, right := 0, 0
	for o, k := range outcomes {
		n += k
		if o.Right() {
			right += k
		}
	}
	if n == 0 {
		return nil
	}
	size, share := float64(n), float64(right)/float64(n)
	middle := (share + z*z/(2*size)) / (1 + z*z/size)
	half := z / (1 + z*z/size) * math.Sqrt(share*(1-share)/size+z*z/(4*size*size))
	return &Precision{Share: share, Low: max(0, middle-half), High: min(1, middle+half), N: n}
}
