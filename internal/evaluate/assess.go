package evaluate

import (
	"maps"
	"slices"
	"time"

	"probity/internal/alert"
)

// Force is a run over one force's logs, and what is known of the force.
type Force struct {
	Name       string
	Truths     []Truth
	Lookalikes []Truth // legitimate acts that resemble a typology; nil: none known
	Staff      int     // employed; 0: not known, and there are no rates
	Days       int     // that the logs span; 0: not known, and there are no rates
	People     []Person
	Notes      *Notes
}

// Assessed is a force after marking: counts without persons, small enough to keep many.
type Assessed struct {
	name        string
	staff, days int
	misuse      []finding
	lookalikes  []finding // alerted on by alerts that are not true of any misuse
	alerts      []mark
	people      []exposed
}

// finding is a verdict, and whether anybody is told of it: low alerts are no message.
type finding struct {
	Verdict
	told      bool
	toldAfter time.Duration
	interrupt bool // by a high or critical alert
}

func (f *finding) by(a *alert.Alert, after time.Duration) {
	f.Verdict.by(a.Rule.ID, after)
	if a.Rule.Severity == alert.Low {
		return
	}
	if !f.told || after < f.toldAfter {
		f.toldAfter = after
	}
	f.told, f.interrupt = true, f.interrupt || interrupts(a.Rule.Severity)
}

// mark is what an open alert turned out to be.
type mark struct {
	rule     string
	severity alert.Severity
	kind     kind
	true     bool
	finds    []int // misuses
	resemble []int // look-alikes, of a false one
}

// Assess marks a force's alerts.
func Assess(f Force) Assessed {
	known := slices.Collect(maps.Values(f.Notes.known))
	alerts := f.Notes.revisions()
	misuse, alike := newMarking(f.Truths, alerts, known), newMarking(f.Lookalikes, alerts, known)
	out := Assessed{name: f.Name, staff: f.Staff, days: f.Days}
	for _, v := range unjudged(f.Truths) {
		out.misuse = append(out.misuse, finding{Verdict: v})
	}
	for _, v := range unjudged(f.Lookalikes) {
		out.lookalikes = append(out.lookalikes, finding{Verdict: v})
	}
	alerted := newAlerted(f)
	for _, h := range histories(alerts) {
		last := h[len(h)-1]
		if last.Status == alert.Withdrawn {
			continue
		}
		m := mark{rule: last.Rule.ID, severity: last.Rule.Severity, kind: of(last), finds: misuse.found(last)}
		m.true = len(m.finds) > 0
		for _, i := range m.finds {
			out.misuse[i].by(last, misuse.since(h, i))
		}
		if !m.true && m.kind == ofMisuse {
			m.resemble = alike.found(last)
			for _, i := range m.resemble {
				out.lookalikes[i].by(last, alike.since(h, i))
			}
		}
		alerted.add(last, m.kind)
		out.alerts = append(out.alerts, m)
	}
	out.people = alerted.exposed(f)
	return out
}

// thousandStaffWeeks is how much there was to watch, 0 if that is not known.
func (a *Assessed) thousandStaffWeeks() float64 { return float64(a.staff) / 1000 * float64(a.days) / 7 }
