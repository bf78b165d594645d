// Package decode turns the bytes of one audit log into events: framing cuts records, decoding reads their native fields,
// and a mapping puts these into the fields that rules know. Every mapping is configuration, because no police system
// publishes its schema.
//
// It does no input or output beyond its embedded formats, reads no clock, knows no persons and keeps nothing between two
// records but parsers, and what spares it work: names, words, the day, and what the rules come to (natives.go, words.go,
// daybefore.go, plan.go). Package source frames with it; the pipeline decodes with it, one Worker a goroutine; the command decode
// shows what it makes of a file.
//
// # A format
//
// A format is a YAML file; those in formats/ come with Probity and are documented defaults to copy.
//
//	name: niche                  # of the format
//	dataset: niche               # event.dataset; the source's configuration may override it
//	encoding: utf-8              # utf-8 | latin-1 | windows-1252
//	framing: csv                 # lines | csv | json-array | winevent
//	decoder: csv                 # json | csv | delimited | logfmt | syslog | regex | cef | leef | winevent
//	csv: {separator: ",", header: true}                  # or columns: [...] where no header row comes
//	delimited: {separator: "|", columns: [...], padded: true}
//	regex: {pattern: '^(?P<user>\S+) …'}
//	syslog: {rfc: 5424}          # or 3164
//	payload: {field: AuditData, decoder: json, keep: []} # a record inside a field of the record
//	time: {from: [Date, Time], layouts: ["02/01/2006 15:04:05"], zone: Europe/London}
//	time: {first: [rt, [Date, Time]], layouts: […]}      # in place of from: the first that is present
//	native_id: [Terminal, Seq]   # joined by "/"; a record that lacks one has no native id
//	sequence: {from: Seq, scope: [Terminal]}             # the counter, and whose it is: event.sequence_scope, joined by "/"
//	map: {…}                     # field: where its text comes from
//
// A layout is Go's way to write times, or rfc3339 (the default), unix, unix_ms, or stamp, the time of RFC 3164, which has
// no year: time.year gives it. A year in a configuration is wrong every January, so such a source is better told to write
// RFC 3339; the clock may not help, or a replay would read other times than the daemon did.
//
// # A mapping
//
//	user.name: UserID                                    # short for {from: UserID}
//	object.id: {from: [EntityGUID, EntityURN]}           # the first that is present
//	event.action: {from: Verb, values: {AclChange: acl-change}, otherwise: lower}
//	requestor.name: {from: Originator, pattern: '(?i)^PC\s*(?P<value>\d+)'}
//	source.ip: {from: ClientIP, as: host}                # without port and brackets
//	subject.ids: {from: People, split: ";"}
//	object.type: {const: incident, when: {verb: [VIEW, PRINT]}}
//	object.name: {first: [{from: A, when: {Kind: [x]}}, {from: B}, {const: none}]}
//	query.text: "Parameters[Name=ForwardTo].Value"       # JSON
//
// A text goes through pattern, as, and values, in this order. as is host, lower or hyphens (New-InboxRule becomes
// new-inbox-rule). A text that values lacks is kept, unless otherwise says lower, hyphens or missing, or default gives a
// constant. An absent text yields nothing, whatever default says: unknown stays unknown.
//
// Names are those of the log. In JSON they are paths: dots go into objects, an array fans out into a list, [Key=Value]
// takes only the elements whose member Key is Value. A field that is no list takes the first. In RFC 5424 a parameter is
// id.name, or its plain name where one element of the record has it. In CEF the value of cs1 goes by the text of cs1Label, too,
// and a field of a Windows event's EventData or UserData by its plain name (parsecef.go, parsewinevent.go). CEF and LEEF are
// read with a syslog header before them, kept as the native field carrier; a payload inside the syslog decoder reads the header's
// own fields. Further fields that the configuration declares with a
// type (Options.Fields) are found by the same names.
//
// user.id and requestor.id are not mapped, since the people table says who somebody is. A mapping that names the body of a
// message is refused unless the format says allow_message_bodies: true.
//
// # What an event holds
//
// Native holds every field of the record in its order, mapped or not, without the empty ones. JSON objects are flattened to
// dotted names down to four levels; arrays, and what is deeper, are kept as JSON text in one canonical spelling, so that a
// record has the same identity in every carrier. A name that comes twice counts by its first value and is listed in the
// native field <decoder>.duplicate_keys, because a second value is a way to hide something. A text that does not read as its
// field's type leaves the field missing and the field's name in probity.uncoerced. Only an event time that does not read
// rejects a record.
//
// # What is not text
//
// A byte that is not valid UTF-8 spoils the native field that it stands in and nothing else. That field is shown with \xe9 and
// the like for such bytes and listed in probity.invalid_utf8; whatever is mapped from it, by a guard, a selector or as the first
// of several names too, is illegible, and so unknown to rules, to has() too: no other field and no
// constant stands for it. Original keeps the bytes. A record whose time, or whose shape, cannot be read for it is rejected. Rejected: putting U+FFFD in and going on, which
// makes a comparison with a name false where it is unknown; and rejecting the record, which lets whoever can put one byte into
// a free text keep the record from being judged.
//
// A byte order mark where a record begins is skipped, since files are concatenated. NULs where a record begins are the hole that
// a writer without O_APPEND leaves in a truncated file, or what a crash left of a block: they are a reject by themselves, in
// pieces of MaxRecordBytes, and the record behind them is judged. A NUL within a record rejects it.
//
// Local time that a clock shows twice is read as its first pass, time that it never shows with the offset before the
// change; both set event.time_ambiguous. So events of the second pass seem an hour early: Decoder.LateLocal.
//
// # Choices that are hard to undo
//
// Framing state (JSON, "v":1; see framing in frame.go) is stored with the offsets. It holds the CSV header, because a
// restart in mid-file still needs it: up to MaxRecordBytes, usually a few hundred bytes. A header row is known by the columns
// that the time (or the payload) is read from; a rotated file that lacks one keeps the columns of the file before, and
// before any header row the rows are rejected one by one. Rejected: taking whatever comes first as the header, which turns a
// record into column names.
//
// A stray quote in a CSV file hides the records behind it until the quote closes, MaxRecordBytes are reached, or the file
// ends; then only its own line is rejected. Rejected: guessing by the number of columns where the record was meant to end,
// since quoted text in audit logs is pasted by users.
//
// Records longer than MaxRecordBytes are rejected in pieces, each handed on and so kept with its place, which bounds memory
// for a file of a gigabyte without a newline.
//
// A Windows event ends at its end tag or at the next event's start tag (framewinevent.go), without XML being read: so a torn
// event costs itself only. Rejected: reading XML while framing, since a resume in mid-file would need the parser's state.
//
// What is common has a short way of its own, which takes a third of the time: JSON without arrays and objects (parseflat.go), rows
// without quotes (parsecsv.go), rules whose field is one text through one table (choices.go), and what all rules come to in records
// with the same fields and the same words in them (plan.go). Each leaves what it does not know to the general way, and tests decode
// mutated records with and without the short ways. Rejected: a short way for nested JSON, since it would be a second parser of all
// JSON.
//
// Structured data of RFC 5424 is validated by the library and then read again in order, since the library's map forgets
// order and repetition. JSON is read by valyala/fastjson, with depth bounded before it recurses.
package decode
