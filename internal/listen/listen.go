package listen

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"sync"
	"time"

	"go.uber.org/zap"

	"probity/internal/decode"
	"probity/internal/fsx"
)

// Options of one source's listener.
type Options struct {
	Source    string
	Dir       string // the spool's own folder
	Addresses []Address
	TLS       TLSFiles // for addresses with TLS
	Stdin     io.Reader
	Framer    func() decode.Framer // of Stdin

	MessageBytes   int           // a longer one is cut, and so rejected
	MaxBytes       int64         // of the spool; at least 16 times MessageBytes
	Keep           time.Duration // how long a judged segment stays in the spool, if there is room
	MaxConnections int
	IdleTimeout    time.Duration // of a connection without a message

	// Judged says how many of the spool's files, given oldest first, are judged and will not be read again by any restart.
	Judged func(oldestFirst []string) int

	Metrics *Metrics
	Logger  *zap.Logger
	FS      *fsx.FS
}

// finishWithin is how long a message may take from its first byte to its last, and a TLS handshake.
const finishWithin = 30 * time.Second

func (o *Options) validate() error {
	switch {
	case o.Source == "" || o.Dir == "":
		return errors.New("listen: no source or no folder")
	case len(o.Addresses) == 0 && o.Stdin == nil:
		return fmt.Errorf("listen %s: nothing to listen to", o.Source)
	case o.Stdin != nil && o.Framer == nil:
		return fmt.Errorf("listen %s: standard input without a framer", o.Source)
	case o.MessageBytes < 1 || o.MaxBytes < 16*int64(o.MessageBytes):
		return fmt.Errorf("listen %s: a spool of %d bytes for messages of %d; make it at least 16 times as large", o.Source, o.MaxBytes, o.MessageBytes)
	case o.MaxConnections < 1 || o.IdleTimeout <= 0:
		return fmt.Errorf("listen %s: no connections, or no idle timeout", o.Source)
	case o.Judged == nil || o.Metrics == nil || o.Logger == nil || o.FS == nil:
		return fmt.Errorf("listen %s: incomplete options", o.Source)
	}
	return nil
}

// Listener receives for one source and appends to its spool. All methods may be called from any goroutine.
type Listener struct {
	Options
	spool  *spool
	count  *counters
	losses losses
	udp    []*net.UDPConn
	tcp    []acceptor
	closed sync.Once
}

// New recovers the spool and opens the sockets; nothing is received before Run. Whoever does not call Run calls Close.
func New(o Options) (*Listener, error) {
	if err := o.validate(); err != nil {
		return nil, err
	}
	l := &Listener{Options: o, count: o.Metrics.of(o.Source)}
	var err error
	l.spool, err = openSpool(spoolOptions{
		Dir: o.Dir, MaxBytes: o.MaxBytes, Keep: o.Keep, Judged: o.Judged, FS: o.FS, Logger: o.Logger.With(zap.String("source", o.Source)),
		Bytes:  func(n int64) { l.count.spool.Set(float64(n)) },
		Failed: l.count.errors[errorDisk].Inc,
	}, o.Stdin != nil)
	if err != nil {
		return nil, err
	}
	for _, a := range o.Addresses {
		if err := l.open(a); err != nil {
			return nil, errors.Join(fmt.Errorf("source %s: listen on %s: %w", o.Source, a, err), l.Close())
		}
	}
	return l, nil
}

func (l *Listener) open(a Address) error {
	if a.Scheme == UDP {
		at, err := net.ResolveUDPAddr("udp", a.hostPort())
		if err != nil {
			return err
		}
		conn, err := net.ListenUDP("udp", at)
		if err != nil {
			return err
		}
		l.udp = append(l.udp, conn)
		return prepareUDP(conn)
	}
	config, err := l.TLS.config(a)
	if err != nil {
		return err
	}
	on, err := net.Listen("tcp", a.hostPort())
	if err != nil {
		return err
	}
	l.tcp = append(l.tcp, acceptor{on, config})
	return nil
}

// SpoolPath is the file in dir that a source is to follow, with its rotated siblings.
func SpoolPath(dir string) string { return filepath.Join(dir, currentName) }

// Addrs are the addresses listened on, those of UDP first.
func (l *Listener) Addrs() []net.Addr {
	var out []net.Addr
	for _, c := range l.udp {
		out = append(out, c.LocalAddr())
	}
	for _, t := range l.tcp {
		out = append(out, t.Addr())
	}
	return out
}

// Durable waits for a write under way and then says whether all that can be read in the spool will outlive a power cut. What
// was read before it returned nil may be judged.
func (l *Listener) Durable() error { return l.spool.durable() }

// Full says that the spool has no room, so that connections stand still and datagrams are dropped.
func (l *Listener) Full() bool { return l.spool.full() }

// Run receives until ctx is done, and then writes what was received. An error means that the last of it could not be written.
func (l *Listener) Run(ctx context.Context) (err error) {
	defer func() { err = errors.Join(err, l.Close()) }()
	writing, stopWriting := context.WithCancel(context.WithoutCancel(ctx))
	defer stopWriting()
	written := make(chan error, 1)
	go func() { written <- l.spool.run(writing) }()

	defer context.AfterFunc(ctx, l.hangUp)()
	var receivers sync.WaitGroup
	for _, conn := range l.udp {
		receivers.Go(func() { l.receiveUDP(ctx, conn) })
	}
	slots := make(chan struct{}, l.MaxConnections)
	for _, t := range l.tcp {
		receivers.Go(func() { l.accept(ctx, t, slots) })
	}
	if l.Stdin != nil {
		receivers.Go(func() { l.readStdin(ctx) })
	}
	<-ctx.Done()
	receivers.Wait()
	stopWriting()
	if err := <-written; err != nil {
		return fmt.Errorf("source %s: what was received last is not in the spool: %w", l.Source, err)
	}
	return nil
}

// againAfterError is the pause after a socket failed: descriptors or memory may have run out.
const againAfterError = time.Second

func (l *Listener) pause(ctx context.Context, at net.Addr, err error) {
	l.count.errors[errorConnection].Inc()
	l.Logger.Warn("receiving failed; it is tried again", zap.String("source", l.Source), zap.Stringer("address", at), zap.Error(err))
	select {
	case <-ctx.Done():
	case <-time.After(againAfterError):
	}
}

// hangUp closes the sockets, which ends their receivers.
func (l *Listener) hangUp() {
	for _, c := range l.udp {
		_ = c.Close()
	}
	for _, t := range l.tcp {
		_ = t.Close()
	}
}

// Close closes what New has opened. Run calls it.
func (l *Listener) Close() (err error) {
	l.closed.Do(func() {
		l.hangUp()
		err = l.spool.close()
	})
	return err
}
