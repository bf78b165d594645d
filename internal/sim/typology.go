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
	thorough bool // planted in a thorough force only
	// plant casts an offender and schedules the acts. False says that this
	// force has nobody for it.
	plant func(*plot) bool
}

// typologies in the order in which offenders are cast: a small force may run
// out of people. New ones come last, because the place of one is in its dice.
func typologies() []typology {
	brief, all := []string{obvious, ordinary}, []string{obvious, ordinary, patient}
	return []typology{
		{"honeytoken-record", brief, false, plantHoneytoken},
		{"leaver-account-used", all, false, plantLeaver},
		{"suspended-user-active", all, false, plantSuspended},
		{"audit-disabled-or-altered", []string{obvious}, false, plantAuditOff},
		{"role-self-grant", all, false, plantSelfGrant},
		{"own-vehicle-check", all, false, plantOwnVehicle},
		{"self-lookup", all, false, plantSelfLookup},
		{"alter-record-about-self", brief, false, plantAlteration},
		{"declared-association-lookup", all, false, plantAssociation},
		{"household-kin-lookup", all, false, plantHousehold},
		{"colleague-lookup", all, false, plantColleague},
		{"high-profile-access", all, false, plantHighProfile},
		{"bulk-print-export", all, false, plantBulkPrint},
		{"external-auto-forward", all, false, plantForward},
		{"restricted-denied-burst", brief, false, plantDenied},
		{"unscheduled-erasure", brief, false, plantErasure},
		{"mass-download", all, false, plantDownload},
		{"anonymous-guest-share", all, false, plantShare},
		{"own-case-access", all, true, plantOwnCase},
		{"repeat-subject-unassigned", all, true, plantRepeat},
		{"victim-return-after-closure", all, true, plantReturn},
		{"vulnerable-person-trawl", all, true, plantTrawl},
		{"sensitive-view-then-egress", all, true, plantEgress},
		{"offduty-or-absent-access", all, true, plantOffDuty},
		{"storm-out-of-area-browse", all, true, plantBrowse},
		{"shared-credentials", all, true, plantShared},
	}
}

// each is how many plots of a kind there are: n for 2000 people and 90 days, in
// proportion, and at least one.
func (f *Force) each(n int) int { return max(1, n*f.opts.Staff*f.opts.Days/(2000*90)) }

// conspire plans all misuse: of each typology one for 2000 people and 90 days,
// the variants in turn, or each variant in a thorough force. Without misuse the
// offenders are cast all the same, so that everybody else is as usual.
func (f *Force) conspire(cast map[*person]bool) {
	for k := range f.each(1) {
		for i, t := range typologies() {
			variants := t.variants
			if f.opts.Days < patientDays {
				variants = slices.DeleteFunc(slices.Clone(variants), func(v string) bool { return v == patient })
			}
			if !f.opts.Thorough {
				if !t.thorough {
					f.plot(t, &plot{f: f, r: f.dice(forMisuse, i, k), variant: variants[(i+k)%len(variants)], cast: cast})
				}
				continue
			}
			for v, variant := range variants {
				for try := range 4 { // who was cast may have no occasion
					if f.plot(t, &plot{f: f, r: f.dice(forMisuse, i+1000*(v+1)+100_000*try, k), variant: variant, cast: cast}) {
						break
					}
				}
			}
		}
	}
	f.misuses = len(f.plots)
}

// plot plans one misuse, and says whether there is somebody for it.
func (f *Force) plot(t typology, p *plot) bool {
	if !t.plant(p) || !p.inSpan() {
		return false
	}
	p.cast[p.who] = true
	if !f.opts.NoMisuse {
		f.schedule(t.name, p)
	}
	return true
}

// schedule adds a plot and its acts.
func (f *Force) schedule(typology string, p *plot) {
	f.plots = append(f.plots, Truth{Typology: typology, Variant: p.variant, Person: p.who.id})
	for _, a := range p.acts {
		a.plot = len(f.plots)
		d := f.cal.dayOf(a.at)
		f.planted[d] = append(f.planted[d], a)
	}
}
