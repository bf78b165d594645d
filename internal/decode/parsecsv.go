package decode

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
)

// csvParser reads one CSV record. A row without quotes is cut at its separators; any other goes through encoding/csv, which
// turns CRLF inside quotes into LF.
type csvParser struct {
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

func splitFields(n *natives, symbols []*symbol, text string, separator byte, trim bool) *Reject {
	if have := bytes.Count(bytesOf(text), []byte{separator}) + 1; have != len(symbols) {
		return wrongColumns(have, len(symbols), text)
	}
	for _, s := range symbols {
		field, rest, _ := strings.Cut(text, string(rune(separator)))
		if trim {
			field = strings.Trim(field, " \t")
		}
		n.add(s, field, nil)
		text = rest
	}
	return nil
}

func wrongColumns(have, want int, text string) *Reject {
	return &Reject{ReasonColumns, fmt.Sprintf("%d columns where %d are needed: %s", have, want, quote(text))}
}
