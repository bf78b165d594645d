// Package evaluate marks alerts against the truth: which planted misuse was found, by which rules, how long after it began,
// and which alerts are about something else. It judges no events, reads no files and knows nothing of the simulator that
// planted the misuse, beyond the lines of its truth.jsonl; demo calls it, and trial, for the command that evaluates runs.
//
// # What counts as found
//
// A misuse is found if an alert that is still open is about one of its events and about its person.
//
//   - The event is known by dataset and native id, as the audited system numbers it: that is what truth and evidence have in
//     common. An alert quotes its first records only and lists the others by id; an id is understood if any alert quotes that
//     record, or if the logs were replayed (Notes).
//   - The person is the one whom the alert's group key names (actor.id, user.id, requestor.id). Where the key names nobody, as
//     with a record that many opened, it is user or requestor of the planted record itself. So an alert about the operator who
//     typed what the offender asked for is not about the offender, and an account that no table resolves is nobody.
//   - An alert of a rule over alerts is about what the open alerts that it quotes are about.
//
// An alert that is about no misuse is false: also one about an offender for another reason, and one about the right record and
// somebody else. It is only as false as the truth is complete.
//
// A misuse is told if it is found by an alert of at least medium severity: of a low one nobody gets a message.
//
// # What is counted apart
//
// Alerts about logs and clocks (silence, gap, clock_skew) and about what happened to Probity itself make no claim about
// anybody: they are neither misuse nor false, and they find nothing, whatever they quote. Alerts that add up other alerts of a
// person are as true as those; they find misuse, but are in no precision, and a rule that finds something beside them alone
// still found it alone. Both kinds are told by their shape and by what they quote, not by names of rules.
//
// # Look-alikes
//
// A look-alike is a legitimate act that resembles a typology, in the form of a truth. It is alerted on if an alert that is not
// true of any misuse is about it, by the same marking. Precision by typology is among alerts about the typology's misuse and
// its look-alikes, for other false alerts have no typology; precision by variant does not exist.
//
// # Numbers
//
// Shares have Wilson's interval. It takes cases to be independent, which misuses of a simulation are, and several alerts about
// one person are not. Several forces are pooled by adding counts; the spread is of the forces' own values. Rates are for 1,000
// staff a week; without staff or days there are none. Times are event time from the first act of a misuse to the last event
// that the first revision about it covers, exact to the batch; a rule that waits (absence) waits longer.
//
// # Disparity
//
// Do alerts fall on people with rare surnames, or of one station, beyond what they do? Compared are persons in no truth: the
// alerts that name them, with those expected if the alerts of their force and role fell evenly on records. The statistic is
// G; its p is found by permutation within force and role, since alerts come in clusters, for which the chi-square
// distribution would see differences that are none. The test is held against 0.05 over all comparisons (Bonferroni). It cannot
// say more than its assumption: that records of one role are equal behaviour.
//
// # What a report may not hold
//
// No person and no record: it goes to people who tune rules, not to those who may read alerts.
package evaluate
