// Package triage answers the questions of those who work on alerts (list, show, close, stats) on a Unix socket of this
// machine and, only if that is configured, by TLS with client certificates, and is the client that asks them. It may not judge an
// event or send anything; it says nothing to a log.
// The daemon serves, the command asks.
//
// # Who asks
//
// The kernel says (SO_PEERCRED): a caller is a user id, which the user database turns into a name and groups, and
// the configuration into roles. There is no password to steal and nothing that a caller could claim. So the socket may be
// open to all users of the machine: who has no role is told that, and nothing else; and each user has at most 16 connections at once,
// so that nobody uses up the daemon's files. This is Linux only. A binary that was
// built without C knows the users of /etc/passwd and /etc/group; for those of a directory service, the
// configuration names numbers.
//
// With triage.listen a caller on another machine shows a certificate of client_ca_file's, and what it names (email:, dns:, uri:
// and subject:, each with its kind, so that no name passes for another; a subject with two common names is none) is what the
// configuration maps to roles. TLS 1.3, no resumption, a new look at the files for each connection; without a certificate there is no answer, not even a refusal. Whose
// certificate is lost is taken out of roles. Requests, their time, and 64 connections at once are bounded; what a web page makes a
// browser send is refused. All else is the same: the same questions, roles, conflicts and records.
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
//	shown         id, revision, by, uid or certificate (its SHA-256), roles
//	disposition   id, revision, outcome, note, by, uid or certificate, roles
//	listed        person, alerts, by, uid or certificate, roles: of a listing that asked for one person
//	refused       asked, id, by, uid or certificate, roles: of an alert that is not there, or not for the caller
//
// Rejected: gRPC (a protocol more, for four questions), a common name alone as a name (two authorities may give it twice), and
// answering from the state folder without a daemon (nobody could then record who looked).
package triage
