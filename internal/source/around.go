package source

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
)

// aroundBytes bounds what is read on each side of a record.
const aroundBytes = 1 << 20

// ErrGone says that no file of the chain holds the record any more.
var ErrGone = errors.New("no file holds these bytes at this place any more")

// Around is a stretch of a log as it stands there now: whole lines before a record, the record, whole lines after it.
type Around struct {
	Path   string // of the file that holds it now: rotated, or compressed, since
	Offset int64  // of Before, in the uncompressed bytes
	Before []byte
	Record []byte
	After  []byte // with the end of the record's own line
}

// ReadAround finds a record that was read at path and offset, in that file or the rotated ones of its chain, and returns up to
// lines lines on each side of it, at most 1 MiB. ErrGone: it is in none of them. It reads only, beside a daemon that follows.
func ReadAround(path string, offset int64, record []byte, lines int) (Around, error) {
	return ReadNear(path, offset, record, lines, aroundBytes)
}

// ReadNear is ReadAround of at most so many bytes on each side, for whoever asks often.
func ReadNear(path string, offset int64, record []byte, lines, most int) (Around, error) {
	base, _, _ := rotated(filepath.Base(path))
	list, err := siblings(filepath.Join(filepath.Dir(path), base), func(string) bool { return false })
	if err != nil {
		return Around{}, err
	}
	slices.SortStableFunc(list, func(a, b generation) int { // where it was first, then the newest
		if (a.path == path) != (b.path == path) {
			return map[bool]int{true: -1, false: 1}[a.path == path]
		}
		return olderFirst(b.age, a.age)
	})
	var failed error
	for _, g := range list {
		a, err := aroundIn(g, offset, record, lines, most)
		if err == nil {
			return a, nil
		}
		if !errors.Is(err, ErrGone) && !errors.Is(err, errCutBack) && !errors.Is(err, errUnsettled) && !errors.Is(err, fs.ErrNotExist) {
			failed = errors.Join(failed, fmt.Errorf("%s: %w", g.path, err))
		}
	}
	if failed != nil {
		return Around{}, failed
	}
	return Around{}, ErrGone
}

func aroundIn(g generation, offset int64, record []byte, lines, most int) (Around, error) {
	from := max(0, offset-int64(most))
	p, err := stretch(g, from, int(offset-from)+len(record)+most)
	if err != nil {
		return Around{}, err
	}
	at := int(offset - from)
	if len(p) < at+len(record) || !bytes.Equal(p[at:at+len(record)], record) {
		return Around{}, ErrGone
	}
	before := lastLines(p[:at], lines, from == 0)
	return Around{Path: g.path, Offset: offset - int64(len(before)), Before: before, Record: p[at : at+len(record)], After: firstLines(p[at+len(record):], lines+1)}, nil
}

// stretch reads up to n bytes from an offset on.
func stretch(g generation, from int64, n int) ([]byte, error) {
	p := make([]byte, n)
	if g.archive == "" {
		f, err := openGeneration(g)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		n, err := f.ReadAt(p, from)
		if err == io.EOF {
			err = nil
		}
		return p[:n], err
	}
	a, err := openArchive(g)
	if err != nil {
		return nil, err
	}
	defer a.close()
	if err := a.skip(from); err != nil {
		return nil, err
	}
	n, _, err = a.fill(p)
	return p[:n], err
}

// lastLines are the last n lines of p, and behind them what stands before the record in its own line. whole says that p
// begins a line.
func lastLines(p []byte, n int, whole bool) []byte {
	if n == 0 {
		return nil
	}
	end := bytes.LastIndexByte(p, '\n') + 1 // behind it is the record's own line
	start := end
	for ; n > 0 && start > 0; n-- {
		start = bytes.LastIndexByte(p[:start-1], '\n') + 1
	}
	if start == 0 && !whole {
		start = bytes.IndexByte(p, '\n') + 1
	}
	return p[start:]
}

// firstLines are the first n lines of p, or what there is of them.
func firstLines(p []byte, n int) []byte {
	end := 0
	for ; n > 0 && end < len(p); n-- {
		i := bytes.IndexByte(p[end:], '\n')
		if i < 0 {
			return p
		}
		end += i + 1
	}
	return p[:end]
}
