package evidence

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
)

// Fault is something wrong in the chain, and where.
type Fault struct {
	File   string `json:"file"`
	Line   int    `json:"line"`   // from 1
	Offset int64  `json:"offset"` // of the line's first byte
	Seq    uint64 `json:"seq"`    // the entry that it is about; 0 if that cannot be told
	What   string `json:"what"`
}

func (f Fault) String() string {
	if f.Line == 0 { // a whole file
		return f.File + ": " + f.What
	}
	return fmt.Sprintf("%s line %d (byte %d): %s", f.File, f.Line, f.Offset, f.What)
}

// lines reads a file line by line and knows where it is.
type lines struct {
	r      *bufio.Reader
	file   string
	number int   // of the line read last
	offset int64 // of its first byte
	end    int64 // the offset behind it
	torn   bool  // the file ends in a line without its newline
}

func readLines(r io.Reader, file string) *lines {
	return &lines{r: bufio.NewReaderSize(r, 1<<16), file: file}
}

// next returns the next whole line, newline included, or io.EOF. A torn last line is not returned.
func (l *lines) next() ([]byte, error) {
	p, err := l.r.ReadBytes('\n')
	if errors.Is(err, io.EOF) {
		l.torn = len(p) > 0
		return nil, io.EOF
	}
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", l.file, err)
	}
	l.number++
	l.offset, l.end = l.end, l.end+int64(len(p))
	return p, nil
}

func (l *lines) fault(seq uint64, format string, args ...any) Fault {
	return Fault{File: l.file, Line: l.number, Offset: l.offset, Seq: seq, What: fmt.Sprintf(format, args...)}
}

// walk goes along the chain and reports what does not fit.
type walk struct {
	seq  uint64 // of the last entry in its place
	hash string // of its line
	last Fault  // where that line is, with no What
	note func(Fault)

	entries, redacted uint64
	first, newest     string // at of the first and the last entry

	leaf     func(p []byte) error // called for every line of the chain as it stands there, if not nil
	erased   map[uint64]Fault     // entries without a body, and where; with no What
	recorded map[uint64]uint64    // entry to the redaction entry that says it was erased
}

func newWalk(note func(Fault)) *walk {
	return &walk{hash: zeroHash, note: note, erased: map[uint64]Fault{}, recorded: map[uint64]uint64{}}
}

// walkSegment walks one segment to the end of both files, and counts the bodies behind the last entry.
func (w *walk) walkSegment(log, bodies *lines) (orphans int, err error) {
	b := bodyReader{lines: bodies, note: w.note}
	for {
		p, err := log.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return 0, err
		}
		if w.leaf != nil {
			if err := w.leaf(p); err != nil {
				return 0, err
			}
		}
		l, err := decodeLink(p)
		if err != nil {
			w.note(log.fault(w.seq+1, "not an entry: %v", err))
			w.step(w.seq+1, hash(p), log)
			continue
		}
		w.link(l, p, log)
		if err := w.body(l, log, &b); err != nil {
			return 0, err
		}
	}
	return b.rest(w.seq)
}

// step makes the line just read the last one in its place.
func (w *walk) step(seq uint64, hash string, log *lines) {
	w.seq, w.hash, w.last = seq, hash, log.fault(seq, "")
}

// link judges where an entry stands.
func (w *walk) link(l link, p []byte, log *lines) {
	w.entries++
	if w.first == "" {
		w.first = l.At
	}
	w.newest = l.At
	switch {
	case l.Seq <= w.seq:
		// The walk stays where it was: what follows is expected to follow the entry before.
		w.note(log.fault(l.Seq, "entry %d stands after entry %d: it was inserted or moved", l.Seq, w.seq))
		return
	case l.Seq > w.seq+1:
		w.note(log.fault(l.Seq, "before entry %d the entries %d to %d were removed or moved", l.Seq, w.seq+1, l.Seq-1))
	case l.Prev != w.hash && w.seq == 0:
		w.note(log.fault(l.Seq, "the first entry does not begin a chain: its prev is not 64 zeroes"))
	case l.Prev != w.hash:
		blamed := w.last
		blamed.What = fmt.Sprintf("entry %d was changed, or entry %d, which records another hash of it", w.seq, l.Seq)
		w.note(blamed)
	}
	w.step(l.Seq, hash(p), log)
}

// body judges the body of an entry.
func (w *walk) body(l link, log *lines, bodies *bodyReader) error {
	b, found, err := bodies.of(l.Seq)
	if err != nil {
		return err
	}
	switch {
	case !found:
		w.note(log.fault(l.Seq, "the body of entry %d is missing from %s", l.Seq, bodies.lines.file))
	case b.redacted():
		w.redacted++
		w.erased[l.Seq] = bodies.lines.fault(l.Seq, "")
	case b.hash() != l.BodyHash:
		w.note(bodies.lines.fault(l.Seq, "the body of entry %d was changed, or the hash of it in %s line %d", l.Seq, log.file, log.number))
	case l.Kind == redactionKind:
		var r Redaction
		if err := json.Unmarshal([]byte(b.Text), &r); err == nil && r.Seq < l.Seq {
			w.recorded[r.Seq] = l.Seq
		}
	}
	return nil
}

// redactions judges, at the end of the chain, whether what was erased was erased on the record, and the other way round.
func (w *walk) redactions() (notes []string) {
	for _, seq := range slices.Sorted(maps.Keys(w.erased)) {
		if w.recorded[seq] == 0 {
			f := w.erased[seq]
			f.What = fmt.Sprintf("the body of entry %d was erased, and no redaction entry says who approved that", seq)
			w.note(f)
		}
	}
	for _, seq := range slices.Sorted(maps.Keys(w.recorded)) {
		if _, ok := w.erased[seq]; !ok {
			notes = append(notes, fmt.Sprintf("entry %d records the redaction of entry %d, whose body is still there: it was interrupted; run it again", w.recorded[seq], seq))
		}
	}
	return notes
}

// bodyReader finds bodies in the order of the entries.
type bodyReader struct {
	lines *lines
	ahead *body // read, and not yet asked for
	note  func(Fault)
}

// of returns the body of entry seq if it comes before any later body.
func (r *bodyReader) of(seq uint64) (body, bool, error) {
	for {
		if r.ahead == nil {
			if done, err := r.read(); done || err != nil {
				return body{}, false, err
			}
		}
		if r.ahead.Seq > seq {
			return body{}, false, nil
		}
		b := *r.ahead
		r.ahead = nil
		if b.Seq == seq {
			return b, true, nil
		}
		r.note(r.lines.fault(b.Seq, "the body of entry %d has no entry in its place", b.Seq))
	}
}

// read reads the next body into ahead; done at the end of the file.
func (r *bodyReader) read() (done bool, err error) {
	for {
		p, err := r.lines.next()
		if errors.Is(err, io.EOF) {
			return true, nil
		}
		if err != nil {
			return false, err
		}
		b, err := decodeBody(p)
		if err != nil {
			r.note(r.lines.fault(0, "not a body: %v", err))
			continue
		}
		r.ahead = &b
		return false, nil
	}
}

// rest counts the bodies of entries to come, and notes those that stand behind the last entry without being that.
func (r *bodyReader) rest(last uint64) (orphans int, err error) {
	for {
		if r.ahead != nil && r.ahead.Seq > last {
			orphans++
		} else if r.ahead != nil {
			r.note(r.lines.fault(r.ahead.Seq, "the body of entry %d has no entry in its place", r.ahead.Seq))
		}
		r.ahead = nil
		if done, err := r.read(); done || err != nil {
			return orphans, err
		}
	}
}
