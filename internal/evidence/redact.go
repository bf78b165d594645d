package evidence

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"probity/internal/fsx"
)

const (
	redactionKind = "redaction"
	erasingName   = "erasing" // what is being overwritten, so that a kill in the middle of it can be finished
)

// Redaction is the body of an entry of kind "redaction".
type Redaction struct {
	Seq        uint64   `json:"seq"`         // of the entry whose body and salt are destroyed
	Kind       string   `json:"kind"`        // of that entry
	Reason     string   `json:"reason"`      // the lawful ground; names nobody
	ApprovedBy string   `json:"approved_by"` // who answers for it
	Erased     []string `json:"erased"`      // what else was destroyed with it
}

// Entry is the redaction as it is recorded.
func (r *Redaction) Entry() Entry { return Entry{Kind: redactionKind, Body: r} }

const maxReasonBytes = 1000

// Check refuses what is no record of a decision.
func (r *Redaction) Check() error {
	for name, text := range map[string]string{"reason": r.Reason, "approved-by": r.ApprovedBy} {
		if strings.TrimSpace(text) == "" || len(text) > maxReasonBytes {
			return fmt.Errorf("%s: 1 to %d bytes, so that it can be answered for later", name, maxReasonBytes)
		}
	}
	return nil
}

// Stored is an entry as it stands in the files.
type Stored struct {
	Seq      uint64
	Kind     string
	Line     []byte // of the chain, newline included
	BodyLine []byte // of the bodies file, newline included
	Body     []byte // nil if it was redacted

	segment int
	offset  int64 // of BodyLine
}

// ErrNoEntry is wrapped by errors about an entry that is not there.
var ErrNoEntry = errors.New("there is no such entry")

// Read returns the entry with the number.
func Read(dir string, seq uint64) (Stored, error) {
	if seq == 0 {
		return Stored{}, fmt.Errorf("entry 0: %w: they are numbered from 1", ErrNoEntry)
	}
	at, err := cursorAt(dir, seq-1)
	if err != nil {
		return Stored{}, noEntry(seq, err)
	}
	var s Stored
	if err := at.advance(seq, func(line []byte) error {
		l, err := decodeLink(line)
		s = Stored{Seq: seq, Kind: l.Kind, Line: bytes.Clone(line)}
		return err
	}); err != nil {
		return Stored{}, noEntry(seq, err)
	}
	s.segment = at.segment
	return s, s.readBody(dir)
}

func noEntry(seq uint64, err error) error {
	var d *fsx.Damage
	if errors.As(err, &d) && strings.Contains(d.What, "the log ends") {
		return fmt.Errorf("entry %d: %w: %s", seq, ErrNoEntry, d.What)
	}
	return err
}

func (s *Stored) readBody(dir string) error {
	path := bodiesPath(dir, s.segment)
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	bodies := readLines(f, path)
	for {
		p, err := bodies.next()
		if errors.Is(err, io.EOF) {
			return damage(path, fmt.Sprintf("byte %d", bodies.end), fmt.Sprintf("the body of entry %d is missing", s.Seq))
		}
		if err != nil {
			return err
		}
		if !bytes.HasPrefix(p, bodyPrefix(s.Seq)) {
			continue
		}
		b, err := decodeBody(p)
		if err != nil {
			return damage(path, fmt.Sprintf("line %d (byte %d)", bodies.number, bodies.offset), fmt.Sprintf("not a body: %v", err))
		}
		s.BodyLine, s.offset = bytes.Clone(p), bodies.offset
		if !b.redacted() {
			s.Body = []byte(b.Text)
		}
		return nil
	}
}

func bodyPrefix(seq uint64) []byte { return fmt.Appendf(nil, `{"seq":%d,"salt":"`, seq) }

// erasing is the file of that name.
type erasing struct {
	Seq     uint64 `json:"seq"`
	Segment int    `json:"segment"`
	Offset  int64  `json:"offset"`
	Bytes   int    `json:"bytes"`
}

// Erase destroys body and salt of an entry in place. Its redaction was recorded and committed before. Nobody else appends.
func (l *Log) Erase(seq uint64) error {
	s, err := Read(l.dir, seq)
	if err != nil {
		return err
	}
	note, err := json.Marshal(erasing{Seq: seq, Segment: s.segment, Offset: s.offset, Bytes: len(s.BodyLine)})
	if err != nil {
		return err
	}
	if err := l.fs.WriteFile(filepath.Join(l.dir, erasingName), note, 0o600); err != nil {
		return err
	}
	return finishErasing(l.fs, l.dir)
}

// finishErasing does what the file erasing says, if there is one: after a kill in the middle the line may be half the old and
// half the new.
func finishErasing(fs *fsx.FS, dir string) error {
	path := filepath.Join(dir, erasingName)
	p, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var e erasing
	if err := json.Unmarshal(p, &e); err != nil {
		return damage(path, "", fmt.Sprintf("not the note of a redaction: %v", err))
	}
	blank := blankLine(e.Seq, e.Bytes)
	if blank == nil || !standsAt(bodiesPath(dir, e.Segment), e) {
		return damage(path, "", fmt.Sprintf("it names bytes that are not the body of entry %d", e.Seq))
	}
	if err := fs.Overwrite(bodiesPath(dir, e.Segment), e.Offset, blank); err != nil {
		return fmt.Errorf("destroying the body of entry %d: %w", e.Seq, err)
	}
	return fs.Remove(path)
}

// standsAt says whether the bytes are one line that begins as the entry's body does.
func standsAt(path string, e erasing) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	p := make([]byte, e.Bytes)
	if _, err := f.ReadAt(p, e.Offset); err != nil {
		return false
	}
	return bytes.HasPrefix(p, bodyPrefix(e.Seq)) && bytes.IndexByte(p, '\n') == len(p)-1
}

// blankLine is a redacted body of a length.
func blankLine(seq uint64, length int) []byte {
	p, err := line(&body{Seq: seq})
	if err != nil || length < len(p) || length > maxLineBytes {
		return nil
	}
	p = append(p[:len(p)-1], bytes.Repeat([]byte{' '}, length-len(p))...)
	return append(p, '\n')
}
