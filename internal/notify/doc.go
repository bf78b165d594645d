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
//
// 2xx: arrived, whatever becomes of the response's body. 408, 429, 502, 503, 504, a redirect (never followed: it would take
// names to an address that nobody configured), and no answer: Down; Retry-After is honoured up to an hour. Other 5xx: Stuck.
// Other 4xx: Refused. TLS 1.2 or later; plain http only to this machine.
//
// Requests go one after the other, so a far sink takes 1/latency revisions a second.
//
// # The pages
//
// The html sink keeps <alert id>.html for each alert in dir, and index.html, the list of what is there. A page shows the last
// revision that came: it is replaced as a whole, and never by an older one. It can be read by its owner and by group only: the folder is
// closed to others and has the set-group-ID bit, so a page is never of another group, not even for an instant. The folder is the
// only memory: the first line of a page is a comment that holds its row of the list (page.Row), so a role may remove pages. A
// removed page comes back with the alert's next revision. Package page writes the pages and the mails.
//
// # E-mail
//
// A revision is a mail, in text and HTML, over a connection of its own: STARTTLS (a server without it gets nothing), TLS from the
// first byte (implicit), or none to this machine. TLS 1.2 or later, the server's certificate checked. Its Message-ID is <alert
// id>.<revision>@<domain of from>, the same at every attempt, and In-Reply-To and References make one thread of an alert.
// X-Probity-Revision holds the key. Subjects name nobody; bodies do with names: true. To be refused by a server means:
//
//	at DATA or after it    5yz: Refused; 4yz: Stuck; 421, 452, and x.7.x (a policy, which can be changed): Down
//	anything before it     Down: a sender, recipient or password that is refused says nothing of the alert
//
// A server's words stand in no error, since they quote addresses. A mail goes to all roles or to none.
//
// With digest_at, the severities in digest wait for that hour of the day in zone and go in one mail, grouped by person, which
// tells the last revision of each alert. What waits is in the outbox and nowhere else: a revision is due at the first such hour
// after it was committed, so an hour that was slept through is made up for at the start. A revision of another severity does
// not wait, and takes earlier ones of its alert with it. More than 16 batches (2048 revisions) that wait go early. A digest that
// a server refuses is halved until only what is refused is left. Stopping the daemon does not wait for the hour.
//
// # The ceiling
//
// With ceiling, a sink of any kind refuses for ever what is marked higher: OFFICIAL < OFFICIAL-SENSITIVE < SECRET < TOP SECRET <
// anything else (page.Rank). The failure names the marking and nothing more.
package notify
