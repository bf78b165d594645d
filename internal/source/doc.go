// Package source follows log files so that no byte is lost and none is handed on twice, across rotation, truncation,
// compression and restart; it cuts records with the framer it is given, may not look into them, and is called by pipeline
// and replay.
//
// # Streams and chains
//
// A [Stream] is a chain: a file and its rotated predecessors, read oldest first as if they were one file. A [Set] is the
// streams of one configured source. Everything happens inside Next, Due and Discover, called from one goroutine; beside it are
// only the goroutines of nxadm/tail and fsnotify, and one that listens to fsnotify. No call waits for bytes to be written.
//
// # What a file is
//
// A path is not an identity and neither is an inode, which file systems give out again within milliseconds. A file is its
// device, inode and time of birth (where the file system keeps one), a SHA-256 of its first KiB (or of what there is of it)
// and a SHA-256 of the up to 256 bytes before the offset. The two hashes alone find it again as a copy (copytruncate),
// inside a .gz or .zst, or after the device number has changed. Every read of a plain file begins with those 256 bytes, so
// that a file truncated and grown past the offset is noticed at the very next read and never misread.
//
// # Following
//
// Our own descriptor reads every byte, in blocks. Three things tell that there is something to read:
//
//   - A watch of the folders (fsnotify) hears of each write and wakes whoever follows, within milliseconds.
//   - Looks at size, identity and path lose nothing where no event comes: on NFS and SMB, of a file behind a symbolic link, if
//     the queue of the kernel was full, if the watch ended or hangs. A file that has grown is looked at after 25 ms, and then,
//     while nothing happens, after twice as long each time, up to a second. Where a look finds what was not heard of, or nothing
//     can be heard, it is every 200 ms until something is heard again. So a lost event costs one look.
//   - nxadm/tail, at the end of a file that is written to now and then, says that whole lines are there and up to which offset:
//     what only tail has seen is a gap. What it hands on as text is not used, because it strips, splits and loses.
//
// nxadm/tail is given our descriptor (/proc/self/fd/N, a number of its own each time) instead of the path: no rotation between
// our open and its open, no two tails on one path, and none of the stat errors at which the library ends the process. It polls:
// with inotify one goroutine of the library serves the whole process, hangs now and then when many files come and go, and
// every tail after that hangs with it, for ever, each with its goroutines and its descriptor. Polling costs, so a quiet file has
// no tail; nor has one under a steady stream, of which it would read every line a second time, or one of which it is more than
// 4 MiB behind (a giant line that it would hold in memory).
//
// A file that has been rotated away is read to its end and then watched for Options.Grace for writers that still hold the
// old descriptor, unless the kernel says that there are none (a read lease is granted only then). It is left only when its
// successor has data. An unterminated last line is handed on then, marked Partial. Bytes written still later are a Gap.
//
// # Copytruncate
//
// Somebody renames the older generations, copies the log and truncates it, and the follower may look between any two of these
// steps. What each place in between means:
//
//   - A file that is renamed between the list of the directory and the look into it is not passed over: nothing is decided
//     before the directory has been listed again (errUnsettled). To take the copy for missing would be a false gap; to take a
//     finished generation for missing, to read its predecessor twice.
//   - The copy may be complete, and read, before the log is truncated. The log is then the older of the two files and holds all
//     that the copy holds: the follower goes on in it at the same offset. On a file system without times of birth the
//     content alone decides, and a log that begins with all the bytes of its predecessor is taken for the original.
//   - The log may be written to, and read, between the copy and the truncation. The copy ends before the place of the follower,
//     is known by the first KiB, and is not read again. Whether more was written is known to nobody: a gap "truncated" from
//     the last byte that was read, with an end if a greater size was seen. Over a restart a copy shorter than a KiB is
//     not known again, because only a hash of more than it has is kept: the gap is declared, and the copy read again.
//   - What is written between the copy and the truncation and was not looked at in between is lost to every reader.
//
// A whole file that is shorter than what was read of it, and held open by a writer, is waited for: cp writes a longer version
// over it, and what was read comes to stand there again.
//
// # Measuring
//
// Chunk.Finished gives the size of each file that is left, by fstat of the descriptor that read it (of a compressed file, what
// its decompressor gave), so that whoever counts what chunks hand on can see whether it was all: from a file's first byte on,
// Bytes of the chunks and gaps that are not Beyond add up to Size. A chunk belongs to one file, and Finished ends its count;
// the next begins at Offset of the chunk's State, which is 0 but for a whole file, which may grow. Between two chunks the same
// sum is Offset of the last State. A file that was cut back ends with the size that was last seen of it; what was appended
// unseen nobody can measure. Gaps that are Beyond were never in a size: late bytes behind a file that was left, lines that only
// tail has seen, what a listener dropped.
//
// RemainsOf tells when the resume point of a whole file may be forgotten: it stays while the file stands in its folder, else it
// would be read again.
//
// # Which files are one chain
//
// Of name.log: name.log.1, name.log-20260302, name.log.2026-03-02, name-2026-03-02.log, name.2026-03-02.log, name.1.log,
// each also with .gz or .zst, and name.log.gz. Dates may go on to the hour, minute and second, or be Unix seconds. A file
// with a trailing number belongs to its chain even while the base is missing; the other forms only when the base exists, is
// configured, has been seen or has a committed position, since dated names may as well be files of their own. In a finite
// list (OpenFiles) dated names are one chain without a base too. Of a generation that exists plain and compressed the plain
// one is read, because the compressed one may still be being written.
//
// A directory is listed again only when its time has changed, or after a second: see listing. Catching up over n files is n
// looks, not n times n.
//
// A source that is new begins with the current file at 0: older generations that exist then are history, for replay. For a
// base that appears while the set is open, for finite sets, and with Options.Oldest, all generations are read. LeftBehind
// tells whoever writes a chain which of its files a restart no longer needs.
//
// # The resume point
//
// Chunk.State is JSON, version 1: the place in the open file (identity, offset), the framing state, up to four finished
// predecessors, newest first, and the modification time up to which older generations are history. It is written with the
// effects of the chunk, so it names exactly what has been judged. A chunk without records can carry a new State.
//
// Limits: a record must end, or be cut by its framer, within 64 MiB. A file truncated and rewritten with the same last 256 bytes at the offset
// is taken to be the same. Two whole generations with the same bytes are told apart by inode only.
package source
