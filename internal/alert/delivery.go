package alert

import "time"

// Delivery is one revision on its way to one sink: a row of the outbox. store keeps it, notify delivers it.
type Delivery struct {
	Seq      int64  // place in the outbox; rises with the commits
	Sink     string // configured name
	AlertID  string
	Revision int
	Body     []byte    // the alert's JSON on one line, the same at every attempt
	Attempts int       // failed ones so far
	QueuedAt time.Time // when it was committed, by the clock; a digest gathers by it
	Arrived  time.Time // when it did, of one that is told again while it lasts; zero while it is due
}

// Key is the key under which every attempt is made, so that a receiver can tell a repeat: AlertID/Revision.
func (d Delivery) Key() string { return revisionKey(d.AlertID, d.Revision) }
