package notify

import (
	"errors"
	"fmt"
	"path/filepath"

	"probity/internal/fsx"
)

// exclusive is a sink that only one process may deliver to. Two daemons that write one file would each take the other's lines
// for a rotation, and write theirs again.
type exclusive interface {
	claim() error
	release() error
}

// claimAll refuses sinks that another process delivers to. What else is wrong with a sink its deliveries will say, and be
// tried again.
func claimAll(sinks []Sink) error {
	for _, s := range sinks {
		e, ok := as[exclusive](s)
		if !ok {
			continue
		}
		err := e.claim()
		var locked *fsx.LockedError
		if errors.As(err, &locked) {
			return fmt.Errorf("sink %q: another process writes to its file: %w", s.Name(), err)
		}
	}
	return nil
}

// Close lets other processes deliver to the sinks. It comes after Run and Drain.
func (n *Notifier) Close() error {
	var errs []error
	for _, q := range n.queues {
		if e, ok := as[exclusive](q.sink); ok {
			errs = append(errs, e.release())
		}
	}
	return errors.Join(errs...)
}

// claim locks a file beside the sink's, which stays when that one is rotated.
func (s *fileSink) claim() (err error) {
	s.claimed = true
	if s.lock != nil {
		return nil
	}
	if err := s.fs.MkdirAll(filepath.Dir(s.path), dirPerm); err != nil {
		return fmt.Errorf("making the directory of %s: %w", s.path, err)
	}
	s.lock, err = s.fs.Lock(filepath.Join(filepath.Dir(s.path), "."+filepath.Base(s.path)+".lock"))
	return err
}

func (s *fileSink) release() error {
	s.claimed = false
	if s.lock == nil {
		return nil
	}
	err := s.lock.Release()
	s.lock = nil
	return err
}
