// Package listen receives records by syslog (UDP, TCP, TLS) and from standard input and appends them to a spool, files that
// package source then follows like any log; it may not judge, reorder or look into what it receives, and is called by daemon.
//
// # Where the contract starts
//
// A record is promised from the fsync of the spool on, which comes 100 ms after it was received or after 1 MiB, whatever is
// sooner. Syslog has no acknowledgement: a sender is told by TCP alone that its bytes have arrived in a buffer. What is in
// flight when the daemon is killed is not promised. What the listener itself drops is counted (Loss), handed to the loop, and
// becomes a gap in the evidence there, within about a second; a kill before that takes the declaration along.
//
// What can be read in the spool may be less than a millisecond ahead of its fsync, so whoever reads asks Durable before it
// judges what it read; otherwise a power cut could take bytes whose effects are committed, and they would come twice. A write
// or fsync that fails is tried again behind, or over, what it left, with the same bytes and for as long as it takes; nothing
// is cut off under a reader, and nothing is received meanwhile once 4 MiB wait.
//
// # The spool
//
// A folder of its own per source. spool.log grows. From MaxBytes/8 on, at most 64 MiB, it is renamed, as logs are rotated:
//
//	spool.log.1000000001    oldest
//	spool.log.1000000002
//	spool.log               is written
//
// The number counts segments; it has ten digits because a source reads ten as a time stamp and so in upward order. All
// segments of a source are one stream: its connections share one watermark, so a sender that lags behind the others by more
// than the source's lateness gets a source of its own.
//
// A segment is removed when it is judged (Options.Judged: no restart will read it) and older than Keep. Above 3/4 of MaxBytes
// judged segments go before that. Those that are not judged never go: the spool fills up, connections are not read until there
// is room, so that TCP stops their senders, and datagrams are dropped and counted.
//
// At the start a last line without its line feed is cut, and so is everything from the first NUL on, which is what a power cut
// may leave: none of it was durable. Rejected: a header or checksum for each record. Evidence quotes lines of the spool, and
// people read it with grep.
//
// # One line a record
//
// A message becomes one line, as it was received but for this:
//
//   - carriage returns, line feeds and NULs at its end are cut: endings are not part of a message (RFC 6587);
//   - any other carriage return, line feed or NUL is written as #015, #012 or #000, as rsyslog does, and counted as "escaped".
//     It cannot be told from a message that had these four characters, but no message can forge a record of its own;
//   - one that is longer than MessageBytes is cut to one byte more than that, counted as "too_long", and then rejected by the
//     decoder, which keeps it;
//   - an empty one is counted and left out.
//
// The sender's address is not recorded: it is no part of the record, and records are what replay reads. Standard input is cut
// where the source's own framer ends records and keeps its line feeds; only NULs are escaped. Each run begins a segment, so
// that a CSV header is where the framer looks for it.
//
// # Framing
//
// Over TCP either framing of RFC 6587, told apart at each message: digits and a space are an octet count, anything else is a
// line. Bytes that make no sense become records, too, and the decoder rejects and keeps them; they never end a connection.
// With line feeds a bad message costs itself only. A wrong octet count costs what it covers: nothing else says where the next
// message begins. leodido/go-syslog's stream parsers, which parse what they frame and stop at the first message that is not
// valid, stand in the tests as an oracle.
//
// A connection has 16 KiB of buffer and what its present message needs, ends when it is silent for IdleTimeout or takes more
// than 30 s over one message, and is refused beyond MaxConnections. IdleTimeout should be long: rsyslog notices a closed
// connection only after it has sent, and lost, a message. Dead peers are found by TCP keepalive.
//
// The kernel drops datagrams when its buffer is full. On Linux it says how many, with the next one that it could take.
package listen
