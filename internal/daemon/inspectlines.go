package daemon

import (
	"bytes"

	"probity/internal/decode"
)

// lines says on which line of its file each record of the chunk begins, by offset.
type lines struct {
	starts map[int64]int
	passed int // line feeds before the next block
}

// lineFramer counts the lines that its framer passes. A stream that goes on in another file begins again.
type lineFramer struct {
	decode.Framer
	lines *lines
}

// Frame frames and notes the line of each record.
func (f *lineFramer) Frame(block []byte, base int64, atEOF bool, most int, out []decode.Record) (int, []decode.Record) {
	if base == 0 {
		f.lines.passed = 0
	}
	from := len(out)
	used, out := f.Framer.Frame(block, base, atEOF, most, out)
	at, line := int64(0), f.lines.passed+1
	for _, r := range out[from:] {
		line += lineFeeds(block[at : r.Offset-base])
		at = r.Offset - base
		f.lines.starts[r.Offset] = line
	}
	f.lines.passed += lineFeeds(block[:used])
	return used, out
}

func lineFeeds(b []byte) int { return bytes.Count(b, []byte{'\n'}) }
