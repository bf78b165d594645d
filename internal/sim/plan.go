package sim

import (
	"fmt"
	"slices"
)

// backlog is how many days before the span the work began.
const backlog = 28

// plan is what comes to the police on one day.
type plan struct {
	incidents []*incident
	inquiries []*inquiry // opened on this day
}

// incident is a STORM log with who was sent and who was involved.
type incident struct {
	log        string // DPP-20260302-0143
	on         date
	station    *station
	place      string // street and town
	title      string
	grade      int
	opened     instant
	closed     instant
	openCode   int
	closeCode  int
	units      string
	controller *stint // nil when the room was empty
	crew       []*stint
	people     []*nominal
	vehicle    *vehicle
	occurrence string // 5326/0012345, empty when none was raised
	inquiry    *inquiry
	host       int // of the two STORM servers
}

// busy is the weight of each hour of the day in calls from the public.
var busy = [24]int{5, 4, 3, 2, 2, 2, 3, 4, 5, 6, 6, 6, 7, 7, 7, 8, 8, 8, 8, 8, 8, 9, 9, 7}

// plan of day d, from the duty sheets of that day and the one before it. It is
// a pure function of the seed, so that tables and lines agree.
func (f *Force) plan(d int, yesterday, today *sheet) *plan {
	r := f.dice(forPlan, d, 0)
	mean := 2 + 0.11*float64(f.opts.Staff)
	if wd := f.cal.weekday(d); wd == 5 || wd == 6 {
		mean *= 1.25
	}
	opened := make([]instant, r.around(mean))
	for i := range opened {
		opened[i] = f.calledAt(d, r)
	}
	slices.Sort(opened)
	p := &plan{}
	for i, t := range opened {
		inc := f.incident(r, d, i, t, [2]*sheet{yesterday, today})
		p.incidents = append(p.incidents, inc)
		if q := inc.inquiry; q != nil {
			p.inquiries = append(p.inquiries, q)
		}
	}
	return p
}

func (f *Force) calledAt(d int, r dice) instant {
	sum := 0
	for _, w := range busy {
		sum += w
	}
	k, h := r.IntN(sum), 0
	for k >= busy[h] {
		k -= busy[h]
		h++
	}
	t := f.cal.midnight(d) + instant(h)*hour + instant(r.Int64N(int64(hour)))
	return min(t, f.cal.midnight(d+1)-second)
}

func (f *Force) incident(r dice, d, i int, t instant, duty [2]*sheet) *incident {
	on := f.cal.date(d)
	home := address(r.IntN(9 * f.opts.Staff))
	inc := &incident{
		log: fmt.Sprintf("DPP-%s-%04d", on.packedISO(), i+1), on: on, opened: t,
		station: pick(r, f.stations), place: home.street() + ", " + home.town(), title: pick(r, offences),
		grade: r.between(1, 4), openCode: r.IntN(60), closeCode: 200 + r.IntN(40), host: r.IntN(2),
	}
	inc.openCode = openCode(inc.title, inc.openCode)
	inc.closed = r.after(t, 25*minute, 5*hour)
	f.send(r, inc, duty)
	if inc.grade < 4 && r.chance(0.5) && len(inc.crew) > 0 {
		number := 10000 + (d+backlog)*max(60, f.opts.Staff/2) + i
		inc.occurrence = fmt.Sprintf("53%02d/%07d", on.year%100, number)
		if r.chance(0.45) {
			inc.inquiry = f.inquiry(r, d, number, inc)
		}
	}
	f.involve(r, inc)
	return inc
}

// send chooses the controller and one or two crews.
func (f *Force) send(r dice, inc *incident, duty [2]*sheet) {
	anyone := func(*stint) bool { return true }
	room := [2][]*stint{duty[0].inRole[controlRoom], duty[1].inRole[controlRoom]}
	inc.controller = onDuty(r, room, inc.opened, anyone)
	for range r.between(1, 3) {
		s := onDuty(r, [2][]*stint{duty[0].onBeat[inc.station], duty[1].onBeat[inc.station]}, inc.opened, func(s *stint) bool {
			return !slices.Contains(inc.crew, s)
		})
		if s == nil {
			return
		}
		if len(inc.crew)%2 == 0 {
			if inc.units != "" {
				inc.units += ","
			}
			inc.units += fmt.Sprintf("%s%d", inc.station.sector, 1+s.who.n%9)
		}
		inc.crew = append(inc.crew, s)
	}
}

// involve chooses people and a vehicle, none of them related to anyone who was
// sent or will investigate. One in thirty has to do with staff or is famous.
func (f *Force) involve(r dice, inc *incident) {
	for range r.IntN(4) {
		x := f.someone(r)
		if r.chance(0.035) {
			x = pick(r, f.loud)
		}
		if f.clear(inc, x) && !slices.Contains(inc.people, x) {
			inc.people = append(inc.people, x)
		}
	}
	if len(f.frail) > 0 && slices.Contains(troubles, inc.title) {
		x := f.frail[f.roll(forFrail, int(inc.opened/second), inc.grade)%uint64(len(f.frail))]
		if f.clear(inc, x) {
			inc.people = append(inc.people, x)
		}
	}
	if q := inc.inquiry; q != nil {
		q.people = inc.people
		for _, x := range inc.people {
			q.restricted = q.restricted || x.restricted
		}
	}
	if !r.chance(0.4) {
		return
	}
	v := pick(r, f.traffic)
	if r.chance(0.01) {
		// Every other car of staff stays out of incidents, as quiet nominals do.
		if own := pick(r, f.staffCars); own.keeper.n%2 == 0 && f.clear(inc, &nominal{staff: own.keeper, home: own.keeper.home}) {
			v = own
		}
	}
	inc.vehicle = v
}

// clear says that x is no relation of anyone working on the incident.
func (f *Force) clear(inc *incident, x *nominal) bool {
	if inc.controller != nil && f.related(inc.controller.who, x) {
		return false
	}
	for _, s := range inc.crew {
		if f.related(s.who, x) {
			return false
		}
	}
	if inc.inquiry == nil {
		return true
	}
	return !slices.ContainsFunc(inc.inquiry.everyone(), func(p *person) bool { return f.related(p, x) })
}
