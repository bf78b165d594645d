// Package notify drains the outbox into sinks: every committed revision of an alert reaches every sink at least once. It
// may not change a revision, judge an event or write to the store beyond the outbox, and it tells no names: its logs, errors
// and metrics speak of sinks, alert ids and revisions only. The daemon builds it, wakes it after each commit and drains it
// before it stops.
//
// # What is promised
//
//   - At least once per revision and sink, under the key <alert id>/<revision>, with the same bytes at every attempt. A
//     kill -9 repeats at most the one attempt that was under way. The file sink: exactly once.
//   - The revisions of one alert arrive in their order. A sink has one goroutine, one queue and one backoff of its own, so a
//     sink that is down for days delays no other.
//   - A Failure says what it stops: the sink (Down: all wait), one alert (Stuck: its later revisions wait, other alerts go
//     ahead) or nothing (Refused: recorded for ever with its reason, never tried again, never dropped in silence). Three
//     alerts stuck in a row are taken for a sink that is down.
//   - What arrived but could not be recorded, because the store failed, is remembered and recorded first; it is not sent
//     again while the process lives.
//
// # The file sink, and what its mark is
//
// One revision a line: its JSON, then "\n"; mode 0640, missing directories 0750. The mark that the outbox keeps is the size
// of the file after the last recorded append, which was fsynced. At each delivery the file is opened anew and what stands
// beyond the mark is compared with what is due: a whole line that equals a due revision has arrived; a torn last line that
// begins one is cut; anything else is somebody else's and stays. So nothing depends on how the last process ended.
//
// Rotation by rename, or a deleted file: the mark then lies beyond the end or inside a line, or the first line is a due one,
// and the file is taken for a new one. Its predecessors (name*, not compressed) are searched in the same way for lines
// that arrived just before the rename. Limits: logrotate needs delaycompress for that; copytruncate loses nothing of ours but can
// lose lines by its own nature. Two sinks of one daemon on one file are refused; against another process a lock, .<name>.lock
// beside the file, is held from New to Close: the second is refused at its start, by the first's process number.
// Rejected: a mark with inode or hash (a restored backup has others, and equality with due lines is proof enough), a
// sidecar file (two things to keep in step), renaming a temporary file a revision (readers follow one file).
//
// # The webhook
//
//	POST <url>
//	Content-Type: application/json
//	Idempotency-Key: <alert id>/<revision>
//	X-Probity-Signature: sha256=<hex HMAC-SHA-256 of the body>     with hmac_key_file
//	X-Probity-Folded: <n>          it is the n-th alert of its rule or person in seven days, which is beyond the budget
//	X-Probity-Reopened: true       the alert was closed, and this is the first revision after that
//
// 2xx: arrived, whatever becomes of the response's body. 408, 429, 502, 503, 504, a redirect (never followed: it would take
// names to an address that nobody configured), and no answer: Down; Retry-After is honoured up to an hour. Other 5xx: Stuck.
// Other 4xx: Refused. TLS 1.2 or later; plain http only to this machine.
//
// Requests go one after the other, so a far sink takes 1/latency revisions a second.
package notify
