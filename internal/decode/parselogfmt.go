package decode

import (
	"errors"
	"fmt"
	"strings"

	"github.com/go-logfmt/logfmt"
)

// logfmtParser reads key=value pairs with go-logfmt. A key without a value is missing.
type logfmtParser struct {
	w       *Worker
	source  lineReader
	decoder *logfmt.Decoder
}

func (p *logfmtParser) parse(n *natives, text string, _ *Header) *Reject {
	if p.decoder == nil {
		p.decoder = logfmt.NewDecoderSize(&p.source, 2*p.w.d.limit+64) // Latin-1 may double in UTF-8
	}
	p.source.rest = text
	p.source.ended = false
	for range strings.Count(text, "\n") + 1 {
		if !p.decoder.ScanRecord() {
			return p.fault(text)
		}
		for p.decoder.ScanKeyval() {
			n.add(n.symbol(p.decoder.Key()), p.w.text.copy(p.decoder.Value()), nil)
		}
	}
	if p.decoder.Err() != nil {
		return p.fault(text)
	}
	return nil
}

func (p *logfmtParser) fault(text string) *Reject {
	detail := "the line ends too early"
	if fault := (*logfmt.SyntaxError)(nil); errors.As(p.decoder.Err(), &fault) {
		detail = fmt.Sprintf("column %d: %s", fault.Pos, fault.Msg)
	} else if err := p.decoder.Err(); err != nil {
		detail = err.Error()
	}
	p.decoder = nil // an error sticks to it
	return &Reject{ReasonSyntax, "not logfmt: " + detail + " in " + quote(text)}
}

// lineReader hands out one line after another, each ended by LF, so that a decoder that was built once serves all. The
// decoder must not read on behind an LF.
type lineReader struct {
	rest  string
	ended bool
}

func (r *lineReader) Read(b []byte) (int, error) {
	n := copy(b, r.rest)
	r.rest = r.rest[n:]
	if r.rest == "" && n < len(b) && !r.ended {
		b[n] = '\n'
		n++
		r.ended = true
	}
	return n, nil
}
