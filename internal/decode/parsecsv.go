package decode

import (
	"encoding/binary"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"strings"
)

// csvParser reads one CSV record. A row without quotes is cut at its separators, and one with quotes read as long as all is well;
// any other goes through encoding/csv, which turns CRLF inside quotes into LF, and says what is wrong.
type csvParser struct {
	text      *arena
	separator byte
	fixed     *Header // where there is no header row
	header    *Header // whose symbols are at hand
	symbols   []*symbol
	source    turnReader
	reader    *csv.Reader
}

func (p *csvParser) parse(n *natives, text string, h *Header) *Reject {
	if h == nil {
		h = p.fixed
	}
	if h == nil {
		return &Reject{ReasonColumns, "no header row came before " + quote(text)}
	}
	if h != p.header {
		p.header, p.symbols = h, n.fixed(h.Columns)
	}
	if strings.IndexByte(text, '"') < 0 && strings.IndexByte(text, '\n') < 0 {
		return splitFields(n, p.symbols, text, p.separator, false)
	}
	if p.quoted(n, text) {
		return nil
	}
	n.again()
	return p.any(n, text)
}

// quoted reads a row with quotes as RFC 4180 has them, on one line. It is false for any other, of which n may have some fields.
func (p *csvParser) quoted(n *natives, text string) bool {
	if strings.IndexByte(text, '\n') >= 0 || strings.HasSuffix(text, "\r") {
		return false
	}
	for i, s := range p.symbols {
		field, rest, ok := "", "", true
		if strings.HasPrefix(text, `"`) {
			field, rest, ok = p.unquote(text[1:])
		} else {
			end := next(text, 0, p.separator)
			field, rest = text[:end], text[end:]
			ok = strings.IndexByte(field, '"') < 0
		}
		switch last := i == len(p.symbols)-1; {
		case !ok || last != (rest == ""):
			return false
		case !last && rest[0] != p.separator:
			return false
		case !last:
			text = rest[1:]
		}
		if n.raw {
			n.add(s, field, nil)
		} else {
			n.take(s, field)
		}
	}
	return len(p.symbols) > 0
}

// unquote reads a field behind its first quote, and what stands behind its last.
func (p *csvParser) unquote(text string) (field, rest string, ok bool) {
	end, doubled := 0, false
	for {
		end = next(text, end, '"')
		if end == len(text) {
			return "", "", false
		}
		if end+1 == len(text) || text[end+1] != '"' {
			break
		}
		end, doubled = end+2, true
	}
	field, rest = text[:end], text[end+1:]
	if !doubled {
		return field, rest, true
	}
	b := p.text.room(len(field))
	for i := 0; i < len(field); i++ {
		b = append(b, field[i])
		if field[i] == '"' {
			i++ // its second
		}
	}
	return p.text.keep(b), rest, true
}

// any reads any row.
func (p *csvParser) any(n *natives, text string) *Reject {
	row, err := p.read(text)
	if err != nil {
		return &Reject{ReasonSyntax, "not CSV: " + err.Error() + " in " + quote(text)}
	}
	if len(row) != len(p.symbols) {
		return wrongColumns(len(row), len(p.symbols), text)
	}
	for i, field := range row {
		n.add(p.symbols[i], field, nil)
	}
	return nil
}

// read returns the fields of text, which must be one record. They live on.
func (p *csvParser) read(text string) ([]string, error) {
	if p.reader == nil {
		p.reader = csv.NewReader(&p.source)
		p.reader.Comma = rune(p.separator)
		p.reader.FieldsPerRecord = -1
		p.reader.ReuseRecord = true
	}
	p.source.rest = text
	row, err := p.reader.Read()
	if err == nil {
		length := len(row)
		if _, err = p.reader.Read(); errors.Is(err, io.EOF) {
			return row[:length], nil // Read gives no row at EOF, so the one before stays as it is
		}
		if err == nil {
			err = errors.New("more than one record")
		}
	}
	p.reader = nil // what it read ahead belongs to this text
	if parse := (*csv.ParseError)(nil); errors.As(err, &parse) {
		err = fmt.Errorf("column %d: %w", parse.Column, parse.Err)
	}
	return nil, err
}

// turnReader hands out one text after another, each ended by io.EOF, so that a reader that was built once serves all.
type turnReader struct{ rest string }

func (r *turnReader) Read(b []byte) (int, error) {
	if r.rest == "" {
		return 0, io.EOF
	}
	n := copy(b, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

// delimitedParser reads fixed columns between separators that nothing quotes.
type delimitedParser struct {
	separator byte
	trim      bool // cut the padding of every column
	columns   []string
	symbols   []*symbol
}

func (p *delimitedParser) parse(n *natives, text string, _ *Header) *Reject {
	if p.symbols == nil {
		p.symbols = n.fixed(p.columns)
	}
	return splitFields(n, p.symbols, text, p.separator, p.trim)
}

// splitFields adds what stands between the separators of text. It looks for these first, in eight bytes at a time.
func splitFields(n *natives, symbols []*symbol, text string, separator byte, trim bool) *Reject {
	if len(n.ends) < len(symbols) {
		n.ends = make([]int, len(symbols))
	}
	b, ends, found := bytesOf(text), n.ends[:len(symbols)], 0
	for i := 0; i < len(b); i += 8 {
		for like := bytesLike(eightOf(b[i:], ^separator), separator); like != 0; like &= like - 1 {
			if found < len(ends) {
				ends[found] = i + bits.TrailingZeros64(like)/8
			}
			found++
		}
	}
	if found+1 != len(symbols) {
		return wrongColumns(found+1, len(symbols), text)
	}
	ends[found] = len(text)
	from := 0
	for i, end := range ends {
		field := text[from:end]
		if from = end + 1; trim && field != "" && (field[0] <= ' ' || field[len(field)-1] <= ' ') {
			field = trimmed(field)
		}
		if n.raw {
			n.add(symbols[i], field, nil)
		} else {
			n.take(symbols[i], field)
		}
	}
	return nil
}

// eightOf are the first eight bytes of b, the lowest first; behind its end stands other.
func eightOf(b []byte, other byte) uint64 {
	if len(b) >= 8 {
		return binary.LittleEndian.Uint64(b)
	}
	eight := [8]byte{other, other, other, other, other, other, other, other}
	copy(eight[:], b)
	return binary.LittleEndian.Uint64(eight[:])
}

// bytesLike has the highest bit of each byte of eight that is c.
func bytesLike(eight uint64, c byte) uint64 {
	const low = 0x7f7f7f7f7f7f7f7f
	differ := eight ^ uint64(c)*0x0101010101010101
	return ^((differ&low + low) | differ | low)
}

// trimmed cuts spaces and tabs off both ends. Padding stands behind, in wide columns, and is looked at eight bytes at a time.
func trimmed(text string) string {
	const spaces = 0x2020202020202020
	b, from, to := bytesOf(text), 0, len(text)
	for to >= 8 && binary.LittleEndian.Uint64(b[to-8:]) == spaces {
		to -= 8
	}
	for to > 0 && (b[to-1] == ' ' || b[to-1] == '\t') {
		to--
	}
	for from < to && (b[from] == ' ' || b[from] == '\t') {
		from++
	}
	return text[from:to]
}

func wrongColumns(have, want int, text string) *Reject {
	return &Reject{ReasonColumns, fmt.Sprintf("%d columns where %d are needed: %s", have, want, quote(text))}
}
