package listen

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"go.uber.org/zap"

	"probity/internal/fsx"
)

const (
	groupEvery   = 100 * time.Millisecond // between two fsyncs, at least, …
	groupBytes   = 1 << 20                // … unless so much waits for the next one
	pendingBytes = 4 << 20                // received and not written yet: more waits
	againAfter   = 500 * time.Millisecond // a failed write or fsync
	lookEvery    = 100 * time.Millisecond // for judged segments, if room is short
	retainEvery  = time.Second            // otherwise
)

// errFull: no room for a record until judged segments make it.
var errFull = errors.New("the spool is full")

// errNotDurable: bytes stand in the spool whose fsync has failed.
var errNotDurable = errors.New("what stands in the spool is not durable yet")

// spoolOptions say where a spool lies and how large it may grow.
type spoolOptions struct {
	Dir      string
	MaxBytes int64                          // of all segments
	Keep     time.Duration                  // how long a judged segment stays, if there is room
	Judged   func(oldestFirst []string) int // how many of these files no restart will read again
	FS       *fsx.FS
	Logger   *zap.Logger
	Bytes    func(n int64) // told of the size on disk
	Failed   func()        // told of each failure of the disk
}

// spool is the append-only file that a source follows; see the package comment. append, offer and durable may be called from
// any goroutine; run, and before it nothing, writes.
type spool struct {
	spoolOptions

	mu      sync.Mutex    // for what follows
	pending []byte        // whole lines, to be written
	unsaid  int64         // bytes taken over from pending and not durable yet
	onDisk  int64         // durable bytes of all segments
	room    chan struct{} // closed when there may be room
	wake    chan struct{} // something is pending
	urgent  chan struct{} // groupBytes are

	disk    sync.Mutex // held while bytes are written and made durable
	file    *fsx.Appender
	end     int64  // durable bytes of file
	batch   []byte // being written, kept until it is durable; nil: none
	rewrite bool   // its fsync failed

	segmentBytes int64 // after which a segment is put away
	pendingMost  int

	kept   []segment // put away, oldest first; run's alone, as what follows
	next   int       // number of the last one put away
	looked time.Time // for those that may go
}

// append adds whole lines, each ended by a line feed, and waits for room until ctx is done.
func (s *spool) append(ctx context.Context, lines []byte) error { return s.add(ctx, lines, true) }

// offer is append, but does not wait for a full spool: errFull says that the lines are not taken. For a slow disk it waits.
func (s *spool) offer(ctx context.Context, lines []byte) error { return s.add(ctx, lines, false) }

func (s *spool) add(ctx context.Context, lines []byte, wait bool) error {
	for {
		s.mu.Lock()
		full := s.onDisk+s.unsaid+int64(len(s.pending)+len(lines)) > s.MaxBytes
		if !full && (len(s.pending) == 0 || len(s.pending)+len(lines) <= s.pendingMost) {
			s.pending = append(s.pending, lines...)
			signal(s.wake)
			if len(s.pending) >= groupBytes {
				signal(s.urgent)
			}
			s.mu.Unlock()
			return nil
		}
		room := s.room
		s.mu.Unlock()
		if full && !wait {
			return errFull
		}
		select {
		case <-room:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// full says that there is no room for another record of the usual size.
func (s *spool) full() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.onDisk+s.unsaid+int64(len(s.pending)) > s.MaxBytes-s.MaxBytes/64
}

// durable waits for a write under way, and then says whether all that can be read in the segments is durable.
func (s *spool) durable() error {
	s.disk.Lock()
	defer s.disk.Unlock()
	if s.batch != nil {
		return errNotDurable
	}
	return nil
}

// run writes what is appended and removes what is judged, until ctx is done and all is written that can be.
func (s *spool) run(ctx context.Context) error {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	var failing error
	for {
		select {
		case <-ctx.Done():
			return s.flush()
		case <-tick.C:
			s.look(time.Now())
			continue
		case <-s.wake:
		}
		err := s.flush()
		s.tell(&failing, err)
		s.look(time.Now())
		urgent, after := s.urgent, groupEvery
		if err != nil {
			signal(s.wake)
			urgent, after = nil, againAfter
		}
		select {
		case <-ctx.Done():
		case <-urgent:
		case <-time.After(after):
		}
	}
}

// look removes what may go, in good time.
func (s *spool) look(now time.Time) {
	if s.crowded() || now.Sub(s.looked) >= retainEvery {
		s.looked = now
		s.retain(now)
	}
}

// tell logs the first failure of a row, and its end.
func (s *spool) tell(failing *error, err error) {
	switch {
	case err != nil:
		s.Failed()
		if *failing == nil {
			s.Logger.Error("the spool cannot be written; it is tried again, and nothing more is received", zap.Error(err))
		}
	case *failing != nil:
		s.Logger.Info("the spool can be written again")
	}
	*failing = err
}

// flush writes what is pending and makes it durable. After an error nothing is lost: the same bytes are tried again, behind
// or over what the failure left, because a reader may have seen that already.
func (s *spool) flush() error {
	s.disk.Lock()
	defer s.disk.Unlock()
	if s.batch == nil && !s.takePending() {
		return nil
	}
	if s.file == nil {
		if err := s.openCurrent(); err != nil {
			return err
		}
	}
	if err := s.write(); err != nil {
		return err
	}
	s.mu.Lock()
	s.onDisk += int64(len(s.batch))
	s.end += s.unsaid
	s.unsaid, s.batch = 0, nil
	onDisk := s.onDisk
	s.letIn()
	s.mu.Unlock()
	s.Bytes(onDisk)
	if s.end >= s.segmentBytes {
		return s.putAway()
	}
	return nil
}

func (s *spool) takePending() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.pending) == 0 {
		return false
	}
	s.batch, s.pending = s.pending, nil
	s.unsaid, s.rewrite = int64(len(s.batch)), false
	s.letIn()
	return true
}

// letIn wakes whoever waits for room; s.mu is held.
func (s *spool) letIn() {
	close(s.room)
	s.room = make(chan struct{})
}

// write brings the batch to the disk, from where the last attempt stopped.
func (s *spool) write() error {
	size, err := s.file.Settle()
	if err != nil {
		return err
	}
	written := size - s.end
	if written < 0 || written > int64(len(s.batch)) {
		return fmt.Errorf("%s has %d bytes where %d were written: leave the spool to the daemon", s.file.Path(), size, s.end)
	}
	if err := s.file.Append(s.batch[written:]); err != nil {
		return err
	}
	if s.rewrite {
		if err := s.file.Rewrite(s.batch, s.end); err != nil {
			return err
		}
	}
	err = s.file.Sync()
	s.rewrite = err != nil
	return err
}

// close closes the segment that is open.
func (s *spool) close() error {
	s.disk.Lock()
	defer s.disk.Unlock()
	if s.file == nil {
		return nil
	}
	err := s.file.Close()
	s.file = nil
	if err != nil {
		return fmt.Errorf("closing %s: %w", filepath.Join(s.Dir, currentName), err)
	}
	return nil
}
