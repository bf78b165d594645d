package listen

import (
	"probity/internal/decode"
)

// cutBytes are handed on at once, and one record more at most.
const cutBytes = 64 << 10

// cutter cuts a stream where the source's own framer ends records, so that a segment never ends within one. The bytes stay as
// they are, header rows, blank lines and line feeds in quotes included; a last line gets its line feed. Of a line that is too
// long one byte more than a record may have is handed on, so that the decoder rejects it, and the rest is skipped: a segment
// then always ends with a line.
type cutter struct {
	framer   decode.Framer
	rest     []byte // not cut yet
	base     int64  // its offset in the stream
	skipping bool   // inside a line that is too long and whose beginning has been handed on
	one      []decode.Record
}

// cut is what a cutter hands on.
type cut struct {
	lines   []byte // whole ones
	records int
	tooLong int
	size    int64 // bytes of the stream that it took; 0: more are needed
}

func (c *cutter) next(atEOF bool) cut {
	var out cut
	for len(out.lines) < cutBytes {
		from := c.rest[out.size:]
		used, records := c.framer.Frame(from, c.base, atEOF, 1, c.one[:0])
		if used == 0 {
			break
		}
		c.one = records
		c.base += int64(used)
		out.size += int64(used)
		c.add(&out, from[:used], from[used:], len(records), atEOF)
	}
	c.rest = append(c.rest[:0], c.rest[out.size:]...)
	return out
}

// add hands on a piece that the framer has passed; more stands behind it.
func (c *cutter) add(out *cut, piece, more []byte, records int, atEOF bool) {
	whole := piece[len(piece)-1] == '\n'
	switch {
	case c.skipping:
		c.skipping = !whole
	case !whole && records == 0: // a byte order mark alone
	case whole:
		out.lines = append(out.lines, piece...)
		out.records += records
	case atEOF && len(more) == 0, records == 1 && c.one[0].Reject == decode.ReasonNUL: // a hole, which is a record without an end
		out.lines = append(append(out.lines, piece...), '\n')
		out.records += records
	default:
		out.lines = append(append(out.lines, piece...), more[0], '\n')
		out.records++
		out.tooLong++
		c.skipping = true
	}
}
