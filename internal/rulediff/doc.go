// Package rulediff says which alerts a change of rules adds, removes or alters on past logs. It judges nothing itself: it lets
// daemon.Replay judge the same bytes twice, once with each side's rules, and compares the last revisions. It writes no file
// and decides no exit status; the command `probity rules diff` calls it.
//
// # Why two alerts are the same
//
// An alert's id is made of rule, group key and period and holds neither rule version nor threshold, so that the same alert
// has the same id on both sides. A rule whose group_by or period changed gives other ids: its alerts are removed and added.
// Withdrawn equals absent. What an alert says is compared key by key of its JSON form, so that a key that alerts gain one
// day is compared without a line here; the texts that come from the rule alone (title, controls, response, version, hash)
// are left out, they are shown as a change of the rule.
//
// # Why in turn
//
// The two replays run one after the other. Of the first only what a comparison needs is kept (some hundred bytes an alert),
// so that the memory is that of one replay.
//
// # Outcomes
//
// Because ids are the same, what became of a removed alert can be looked up in the daemon's state folder, which is only read. A
// change that removes what was closed as misuse or unintentional access is warned of first; where there is no such folder, the
// report says so.
//
// # Weekly volume
//
// Alerts are divided by the days (UTC) in which the logs hold any event, times seven: a gap between two files covers nothing,
// and one record from the future is one day. Days that the logs begin or end in count whole. The budget is of those alerts
// that interrupt somebody, critical and high.
package rulediff
