package store

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"probity/internal/evidence"
)

// Compacted says what Compact has saved, in bytes.
type Compacted struct {
	WindowsBefore  int64 `json:"windows_before"`
	WindowsAfter   int64 `json:"windows_after"`
	DatabaseBefore int64 `json:"database_before"`
	DatabaseAfter  int64 `json:"database_after"`
}

// Compact writes the window log anew with the live states alone, and the database without its free pages. The evidence says
// so.
func (s *Store) Compact() (c Compacted, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped != nil {
		return c, s.stopped
	}
	if c.DatabaseBefore, err = s.db.size(); err != nil {
		return c, err
	}
	c.WindowsBefore = s.head.windows.Size + s.head.windows.OldSize
	if err := s.compactWindows(); err != nil {
		return c, fmt.Errorf("writing the window log anew: %w", err)
	}
	c.WindowsAfter = s.head.windows.Size
	for _, statement := range []string{"VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"} {
		if _, err := s.db.conn.ExecContext(context.Background(), statement); err != nil {
			return c, fmt.Errorf("compacting the database: %w", s.db.broken(err))
		}
	}
	c.DatabaseAfter, err = s.db.size()
	return c, err
}

// compactWindows makes commits until a whole file, begun by the first of them, has taken the place of the old one.
func (s *Store) compactWindows() error {
	usual := s.windows.sizes
	s.windows.sizes.step = 1 << 62 // nobody is waiting: all of it at once
	defer func() { s.windows.sizes, s.windows.due = usual, false }()
	entry := []evidence.Entry{{Kind: "compact", Body: map[string]uint64{"commit": s.head.commit}}}
	next := func() error {
		err := s.write(change{evidence: entry, rows: func(*head) error { return nil }})
		if err == nil {
			entry = nil
		}
		return err
	}
	for s.head.windows.Old != 0 { // one that was under way
		if err := next(); err != nil {
			return err
		}
	}
	s.windows.due = true
	for begun := false; !begun || s.head.windows.Old != 0; begun = true {
		if err := next(); err != nil {
			return err
		}
		s.windows.due = false
	}
	return nil
}

// size is the bytes of the database with its write-ahead log.
func (d *database) size() (int64, error) {
	info, err := os.Stat(d.path)
	if err != nil {
		return 0, err
	}
	size := info.Size()
	if wal, err := os.Stat(filepath.Clean(d.path + walSuffix)); err == nil {
		size += wal.Size()
	}
	return size, nil
}
