// Package notify drains the outbox into sinks: every committed revision of an alert reaches every sink at least once. It
// may not change a revision, judge an event or write to the store beyond the outbox, and it tells no names: its logs, errors
// and metrics speak of sinks, alert ids and revisions only. The daemon builds it, wakes it after each commit and drains it
// before it stops.
//
// # What is promised
//
//   - At least once per revision and sink, under the key <alert id>/<revision>, with the same bytes at every attempt. A
//     kill -9 repeats at most the one attempt that was under way. The file sink: exactly once. To Alertmanager what lasts is
//     told again and again, which is its way.
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
//
// # The pages
//
// The html sink keeps <alert id>.html for each alert in dir, and index.html, the list of what is there. A page shows the last
// revision that came: it is replaced as a whole, and never by an older one. It can be read by its owner and by group only: the folder is
// closed to others and has the set-group-ID bit, so a page is never of another group, not even for an instant. The folder is the
// only memory: the first line of a page is a comment that holds its row of the list (page.Row), so a role may remove pages. A
// removed page comes back with the alert's next revision. Package page writes the pages and the mails.
//
// What is known of an alert beside its revision (its triage, other alerts, the lines around its records: beside, which the daemon
// is) is looked up when a page is written, and a page is written again when its part of that changes (Review), after a start
// for all pages. Their row remembers which state they show. So a page is no fixed body, as other sinks have.
//
// # Templates
//
// html and email have those of package page. A webhook's template is its body: a text/template over alert.Alert, with the
// function json for each value; annotations of alertmanager are text/templates over page.Notice, which holds no name unless
// names: true. All are tried at load, over alerts with nothing, with everything, and with what somebody could write into a log.
// syslog has none: CEF, OCSF and RFC 5424 are what a SIEM parses, and it maps them on its own side. file has none: its lines are
// what everything else is compared with.
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
// not wait, and takes earlier ones of its alert with it. What is beyond the alert budget waits, too, and stands under a heading of
// its own, with whose budget that is. More than 16 batches (2048 revisions) that wait go early. A digest that
// a server refuses is halved until only what is refused is left. Stopping the daemon does not wait for the hour.
//
// # The ceiling
//
// With ceiling, a sink of any kind refuses for ever what is marked higher: OFFICIAL < OFFICIAL-SENSITIVE < SECRET < TOP SECRET <
// anything else (page.Rank). The failure names the marking and nothing more.
// # Alertmanager
//
//	POST <url>/api/v2/alerts
//	[{"labels": {"alertname", "rule" (both the rule's id), "severity", "reference" (the alert's id), "marking"},
//	  "annotations": {"summary", "status", "revision", "runbook_url", with names "reason"}, "startsAt", "endsAt"}]
//
// No name is in it unless names: true, which puts the alert's own sentence into summary. The API is level-triggered and its
// server forgets at a restart, so the sink is a lasting one: what arrived stays in the outbox as what lasts, in the place of
// earlier revisions of its alert, and is posted again every resend (1m). An alert lasts until resolve_after (1h) past the end of
// its period or past its arrival, whichever is later, so that one that is found late is seen as well; a withdrawn one ends
// with its arrival. What has ended is told for another 15 minutes. endsAt is said from the beginning: Alertmanager resolves
// the alert then even if Probity is gone, and not before, however long Probity is stopped. Rejected: endsAt a few resends ahead,
// as Prometheus does, which resolves every alert when this daemon is updated.
//
// What was closed (beside.Cases) ends with the next repetition, which comes at once, and after a start as well; a revision that
// reopens it is delivered, and fires again.
//
// Of several urls one that answers makes an arrival; the others are told with the next repetition. A revision with other
// labels (a new severity) ends the alert that has the old ones.
//
// # syslog
//
//	<octets> <PRI>1 <time of the last event> <host> probity - alert [probity@32473 key rule severity status marking without folded reopened] <body>
//
// RFC 5424 over TLS (RFC 5425) or, to this machine, TCP; facility 13 (log audit); critical, err, warning, notice by severity,
// info for what is withdrawn. A connection takes one revision. Syslog has no acknowledgement, so the sink ends its side and waits
// for the receiver to end its own: having read to the end it has read the message. confirm: none does not wait, for a
// receiver that never closes; then what is under way when it stops is lost. A message takes at most max_bytes (8192); what
// does not fit loses, step by step, the records' contents, all evidence, the rule's texts, the facts, and says so in without:
// records, evidence, texts, facts.
//
// # Formats of a body
//
// json is the revision as it was committed. cef is ArcSight's Common Event Format, version 0: header Probity|Probity|1|rule
// id|rule title|severity (3, 5, 8, 10), then rt and end (last event), start, cnt, externalId (alert id), cn1 revision, cn2
// rule_version, cs1 marking, cs2 status, cat (kind of rule), suid and suser (the person), cs3 group, msg (the sentence), reason (of a
// withdrawal), cs4 unknown, cs5 evidence (source and file@offset), cs6 rule_sha256. ocsf is a Detection Finding (class 2004)
// of the Open Cybersecurity Schema Framework 1.3.0; what the schema has no place for stands under unmapped. testdata has an
// example of each. All three name persons. A format depends on nothing but the revision, so every attempt by one version of
// the program sends the same bytes.
package notify
