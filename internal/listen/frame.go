package listen

import (
	"bufio"
	"errors"
	"io"
)

const (
	countDigits = 8        // of an octet count; more is no count
	readBytes   = 16 << 10 // a connection's buffer
)

// errTorn: the bytes end within a message.
var errTorn = errors.New("a message was not finished")

// message is one syslog message as it was framed.
type message struct {
	text []byte // valid until the next; at most limit+1 bytes, which a decoder rejects as too long
	size int64  // bytes that it had, its ending left out
}

// frames cuts a stream of bytes into messages after RFC 6587, by octet counts or line feeds, as each message begins:
//
//	frame   = count SP message      count: a digit from 1 to 9 and up to seven more digits
//	        | message LF            anything else
//
// Line feeds, carriage returns and NULs before a frame are skipped: senders that count add them too.
type frames struct {
	in    *bufio.Reader
	limit int
	buf   []byte
	begun func() // the first byte of a frame has arrived; may be nil
}

func newFrames(from io.Reader, limit int) *frames {
	return &frames{in: bufio.NewReaderSize(from, readBytes), limit: limit}
}

// next returns the next message. io.EOF comes between two messages only; errTorn, joined with its cause, says that the last
// one was cut off, and then its size is what there was of it. A last line without a line feed is whole if the sender ended
// the stream in order.
func (f *frames) next() (message, error) {
	if err := f.skipEndings(); err != nil {
		return message{}, err
	}
	if f.begun != nil {
		f.begun()
	}
	f.buf = f.buf[:0]
	if n, digits := f.count(); digits > 0 {
		_, _ = f.in.Discard(digits + 1) // they are in the buffer
		return f.counted(n)
	}
	return f.line()
}

func (f *frames) skipEndings() error {
	for {
		c, err := f.in.ReadByte()
		if err != nil {
			return err
		}
		if c != '\n' && c != '\r' && c != 0 {
			return f.in.UnreadByte()
		}
	}
}

// count reads an octet count without consuming it; digits is 0 if there is none.
func (f *frames) count() (n int64, digits int) {
	for i := range countDigits + 1 {
		b, err := f.in.Peek(i + 1)
		if err != nil {
			return 0, 0 // the stream ends, or breaks, and the line will tell
		}
		switch c := b[i]; {
		case c == ' ' && i > 0:
			return n, i
		case c < '0' || c > '9' || c == '0' && i == 0:
			return 0, 0
		default:
			n = n*10 + int64(c-'0')
		}
	}
	return 0, 0
}

// counted reads a message of n bytes: what is beyond the limit is skipped, so that the next one is found.
func (f *frames) counted(n int64) (message, error) {
	got := int64(0)
	for got < n {
		b, err := f.some(n - got)
		f.take(b)
		got += int64(len(b))
		if err != nil {
			return message{f.buf, got}, errors.Join(errTorn, err)
		}
	}
	return message{f.buf, n}, nil
}

// some returns up to most bytes, at least one unless there is an error; they are valid until the next call.
func (f *frames) some(most int64) ([]byte, error) {
	if _, err := f.in.Peek(1); err != nil {
		return nil, err
	}
	b, err := f.in.Peek(int(min(most, int64(f.in.Buffered()))))
	_, _ = f.in.Discard(len(b))
	return b, err
}

// take keeps what is within the limit, and one byte more.
func (f *frames) take(b []byte) {
	room := f.limit + 1 - len(f.buf)
	f.buf = append(f.buf, b[:min(len(b), room)]...)
}

func (f *frames) line() (message, error) {
	size := int64(0)
	for {
		b, err := f.in.ReadSlice('\n')
		size += int64(len(b))
		switch {
		case err == nil:
			f.take(b[:len(b)-1])
			return message{f.buf, size - 1}, nil
		case errors.Is(err, bufio.ErrBufferFull):
			f.take(b)
		case err == io.EOF:
			f.take(b)
			return message{f.buf, size}, nil
		default:
			f.take(b)
			return message{f.buf, size}, errors.Join(errTorn, err)
		}
	}
}
