package listen

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"time"

	"go.uber.org/zap"

	"probity/internal/fsx"
)

const (
	// currentName is the segment that grows; its path is the one that a source follows.
	currentName = "spool.log"
	// firstNumber is the first segment put away. Ten digits with a leading 1 are what a source takes for a time stamp in
	// seconds, so that it reads spool.log.1000000001 before spool.log.1000000002 and these before spool.log.
	firstNumber = 1_000_000_000

	maxSegmentBytes    = 64 << 20
	segmentsInAFull    = 8 // of equal size, at most, so that judged ones can go while one is read and one is written
	crowdedNumerator   = 3 // above 3/4 of MaxBytes judged segments go before their time
	crowdedDenominator = 4
)

var putAwayName = regexp.MustCompile(`^spool\.log\.(1\d{9})$`)

// segment is a file that is complete.
type segment struct {
	path    string
	bytes   int64
	changed time.Time
}

// openSpool finds what an earlier run left and cuts a torn tail, which was never durable. fresh begins a new segment.
func openSpool(o spoolOptions, fresh bool) (*spool, error) {
	s := &spool{spoolOptions: o, room: make(chan struct{}), wake: make(chan struct{}, 1), urgent: make(chan struct{}, 1), next: firstNumber}
	s.segmentBytes = min(o.MaxBytes/segmentsInAFull, maxSegmentBytes)
	s.pendingMost = int(min(o.MaxBytes/segmentsInAFull, pendingBytes))
	err := s.recover(fresh)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("opening the spool %s: %w", o.Dir, err), s.close())
	}
	s.Bytes(s.onDisk)
	return s, nil
}

func (s *spool) recover(fresh bool) error {
	if err := s.FS.MkdirAll(s.Dir, 0o700); err != nil {
		return err
	}
	if err := s.listKept(); err != nil {
		return err
	}
	if err := s.openCurrent(); err != nil {
		return err
	}
	end, err := wholeLines(s.file)
	if err != nil {
		return err
	}
	if torn := s.file.Size() - end; torn > 0 {
		s.Logger.Warn("cut what a kill or a power cut left of a last write; it was never durable",
			zap.String("path", s.file.Path()), zap.Int64("from", end), zap.Int64("bytes", torn))
		if err := s.file.Truncate(end); err != nil {
			return err
		}
	}
	if err := s.file.Sync(); err != nil { // what a killed run wrote may only be in memory, and will be read now
		return err
	}
	s.end = end
	s.onDisk += end
	if fresh && end > 0 {
		return s.putAway()
	}
	return nil
}

// listKept lists the segments that were put away, oldest first: their numbers have one length.
func (s *spool) listKept() error {
	entries, err := os.ReadDir(s.Dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		m := putAwayName.FindStringSubmatch(e.Name())
		if m == nil {
			continue
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		s.kept = append(s.kept, segment{filepath.Join(s.Dir, e.Name()), info.Size(), info.ModTime()})
		s.onDisk += info.Size()
		s.next, _ = strconv.Atoi(m[1]) // ten digits
	}
	return nil
}

func (s *spool) openCurrent() (err error) {
	if s.file, err = s.FS.OpenAppend(filepath.Join(s.Dir, currentName), 0o600); err == nil {
		s.end = s.file.Size()
	}
	return err
}

// wholeLines is the length of the file up to the end of its last whole line. A NUL ends it too: none is ever written, and a
// power cut can leave a stretch of them.
func wholeLines(file *fsx.Appender) (end int64, err error) {
	block := make([]byte, 1<<20)
	for at := int64(0); ; {
		n, err := file.ReadAt(block, at)
		if err != nil && err != io.EOF {
			return 0, err
		}
		b, nul := block[:n], false
		if i := bytes.IndexByte(b, 0); i >= 0 {
			b, nul = b[:i], true
		}
		if i := bytes.LastIndexByte(b, '\n'); i >= 0 {
			end = at + int64(i) + 1
		}
		if nul || err == io.EOF {
			return end, nil
		}
		at += int64(n)
	}
}

// putAway renames the current segment, as a log is rotated, and begins another; s.disk is held.
func (s *spool) putAway() error {
	old := s.file
	to := filepath.Join(s.Dir, fmt.Sprintf("%s.%d", currentName, s.next+1))
	if err := s.FS.Rename(old.Path(), to); err != nil {
		if _, gone := os.Lstat(to); gone != nil {
			return err // it goes on growing, and is put away next time
		}
	}
	s.next++
	s.kept = append(s.kept, segment{to, s.end, time.Now()})
	s.file = nil
	return errors.Join(old.Close(), s.openCurrent())
}

// retain removes judged segments whose time is up, or that take room which is needed, oldest first.
func (s *spool) retain(now time.Time) {
	if len(s.kept) == 0 {
		return
	}
	paths := make([]string, 0, len(s.kept)+1)
	for _, k := range s.kept {
		paths = append(paths, k.path)
	}
	judged := min(s.Judged(append(paths, filepath.Join(s.Dir, currentName))), len(s.kept))
	removed := 0
	for _, k := range s.kept[:judged] {
		if now.Sub(k.changed) < s.Keep && !s.crowded() {
			break
		}
		if err := s.FS.Remove(k.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			s.Failed()
			s.Logger.Error("a judged segment of the spool cannot be removed", zap.Error(err))
			break
		}
		removed++
		s.mu.Lock()
		s.onDisk -= k.bytes
		onDisk := s.onDisk
		s.letIn()
		s.mu.Unlock()
		s.Bytes(onDisk)
	}
	s.kept = slices.Delete(s.kept, 0, removed)
}

// crowded says that the spool is so full that records may soon be refused.
func (s *spool) crowded() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return (s.onDisk+s.unsaid+int64(len(s.pending)))*crowdedDenominator > s.MaxBytes*crowdedNumerator
}
