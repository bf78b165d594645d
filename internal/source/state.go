package source

import (
	"encoding/json"
	"fmt"
)

const (
	stateVersion = 1
	pastKept     = 4 // finished predecessors in a resume point
)

// resumePoint is Chunk.State: where a chain stands after the records of a chunk.
type resumePoint struct {
	Version int     `json:"v"`
	Open    *place  `json:"open,omitempty"`    // absent between two files
	Framing []byte  `json:"framing,omitempty"` // decode.Framer's
	Past    []place `json:"past,omitempty"`    // files read to their end, newest first
	History int64   `json:"history,omitempty"` // Unix ns: older generations last written until then are not read
	Ended   bool    `json:"ended,omitempty"`   // a whole file that has been handed on to its end
}

func (r *resumePoint) encode() []byte {
	b, err := json.Marshal(r)
	if err != nil {
		panic(err) // structs of numbers and strings
	}
	return b
}

// Beginning is the resume point at which a stream began that has come to state: before its first record, with the same
// generations taken for history. A state that cannot be read gives a stream that reads all generations.
func Beginning(state []byte) []byte {
	r, err := decodeResumePoint(state)
	if err != nil || r == nil {
		r = &resumePoint{History: nothingIsHistory}
	}
	return (&resumePoint{Version: stateVersion, History: r.History}).encode()
}

func decodeResumePoint(b []byte) (*resumePoint, error) {
	if len(b) == 0 {
		return nil, nil
	}
	r := new(resumePoint)
	if err := json.Unmarshal(b, r); err != nil {
		return nil, fmt.Errorf("committed position: %w", err)
	}
	if r.Version != stateVersion {
		return nil, fmt.Errorf("committed position: version %d, and this program reads %d", r.Version, stateVersion)
	}
	if r.Open != nil && r.Open.Offset < int64(r.Open.Before.N) {
		return nil, fmt.Errorf("committed position: offset %d with %d bytes before it", r.Open.Offset, r.Open.Before.N)
	}
	for _, p := range append(r.Past, *orZero(r.Open)) {
		if p.Offset < int64(p.Before.N) || p.Before.N > beforeBytes || p.Head.N > headBytes || p.Head.N < 0 || p.Before.N < 0 {
			return nil, fmt.Errorf("committed position: impossible hash lengths at offset %d", p.Offset)
		}
	}
	return r, nil
}

// Offset is the byte of its open file up to which a resume point has handed on; 0 between two files. It is false for a state
// that cannot be read.
func Offset(state []byte) (int64, bool) {
	r, err := decodeResumePoint(state)
	if err != nil || r == nil {
		return 0, false
	}
	return orZero(r.Open).Offset, true
}

// LeftBehind says how many of a chain's files, given oldest first, a resume point has left for good: the files before the one
// that is open or was finished last. Whoever writes a chain may remove these; without that one a restart could not tell where
// to go on.
func LeftBehind(state []byte, oldestFirst []string) (int, error) {
	r, err := decodeResumePoint(state)
	if err != nil || r == nil {
		return 0, err
	}
	at := r.Open
	if at == nil && len(r.Past) > 0 {
		at = &r.Past[0]
	}
	for i, path := range oldestFirst {
		st, err := factsOfPath(path)
		if err != nil {
			return 0, fmt.Errorf("look for the committed position: %w", err)
		}
		if at != nil && st.inode == at.File {
			return i, nil
		}
	}
	return 0, nil
}

func orZero(p *place) *place {
	if p == nil {
		return new(place)
	}
	return p
}
