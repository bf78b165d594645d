// Package sim is a simulated police force: its people, its work and its
// misuse, written down as the audit logs of five systems, as the lookup tables
// that go with them, and as the truth about who misused what. It imports the
// standard library only and nothing of this project, so that it can never agree
// with a detection rule by sharing a number with it. The commands demo,
// simulate, evaluate and bench call it, and so do tests.
//
// # How a day comes about
//
// New builds the world: staff, stations, nominals (people on record), vehicles,
// and the misuse that will be planted. Its size depends on Options.Staff only.
// Everything that happens later is a pure function of (seed, day):
//
//	sheet(day)  who is on duty, where and when          (rota.go)
//	plan(day)   incidents, who was sent, crimes opened  (plan.go)
//	work        the acts of the day, from both          (respond.go, inquire.go, routine*.go)
//	plots       misuse and look-alikes, planned by New  (misuse*.go, lookalike*.go)
//	press       acts in order of arrival become lines   (press.go, niche.go, pnc.go, …)
//	damage      faults hold lines back, repeat or lose them (fault.go, damage.go)
//
// So Tables can write the assignments of 400 days without writing a log line,
// Lines can forget each day once it is over, and both agree.
//
// # Choices that are hard to undo
//
// Native counters (AuditID, Seq) are given when a line is written, in order of
// arrival, as the real writers do. Rejected: numbering acts when they are
// thought up, because gaps and inversions would follow. The price is that truth
// knows its native ids only after the lines were written once.
//
// Legitimate work passes a guard that keeps people away from records about
// themselves, their household and their declared associates, and from records
// of colleagues unless assigned or in a role that may. Otherwise chance alone
// would commit misuse that Truth does not list. Half of all such records are
// "quiet": never part of an incident, so that planted misuse has no accidental
// excuse.
//
// The planted misuse adds acts and changes nothing else: the same seed with
// NoMisuse gives the same legitimate acts (with other counters).
//
// # An honest judge
//
// With Options.Thorough each typology is planted in each of its variants:
//
//	obvious   much in one sitting or a few days, without care
//	ordinary  a little, within some shifts or weeks
//	patient   what a careful person does: small, over the whole span, in duty
//	          hours, with a reason typed and now and then the number of a job
//	          that is theirs and has nothing to do with the record
//
// How often a patient offender looks comes from cases that were reported (28
// times in 11 months, on 134 days in two years, 170 times in three years), not
// from any rule. Beside each typology stand look-alikes: honest work that
// resembles it, with the assignments, links and duties that make it honest as
// far as a force has them on file. Some are honest in a way that no table
// shows (a free day that ended with a call); they are here because they happen.
// Offenders are never cast as look-alikes. A thorough force also has
// vulnerable people on record, in a list of their own that nobody comes across
// by chance.
//
// Options.Faults breaks the data and not the people: what it touched is told by
// Faults, planted events among it by name, while Truth goes on naming what was
// done. First and Last of a Truth are when it happened, whatever a skewed clock
// wrote.
//
// # Synthetic marks
//
// PNC ids carry a wrong check letter, registrations begin with QQ, telephone
// numbers are 01632 960xxx, addresses are in the documentation ranges, mail
// lives under example.police.uk and .example, postcodes begin with QX. Formats
// are those of FORMATS.md, with its traps.
package sim
