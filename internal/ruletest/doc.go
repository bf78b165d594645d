// Package ruletest runs the tests that stand inside rule files, with the very code that the daemon judges with: the tables
// are parsed by package table, lines are read by package decode, the rule is compiled by package rule, matched and
// correlated by package engine. It writes no file, reads no clock but to time itself, and knows nothing of daemons. The
// command `probity rules test` calls it, and so does the test of the shipped rules.
//
// # What a test says
//
// A timeline (events, then lines), the tables in force, and exactly the alerts that it gives. An alert that is missing, or
// one more, fails the test. So does a match that waits as undecided, or that an exception holds back, unless the test says
// how many (undecided, suppressed): a near miss must miss because the rule decided so, not because a table was forgotten.
//
// Every test is played four times: as written, reversed, shuffled, and with each event twice. The alerts must be the same
// each time, as the first contract of the engine says they are. At the end of each the watermark is advanced past every
// window, as replay --until does it, so that shapes that wait have decided.
//
// # What Deep adds
//
// Deep tries on each test what its author did not ask for (trial, in deep_properties.go, lists it), and asks of each rule's
// tests whether they would notice if the rule were another: package rule makes mutants of it, the tests are played to each,
// and a mutant that passes them all is a survivor, listed with its place. A survivor cannot be silenced in the rule file:
// most often a test is missing, and where the change really makes no difference the score says so for ever, which is honest.
// Mutants that are the same by the laws of the logic are found before they are played, and counted apart.
//
// # What the harness supplies
//
// So that a test shows only what matters, and nothing silently:
//
//   - A table without a line "# exported_at=… covers=…" covers the whole timeline and a day around it, and does not age.
//   - A table is a complete list (miss: no) unless its first line is "# miss=unknown". A table that is not given at all is
//     absent, and whatever asks it is undecided.
//   - Columns that a table leaves out are empty. An empty text is a table without rows.
//   - An event that gives user.id (or requestor.id) and no account gets the id as its account, and the people table a row
//     that holds it, here and in every system, so that the person is resolved as ever.
//   - Every event has a native id of its own, so that repeat makes distinct events.
//   - The watermark goes to the test's until, or past everything that a rule may wait for.
package ruletest
