package source

import (
	"path/filepath"
	"time"
)

const (
	// listedFor is how long a list is used again at most, for what the time of a directory does not tell: symbolic links that
	// lead elsewhere, network file systems.
	listedFor = time.Second
	// dirTick is how old a directory must have been when it was read: what happens in the same tick of the file system's clock
	// as the last change does not show in its time.
	dirTick = 100 * time.Millisecond
)

// listing is the generations of a chain. It reads a directory once while its names stay the same, because who catches up asks
// several times for every file, and a list of n files takes n calls of the file system. The facts of rotated files are those of
// the time of reading, and of the current file those of now.
type listing struct {
	base string
	read func() ([]generation, error)
	now  func() time.Time

	kept  []generation // nil: to be read
	dir   facts        // when it was
	until time.Time
}

func (l *listing) list() ([]generation, error) {
	dir, dirErr := factsOfPath(filepath.Dir(l.base))
	if dirErr == nil && l.kept != nil && dir == l.dir && l.now().Before(l.until) && l.refresh() {
		return l.kept, nil
	}
	l.kept = nil
	began := time.Now()
	list, err := l.read()
	if err == nil && dirErr == nil && began.Sub(time.Unix(0, dir.mtime)) > dirTick {
		l.kept, l.dir, l.until = list, dir, l.now().Add(listedFor)
	}
	return list, err
}

// refresh takes the current file's facts anew; it is false if another file stands at its path.
func (l *listing) refresh() bool {
	if len(l.kept) == 0 {
		return true
	}
	g := &l.kept[len(l.kept)-1]
	if g.age.rank != current {
		return true
	}
	st, err := factsOfPath(g.path)
	if err != nil || st.inode != g.inode {
		return false
	}
	g.facts = st
	return true
}

// forget has the directory read again.
func (l *listing) forget() { l.kept = nil }
