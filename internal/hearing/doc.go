// Package hearing writes what a hearing needs about one alert: a bundle (zip) of original log lines, all revisions of the
// alert, their entries in the evidence log with proofs, the rule, and a report in plain words that says how to check each
// thing by hand. It gathers nothing: daemon gives it a Case. It leaves nothing out in silence: what could not be had is a
// sentence in Case.Missing, and in the report.
//
// # The bundle
//
//	report.html, report.txt      the same report, for a browser and for a printer
//	MANIFEST                     SHA-256 of every other file, as sha256sum writes it
//	revisions/N.json             revision N, the very bytes that were committed and delivered
//	lines.json                   of each quoted record: id, source, path, offset, length, SHA-256, and which files here are its own
//	lines/NNN.record             its exact bytes
//	lines/NNN.surroundings       the log around it as it stands now, lines before and after, the record included; what was
//	                             preserved of it when the alert was made is in the entries of kind surroundings
//	evidence/entries.jsonl       the chain's lines about the alert, and bodies.jsonl the bodies, line by line
//	evidence/checkpoint          the newest signed checkpoint of the log (a signed note, C2SP tlog-checkpoint)
//	evidence/proofs.json         the entries' inclusion proofs, in the order of entries.jsonl; null for one the checkpoint lacks
//	evidence/prove.sh            follows the proofs with jq, sha256sum and basenc alone
//	rule/                        the rule's file, and this force's overlay of it
//	tables.json                  the versions of the lookup tables
//
// The report is for eyes: every value is neutralised (package neutral), and html/template escapes it. The files beside it are
// exact bytes and are not neutralised; open them with a viewer that shows control characters.
package hearing
