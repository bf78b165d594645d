package decode

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"slices"
	"strings"
)

// csvFramer cuts records of RFC 4180, whose quoted fields may hold newlines, and takes the header rows out.
//
// A quote counts only at the start of a field. A record that reaches limit bytes, or the end of the file, with its quote
// still open is rejected at its first line, and framing resumes at the second: one stray quote must not swallow what
// follows. Until then the records behind a stray quote wait, at most limit bytes of them.
type csvFramer struct {
	limit     int
	separator byte
	header    bool     // the file begins with a header row
	required  []string // a row that lacks one of these columns is no header
	head      *Header  // in force; nil before the first header row
	seen      bool
	skip      bool
}

func (f *csvFramer) State() []byte {
	s := framing{Skip: f.skip, Seen: f.seen}
	if f.header && f.head != nil {
		s.Header = f.head.raw
	}
	return s.encode()
}

func (f *csvFramer) Restore(state []byte) error {
	s, err := decodeFraming(state)
	if err != nil {
		return err
	}
	f.skip, f.seen = s.Skip, s.Seen
	if !f.header {
		return nil
	}
	f.head = nil
	if len(s.Header) > 0 {
		// Not checked against required: if the format has changed since, decoding says so record by record.
		columns, err := f.split(s.Header)
		if err != nil {
			return fmt.Errorf("restore framing state: header: %w", err)
		}
		f.head = &Header{Columns: columns, raw: s.Header}
	}
	f.seen = f.seen && f.head != nil // a state from when the format had no header row
	return nil
}

func (f *csvFramer) Reset() { f.skip, f.seen = false, false }

func (f *csvFramer) Frame(block []byte, base int64, atEOF bool, max int, out []Record) (int, []Record) {
	pos := 0
	for n := len(out); len(out)-n < max && pos < len(block); {
		if !f.skip {
			used, all, ok := before(block[pos:], base+int64(pos), f.limit, atEOF, out)
			if !ok {
				break
			}
			if pos, out = pos+used, all; used > 0 {
				continue
			}
		}
		used, all := f.next(block[pos:], base+int64(pos), atEOF, out)
		if used == 0 {
			break
		}
		pos, out = pos+used, all
	}
	return pos, out
}

// next appends the record at the front of rest, if that is one, and says how many bytes it used: none if it is not whole yet.
func (f *csvFramer) next(rest []byte, at int64, atEOF bool, out []Record) (used int, _ []Record) {
	newline := bytes.IndexByte(rest, '\n')
	if f.skip {
		return f.longLine(rest, newline, at, atEOF, out)
	}
	end, open := newline, false
	if newline < 0 || bytes.IndexByte(rest[:newline], '"') >= 0 {
		end, open = recordEnd(rest[:min(len(rest), f.limit+1)], f.separator)
	}
	switch {
	case end > f.limit || end < 0 && len(rest) > f.limit:
		if newline < 0 || newline > f.limit {
			return f.longLine(rest, newline, at, atEOF, out)
		}
		return newline + 1, append(out, Record{Data: withoutCR(rest[:newline]), Offset: at, Reject: ReasonTooLong})
	case end >= 0:
		return end + 1, f.row(rest[:end], at, false, out)
	case !atEOF:
		return 0, out
	case open && newline >= 0:
		return newline + 1, append(out, Record{Data: withoutCR(rest[:newline]), Offset: at, Reject: ReasonQuote})
	}
	return len(rest), f.row(rest, at, true, out)
}

// longLine appends the next piece of a line that is too long.
func (f *csvFramer) longLine(rest []byte, newline int, at int64, atEOF bool, out []Record) (used int, _ []Record) {
	switch {
	case newline > f.limit || newline < 0 && len(rest) > f.limit:
		f.skip = true
		return f.limit, append(out, Record{Data: rest[:f.limit], Offset: at, Reject: ReasonTooLong})
	case newline > 0:
		f.skip = false
		return newline + 1, append(out, Record{Data: rest[:newline], Offset: at, Reject: ReasonTooLong})
	case newline == 0:
		f.skip = false
		return 1, out
	case atEOF:
		f.skip = false
		return len(rest), append(out, Record{Data: rest, Offset: at, Reject: ReasonTooLong, Partial: true})
	}
	return 0, out
}

// recordEnd finds the newline that ends the record at the front of b, -1 if there is none; open says that the bytes end
// inside quotes.
func recordEnd(b []byte, separator byte) (end int, open bool) {
	for i := 0; ; {
		if i < len(b) && b[i] == '"' {
			for i++; ; i++ {
				j := bytes.IndexByte(b[i:], '"')
				if j < 0 {
					return -1, true
				}
				if i += j + 1; i == len(b) || b[i] != '"' {
					break
				}
			}
		}
		for ; i < len(b) && b[i] != separator; i++ {
			if b[i] == '\n' {
				return i, false
			}
		}
		if i == len(b) {
			return -1, false
		}
		i++
	}
}

// row appends the record of a whole row, unless it is a blank line or a header row.
func (f *csvFramer) row(line []byte, at int64, partial bool, out []Record) []Record {
	line = withoutCR(line)
	if blank(line) {
		return out
	}
	if f.header && !f.seen {
		head := f.readHeader(line)
		switch {
		case head != nil && (f.head == nil || !slices.Equal(f.head.Columns, head.Columns)):
			f.head, f.seen = head, true
			return out
		case head != nil:
			f.seen = true // the same columns: keep the Header that workers already know
			return out
		case f.head == nil:
			return append(out, Record{Data: line, Offset: at, Partial: partial, Reject: ReasonColumns})
		}
		f.seen = true // a later file of the chain without a header row: the columns stay
	}
	if f.repeated(line) {
		return out
	}
	return append(out, Record{Data: line, Offset: at, Partial: partial, Header: f.head})
}

// repeated reports whether line is the header row again, however it is quoted.
func (f *csvFramer) repeated(line []byte) bool {
	first := f.head.Columns[0]
	if first != "" && line[0] != first[0] && line[0] != '"' {
		return false // as almost every line says with its first byte
	}
	if !bytes.HasPrefix(bytes.TrimPrefix(line, []byte{'"'}), []byte(first)) {
		return false
	}
	if bytes.Equal(line, f.head.raw) {
		return true
	}
	row, err := f.split(line)
	return err == nil && slices.Equal(row, f.head.Columns)
}

// readHeader returns the header that line is, nil if it is none.
func (f *csvFramer) readHeader(line []byte) *Header {
	columns, err := f.split(line)
	if err != nil {
		return nil
	}
	for _, name := range f.required {
		if !slices.Contains(columns, name) {
			return nil
		}
	}
	return &Header{Columns: columns, raw: bytes.Clone(line)}
}

func (f *csvFramer) split(line []byte) ([]string, error) {
	r := csv.NewReader(bytes.NewReader(line))
	r.Comma = rune(f.separator)
	return r.Read()
}

// fixedHeader is the header of a file without a header row.
func fixedHeader(columns []string, separator byte) *Header {
	return &Header{Columns: columns, raw: []byte(strings.Join(columns, string(rune(separator))))}
}
