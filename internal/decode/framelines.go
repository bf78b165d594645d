package decode

import "bytes"

// lineFramer cuts lines that end in LF or CRLF. A line of more than limit bytes (a CR before its LF included) is rejected
// in pieces of limit bytes; the last piece ends before its newline.
type lineFramer struct {
	limit int
	skip  bool
}

func (f *lineFramer) State() []byte { return framing{Skip: f.skip}.encode() }

func (f *lineFramer) Restore(state []byte) error {
	s, err := decodeFraming(state)
	f.skip = s.Skip
	return err
}

func (f *lineFramer) Reset() { f.skip = false }

func (f *lineFramer) Frame(block []byte, base int64, atEOF bool, max int, out []Record) (int, []Record) {
	pos := 0
	for n := len(out); len(out)-n < max && pos < len(block); {
		rest := block[pos:]
		at := base + int64(pos)
		if !f.skip {
			used, all, ok := before(rest, at, f.limit, atEOF, out)
			if !ok {
				break
			}
			if pos, out = pos+used, all; used > 0 {
				continue
			}
		}
		end := bytes.IndexByte(rest, '\n')
		if end > f.limit || end < 0 && len(rest) > f.limit {
			out = append(out, Record{Data: rest[:f.limit], Offset: at, Reject: ReasonTooLong})
			f.skip = true
			pos += f.limit
			continue
		}
		next, partial := end+1, false
		if end < 0 {
			if !atEOF {
				break
			}
			end, next, partial = len(rest), len(rest), true
		}
		line := rest[:end]
		pos += next
		switch {
		case f.skip:
			f.skip = false
			if len(line) > 0 {
				out = append(out, Record{Data: line, Offset: at, Partial: partial, Reject: ReasonTooLong})
			}
		case blank(line):
		default:
			out = append(out, Record{Data: withoutCR(line), Offset: at, Partial: partial})
		}
	}
	return pos, out
}
