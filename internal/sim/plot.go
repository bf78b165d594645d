package sim

import "slices"

// plot is one misuse being planned.
type plot struct {
	f       *Force
	r       dice
	variant string
	who     *person
	cast    map[*person]bool // offenders so far: nobody offends twice
	acts    []act
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
		all = append(all, p.sitting(d, (i+1)*n/len(days)-i*n/len(days), gap)...)
	}
	return all
}

// sitting is n occasions in the offender's shift of day d.
func (p *plot) sitting(d, n int, gap instant) []moment {
	s := p.f.stint(p.who, d)
	end := min(s.to, p.f.last()) - instant(n)*gap - minute
	t := p.r.within(s.from+10*minute, max(end, s.from+11*minute))
	var all []moment
	for range n {
		all = append(all, moment{t, s.desk})
		t = p.r.after(t, gap/4, gap)
	}
	return all
}

// visits are up to n of the offender's working days from day from to before day
// to, spread evenly.
func (p *plot) visits(from, to, n int) []int {
	days := slices.DeleteFunc(p.shifts(p.who), func(d int) bool { return d < from || d >= to })
	n = min(n, len(days))
	chosen := make([]int, n)
	for i := range chosen {
		lo, hi := i*len(days)/n, (i+1)*len(days)/n
		chosen[i] = days[lo+p.r.IntN(hi-lo)]
	}
	return chosen
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

// slowly is how often a patient offender does it: between lo and hi times in a
// quarter of a year. Those who were found out looked 28 times in 11 months, on
// 134 days in two years, 170 times in three years.
func (p *plot) slowly(lo, hi int) int { return max(3, p.r.between(lo, hi)*p.f.opts.Days/90) }

// excuse gives a row what a careful offender writes: a reason, and now and then
// the number of a job that is really theirs, though it has nothing to do with
// the record.
func (p *plot) excuse(e *nicheEntry, at instant) *nicheEntry {
	if p.variant != patient {
		return e
	}
	if p.r.chance(0.7) {
		e.reason = pick(p.r, excuses)
	}
	if jobs := p.f.docket.jobs(p.who, at); len(jobs) > 0 && p.r.chance(0.3) {
		e.occurrence = pick(p.r, jobs).occurrence
	}
	return e
}

var excuses = []string{"Enquiry", "Intel check", "Follow up call", "Linked to current job", "Address check", "Update to victim", "Briefing", "Risk assessment"}
