// Package evidence is the hash-chained, append-only log of what Probity did: every alert revision, delivery, reload, gap,
// start and stop, so that a change, removal, insertion or reordering of an entry can be shown later.
//
// It decides nothing about what is worth an entry, and it does not know what is committed: it is told (Head). Called by
// store, which appends as the first step of a commit and redacts, by daemon, which has it signed and exports from it, and by
// the command `probity evidence`.
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
// # Checkpoints
//
//	evidence/checkpoints/000000001234.checkpoint   a signed note (C2SP tlog-checkpoint): origin, 1234, root hash, signature
//	evidence/tree.hashes                           the stored hashes of the Merkle tree, 32 bytes each, in tlog's order
//
// A checkpoint is of the first N entries: leaf i of the tree (RFC 6962, golang.org/x/mod/sumdb/tlog) is the i-th line of the
// chain, its newline included, so the tree needs no format of its own. It is signed with Ed25519 (golang.org/x/mod/sumdb/note)
// by a key whose name is the log's origin. Only committed entries are signed. Checkpoints are worth what the place is worth
// where they are kept: witnesses get each as one line of JSON, {"schema":"probity.checkpoint/1","origin":…,"size":…,
// "checkpoint":"<the note>"}. Those beside the log may be thinned out at will, except for the newest.
//
// Signing hashes only what is new. Before it does, the stored tree must have the root of the newest checkpoint; the hashes
// that a later root is computed from are then right. A tree that is missing or has not that root is built anew from the log;
// if the log has not that root either, nothing is signed and the daemon does not start (fsx.Damage). The other stored hashes
// serve proofs only, and each proof is checked when it is made, and made from the log if it fails.
//
// Without a key there are no checkpoints, and the only head is the database's.
//
// # Redaction
//
// Bodies and salts lie apart from the chain. A lawful erasure (store.Redact) first appends an entry of kind "redaction", that
// says which entry, why and who approved it, and then overwrites the body's line in place by the same seq with an empty salt
// and an empty body, padded with spaces before the newline to its old length. The chain, its checkpoints and proofs still
// verify, and nobody can find the body again by guessing, since the salt is gone too. (A body is the text of a JSON value and
// never empty.) A body that is gone without a redaction entry is a fault. While a line is being overwritten, the file erasing
// names it, so that the next start finishes what a kill left half done.
//
// An entry of kind "alert" holds the hash of a revision, not its words. Its redaction takes the words out of the database,
// its free pages and its write-ahead log too, and takes the revision out of the outbox; rule, severity, period, count and
// times stay. What still holds the content: the logs; sinks that had it; backups and exported bundles; the alert's other
// revisions, each an entry of its own; and, until no rule needs them any more, kept records, waiting matches and window
// states in the state folder. On the medium itself freed blocks keep bytes until they are used again: encrypt it.
//
// # What the chain does not show
//
// Whoever can write the files can cut entries off the end, or write the whole chain anew from some entry on. Only a checkpoint
// that was kept elsewhere shows that, and only for the entries that it is of. Report.Caveat says what remains possible.
// Whoever also has the private key can sign another history; two checkpoints of one size with two roots prove that.
//
// Rejected: tiles (C2SP tlog-tiles) in place of one file of hashes (forty thousand files for ten million entries, and nobody
// fetches them from here), a time inside the checkpoint (the entries have it, and the form discourages extensions), hashing the decoded members (two encodings of one entry would hash alike and nobody could recompute it with
// sha256sum), bodies inside the entries (an erasure would break the chain), SQLite rows (a VACUUM rewrites what should
// never be rewritten).
package evidence
