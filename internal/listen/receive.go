package listen

import (
	"bytes"
	"context"
)

// receive makes a line of a message and gives it to put: spool.append or spool.offer. A message that is too long goes on with
// one byte more than a record may have, so that the decoder rejects it and its beginning is kept among the rejects.
func (l *Listener) receive(ctx context.Context, m message, line []byte, put func(context.Context, []byte) error) ([]byte, error) {
	text := m.text
	if len(text) > l.MessageBytes {
		l.count.errors[errorTooLong].Inc()
	} else {
		text = bytes.TrimRight(text, endings)
		if len(bytes.TrimSpace(text)) == 0 {
			l.count.errors[errorEmpty].Inc()
			return line, nil
		}
	}
	line, escaped := appendLine(line[:0], text)
	if escaped {
		l.count.errors[errorEscaped].Inc()
	}
	if err := put(ctx, line); err != nil {
		return line, err
	}
	l.count.messages.Inc()
	l.count.bytes.Add(float64(m.size))
	return line, nil
}
