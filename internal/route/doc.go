// Package route decides who is told of an alert: which sinks get it, and whether somebody who asks may see it. It is a function
// of the configured roles and of an alert's case, and may read no clock, file or network. Called by pipeline at each commit,
// and by triage for each question.
//
// # Roles
//
// A recipient is a role, not a person: a sink is for roles, and so is what a user of this machine may ask. A role has one of
// three rights. triage: sees alerts and closes them; read: sees them; counts: is told how many there are, and nothing about
// any of them.
//
// # Conflict of interest
//
// A role lists the staff ids of those who fill it. An alert is in conflict with a role if it is about one of them or about
// somebody whom one of them manages, in any of its revisions (alert.Concerned). Then:
//
//   - no sink that is for the role gets it, be it for other roles as well: a mailbox is read by all who share it;
//   - the sinks of the role's alternate get it, those for this severity, or all of them if none is for this severity; if it is
//     in conflict with the alternate, too, those of the alternate's alternate;
//   - nobody who has the role sees it in lists or can show it, whatever other role he has: it is not there;
//   - sinks for roles with the right to counts alone do not get it, and it is in no count and no metric by rule until it is
//     closed, because everybody reads these.
//
// What is told beside an alert, other alerts above all, follows the same rule: Tells says whether a sink's readers may be told of
// another one. The lines around a record are the log as it is, and may show what a reader did himself; that is no trace of an alert.
//
// An alert of which all alternates are a party to stays in the state folder for roles with the right to read and without staff;
// it is stranded, and a metric says how many are.
package route
