// Package surround preserves the lines of the log around the records that an alert quotes, before anybody is challenged about
// them: logs are rotated away, and what somebody did just before and after is what a reason given later is held against. It
// reads logs and writes entries of the evidence through its shelf, the state folder; it judges nothing and decides about no
// delivery. The daemon builds it, tells it of each commit, and asks it what to show.
//
// # What is kept, and when
//
// Of each of the first records of an alert up to 5 whole lines before and 5 after it, at most 4 KiB on either side, as they
// stand in the log. A Keeper looks within a second of a revision's commit, or when somebody is about to be shown the alert,
// whichever is first. The lines behind a record may not be written yet: as long as there are fewer than 5 it looks again, a
// minute, ten minutes, an hour and six hours after the first look, and then lets it be. What is found is committed as an entry
// of kind "surroundings" (alert.Surroundings), in the chain and under its checkpoints; a later entry of the same record
// takes the place of the earlier one, which stays where it is. Nothing of it is in a revision: alerts are a function of the
// events, and the log around them is not.
//
// What is still to be looked at is not remembered here: a case whose Surrounded is behind its Revision is looked at after
// a start, so no kill loses one. A record whose file is gone gets an entry that says so. Once one of an alert's entries
// was redacted, no more is taken for it.
//
// Rejected: the lines within the revision (replay could not repeat it), a file beside each page (a sink that is not
// configured would have no context, and a page can be removed), and reading within the commit (the loop would wait for
// directories, and the lines behind a record are not there yet).
package surround
