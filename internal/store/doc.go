// Package store is the one commit point: everything that a batch changes becomes durable in one numbered commit, whole or
// not at all. It is the only importer of the database, decides nothing about what is committed, and does not log. Called by
// pipeline (Commit, and what a start restores), by notify through an interface of its own (the outbox), and by the commands
// that list alerts and check the state.
//
// # The state folder
//
//	lock                      flock; holds the pid of its holder
//	state.db                  SQLite, WAL, synchronous=FULL: everything small, and the head
//	acknowledged              the number of the last commit that was said to be durable
//	windows-000001.log        window states, a log of changes
//	rejects.jsonl             records that could not be decoded, for a person to read
//	evidence/                 the hash chain, its checkpoints and its tree: see package evidence
//	rejects.next              rejects.jsonl without what was kept long enough, until it takes its place
//	wipe-due                  the database is still to be rewritten after redactions
//	generations/              what generations were made of: see package daemon, which alone writes and reads it
//	before-version-4.tar.zst  the folder as it was before its upgrade, for who wants to go back, until a redaction or 30 days of a retention
//
// # A commit
//
// Append to the evidence, fsync; append to the window log, fsync; append to the rejects, fsync; then one transaction of
// SQLite with all rows and, in the table head, the commit's number and the length of every file. The files are valid up to
// what the head says: what lies behind is of a commit that never was, and is cut at the next start or the next attempt.
// Damage before it is refused (fsx.Damage) with file, place and what to do. So a kill at any instant leaves the state
// before or after, never a mixture.
//
// The head may go back in silence: SQLite drops the end of its write-ahead log when a bit of it is flipped. Therefore every
// commit, be it empty, writes a frame with its number to the window log, and a log that is more than one commit ahead of the
// database is damage; one is an ordinary kill. And after each commit its number is written to the file acknowledged, without
// an fsync: a database that is behind that has lost its last commit.
//
// If COMMIT itself fails, the transaction may stand whole in the write-ahead log although nobody sees it. Store.settle says
// what is done about that.
//
// # state.db
//
// user_version is the version of the format of the whole folder, 4. Every table but alerts is STRICT and WITHOUT ROWID (one tree, so no index that disagrees with its table) and ends
// in the column sum: xxhash64 over the table's name and the columns, each preceded by a letter for its type (t, i, s, b) and
// its length in 8 bytes, little-endian. SQLite does not notice a flipped bit in a page; sum does, on every read. A row that
// is lost whole is noticed by the counts in head.
//
//	head      one row: number and time of the commit, generation, length of each file, row counts, last sequence numbers
//	streams   id, source, state (opaque); the row of a whole file goes some days after the file (pipeline decides that)
//	tallies   stream, until (event time, ns), commit_no, part, tallies: how often records were seen, 20 bytes each (hash, time,
//	          number, little-endian). A commit adds those that it changes, a row a minute of event time, and drops the rows
//	          whose minute the stream's watermark has passed; so a position stays small
//	alerts    id, revision, commit_no, rule, severity, status, body (the alert's JSON, which never changes)
//	outbox    sink, failed (1: given up; 2: arrived, and told again while it lasts, queued_at being its arrival), seq (never
//	          given twice), alert_id, revision, queued_at (ns), attempts, reason, folded (beyond the alert budget: the how
//	          manieth in seven days), reopened (1: the alert was closed)
//	cases     id, rule, severities (all that revisions had), status and number of the last revision, opened_at (ns), folded,
//	          closings, closed_revision, concerned (JSON: alert.Concerned), over (whose budget it is beyond), surroundings (entries of the
//	          evidence that hold the lines around its records, blanks between), surrounded (the revision for which nothing more
//	          is to be preserved): one row an alert
//	dispositions  alert_id, n, rule, severity, outcome, revision, closed_at (ns), closed_by, evidence_seq (the entry with the note)
//	marks     sink, mark (the sink's own number)
//	packs     level, bucket, commit_no, part, first, last (event times, ns), until (event time, ns), records (packed together)
//	records   time (event time, ns), id, until (event time, ns), record (packed)
//	pending   rule, actor, event_id, until, record (packed)
//	journal   seq, commit_no, kind, body (JSON)
//
// The rows of alerts lie in the order in which they came, and their keys in an index. A revision is some 10 KB, and while a tree
// is searched by its keys, SQLite reads the whole of each long row that it compares: of each revision ten others, ever farther
// apart as the table grew.
//
// A packed record is a byte, 2, and the bytes of one event.Kept, at most 512 MiB of them, in S2 (klauspost/compress) against
// dictionaries/2.bin: events of the simulated force in the built-in formats. It is part of the program and holds nobody's data:
// a dictionary learnt from the logs would, beyond any redaction. Records of other than the built-in formats gain what they share
// with it, the names of fields. Version 3 wrote zstd, whose frame says what it is against by its Dictionary_ID: 1 is dictionaries/1.bin;
// 0 is none, and then what is packed is event.Record's JSON, as versions 1 and 2 wrote it.
//
// Of the records that one commit keeps until the same time, 16 and more lie in packs of up to 128, in order of time and id. A pack
// is one row: a byte, 2, their number, their ids, and then, in S2 without a dictionary, for each the time since the one before, and all
// of them as event.AppendAll writes them, the names that they share only once. Version 3 wrote, in zstd, their number, then for each
// the time since the one before, the id and the length, then the bytes of each. A record in a pack takes a sixth of the
// time and a third of the room that it takes in a row of its own; that is for the few, and for those that an alert prolongs: the row
// counts then, and the pack goes when its time is up. Level n cuts event time into
// spans of 16ⁿ seconds from 1970 on; a pack stands on the lowest level of which one span, its bucket, holds it whole, on level 7, bucket 0, if
// none does. So who looks for a record looks into eight places.
//
// Records lie in the order of their event times, because that is about the order in which they come: a commit fills one page
// after the other. By id, which is a hash, each new record changed a page of its own, and commits were two thirds of a
// catch-up. Folders that version 4 has made have pages of 8 KiB, so that a row of 2 KB fits in one; older ones keep their 4 KiB.
//
// Cases, and records that an alert holds, are remembered when they are committed or read (lately): each batch asks again for
// what the alerts that grow have so far. What is remembered stands before the database and is never the truth.
//
// ReadRun reads streams, journal and alerts in one transaction of a connection that cannot write: as of one commit, without
// the lock, also while a daemon commits.
//
// Columns of text that comes from logs are BLOBs: it may be any bytes. Auditors may read the file with sqlite3 while the
// daemon runs.
//
// A case says where the revisions of an alert go (Commit.Routing), and is all of an alert that is not a function of the events. A
// redaction takes from it whom the alert is about.
//
// The body of a revision changes at one occasion: a lawful redaction (Redact) replaces it by what names nobody, takes it out of
// the outbox and rewrites the file (VACUUM), so that no free page holds it.
//
// # windows-N.log
//
// A sequence of frames, all numbers little-endian:
//
//	"PWL2"  length uint32  commit uint64  xxhash64 of the 16 bytes before and the payload  payload
//
// and a payload is a sequence of states: length and bytes of the feed, length and bytes of the key, then 0 if the state is gone,
// otherwise a number and the bytes of the state: its length, doubled, plus 1, or plus 2 if the bytes are put behind those that
// are there, and say what changed since (WindowState.More). Numbers are unsigned varints. A commit is one frame or several; a
// frame ends at the first state that takes it over 4 MiB, and holds at most 1 GiB. Frames that begin with "PWS2" instead are
// pieces of a snapshot: states as they were at the end of the file before, each whole, with what changed of it behind it. The
// state that counts of a feed and key is the last whole one in a PWL2 frame of a file, else the one in its snapshot, else that
// of the file before; and behind it whatever of PWL2 frames follows. Frames of versions up to 3 are "PWL1" and "PWS1"; their
// numbers are lengths plus 1, and all states are whole.
// What changed of a state that is not there, or is gone, is damage, which no checksum shows: a start finds it, and Inspect, which
// sorts the log as a start does, but in the folder for temporary files, and where the states stand in place of them.
//
// When a file is over 1 MiB and over three times the snapshot in it, the next commit begins file N+1. From then on each commit writes
// its changes there and sorts a piece of file N by shards (a hash of feed and key), on a scratch file without a name; when all
// is sorted, each commit adds the live states of one shard. The commit with the last shard makes N+1 the whole log, and file N
// is removed. The head holds how many shards there are and how many are done, so a restart sorts again and goes on. Nothing of
// this keeps a key in memory: sorting holds 4 MiB, a snapshot one shard (about 2 MiB of the log, or a 256th of it). A start
// hands the states on in the same way, a shard to each core.
//
// # rejects.jsonl
//
// One JSON object a line: at, source, log.file.path, log.offset, reason, detail, event.original and, if that is base64
// because the bytes are no UTF-8 or hold NULs, base64; last comes sum, xxhash64 in hex of what stands before it in the line. Of
// bytes that are NULs and nothing else, as in a hole of a sparse file, nul_bytes is their number, event.original is empty, and
// adjoining rejects of a commit are one line. Its length is part of the commit. A start does not read it, Inspect does.
//
// Expire takes lines out of it: rejects.next holds what stays; the commit says its length, which is less than before; then it takes
// the name. By that length a start, or a look, sees which of the two files counts.
//
// A legal hold is an entry of the evidence of kind "hold" ({id, reason, approved_by}) that no entry of kind "release" follows.
// There is no row of it: whoever wants something destroyed could take that out.
//
// # Versions
//
// A folder of an older version is checked whole, saved beside itself in an archive, and upgraded in one transaction; a newer
// version is refused with what to do. testdata/state-v1.tar.zst is a folder that version 1 wrote, left by a kill; every later
// version must open it. Version 2 added to the head the window log's shards, counts of further tables and the byte from which
// rejects have checksums, and the table tallies. Version 3 put the records
// into the order of their times and added the tables packs, cases and dispositions, two columns to the outbox, and their counts to the head; the case of an older alert has the time of its first revision's last event as that of its coming.
// Version 4 put the revisions of alerts into the order in which they came, keeps records in fewer bytes, and lets what changed of a
// window state stand behind it in the window log. Records and window states that stand there already are read as they are, and go
// when their time is up. testdata/state-v3.tar.zst, state-v3-windows.tar.zst and state-v3-alerts.tar.zst are folders of version 3.
//
// # Archives
//
// Export writes a tar, compressed by zstd: MANIFEST.json with the archive's version (1), the folder's, commit, time, generation,
// and name, size and SHA-256 of each file; then these files in that order. state.db is a VACUUM INTO of the live one; files
// that grow are cut where that commit says; all else in the folder (archived generations, checkpoints, spools) is copied as it
// stands then, except lock, acknowledged and archives. A daemon may be at work: a file that it replaces meanwhile is read through
// the descriptor that was opened before. Import unpacks into a folder importing-*, inspects everything, and then moves it into
// place, the database last: without it the folder is refused.
//
// # Choices that are hard to undo
//
// SQLite rather than bbolt or pebble, for the SQL that console, reports and auditors get. Window states outside it: 5,000
// changed of a million keys a commit took bbolt 258 ms, pebble 75 ms, a log with fsync and pointer 3.7 ms. No index of window
// states in memory: the engine holds the states already, and hash and place of 10⁷ keys would be 400 MB. So a snapshot reads the
// old file and sorts it on the disk, a piece a commit. Rejected: asking the engine for a shard's states (the store would depend
// on what it is told), a file a shard (as many fsyncs a commit), a whole snapshot in one commit (a pause of seconds). What
// changed of a window is encoded by package window and put behind its state without being understood here: so a snapshot need
// not know windows, and the engine decides when a state is written whole again; whatever had changed written whole took three
// times the bytes. Deliveries are commits of their own, numbered like the others, because a delivery that is forgotten is an
// alert sent twice.
package store
