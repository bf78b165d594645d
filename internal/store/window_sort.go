package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"math"

	"github.com/cespare/xxhash/v2"

	"probity/internal/fsx"
)

const maxShards = 256

// ranks of a file: its snapshots have one, and its changes the next.
const ranks = 2

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
	taken  int // of the payload of the frame that is next, if its sorting failed half way

	placesOnly bool // in place of a state its frame's place is sorted, a varint: see checkChanges

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
			s.parts, s.frames, s.rank = s.parts[1:], nil, s.rank+ranks
			continue
		case err != nil:
			return false, err
		}
		if err := s.sort(f); err != nil {
			if errors.Is(err, errState) {
				err = &frameError{file: p.file, offset: f.offset, err: err}
			}
			s.frames.at = f.offset // the rest of the frame is sorted when it is tried again
			return false, err
		}
		if bytes -= frameHead + int64(len(f.payload)); bytes <= 0 {
			return false, nil
		}
	}
	return true, nil
}

// all sorts everything.
func (s *sorter) all() error {
	for {
		if done, err := s.step(math.MaxInt64); err != nil || done {
			return err
		}
	}
}

// sort puts a frame's states into their shards, each behind its rank: a change ranks above a snapshot of the same file, and
// everything of a file above everything of the one before. After an error it goes on behind what it has put there: what
// changed of a state must not stand there twice.
func (s *sorter) sort(f frame) error {
	rank := s.rank
	if !f.snapshot {
		rank++
	}
	place := binary.AppendUvarint(nil, uint64(f.offset))
	for s.taken < len(f.payload) {
		w, ok := cutState(f.payload[s.taken:], f.v3)
		if !ok {
			return errState
		}
		s.taken += len(w.whole)
		if s.placesOnly && w.state != nil {
			w.state = place
		}
		shard := int(xxhash.Sum64(w.name) & uint64(s.shards-1))
		s.waiting[shard] = w.appendTo(append(s.waiting[shard], rank), f.v3 || s.placesOnly)
		if len(s.waiting[shard]) < s.room {
			continue
		}
		if err := s.flush(shard); err != nil {
			return err
		}
	}
	s.taken = 0
	return nil
}

// appendTo appends a state as this version writes it; anew says that w.whole is something else.
func (w *savedState) appendTo(dst []byte, anew bool) []byte {
	if !anew || w.state == nil {
		return append(dst, w.whole...)
	}
	return append(appendLength(append(dst, w.name...), len(w.state), w.more), w.state...)
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

// live calls fn for the live states of a shard, each whole with what changed of it since behind it. The state lives until fn
// returns.
func (s *sorter) live(shard int, fn func(savedState) error) error {
	states, err := s.statesOf(shard)
	if err != nil {
		return err
	}
	if err := bury(states, func(*sorted) error { return errLone }); err != nil {
		return err
	}
	var room []byte
	for i := range states {
		w := &states[i]
		if w.state == nil || w.more {
			continue
		}
		if w.next != 0 {
			room = w.join(room[:0], states)
		}
		if err := fn(w.savedState); err != nil {
			return err
		}
	}
	return nil
}

// statesOf are the states of a shard in the order of the log.
func (s *sorter) statesOf(shard int) ([]sorted, error) {
	all, err := s.load(shard)
	if err != nil {
		return nil, err
	}
	return cutSorted(all)
}

// sorted is a state of a shard with its rank.
type sorted struct {
	savedState
	rank       byte
	next, last int32 // indexes, plus 1, of the changes that follow: of a whole state the first and the last, of one the next
}

// join puts what changed of a state behind it, in room.
func (w *sorted) join(room []byte, states []sorted) []byte {
	size := len(w.state)
	for at := w.next; at != 0; at = states[at-1].next {
		size += len(states[at-1].state)
	}
	room = appendLength(append(room, w.name...), size, false)
	begin := len(room)
	room = append(room, w.state...)
	for at := w.next; at != 0; at = states[at-1].next {
		room = append(room, states[at-1].state...)
	}
	w.state, w.whole = room[begin:], room
	return room
}

func cutSorted(all []byte) (states []sorted, err error) {
	for len(all) > 0 {
		w, ok := cutState(all[1:], false)
		if !ok {
			return nil, errState // the scratch file's sums fit: it was sorted wrongly
		}
		n := 1 + len(w.whole)
		if states == nil {
			states = make([]sorted, 0, len(all)/n+1) // the others are about as long
		}
		states = append(states, sorted{savedState: w, rank: all[0]})
		all = all[n:]
	}
	return states, nil
}

// bury makes gone what a later state of the same name, of no lower rank, took the place of, and chains what changed of the
// states that are left to them; lone is told of each change that follows none. It finds them by a table of its own, half of which
// is free: a map of names took most of the time of reading a log.
func bury(states []sorted, lone func(change *sorted) error) error {
	size := 1
	for size < 2*len(states) {
		size *= 2
	}
	seed := maphash.MakeSeed()    // so that nobody can choose names that meet in one place
	places := make([]int32, size) // index of the state that counts, plus 1; 0: free
	place := func(name []byte) *int32 {
		at := int(maphash.Bytes(seed, name)) & (size - 1)
		for places[at] != 0 && !bytes.Equal(states[places[at]-1].name, name) {
			at = (at + 1) & (size - 1)
		}
		return &places[at]
	}
	changes := 0
	for i := range states {
		s := &states[i]
		if s.more {
			changes++
			continue
		}
		switch at := place(s.name); {
		case *at == 0:
			*at = int32(i + 1)
		case states[*at-1].rank <= s.rank:
			states[*at-1].state, *at = nil, int32(i+1)
		default:
			s.state = nil
		}
	}
	for i := 0; changes > 0; i++ {
		if s := &states[i]; s.more {
			changes--
			if s.follow(i, *place(s.name), states) {
				continue
			}
			if err := lone(s); err != nil {
				return err
			}
		}
	}
	return nil
}

// follow puts change i into the chain of the state with an index, plus 1, unless that was written later; false if there is none.
// Changes come in the order of their ranks, as only commits have any.
func (s *sorted) follow(i int, of int32, states []sorted) bool {
	if of == 0 {
		return false
	}
	whole := &states[of-1]
	switch {
	case s.rank < whole.rank || s.rank == whole.rank && i < int(of-1):
		return true
	case whole.state == nil:
		return false
	case whole.next == 0:
		whole.next = int32(i + 1)
	default:
		states[whole.last-1].next = int32(i + 1)
	}
	whole.last = int32(i + 1)
	return true
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
