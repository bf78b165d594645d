package sim

import "time"

// Line is one log line, or one CSV record with the newlines inside its quotes,
// at the moment it reaches the log file.
type Line struct {
	At     time.Time // arrival, UTC
	System string    // niche, pnc, storm, crime, m365
	File   string    // name of the log file
	Bytes  []byte    // with the line ending; the caller may keep it, not change it
}

// File is a lookup table as a CSV file.
type File struct {
	Name string // such as people.csv
	Data []byte // UTF-8; first a comment line, then the header
}

// Truth is one planted misuse. It is the answer that alerts are marked by.
type Truth struct {
	Typology string      `json:"typology"`
	Variant  string      `json:"variant"` // obvious, ordinary or patient
	Person   string      `json:"person"`  // staff_id of the offender
	First    time.Time   `json:"first"`   // event time, UTC
	Last     time.Time   `json:"last"`    // event time, UTC
	Events   []NativeRef `json:"events"`  // in order of arrival, a repeated record once
}

// NativeRef names a line by the identity that its own system gave it: Niche
// AuditID, PNC "Terminal/Seq", STORM "host/seq", Crime id, Microsoft 365 Id.
type NativeRef struct {
	Dataset  string `json:"dataset"`
	NativeID string `json:"native_id"`
}

// system is one of the five, in the order that breaks ties of arrival.
type system uint8

const (
	niche system = iota
	pnc
	storm
	crime
	m365
	systems // how many there are
)

var systemNames = [systems]string{"niche", "pnc", "storm", "crime", "m365"}

var fileNames = [systems]string{"niche.csv", "pnc.log", "storm.log", "crime.log", "m365.ndjson"}

// flushEvery is how often a system writes out what it buffered, in
// milliseconds; the lag of its lines, and the reason for ties of arrival.
var flushEvery = [systems]instant{niche: 1000, pnc: 2000, storm: 50, crime: 500}

// arrival of what happened at the given moment. It keeps the order of events.
// Microsoft 365 has its own: see m365Entry.
func (s system) arrival(at instant) instant {
	every := flushEvery[s]
	return (at + every - 1) / every * every
}
