package sim

import "fmt"

// vehicle has a registration in a pattern that was never issued.
type vehicle struct {
	vrm    string // QQ00 ABC
	guid   string
	urn    string
	make   string
	keeper *person // when a member of staff keeps it
}

// register makes the vehicles of the public and of staff.
func (f *Force) register() {
	r := f.dice(forVehicles, 0, 0)
	n := f.opts.Staff
	order := r.Perm(800000)
	next := 0
	vehicle := func() *vehicle {
		v := &vehicle{vrm: vrm(order[next]), guid: guid(r.Uint64(), r.Uint64()), make: pick(r, makes)}
		v.urn = fmt.Sprintf("V53/%07d", r.IntN(9999999))
		next++
		return v
	}
	for range 4*n + 100 {
		f.traffic = append(f.traffic, vehicle())
	}
	for _, p := range f.people {
		for range []int{0, 1, 1, 1, 2}[r.IntN(5)] {
			v := vehicle()
			v.keeper = p
			p.cars = append(p.cars, v)
			f.staffCars = append(f.staffCars, v)
		}
	}
}

// vrm number n of 800000: QQ and two digits, which no region has, and letters.
func vrm(n int) string {
	const letters = "ABCDEFGHJKLMNOPRSTUV"
	return fmt.Sprintf("QQ%02d %c%c%c", n%100, letters[n/100%20], letters[n/2000%20], letters[n/40000])
}
