// Package table is the lookup tables that rules join: who is who, who was on duty, who was assigned to what, and the
// functions that conditions may call to ask them.
//
// It reads whole CSV files into immutable sets and answers; it watches no file, reads no clock, logs nothing, and quotes no
// cell in an error or a finding, because cells hold persons. The daemon and the rule tests load tables (Load, Parse) and
// join them into the Set of a generation; the engine resolves accounts with Set.Resolve; rule checks conditions against
// Lookups and binds Set.Lookups.
//
// # Unknown never accuses
//
// Every answer is three-valued. A lookup is UnknownTable where a newer table may answer: the table is absent, does not
// cover the event time, or lacks the row while a miss means unknown; and for an actor whom nobody could resolve
// ("dataset:account"), whatever the table. It is UnknownField where no newer table would help: an argument or the column
// is empty, or a status is asked for a time that lies too long before the export, since every newer export is later still.
// Were that UnknownTable, every event of a month that is read at once would wait in vain. Combinations follow Kleene: what decides is looked at even beside an unknown, and of two unknowns the one that
// a newer table may lift is reported.
//
// # The file
//
// A CSV (RFC 4180, UTF-8, comma) whose header holds the table's columns in any order, others being ignored. Before the
// header stands one line, which may instead be the sidecar file <path>.meta (with both, they must agree):
//
//	# exported_at=2026-03-02T02:00:00Z covers=2026-01-01/2026-03-02 rows=9120
//
// exported_at is an instant. covers is the span of event times that the table can answer for, as the exporter declares
// it: a date at its end is through the end of that day. rows, optional, lets a file that was cut at a line be refused.
// There is no guessing from the file's own time, and a table loads whole or not at all. At most 256 MiB and 4,000,000 rows.
//
// Dated tables (roster, associations, assignments, links, sensitive, honeytokens) answer as of event time within covers,
// and only there. Undated ones (people, vehicles, nominals) answer within covers or within max_age of exported_at on either
// side; person(…).status only the latter, since it is the status on the day of the export.
//
// A time is RFC 3339, "2006-01-02 15:04" in the set's zone, or a date: as a beginning its first instant, as an end
// (to, expires, end_date, vetting_expiry) its last. Local times are read as package decode reads those of events: the
// repeated hour as its first pass, the missing hour with the offset before the change. Both sides of a comparison then
// err alike. From is inclusive, to exclusive; empty is open.
//
// Ids, references, accounts, collar numbers, roles and names are compared without regard to case and surrounding space,
// registration marks without any space.
//
// # Places
//
// A dozen lookups ask about the few persons and records that an event names. So each text that is a key of some table has a
// number, its place, which is looked for once an event (Find; Resolve gives that of an actor), and what a table has of it stands at
// that place. Arguments carry their places; a lookup that is asked without finds them itself.
//
// # Rejected
//
// Resolving covers' end to the export's own time: a nightly export would then leave every event of the day undecided, and
// a honeytoken would be reported the next morning. The exporter decides; a Finding says where a declared span beyond the
// export lets a missing row of assignments or links speak against someone.
package table
