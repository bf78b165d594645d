package source

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// zstdMemory bounds the window that a .zst may ask for.
const zstdMemory = 256 << 20

// archive is a .gz or .zst file. Its bytes come in order only; offsets are of the uncompressed bytes.
type archive struct {
	g     generation
	file  *os.File
	text  io.Reader
	stop  func() // frees the decompressor
	pos   int64  // of the next byte of text
	first []byte // head
	last  []byte // up to beforeBytes before pos
	spent int64  // size of the file when text gave out
}

func openArchive(g generation) (*archive, error) {
	f, err := openGeneration(g)
	if err != nil {
		return nil, err
	}
	a := &archive{g: g, file: f, stop: func() {}}
	if err := a.start(); err != nil {
		a.close()
		return nil, err
	}
	return a, nil
}

// start puts the reader at the beginning. A decompressor that has met an early end cannot go on, so it begins anew.
func (a *archive) start() error {
	a.stop()
	a.text, a.stop, a.pos, a.first, a.last = nil, func() {}, 0, nil, nil
	if _, err := a.file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	if st, err := a.facts(); err != nil {
		return err
	} else if st.size == 0 {
		return errIncomplete
	}
	if a.g.archive == ".zst" {
		dec, err := zstd.NewReader(a.file, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(zstdMemory))
		if err != nil {
			return archiveError(err)
		}
		a.text, a.stop = dec, dec.Close
		return nil
	}
	dec, err := gzip.NewReader(a.file)
	if err != nil {
		return archiveError(err)
	}
	a.text = dec
	return nil
}

// archiveError keeps the errors of the file system apart from damage.
func archiveError(err error) error {
	var path *os.PathError
	switch {
	case errors.As(err, &path):
		return err
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errIncomplete
	}
	return fmt.Errorf("%w: %w", errCorrupt, err)
}

// fill reads until b is full, and says whether the end was met.
func (a *archive) fill(b []byte) (n int, end bool, err error) {
	for n < len(b) && !end && err == nil {
		var m int
		m, err = a.text.Read(b[n:])
		n += m
		if err == io.EOF {
			end, err = true, nil
		}
	}
	if err != nil {
		err = archiveError(err)
	}
	if missing := headBytes - len(a.first); missing > 0 {
		a.first = append(a.first, b[:min(n, missing)]...)
	}
	a.last = lastBytes(a.last, b[:n])
	a.pos += int64(n)
	return n, end, err
}

// skip goes forward to the offset.
func (a *archive) skip(to int64) error {
	scratch := make([]byte, 64<<10)
	for a.pos < to {
		n, end, err := a.fill(scratch[:min(int64(len(scratch)), to-a.pos)])
		if err != nil {
			return err
		}
		if end || n == 0 {
			break
		}
	}
	if a.pos < to {
		return errCutBack
	}
	return nil
}

func (a *archive) extend(pos int64, _, block []byte, want int) ([]byte, bool, error) {
	have := pos + int64(len(block))
	if a.text == nil {
		if st, err := a.facts(); err != nil || st.size == a.spent {
			return block, false, errors.Join(err, errIncomplete)
		}
	}
	if a.text == nil || a.pos > have {
		if err := a.start(); err != nil {
			return block, false, err
		}
	}
	if err := a.skip(have); err != nil {
		return block, false, a.gaveOut(err)
	}
	if want <= len(block) {
		return block, false, nil
	}
	longer := make([]byte, want)
	kept := copy(longer, block)
	n, end, err := a.fill(longer[kept:])
	return longer[:kept+n], end, a.gaveOut(err)
}

// gaveOut notes that the decompressor is spent, so that it is begun anew when the file has grown.
func (a *archive) gaveOut(err error) error {
	if err != nil {
		a.text = nil
		if st, err := a.facts(); err == nil {
			a.spent = st.size
		}
	}
	return err
}

func (a *archive) facts() (facts, error) { return factsOfFile(a.file) }
func (a *archive) size() (int64, error)  { return a.pos, nil }
func (a *archive) head() []byte          { return a.first }

func (a *archive) close() {
	a.stop()
	_ = a.file.Close()
}

// archiveHolds is holds for a compressed file: the whole of it before the offset is decompressed.
func archiveHolds(g generation, p place, exactly bool) (bool, error) {
	a, err := openArchive(g)
	if err != nil {
		return false, err
	}
	defer a.close()
	switch err := a.skip(max(min(p.Offset, headBytes), int64(p.Head.N))); {
	case errors.Is(err, errCutBack):
		return false, nil
	case err != nil:
		return false, err
	case digestOf(a.first[:p.Head.N]) != p.Head:
		return false, nil
	}
	if a.pos > p.Offset { // the head reaches beyond the offset
		return !exactly && digestOf(a.first[p.Offset-int64(p.Before.N):p.Offset]) == p.Before, nil
	}
	switch err := a.skip(p.Offset); {
	case errors.Is(err, errCutBack):
		return false, nil
	case err != nil:
		return false, err
	case digestOf(a.last[len(a.last)-p.Before.N:]) != p.Before:
		return false, nil
	case !exactly:
		return true, nil
	}
	n, _, err := a.fill(make([]byte, 1))
	return n == 0 && err == nil, err
}
