package listen

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"go.uber.org/zap"
)

// acceptor is a TCP listener, with TLS if it has a configuration.
type acceptor struct {
	net.Listener
	tls *tls.Config
}

// accept serves connections until ctx is done; one for which there is no slot is closed.
func (l *Listener) accept(ctx context.Context, on acceptor, slots chan struct{}) {
	var open sync.WaitGroup
	defer open.Wait()
	for {
		conn, err := on.Accept()
		if ctx.Err() != nil || errors.Is(err, net.ErrClosed) {
			if err == nil {
				_ = conn.Close()
			}
			return
		}
		if err != nil {
			l.pause(ctx, on.Addr(), err)
			continue
		}
		select {
		case slots <- struct{}{}:
		default:
			l.count.errors[errorConnections].Inc()
			l.Logger.Warn("a connection too many was closed; raise max_connections, or see who connects so often",
				zap.String("source", l.Source), zap.Stringer("peer", conn.RemoteAddr()))
			_ = conn.Close()
			continue
		}
		open.Go(func() {
			defer func() { <-slots }()
			l.serve(ctx, conn, on.tls)
		})
	}
}

// serve takes messages from one connection until it ends, breaks or stands still.
func (l *Listener) serve(ctx context.Context, conn net.Conn, config *tls.Config) {
	l.count.connections.Inc()
	defer l.count.connections.Dec()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	defer func() { _ = conn.Close() }()
	from := zap.Stringer("peer", conn.RemoteAddr())
	stream := conn
	if config != nil {
		secured, err := shakeHands(ctx, conn, config)
		if err != nil {
			l.fail(ctx, errorTLS, "a TLS handshake failed", err, from)
			return
		}
		stream = secured
	}
	if err := l.take(ctx, stream); err != nil {
		l.fail(ctx, errorConnection, "a connection broke", err, from)
	}
}

// fail counts and logs the end of a connection, unless it is our own doing.
func (l *Listener) fail(ctx context.Context, reason, what string, err error, from zap.Field) {
	if ctx.Err() != nil {
		return
	}
	l.count.errors[reason].Inc()
	l.Logger.Warn(what, zap.String("source", l.Source), from, zap.Error(err))
}

// take is the reading of one connection. A spool without room stops it here, and TCP stops the sender.
func (l *Listener) take(ctx context.Context, conn net.Conn) error {
	frames := newFrames(conn, l.MessageBytes)
	frames.begun = func() { _ = conn.SetReadDeadline(time.Now().Add(finishWithin)) }
	var line []byte
	for {
		_ = conn.SetReadDeadline(time.Now().Add(l.IdleTimeout))
		m, err := frames.next()
		switch {
		case err == io.EOF:
			return nil
		case errors.Is(err, errTorn):
			l.lose(droppedTorn, 1, m.size)
			return err
		case err != nil:
			return err
		}
		if line, err = l.receive(ctx, m, line, l.spool.append); err != nil {
			return fmt.Errorf("append to the spool: %w", err)
		}
		line = shrink(line)
		frames.buf = shrink(frames.buf)
	}
}

// shrink lets go of a buffer that one large message made large: many connections stay open for long.
func shrink(b []byte) []byte {
	if cap(b) > 4*readBytes {
		return nil
	}
	return b
}
