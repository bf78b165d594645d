// Package evidence is the hash-chained, append-only log of what Probity did: every alert revision, delivery, reload, gap,
// start and stop, so that a change, removal, insertion or reordering of an entry can be shown later.
//
// It decides nothing about what is worth an entry, and it does not know what is committed: it is told (Head). Called by
// store, which appends as the first step of a commit, and by the command `probity evidence verify`.
//
// # Files
//
// Segments are numbered from 1 and begun anew after 32 MiB. A segment is two files of JSON lines:
//
//	evidence/000001.log           {"seq":1,"prev":"<hash>","at":"2026-03-02T14:05:17.123Z","kind":"alert","body_hash":"<hash>"}
//	evidence/bodies/000001.jsonl  {"seq":1,"salt":"<32 hex digits>","body":"<the body's JSON text, as a string>"}
//
// seq rises by 1 from 1 and does not begin again with a segment. at is the commit's wall clock in UTC. A line is written
// in exactly this form (members in this order, no spaces), so that a line which reads the same but is written otherwise is
// a changed line. A line is at most 64 MiB long.
//
//	hash of an entry = SHA-256 of its line, the newline included
//	prev             = hash of the entry before, 64 zeroes for the first; it runs on across segments
//	body_hash        = SHA-256 of the salt's 32 hex digits, followed by the body's text
//
// # By hand
//
// In the evidence folder, this prints the hash of entry 1 and what entry 2 says it is, and then the hash of the body of
// entry 2 and what the entry says it is (TestTheShellLinesOfTheDocumentationAreTrue runs these lines):
//
//	sed -n 1p 000001.log | sha256sum
//	sed -n 2p 000001.log | jq -r .prev
//	sed -n 2p bodies/000001.jsonl | jq -j '.salt + .body' | sha256sum
//	sed -n 2p 000001.log | jq -r .body_hash
//
// # Redaction
//
// Bodies and salts lie apart from the chain. A lawful erasure overwrites the body's line in place by the same seq with an
// empty salt and an empty body, padded with spaces before the newline to its old length. The chain still verifies, and
// nobody can find the body again by guessing, since the salt is gone too. (A body is the text of a JSON value and never
// empty.)
//
// # What the chain does not show
//
// Whoever can write the files can cut entries off the end, or write the whole chain anew from some entry on. Only a head
// that was kept elsewhere (the database's, a signed checkpoint, a printed report) shows that. Report says so. Each hash
// covers a whole line, so a later Merkle tree over the same lines (golang.org/x/mod/sumdb/tlog) needs no new format.
//
// Rejected: hashing the decoded members (two encodings of one entry would hash alike and nobody could recompute it with
// sha256sum), bodies inside the entries (an erasure would break the chain), SQLite rows (a VACUUM rewrites what should
// never be rewritten).
package evidence
