package store

import (
	"encoding/json"
	"errors"
	"time"

	"probity/internal/alert"
	"probity/internal/event"
	"probity/internal/evidence"
)

// ErrRefused is wrapped by the error of a commit that will be refused again however often it is tried.
var ErrRefused = errors.New("refused")

// Commit is everything that one batch changes. The caller may reuse its memory when the call returns, but not that of the events of
// Records, which may be remembered.
type Commit struct {
	Streams    []StreamState
	Tallies    []Tally // stored after Streams: see StreamState.Forget
	Windows    []WindowState
	Records    []KeptRecord // no two with the same key
	Pending    []PendingMatch
	Decided    []PendingKey   // pending matches to drop, after Pending was stored
	Alerts     []*alert.Alert // new revisions, numbered by the caller from 1 and rising by 1
	Sinks      []string       // each new revision is queued once for each
	Routing    Routing        // or only for some of them
	Rejects    []Reject
	Evidence   []evidence.Entry // beyond the one of kind "alert" that each new revision gets
	Journal    []JournalEntry
	Generation string // in force from here on; "" leaves it as it is
	Forget     int64  // kept records with Until before this event time (ns) are dropped; 0 drops none

	Cases map[string]alert.Case // given by the store: the case of each new revision's alert, by its id
}

// Routing says where new revisions go. The zero Routing sends all of them everywhere.
type Routing struct {
	To      func(alert.Case) []string // nil: to all; else to some of Commit.Sinks
	PerWeek int                       // alerts of one rule or person in seven days beyond which they are folded; 0: none is

	// Withheld cases are in no number that somebody else is told: they count towards no budget and are not folded. nil: none is.
	Withheld func(alert.Case) bool
}

func (r *Routing) withheld(c alert.Case) bool {
	return r.Withheld != nil && r.Withheld(c)
}

// StreamState is how far a stream was read, with its framing: opaque here. State nil: the stream is gone, and its tallies.
type StreamState struct {
	ID, Source string
	State      []byte
	Forget     int64 // tallies of the stream with Time before this event time (ns) may be dropped; 0 drops none
}

// Tally is how often a record was seen in its stream, by a hash of it. A later one for the same hash takes its place. Only
// those that a commit changes are written.
type Tally struct {
	Stream string
	Hash   uint64
	Time   int64 // of the record, event time in ns
	N      uint32
}

// WindowState is the state of one group key of what feeds a rule: opaque here. State nil: gone.
type WindowState struct {
	Feed  string // hash of what feeds the rule
	Key   string // group key; any bytes
	State []byte
	More  bool // State is put behind the state that is there, which must be: it says what changed since
}

// KeptRecord is a record that a window or an alert may still quote. A record that is already kept stays and keeps the larger
// Until; if it comes with another text, where it was read or when is what can differ, either may be given until an alert holds it. Many of a commit with the same Until are cheaper than many with as many.
type KeptRecord struct {
	ID     event.ID
	Time   int64       // its event time in ns: records lie in its order, and are found by it
	Until  int64       // event time in ns
	Record *event.Kept // nil: one that is kept is prolonged, and else nothing is done

	Revised bool // it takes the place of the one that is kept: an alert's, as it last was
	Held    bool // by an alert, which will ask for it again: it gets a row of its own, and that text stays
}

// RecordKey names a kept record.
type RecordKey struct {
	Time int64 // event time in ns
	ID   event.ID
}

func (k *KeptRecord) key() RecordKey { return RecordKey{k.Time, k.ID} }

// PendingMatch is a match that an unknown holds back, waiting for newer tables. Rule, Actor and EventID name it; storing
// it again replaces it.
type PendingMatch struct {
	Rule    string
	Actor   string
	EventID event.ID
	Until   int64 // event time in ns at which it is no longer decided
	Record  *event.Kept
}

// PendingKey names a pending match.
type PendingKey struct {
	Rule    string
	Actor   string
	EventID event.ID
}

func (p *PendingMatch) key() PendingKey { return PendingKey{p.Rule, p.Actor, p.EventID} }

// Reject is a record that could not be decoded.
type Reject struct {
	Source, Path string
	Offset       int64
	Reason       string // short, one of a few
	Detail       string
	Data         []byte // the bytes, exactly
	At           time.Time
}

// JournalEntry is a decision that replay must repeat.
type JournalEntry struct {
	Seq  int64 // given by the store, from 1
	Kind string
	Body json.RawMessage
}

// OutboxStat is what waits for one sink.
type OutboxStat struct {
	Count  int       // due, or waiting for another attempt
	Oldest time.Time // commit time of the oldest of them; zero if none
	Failed int       // given up for ever: listed, not due
}
