package sim

import (
	"hash/fnv"
	"math"
	"math/rand/v2"
)

// purpose separates the random streams, so that one more roll in one place
// does not move everything else.
type purpose uint64

const (
	forStaff purpose = iota + 1
	forNominals
	forVehicles
	forRota
	forAbsence
	forOvertime
	forDesk
	forPlan
	forResponse
	forInquiry
	forRoutine
	forMisuse
	forNumbers
	forNames
	forFrail
	forLookalikes
	forFaults
)

// dice is a stream of chance with the draws that this package needs.
type dice struct{ *rand.Rand }

// dice begins the stream of a purpose and two numbers, such as day and person.
func (f *Force) dice(p purpose, a, b int) dice {
	return dice{rand.New(rand.NewPCG(f.roll(p, a, b), f.roll(p, b, ^a)))}
}

// roll is a single random number for a purpose and two numbers.
func (f *Force) roll(p purpose, a, b int) uint64 {
	return mix(mix(mix(f.opts.Seed^uint64(p)<<56)+uint64(a)) + uint64(b))
}

// share is roll as a number in [0,1).
func (f *Force) share(p purpose, a, b int) float64 {
	return float64(f.roll(p, a, b)>>11) / (1 << 53)
}

// mix is the finaliser of splitmix64: a bijection that scatters.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// hash of a string.
func hash(s string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(s))
	return mix(h.Sum64())
}

// chance is true with the given probability.
func (d dice) chance(p float64) bool { return d.Float64() < p }

// between is uniform in [lo,hi], both included.
func (d dice) between(lo, hi int) int { return lo + d.IntN(hi-lo+1) }

// within is uniform in [from,to).
func (d dice) within(from, to instant) instant {
	if to <= from {
		return from
	}
	return from + instant(d.Int64N(int64(to-from)))
}

// after is between lo and hi after t.
func (d dice) after(t, lo, hi instant) instant { return d.within(t+lo, t+hi) }

// around is a count with the given mean (Poisson; the normal law when large).
func (d dice) around(mean float64) int {
	if mean > 60 {
		return max(0, int(math.Round(mean+math.Sqrt(mean)*d.NormFloat64())))
	}
	n, p, limit := 0, d.Float64(), math.Exp(-mean)
	for p > limit {
		n++
		p *= d.Float64()
	}
	return n
}

func pick[T any](d dice, from []T) T { return from[d.IntN(len(from))] }

// often picks early entries more often than late ones.
func often[T any](d dice, from []T) T {
	u := d.Float64()
	return from[int(u*u*float64(len(from)))]
}

const hexDigits = "0123456789abcdef"

// guid writes 128 bits as a version 4 GUID.
func guid(hi, lo uint64) string { return string(appendGUID(nil, hi, lo)) }

func appendGUID(b []byte, hi, lo uint64) []byte {
	hi = hi&^0xf000 | 0x4000
	lo = lo&^(3<<62) | 2<<62
	b = appendHex(b, hi>>32, 8)
	b = append(b, '-')
	b = appendHex(b, hi>>16, 4)
	b = append(b, '-')
	b = appendHex(b, hi, 4)
	b = append(b, '-')
	b = appendHex(b, lo>>48, 4)
	b = append(b, '-')
	return appendHex(b, lo, 12)
}

func appendHex(b []byte, x uint64, digits int) []byte {
	for i := digits - 1; i >= 0; i-- {
		b = append(b, hexDigits[x>>(4*i)&15])
	}
	return b
}

// guidOf is the GUID that always belongs to a name of this force.
func (f *Force) guidOf(name string) string {
	h := hash(name)
	return guid(mix(h^f.opts.Seed), mix(h+f.opts.Seed+1))
}
