package sim

// damage is what the faults do to the lines of one run.
type damage struct {
	f      *Force
	counts map[*fault]*Fault
	again  []Line // to be delivered a second time
}

func (f *Force) damage() *damage {
	d := &damage{f: f, counts: map[*fault]*Fault{}}
	for _, x := range f.faults {
		d.counts[x] = &Fault{Kind: x.kind, Source: systemNames[x.source], From: x.from.time(), To: x.to.time(), SkewSeconds: int(x.ahead / second)}
	}
	return d
}

// pass yields the line, not at all, or later once more.
func (d *damage) pass(a act, line Line, p *press, yield func(Line) bool) bool {
	if len(d.counts) == 0 {
		return yield(line)
	}
	s := a.entry.system()
	if x := d.f.faulty(faultDoubled); x != nil && len(d.again) > 0 && a.arrive >= x.to && !d.end(yield) {
		return false
	}
	lost := false
	for _, x := range d.f.faults {
		if x.source != s || !x.holds(s, x.when(a)) {
			continue
		}
		count := d.counts[x]
		count.Lines++
		if a.plot > 0 && !a.again {
			count.Planted = append(count.Planted, NativeRef{systemNames[s], a.entry.native(p)})
		}
		switch x.kind {
		case faultMissing, faultDead:
			lost = true
		case faultDoubled:
			d.again = append(d.again, line)
		}
	}
	return lost || yield(line)
}

// when is the time of an act that decides whether the fault befalls it.
func (x *fault) when(a act) instant {
	switch x.kind {
	case faultSkew:
		return a.at
	case faultLate:
		return x.source.arrival(a.at)
	}
	return a.arrive
}

// end delivers what is still to come a second time. It arrives when the fault
// is over.
func (d *damage) end(yield func(Line) bool) bool {
	again := d.again
	d.again = nil
	for _, line := range again {
		line.At = d.f.faulty(faultDoubled).to.time()
		if !yield(line) {
			return false
		}
	}
	return true
}

// known lists the faults with what they touched; a stale table is one each.
func (d *damage) known() []Fault {
	all := []Fault{}
	for _, x := range d.f.faults {
		if x.tables == nil {
			all = append(all, *d.counts[x])
			continue
		}
		for _, name := range x.tables {
			all = append(all, Fault{Kind: x.kind, Table: name[:len(name)-len(".csv")], From: x.from.time(), To: x.to.time()})
		}
	}
	return all
}
