// Package alert is what fired, why, its identity and its revisions: the one document that a rule's hits become, that sinks
// deliver and that a hearing reads. It holds no policy and does no input or output.
//
// # Identity
//
// An alert is (rule id, group key, period). The period is the event time of a hit divided by the rule's alert period, so all
// hits of a period are one alert. The public id is an HMAC-SHA-256 of these under a key of the force: a plain hash of a
// guessable key would give the name away. No clock, path, inode, rule text or rule version is in it.
//
// # Revisions
//
// A further hit or a late event makes a new revision of the same alert. A revision is delivered at least once to every
// sink under the key ID/Revision, and its body never changes.
//
// Canonical is the part of the last revision that is a function of the set of events: replay and a live run are compared
// on it. Schema (alert.schema.json in this folder) describes the JSON form; SchemaVersion changes when a
// reader of the old form would misread the new one.
package alert
