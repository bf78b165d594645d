package store

import (
	"bytes"
	"errors"
	"fmt"
	"hash/maphash"
	"io"

	"github.com/cespare/xxhash/v2"

	"probity/internal/fsx"
)

const maxShards = 256

// shards is how many a log of so many bytes is cut into: a power of 2.
func (z windowSizes) shards(size int64) int {
	n := 1
	for n < maxShards && size > int64(n)*z.shard {
		n *= 2
	}
	return n
}

// sorter sorts the states of a log by shards, so that the live ones are found with a shard in memory at a time. What it has
// sorted goes to a scratch file, once it is more than a little. A shard is a hash of feed and key without a secret: whoever
// chooses keys can make a shard large, and a commit slower, and nothing else.
type sorter struct {
	fs     *fsx.FS
	dir    string
	room   int // bytes of a shard in memory
	shards int
	parts  []part // not sorted yet
	rank   byte   // of the snapshots of parts[0]; see entry
	frames *frameReader

	waiting [][]byte  // by shard: not in the scratch file yet
	blocks  [][]block // by shard: in the scratch file
	scratch *fsx.Scratch
}

// block is a piece of a shard in the scratch file.
type block struct {
	at   int64
	size int
	sum  uint64
}

// newSorter sorts parts, the older first.
func newSorter(fs *fsx.FS, dir string, sizes windowSizes, parts []part) *sorter {
	size := int64(0)
	for _, p := range parts {
		size += p.size
	}
	n := sizes.shards(size)
	return &sorter{fs: fs, dir: dir, room: sizes.room / n, shards: n, parts: parts}
}

// step sorts about so many bytes more; done when all are.
func (s *sorter) step(bytes int64) (done bool, err error) {
	if s.waiting == nil {
		s.waiting, s.blocks = make([][]byte, s.shards), make([][]block, s.shards)
	}
	for len(s.parts) > 0 {
		p := s.parts[0]
		if s.frames == nil {
			s.frames = &frameReader{r: p.r, end: p.size}
		}
		f, err := s.frames.nextOf(p.file)
		switch {
		case errors.Is(err, io.EOF):
			s.parts, s.frames, s.rank = s.parts[1:], nil, s.rank+2
			continue
		case err != nil:
			return false, err
		}
		if err := s.sort(f); err != nil {
			if errors.Is(err, errState) {
				err = &frameError{file: p.file, offset: f.offset, err: err}
			}
			s.frames.at = f.offset // the frame is sorted again: a state that stands twice counts once
			return false, err
		}
		if bytes -= frameHead + int64(len(f.payload)); bytes <= 0 {
			return false, nil
		}
	}
	return true, nil
}

// sort puts a frame's states into their shards, each behind its rank: a change ranks above a snapshot of the same file, and
// everything of a file above everything of the one before.
func (s *sorter) sort(f frame) error {
	rank := s.rank
	if !f.snapshot {
		rank++
	}
	return eachState(f.payload, func(_ int, w savedState) error {
		shard := int(xxhash.Sum64(w.name) & uint64(s.shards-1))
		s.waiting[shard] = append(append(s.waiting[shard], rank), w.whole...)
		if len(s.waiting[shard]) < s.room {
			return nil
		}
		return s.flush(shard)
	})
}

func (s *sorter) flush(shard int) (err error) {
	if s.scratch == nil {
		if s.scratch, err = s.fs.Scratch(s.dir); err != nil {
			return fmt.Errorf("sorting the window states: %w", err)
		}
	}
	p := s.waiting[shard]
	at, err := s.scratch.Append(p)
	if err != nil {
		return fmt.Errorf("sorting the window states: %w", err)
	}
	s.blocks[shard] = append(s.blocks[shard], block{at, len(p), xxhash.Sum64(p)})
	s.waiting[shard] = p[:0]
	return nil
}

// live calls fn for the live states of a shard, in the order in which they were last written.
func (s *sorter) live(shard int, fn func(savedState) error) error {
	all, err := s.load(shard)
	if err != nil {
		return err
	}
	states, err := cutSorted(all)
	if err != nil {
		return err
	}
	bury(states)
	for i := range states {
		if s := &states[i].savedState; s.state != nil {
			if err := fn(*s); err != nil {
				return err
			}
		}
	}
	return nil
}

// sorted is a state of a shard with its rank.
type sorted struct {
	savedState
	rank byte
}

func cutSorted(all []byte) (states []sorted, err error) {
	for len(all) > 0 {
		w, n, ok := cutState(all[1:])
		if !ok {
			return nil, errState // the scratch file's sums fit: it was sorted wrongly
		}
		if states == nil {
			states = make([]sorted, 0, len(all)/(1+n)+1) // the others are about as long
		}
		states = append(states, sorted{w, all[0]})
		all = all[1+n:]
	}
	return states, nil
}

// bury makes gone what a later state of the same name, of no lower rank, took the place of. It finds them by a table of its
// own, half of which is free: a map of names took most of the time of reading a log.
func bury(states []sorted) {
	size := 1
	for size < 2*len(states) {
		size *= 2
	}
	seed := maphash.MakeSeed()    // so that nobody can choose names that meet in one place
	places := make([]int32, size) // index of the state that counts, plus 1; 0: free
	for i := range states {
		s := &states[i]
		at := int(maphash.Bytes(seed, s.name)) & (size - 1)
		for places[at] != 0 && !bytes.Equal(states[places[at]-1].name, s.name) {
			at = (at + 1) & (size - 1)
		}
		if places[at] == 0 {
			places[at] = int32(i + 1)
			continue
		}
		if before := &states[places[at]-1]; before.rank <= s.rank {
			before.state, places[at] = nil, int32(i+1)
		} else {
			s.state = nil
		}
	}
}

// load reads a shard.
func (s *sorter) load(shard int) ([]byte, error) {
	size := len(s.waiting[shard])
	for _, b := range s.blocks[shard] {
		size += b.size
	}
	all := make([]byte, 0, size)
	for _, b := range s.blocks[shard] {
		p := all[len(all) : len(all)+b.size]
		if _, err := s.scratch.ReadAt(p, b.at); err != nil {
			return nil, fmt.Errorf("reading sorted window states: %w", err)
		}
		if xxhash.Sum64(p) != b.sum {
			return nil, fmt.Errorf("reading sorted window states in %s: the disk does not give back what was written a moment ago; look at its health", s.dir)
		}
		all = all[:len(all)+b.size]
	}
	return append(all, s.waiting[shard]...), nil
}

func (s *sorter) close() error {
	if s.scratch == nil {
		return nil
	}
	err := s.scratch.Close()
	s.scratch = nil
	return err
}
