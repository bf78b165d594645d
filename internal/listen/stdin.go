package listen

import (
	"context"
	"errors"
	"io"

	"go.uber.org/zap"
)

const stdinBytes = 256 << 10 // asked for at once

// readStdin takes standard input until it ends, which is in order. A read cannot be interrupted, so it has a goroutine of its
// own, which ends with the input, at the latest with the process.
func (l *Listener) readStdin(ctx context.Context) {
	blocks := make(chan []byte)
	failed := make(chan error, 1)
	go func() {
		defer close(blocks)
		for {
			block := make([]byte, stdinBytes)
			n, err := l.Stdin.Read(block)
			if n > 0 {
				select {
				case blocks <- block[:n]:
				case <-ctx.Done():
					return
				}
			}
			if err != nil {
				failed <- err
				return
			}
		}
	}()
	c := cutter{framer: l.Framer()}
	for {
		select {
		case <-ctx.Done():
			return
		case block, more := <-blocks:
			if more {
				c.rest = append(c.rest, block...)
			}
			if l.takeStdin(ctx, &c, !more) != nil {
				return
			}
			if more {
				continue
			}
		}
		if err := <-failed; !errors.Is(err, io.EOF) {
			l.count.errors[errorConnection].Inc()
			l.Logger.Warn("standard input broke", zap.String("source", l.Source), zap.Error(err))
			return
		}
		l.Logger.Info("standard input has ended", zap.String("source", l.Source))
		return
	}
}

// takeStdin appends the whole records that the cutter has; an error is ctx's.
func (l *Listener) takeStdin(ctx context.Context, c *cutter, atEOF bool) error {
	for {
		cut := c.next(atEOF)
		l.count.errors[errorTooLong].Add(float64(cut.tooLong))
		if cut.size == 0 {
			break
		}
		if err := l.spool.append(ctx, appendWhole(nil, cut.lines)); err != nil {
			return err
		}
		l.count.messages.Add(float64(cut.records))
		l.count.bytes.Add(float64(cut.size))
	}
	if torn := len(c.rest); atEOF && torn > 0 {
		l.lose(droppedTorn, 1, int64(torn))
	}
	return nil
}
