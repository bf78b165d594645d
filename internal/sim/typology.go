package sim

import "slices"

// Variants of a misuse, by how hard it is to see.
const (
	obvious  = "obvious"  // much in one sitting
	ordinary = "ordinary" // a little, within a few shifts
	patient  = "patient"  // a little at a time, over the whole span
)

// patientDays is the shortest span that a patient offender is planted in.
const patientDays = 28

// typology is a kind of misuse. To add one, write its plant function and list
// it; nothing else changes.
type typology struct {
	name     string
	variants []string
	// plant casts an offender and schedules the acts. False says that this
	// force has nobody for it.
	plant func(*plot) bool
}

// typologies in the order in which offenders are cast: a small force may run
// out of people.
func typologies() []typology {
	brief, all := []string{obvious, ordinary}, []string{obvious, ordinary, patient}
	return []typology{
		{"honeytoken-record", brief, plantHoneytoken},
		{"leaver-account-used", all, plantLeaver},
		{"suspended-user-active", all, plantSuspended},
		{"audit-disabled-or-altered", []string{obvious}, plantAuditOff},
		{"role-self-grant", brief, plantSelfGrant},
		{"own-vehicle-check", all, plantOwnVehicle},
		{"self-lookup", all, plantSelfLookup},
		{"alter-record-about-self", brief, plantAlteration},
		{"declared-association-lookup", all, plantAssociation},
		{"household-kin-lookup", all, plantHousehold},
		{"colleague-lookup", all, plantColleague},
		{"high-profile-access", all, plantHighProfile},
		{"bulk-print-export", all, plantBulkPrint},
		{"external-auto-forward", brief, plantForward},
		{"restricted-denied-burst", brief, plantDenied},
		{"unscheduled-erasure", brief, plantErasure},
		{"mass-download", all, plantDownload},
		{"anonymous-guest-share", all, plantShare},
	}
}

// plot is one misuse being planned.
type plot struct {
	f       *Force
	r       dice
	variant string
	who     *person
	cast    map[*person]bool // offenders so far: nobody offends twice
	acts    []act
}

// conspire plans all misuse: of each typology one for 2000 people and 90 days,
// at least one, the variants in turn.
func (f *Force) conspire() {
	each := max(1, f.opts.Staff*f.opts.Days/(2000*90))
	cast := map[*person]bool{}
	for k := range each {
		for i, t := range typologies() {
			variants := t.variants
			if f.opts.Days < patientDays {
				variants = slices.DeleteFunc(slices.Clone(variants), func(v string) bool { return v == patient })
			}
			p := &plot{f: f, r: f.dice(forMisuse, i, k), variant: variants[(i+k)%len(variants)], cast: cast}
			if !t.plant(p) {
				continue
			}
			cast[p.who] = true
			f.plots = append(f.plots, Truth{Typology: t.name, Variant: p.variant, Person: p.who.id})
			for _, a := range p.acts {
				a.plot = len(f.plots)
				d := f.cal.dayOf(a.at)
				f.planted[d] = append(f.planted[d], a)
			}
		}
	}
}

// do schedules an act. Planted acts bypass the guard on legitimate work.
func (p *plot) do(at instant, e entry) { p.acts = append(p.acts, act{at: at, entry: e}) }

// choose casts the offender: somebody fitting who works within the span and
// has not offended yet.
func (p *plot) choose(fits func(*person) bool) bool {
	people := p.f.people
	for _, k := range p.r.Perm(len(people)) {
		if q := people[k]; !p.cast[q] && fits(q) && len(p.shifts(q)) > 0 {
			p.who = q
			return true
		}
	}
	return false
}

// about casts an offender and a quiet record that the offender has a private
// reason to see.
func (p *plot) about(private func(*person, *nominal) bool) *nominal {
	quiet := p.f.quiet
	for _, k := range p.r.Perm(len(quiet)) {
		x := quiet[k]
		if p.choose(func(q *person) bool { return private(q, x) }) {
			return x
		}
	}
	return nil
}

// shifts are the days on which q works at least an hour within the span.
func (p *plot) shifts(q *person) []int {
	var days []int
	for d := range p.f.opts.Days {
		if s := p.f.stint(q, d); s != nil && s.from+2*hour < p.f.last() {
			days = append(days, d)
		}
	}
	return days
}

// moment is a time and a desk to offend at.
type moment struct {
	at   instant
	desk *desk
}

// moments are n occasions in the offender's shifts, at most gap apart within a
// sitting: one sitting when obvious, up to three when ordinary, up to twelve,
// spread evenly over the span, when patient.
func (p *plot) moments(n int, gap instant) []moment {
	days := p.sittings(p.shifts(p.who), n)
	var all []moment
	for i, d := range days {
		s := p.f.stint(p.who, d)
		share := (i+1)*n/len(days) - i*n/len(days)
		end := min(s.to, p.f.last()) - instant(share)*gap - minute
		t := p.r.within(s.from+10*minute, max(end, s.from+11*minute))
		for range share {
			all = append(all, moment{t, s.desk})
			t = p.r.after(t, gap/4, gap)
		}
	}
	return all
}

// sittings chooses the days to offend on among those given, in order.
func (p *plot) sittings(days []int, n int) []int {
	want := 1
	switch p.variant {
	case ordinary:
		want = 3
	case patient:
		want = min(n, 12)
	}
	want = min(want, n, len(days))
	if p.variant != patient {
		first := p.r.IntN(len(days) - want + 1)
		return days[first : first+want]
	}
	chosen := make([]int, want)
	for i := range chosen {
		lo, hi := i*len(days)/want, (i+1)*len(days)/want
		chosen[i] = days[lo+p.r.IntN(hi-lo)]
	}
	return chosen
}

// count by variant.
func (p *plot) count(obviously, ordinarily, patiently int) int {
	switch p.variant {
	case obvious:
		return obviously
	case ordinary:
		return ordinarily
	}
	return patiently
}
