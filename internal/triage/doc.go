// Package triage answers the questions of those who work on alerts (list, show, close, stats) on a Unix socket of this
// machine, and is the client that asks them. It may not open a port, judge an event or send anything; it says nothing to a log.
// The daemon serves, the command asks.
//
// # Who asks
//
// The kernel says (SO_PEERCRED): a caller is a user id, which the user database turns into a name and groups, and
// the configuration into roles. There is no password to steal and nothing that a caller could claim. So the socket may be
// open to all users of the machine: who has no role is told that, and nothing else. This is Linux only. A binary that was
// built without C knows the users of /etc/passwd and /etc/group; for those of a directory service, the
// configuration names numbers.
//
// # What is answered
//
// HTTP/1.1 with JSON:
//
//	GET  /v1/alerts?rule=&severity=&state=&person=&since=&limit=     Listing
//	GET  /v1/alerts/ID                                              Shown
//	POST /v1/alerts/ID/close     {"outcome", "note", "revision"}    Closed
//	GET  /v1/stats?since=                                           Stats
//
// An error is {"error": "…"} with status 400 (a wrong question), 403 (no right), 404, 409 (the alert was revised meanwhile) or
// 500. An alert about the caller, or about somebody whom he manages, is answered as one that is not there: see package route.
//
// A listing holds no names; whoever needs them asks for one alert, and that is recorded. To roles with the right to counts, a
// listing is counts alone.
//
// # What is recorded
//
// In the evidence, before the answer is given; what cannot be recorded is not answered.
//
//	shown         id, revision, by, uid, roles
//	disposition   id, revision, outcome, note, by, uid, roles
//	listed        person, alerts, by, uid, roles: of a listing that asked for one person
//	refused       asked, id, by, uid, roles: of an alert that is not there, or not for the caller
//
// Rejected: gRPC (a protocol more, for four questions), TCP with client certificates (a port, and a certificate a person), and
// answering from the state folder without a daemon (nobody could then record who looked).
package triage
