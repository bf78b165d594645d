package decode

// arrayFramer cuts the elements out of one JSON array, or objects that stand one a line. It knows brackets and strings and
// leaves the rest to the decoder.
//
// A raw newline inside a string is not JSON, and outside an array an object ends with its line: there a broken element
// ends, so that it does not swallow the next. An element of more than limit bytes is rejected in pieces of limit bytes.
type arrayFramer struct {
	limit  int
	inside bool
	skip   bool
	scan   elementScan // with skip: where in the element we are
}

// What an element is.
const (
	elementScalar  uint8 = iota // ends before a comma, bracket, quote or white space
	elementString               // ends behind its quote
	elementNested               // ends behind its bracket
	elementOneLine              // nested, and ends before a newline too
)

// elementScan is a position inside an element.
type elementScan struct {
	kind   uint8
	depth  int
	str    bool
	escape bool
}

func (f *arrayFramer) State() []byte {
	s := framing{Skip: f.skip, Inside: f.inside}
	if f.skip {
		s.Element, s.Depth, s.String, s.Escape = f.scan.kind, f.scan.depth, f.scan.str, f.scan.escape
	}
	return s.encode()
}

func (f *arrayFramer) Restore(state []byte) error {
	s, err := decodeFraming(state)
	f.skip, f.inside = s.Skip, s.Inside
	f.scan = elementScan{s.Element, s.Depth, s.String, s.Escape}
	return err
}

func (f *arrayFramer) Reset() { f.inside, f.skip, f.scan = false, false, elementScan{} }

func (f *arrayFramer) Frame(block []byte, base int64, atEOF bool, max int, out []Record) (int, []Record) {
	pos := 0
	for n := len(out); len(out)-n < max; {
		if !f.skip {
			pos += f.between(block[pos:])
			used, all, ok := before(block[pos:], base+int64(pos), f.limit, atEOF, out)
			if !ok {
				break
			}
			if pos, out = pos+used, all; used > 0 {
				continue
			}
		}
		if pos == len(block) {
			break
		}
		skipped := f.skip
		rec, used := f.next(block[pos:], atEOF)
		if used == 0 && skipped == f.skip {
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

// between returns how many bytes stand before the next element.
func (f *arrayFramer) between(b []byte) int {
	for i, c := range b {
		switch {
		case c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == ',':
		case c == '[' && !f.inside:
			f.inside = true
		case c == ']' && f.inside:
			f.inside = false
		default:
			return i
		}
	}
	return len(b)
}

// next cuts one element, or the next piece of one that is too long, from the front of rest.
func (f *arrayFramer) next(rest []byte, atEOF bool) (Record, int) {
	scan := f.scan
	window := f.limit
	reject := ReasonTooLong
	if !f.skip {
		scan = f.begin(rest[0])
		window, reject = f.limit+1, ""
	}
	used, done := scan.run(rest[:min(len(rest), window)])
	switch {
	case done && used == 0: // the piece before ended with the element
		f.skip = false
		return Record{}, f.between(rest)
	case done && used <= f.limit:
		f.skip = false
		return Record{Data: withoutCR(rest[:used]), Reject: reject}, used
	case len(rest) >= window:
		if !f.skip {
			f.skip, scan = true, f.begin(rest[0])
			scan.run(rest[:f.limit])
		}
		f.scan = scan
		return Record{Data: rest[:f.limit], Reject: ReasonTooLong}, f.limit
	case atEOF:
		f.skip = false
		return Record{Data: rest, Partial: true, Reject: reject}, len(rest)
	}
	return Record{}, 0
}

func (f *arrayFramer) begin(c byte) elementScan {
	switch {
	case c == '"':
		return elementScan{kind: elementString}
	case (c == '{' || c == '[') && f.inside:
		return elementScan{kind: elementNested}
	case c == '{':
		return elementScan{kind: elementOneLine}
	}
	return elementScan{kind: elementScalar}
}

// run goes through b and returns the element's end, or false if it lies behind b.
func (s *elementScan) run(b []byte) (end int, done bool) {
	if s.kind == elementScalar {
		for i, c := range b {
			if c <= ' ' || c == ',' || c == '[' || c == ']' || c == '{' || c == '"' {
				// The first byte belongs to the element even if it is one of these: a stray bracket.
				if i > 0 || s.depth > 0 {
					return i, true
				}
			}
			s.depth = 1
		}
		return len(b), false
	}
	for i, c := range b {
		switch {
		case c == '\n' && (s.str || s.kind == elementOneLine):
			return i, true
		case s.escape:
			s.escape = false
		case s.str && c == '\\':
			s.escape = true
		case c == '"':
			if s.str = !s.str; !s.str && s.kind == elementString {
				return i + 1, true
			}
		case s.str:
		case c == '{' || c == '[':
			s.depth++
		case c == '}' || c == ']':
			if s.depth--; s.depth <= 0 {
				return i + 1, true
			}
		}
	}
	return len(b), false
}
