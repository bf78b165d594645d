package sim

import "time"

// rota is a pattern of working days.
type rota uint8

const (
	aroundTheClock rota = iota // two earlies, two lates, two nights, four off; five groups
	weekdays                   // Monday to Friday
	someWeekends               // weekdays and one weekend in five
	evenings                   // four on, three off
)

// Kinds of duty, as the roster has them.
const (
	dutyOn       = "on"
	dutyOff      = "off"
	dutyLeave    = "leave"
	dutySick     = "sick"
	dutyCourt    = "court"
	dutyTraining = "training"
)

// duty is what a person does on one day.
type duty struct {
	kind     string
	from, to instant // as worked
	planned  instant // end as rostered
}

// stint is a duty of kind on, at a desk.
type stint struct {
	who      *person
	day      int
	from, to instant
	desk     *desk
}

// around says whether t is within the stint or the given grace beyond its end.
func (s *stint) around(t, grace instant) bool { return t >= s.from && t < s.to+grace }

// shift is the hours of a person's pattern on day d, false when it is free.
func (f *Force) shift(p *person, d int) (from, to int, works bool) {
	wd := f.cal.weekday(d)
	weekend := wd == time.Saturday || wd == time.Sunday
	switch p.role.rota {
	case aroundTheClock:
		k := ((f.cal.epoch+d+2*p.group)%10 + 10) % 10
		if k >= 6 {
			return 0, 0, false
		}
		return []int{7, 14, 22}[k/2], []int{16, 24, 31}[k/2], true
	case someWeekends:
		week := (f.cal.epoch + d + 3) / 7
		if weekend && (week+p.group)%5 != 0 {
			return 0, 0, false
		}
		return 8, 17, true
	case evenings:
		if (f.cal.epoch+d+p.n)%7 >= 4 {
			return 0, 0, false
		}
		return 12 + p.n%3, 21 + p.n%3, true
	}
	return 8 + p.n%2, 16 + p.n%2, !weekend
}

// duty of p on day d: a pure function of the seed.
func (f *Force) duty(p *person, d int) duty {
	day := f.cal.epoch + d
	away := func(kind string) duty {
		return duty{kind: kind, from: f.cal.midnight(d), to: f.cal.midnight(d + 1), planned: f.cal.midnight(d + 1)}
	}
	if p.status == statusLeave {
		return away(dutyLeave)
	}
	if !p.serves(d) {
		return duty{kind: dutyOff}
	}
	if k := day % 14; f.share(forAbsence, p.n, day/14) < 0.11 && k >= 4 && k < 11 {
		return away(dutyLeave)
	}
	from, to, works := f.shift(p, d)
	if !works {
		return duty{kind: dutyOff}
	}
	if x := f.share(forAbsence, p.n, 1<<20+day/5); x < 0.025 && day%5 <= int(x*100) {
		return away(dutySick)
	}
	u := f.share(forRota, p.n, day)
	if p.employment == policeOfficer && p.role.rota != aroundTheClock && u < 0.015 {
		return duty{dutyCourt, f.cal.clock(d, 9), f.cal.clock(d, 17), f.cal.clock(d, 17)}
	}
	if u > 0.985 {
		return duty{dutyTraining, f.cal.clock(d, 9), f.cal.clock(d, 17), f.cal.clock(d, 17)}
	}
	w := duty{dutyOn, f.cal.clock(d, from), f.cal.clock(d, to), f.cal.clock(d, to)}
	if x := f.roll(forOvertime, p.n, day); x%100 < 5 {
		w.to += instant(1+x/100%3) * hour
		if x/1000%2 == 0 { // the other half never reaches the roster
			w.planned = w.to
		}
	}
	return w
}

// stint of p on day d, nil when not on duty.
func (f *Force) stint(p *person, d int) *stint {
	w := f.duty(p, d)
	if w.kind != dutyOn {
		return nil
	}
	return &stint{who: p, day: d, from: w.from, to: w.to, desk: f.seat(p, d)}
}

// seat is the desk of p on day d.
func (f *Force) seat(p *person, d int) *desk {
	if !p.roams {
		return p.desk
	}
	at := f.roll(forDesk, p.n, f.cal.epoch+d)
	return &p.station.desks[at%uint64(len(p.station.desks))]
}

// sheet is the duty sheet of a day: all stints that begin on it.
type sheet struct {
	stints []stint
	of     []*stint // by person, nil when not on duty
	inRole map[string][]*stint
	onBeat map[*station][]*stint // response and neighbourhood
}

func (f *Force) sheet(d int) *sheet {
	s := &sheet{of: make([]*stint, len(f.people)), inRole: map[string][]*stint{}, onBeat: map[*station][]*stint{}}
	s.stints = make([]stint, 0, len(f.people)*2/3)
	for _, p := range f.people {
		if on := f.stint(p, d); on != nil {
			s.stints = append(s.stints, *on)
		}
	}
	for i := range s.stints {
		on := &s.stints[i]
		name := on.who.role.name
		s.of[on.who.n] = on
		s.inRole[name] = append(s.inRole[name], on)
		if name == response || name == neighbourhood {
			s.onBeat[on.who.station] = append(s.onBeat[on.who.station], on)
		}
	}
	return s
}

// onDuty draws somebody of a list who is on duty at t and fits; nil if nobody.
func onDuty(r dice, lists [2][]*stint, t instant, fits func(*stint) bool) *stint {
	for range 12 {
		l := lists[0]
		if len(lists[1]) > 0 && (len(l) == 0 || r.IntN(3) > 0) {
			l = lists[1]
		}
		if len(l) == 0 {
			return nil
		}
		if s := pick(r, l); s.around(t, 0) && fits(s) {
			return s
		}
	}
	for _, l := range lists {
		for _, s := range l {
			if s.around(t, 0) && fits(s) {
				return s
			}
		}
	}
	return nil
}
