package decode

import "bytes"

// winEventFramer cuts <Event …>…</Event> elements, one a line or over many, with <Events> around them or without. It knows
// these tags and leaves the rest to the decoder.
//
// An event ends behind its end tag, or before the start tag of the next one, so that a torn event does not swallow its
// neighbour: Windows escapes < in what users can write. What stands between events and is neither white space nor an XML
// declaration nor <Events> is a record too, which the decoder rejects; it ends with its line. An event of more than limit
// bytes is rejected in pieces of limit bytes.
type winEventFramer struct {
	limit int
	skip  bool
	scan  eventScan // with skip: what is being skipped
}

var (
	eventStart = []byte("<Event")
	eventEnd   = []byte("</Event>")
)

// eventScan is a position inside a record.
type eventScan struct {
	text bool   // not an event, but something that ends with its line
	tail string // what of the end tag stands at the end of what was read
}

func (f *winEventFramer) State() []byte {
	s := framing{Skip: f.skip}
	if f.skip {
		s.Text, s.Tail = f.scan.text, f.scan.tail
	}
	return s.encode()
}

func (f *winEventFramer) Restore(state []byte) error {
	s, err := decodeFraming(state)
	f.skip, f.scan = s.Skip, eventScan{s.Text, s.Tail}
	return err
}

func (f *winEventFramer) Reset() { f.skip, f.scan = false, eventScan{} }

func (f *winEventFramer) Frame(block []byte, base int64, atEOF bool, max int, out []Record) (int, []Record) {
	pos := 0
	for n := len(out); len(out)-n < max && pos < len(block); {
		rest := block[pos:]
		if !f.skip {
			if used := between(rest, f.limit); used > 0 {
				pos += used
				continue
			}
			used, all, ok := before(rest, base+int64(pos), f.limit, atEOF, out)
			if !ok {
				break
			}
			if pos, out = pos+used, all; used > 0 {
				continue
			}
			if len(rest) <= len(eventEnd) && len(rest) <= f.limit && !atEOF {
				break // too few bytes to tell what begins here
			}
		}
		rec, used := f.next(rest, atEOF)
		if used == 0 && rec.Data == nil {
			break
		}
		if len(rec.Data) > 0 {
			rec.Offset = base + int64(pos)
			out = append(out, rec)
		}
		pos += used
	}
	return pos, out
}

// between returns how many bytes of white space stand at the front of b, or the length of the tag around events.
func between(b []byte, limit int) int {
	if n := len(b) - len(bytes.TrimLeft(b, " \t\r\n")); n > 0 {
		return n
	}
	for _, tag := range []string{"<Events", "</Events", "<?xml"} {
		if !bytes.HasPrefix(b, []byte(tag)) || len(b) == len(tag) || !endsName(b[len(tag)]) && b[len(tag)] != '>' {
			continue
		}
		window := b[:min(len(b), limit)]
		if end := 1 + bytes.IndexAny(window[1:], "<>\n"); end > 0 && window[end] == '>' {
			return end + 1
		}
	}
	return 0
}

func endsName(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

// startTag finds the first start tag of an event whose < stands at or behind from, -1 if b has none.
func startTag(b []byte, from int) int {
	for at := from; at < len(b); {
		i := bytes.Index(b[at:], eventStart)
		if i < 0 {
			return -1
		}
		at += i
		if behind := at + len(eventStart); behind < len(b) && (b[behind] == '>' || endsName(b[behind])) {
			return at
		}
		at++
	}
	return -1
}

// next cuts one record, or the next piece of one that is too long, from the front of rest. A record of no bytes that is not
// nil ends what was skipped.
func (f *winEventFramer) next(rest []byte, atEOF bool) (Record, int) {
	scan, reject := f.scan, ReasonTooLong
	if !f.skip {
		scan, reject = eventScan{text: startTag(rest[:min(len(rest), len(eventStart)+1)], 0) != 0}, ""
	}
	window := rest[:min(len(rest), f.limit+1)]
	end, closed := scan.end(window, f.skip)
	switch {
	case closed && end <= f.limit:
		f.skip, f.scan = false, eventScan{}
		return Record{Data: withoutCR(rest[:end:end]), Reject: reject}, end
	case len(rest) > f.limit:
		piece := rest[:f.limit]
		f.skip, f.scan = true, eventScan{scan.text, scan.rememberEnd(piece)}
		return Record{Data: piece, Reject: ReasonTooLong}, f.limit
	case atEOF:
		f.skip, f.scan = false, eventScan{}
		return Record{Data: rest, Partial: true, Reject: reject}, len(rest)
	}
	return Record{}, 0
}

// end finds where the record at the front of b ends; with inside, b does not begin with the record.
func (s eventScan) end(b []byte, inside bool) (int, bool) {
	first := 1
	if inside {
		first = 0
	}
	if s.text {
		line := bytes.IndexByte(b, '\n')
		if line >= 0 {
			b = b[:line+1] // which may be the blank that ends a start tag's name
		}
		if next := startTag(b, first); next >= 0 {
			return next, true
		}
		return line, line >= 0
	}
	end := s.endTag(b)
	if end >= 0 {
		b = b[:end]
	}
	if next := startTag(b, first); next >= 0 {
		return next, true
	}
	return end, end >= 0
}

// endTag finds where the end tag of an event ends in b, -1 if it does not.
func (s eventScan) endTag(b []byte) int {
	if s.tail != "" {
		front := append([]byte(s.tail), b[:min(len(b), len(eventEnd))]...)
		if i := bytes.Index(front, eventEnd); i >= 0 {
			return i + len(eventEnd) - len(s.tail)
		}
	}
	if i := bytes.Index(b, eventEnd); i >= 0 {
		return i + len(eventEnd)
	}
	return -1
}

// rememberEnd returns the longest end of what was read so far that an end tag begins with.
func (s eventScan) rememberEnd(piece []byte) string {
	tailed := append([]byte(s.tail), piece[max(0, len(piece)-len(eventEnd)):]...)
	for n := min(len(eventEnd)-1, len(tailed)); n > 0; n-- {
		if bytes.HasSuffix(tailed, eventEnd[:n]) {
			return string(eventEnd[:n])
		}
	}
	return ""
}
