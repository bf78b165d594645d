package source

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
)

const (
	blockBytes  = 1 << 20  // read at once
	recordReach = 64 << 20 // a record must end, or be cut by its framer, within this
)

var (
	errCutBack    = errors.New("the bytes before the offset are no longer there")
	errUnsettled  = errors.New("the directory keeps changing")
	errIncomplete = errors.New("the compressed file ends too early")
	errCorrupt    = errors.New("the compressed file is damaged")
)

// content is the bytes of one open file, plain or compressed.
type content interface {
	// extend returns the block that begins at offset pos, lengthened to at most want bytes by what stands in the file
	// now, and whether it reaches the file's present end. before is what stood before pos, block what has been read from
	// pos on; neither is written to. errCutBack: the file no longer holds these.
	extend(pos int64, before, block []byte, want int) (longer []byte, end bool, err error)
	facts() (facts, error) // of the open file, not of its path
	size() (int64, error)  // of the content: by fstat; of a compressed file, what has been decompressed
	head() []byte          // the first KiB, or what is known of it
	close()
}

// plain is an uncompressed file.
type plain struct {
	file  *os.File
	first []byte
}

// openGeneration opens g, and fails with errUnsettled if another file stands at its path by now.
func openGeneration(g generation) (*os.File, error) {
	f, err := os.Open(g.path)
	if err != nil {
		return nil, err
	}
	st, err := factsOfFile(f)
	if err == nil && st.inode != g.inode {
		err = errUnsettled
	}
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}

func openPlain(g generation) (*plain, error) {
	f, err := openGeneration(g)
	if err != nil {
		return nil, err
	}
	return &plain{file: f}, nil
}

// learn lengthens the head by bytes that were read from offset from on. The head is of what has been read, never of what
// stands in the file besides: between two reads the file may have been truncated and written anew, and a head of the new
// bytes would not be found in the copy of the old ones.
func (p *plain) learn(from int64, b []byte) {
	have := int64(len(p.first))
	if have >= headBytes || have < from || have >= from+int64(len(b)) {
		return
	}
	p.first = append(p.first[:have:have], b[have-from:min(int64(len(b)), headBytes-from)]...)
}

func (p *plain) extend(pos int64, before, block []byte, want int) ([]byte, bool, error) {
	st, err := p.facts()
	if err != nil {
		return block, false, err
	}
	have := pos + int64(len(block))
	if st.size < have {
		return block, false, errCutBack
	}
	n := int(min(st.size-pos, int64(want)))
	if n <= len(block) {
		return block, st.size == have, nil
	}
	// Read again what is known already: a file that was truncated and has grown past our place is told by these bytes.
	buf := make([]byte, len(before)+n)
	m, err := p.file.ReadAt(buf, pos-int64(len(before)))
	if err != nil && err != io.EOF {
		return block, false, err
	}
	buf = buf[:m]
	if !bytes.HasPrefix(buf, before) || !bytes.HasPrefix(buf[len(before):], block) {
		return block, false, errCutBack
	}
	p.learn(pos-int64(len(before)), buf)
	longer := buf[len(before):]
	return longer, pos+int64(len(longer)) >= st.size, nil
}

// still says whether the file holds what has been read of it.
func (p *plain) still(pos int64, before, block []byte) (bool, error) {
	buf := make([]byte, len(before)+len(block))
	if _, err := p.file.ReadAt(buf, pos-int64(len(before))); err != nil && err != io.EOF {
		return false, err
	}
	return bytes.Equal(buf[:len(before)], before) && bytes.Equal(buf[len(before):], block), nil
}

func (p *plain) facts() (facts, error) { return factsOfFile(p.file) }
func (p *plain) head() []byte          { return p.first }

func (p *plain) size() (int64, error) {
	st, err := p.facts()
	return st.size, err
}

func (p *plain) close() { _ = p.file.Close() }

// holds says whether g has the content that was at p: the same first bytes, and the same bytes before the offset; and,
// exactly, that it ends at the offset.
func holds(g generation, p place, exactly bool) (bool, error) {
	if g.archive != "" {
		return archiveHolds(g, p, exactly)
	}
	if g.size < p.Offset || g.size < int64(p.Head.N) || exactly && g.size != p.Offset {
		return false, nil
	}
	f, err := openGeneration(g)
	if err != nil {
		return false, err
	}
	defer func() { _ = f.Close() }()
	for _, part := range [...]struct {
		want digest
		from int64
	}{{p.Head, 0}, {p.Before, p.Offset - int64(p.Before.N)}} {
		b := make([]byte, part.want.N)
		if n, err := f.ReadAt(b, part.from); n < len(b) {
			if err == io.EOF {
				return false, nil
			}
			return false, fmt.Errorf("read %s: %w", g.path, err)
		}
		if digestOf(b) != part.want {
			return false, nil
		}
	}
	return true, nil
}
