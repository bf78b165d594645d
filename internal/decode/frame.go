package decode

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
)

// Record is one framed record, or a piece of one that framing rejected.
type Record struct {
	Data    []byte  // exact bytes without the line ending; aliases the block
	Offset  int64   // of Data in its file
	Partial bool    // nothing terminated it before the end of the file
	Header  *Header // CSV columns in force, nil otherwise
	Reject  string  // reason, if framing already rejected it
}

// Header is the columns of a CSV file. It is never changed once a Record refers to it.
type Header struct {
	Columns []string
	raw     []byte // the row as it was read
}

// Framer cuts one stream of bytes into records. It belongs to one stream and is not safe for concurrent use.
//
// What it returns does not depend on how the stream was cut into blocks. A block of MaxRecordBytes+1 bytes always makes
// progress, so the caller never needs to hold more than that of an unfinished record.
type Framer interface {
	// Frame cuts whole records from the front of block, whose first byte stands at offset base of the file, appends at
	// most max of them to out and returns how many bytes they used, with the header rows, blank lines and byte order mark
	// that it skipped. atEOF says that no byte will follow, so that an unterminated last record is handed on with Partial
	// set.
	Frame(block []byte, base int64, atEOF bool, max int, out []Record) (used int, records []Record)
	// State is the framing state behind the bytes that the last Frame used. With the offset it is enough to resume there.
	// It is a few bytes, and a CSV header.
	State() []byte
	// Restore sets the state; an empty one is that of the start of a file.
	Restore(state []byte) error
	// Reset says that the next block begins a new file of the same chain. A CSV header stays in force until the new file
	// shows its own.
	Reset()
}

// framing is the state of every framer as it is stored: JSON, with Version raised when the meaning changes. Unused members
// are left out, and the state of a file's start is empty.
type framing struct {
	Version int    `json:"v"`
	Skip    bool   `json:"skip,omitempty"`    // inside a record that is too long
	Header  []byte `json:"header,omitempty"`  // csv: the header row in force, its exact bytes in whatever encoding
	Seen    bool   `json:"seen,omitempty"`    // csv: this file's header row is behind us, or it has none
	Inside  bool   `json:"inside,omitempty"`  // json-array: inside the array
	Element uint8  `json:"element,omitempty"` // json-array, with Skip: what is being skipped
	Depth   int    `json:"depth,omitempty"`   // json-array, with Skip: open brackets
	String  bool   `json:"string,omitempty"`  // json-array, with Skip: inside a string
	Escape  bool   `json:"escape,omitempty"`  // json-array, with Skip: behind a backslash
	Text    bool   `json:"text,omitempty"`    // winevent, with Skip: inside what is no event
	Tail    string `json:"tail,omitempty"`    // winevent, with Skip: what of the end tag stands at the end of what was read
}

const framingVersion = 1

func (s framing) encode() []byte {
	if reflect.ValueOf(s).IsZero() {
		return nil
	}
	s.Version = framingVersion
	b, err := json.Marshal(s)
	if err != nil {
		panic("decode: framing state: " + err.Error()) // strings, numbers and booleans only
	}
	return b
}

func decodeFraming(state []byte) (framing, error) {
	var s framing
	if len(state) == 0 {
		return s, nil
	}
	if err := json.Unmarshal(state, &s); err != nil {
		return s, fmt.Errorf("restore framing state: %w", err)
	}
	if s.Version != framingVersion {
		return s, fmt.Errorf("restore framing state: version %d, want %d", s.Version, framingVersion)
	}
	s.Version = 0
	return s, nil
}

var byteOrderMark = []byte("\xef\xbb\xbf")

// before takes what stands before a record from the front of rest, which begins at offset at and where one could begin: a byte
// order mark, at the start of a file or of a part of one that somebody has concatenated, which is skipped; or NUL bytes, the
// hole that a writer leaves who goes on at his old offset in a truncated file, which are rejected by themselves so that the
// record behind them is judged. used is 0 where a record begins, and ok is false if more bytes are needed to tell. A run of
// NULs is cut into pieces of limit bytes.
func before(rest []byte, at int64, limit int, atEOF bool, out []Record) (used int, _ []Record, ok bool) {
	switch {
	case len(rest) == 0 || rest[0] != byteOrderMark[0] && rest[0] != 0:
		return 0, out, true
	case rest[0] == 0:
		for used < min(len(rest), limit) && rest[used] == 0 {
			used++
		}
		if !atEOF && used == len(rest) && used < limit {
			return 0, out, false
		}
		return used, append(out, Record{Data: rest[:used], Offset: at, Reject: ReasonNUL}), true
	case bytes.HasPrefix(rest, byteOrderMark):
		return len(byteOrderMark), out, true
	}
	return 0, out, atEOF || !bytes.HasPrefix(byteOrderMark, rest)
}

// withoutCR cuts the CR of a CRLF.
func withoutCR(line []byte) []byte {
	if n := len(line); n > 0 && line[n-1] == '\r' {
		return line[:n-1]
	}
	return line
}

// blank reports whether a line holds nothing but white space.
func blank(line []byte) bool {
	if len(line) > 0 && line[0] > ' ' {
		return false
	}
	for _, c := range line {
		if c != ' ' && c != '\t' && c != '\r' {
			return false
		}
	}
	return true
}

// Absent lists the columns that the format reads and a header row does not have: a mistyped mapping, or an extract that has
// changed. Whatever is read from them is missing in every record.
func (d *Decoder) Absent(h *Header) []string {
	if h == nil || d.format.Payload != nil {
		return nil
	}
	var out []string
	for name := range d.refNames {
		if !slices.Contains(h.Columns, name) {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}
