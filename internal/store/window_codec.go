package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/cespare/xxhash/v2"
)

// The frame of the window log; doc.go describes it.
const (
	frameMagic    = "PWL2"        // states as a commit changed them
	snapshotMagic = "PWS2"        // states of a shard as they were at the end of the file before
	frameMagicV3  = "PWL1"        // the same as versions up to 3 wrote them: a state's number is its length plus 1
	snapshotV3    = "PWS1"        //
	frameHead     = 4 + 4 + 8 + 8 // magic, payload bytes, commit, checksum
	targetFrame   = 4 << 20       // a frame ends at the first state that takes it beyond
	maxFrameBytes = 1 << 30
)

var (
	errTorn  = errors.New("the file ends inside a frame")
	errMagic = errors.New("no frame begins here")
	errSum   = errors.New("the frame's checksum does not fit")
	errState = errors.New("the frame's states do not fit into it")
	errLone  = errors.New("what changed of a window state follows no state")
)

// beginFrame appends the head of a frame of a commit; its payload is appended to that, and endFrame completes it. So nothing
// is copied into its place.
func beginFrame(dst []byte, magic string, commit uint64) []byte {
	dst = append(dst, magic...)
	dst = binary.LittleEndian.AppendUint32(dst, 0)
	dst = binary.LittleEndian.AppendUint64(dst, commit)
	return binary.LittleEndian.AppendUint64(dst, 0)
}

// endFrame completes the frame that takes up all of f.
func endFrame(f []byte) {
	binary.LittleEndian.PutUint32(f[4:], uint32(len(f)-frameHead))
	binary.LittleEndian.PutUint64(f[16:], frameSum(f[:16], f[frameHead:]))
}

func frameSum(head, payload []byte) uint64 {
	var d xxhash.Digest
	d.Reset()
	d.Write(head)
	d.Write(payload)
	return d.Sum64()
}

// appendState appends one state to a payload.
func appendState(dst []byte, w *WindowState) []byte {
	dst = appendText(dst, w.Feed)
	dst = appendText(dst, w.Key)
	if w.State == nil {
		return append(dst, 0)
	}
	return append(appendLength(dst, len(w.State), w.More), w.State...)
}

// appendLength appends the number before a state that is not gone.
func appendLength(dst []byte, length int, more bool) []byte {
	n := 2 * uint64(length)
	if more {
		n++
	}
	return binary.AppendUvarint(dst, n+1)
}

func appendText(dst []byte, s string) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(s)))
	return append(dst, s...)
}

// encodeFrames returns the frames of one commit: at least one, so that the log shows every commit's number.
func encodeFrames(dst []byte, commit uint64, states []WindowState) ([]byte, error) {
	size := 0
	for i := range states {
		size += len(states[i].Feed) + len(states[i].Key) + len(states[i].State) + 3*binary.MaxVarintLen32
	}
	dst = slices.Grow(dst, size+frameHead*(1+size/targetFrame))
	begin := len(dst)
	dst = beginFrame(dst, frameMagic, commit)
	for i := range states {
		if len(dst)-begin >= frameHead+targetFrame {
			endFrame(dst[begin:])
			begin = len(dst)
			dst = beginFrame(dst, frameMagic, commit)
		}
		dst = appendState(dst, &states[i])
		if len(dst)-begin > maxFrameBytes {
			return nil, fmt.Errorf("a window state of %d bytes; a frame holds at most %d", len(states[i].State), maxFrameBytes)
		}
	}
	endFrame(dst[begin:])
	return dst, nil
}

// frame is one frame as read.
type frame struct {
	offset   int64 // of its first byte in the file
	snapshot bool  // of a shard, not the changes of a commit
	v3       bool  // as versions up to 3 wrote it
	commit   uint64
	payload  []byte // until the next read
}

// frameReader reads frames from the bytes [at, end) of a file.
type frameReader struct {
	r       io.ReaderAt
	at, end int64
	head    [frameHead]byte
	buf     []byte
}

// next returns the next frame, io.EOF at end, or what is wrong with the bytes at r.at.
func (r *frameReader) next() (frame, error) {
	if r.at == r.end {
		return frame{}, io.EOF
	}
	if r.end-r.at < frameHead {
		return frame{}, errTorn
	}
	if _, err := r.r.ReadAt(r.head[:], r.at); err != nil {
		return frame{}, readError(err)
	}
	magic := string(r.head[:4])
	f := frame{offset: r.at, commit: binary.LittleEndian.Uint64(r.head[8:])}
	switch magic {
	case frameMagic:
	case snapshotMagic:
		f.snapshot = true
	case frameMagicV3:
		f.v3 = true
	case snapshotV3:
		f.snapshot, f.v3 = true, true
	default:
		return frame{}, errMagic
	}
	n := int64(binary.LittleEndian.Uint32(r.head[4:]))
	if n > maxFrameBytes || n > r.end-r.at-frameHead {
		return frame{}, errTorn
	}
	if int64(cap(r.buf)) < n {
		r.buf = make([]byte, n)
	}
	f.payload = r.buf[:n]
	if n > 0 { // some readers call nothing at the end of a file an error
		if _, err := r.r.ReadAt(f.payload, r.at+frameHead); err != nil {
			return frame{}, readError(err)
		}
	}
	if frameSum(r.head[:16], f.payload) != binary.LittleEndian.Uint64(r.head[16:]) {
		return frame{}, errSum
	}
	r.at += frameHead + n
	return f, nil
}

// readError keeps a file that was cut meanwhile apart from a clean end.
func readError(err error) error {
	if errors.Is(err, io.EOF) {
		return errTorn
	}
	return err
}

// savedState is a state inside a payload, aliasing it.
type savedState struct {
	feed, key, state []byte // state nil: gone
	more             bool   // state is what changed since the one before: see WindowState.More
	name             []byte // feed and key as they are encoded: no other state has these bytes
	whole            []byte // all of it as it is encoded
}

// eachState calls fn for every state of a frame with its offset in the payload.
func eachState(f frame, fn func(offset int, s savedState) error) error {
	for at := 0; at < len(f.payload); {
		s, ok := cutState(f.payload[at:], f.v3)
		if !ok {
			return errState
		}
		if err := fn(at, s); err != nil {
			return err
		}
		at += len(s.whole)
	}
	return nil
}

// cutState reads the state that p begins with.
func cutState(p []byte, v3 bool) (s savedState, ok bool) {
	all := p
	number := func() uint64 {
		n, k := binary.Uvarint(p)
		if k <= 0 {
			ok = false
			return 0
		}
		p = p[k:]
		return n
	}
	cut := func(length uint64) []byte {
		if !ok || length > uint64(len(p)) {
			ok = false
			return nil
		}
		b := p[:length:length]
		p = p[length:]
		return b
	}
	ok = true
	s.feed = cut(number())
	s.key = cut(number())
	s.name = all[:len(all)-len(p)]
	n := number()
	switch {
	case n == 0: // gone
	case v3:
		s.state = cut(n - 1)
	default:
		s.state, s.more = cut((n-1)/2), (n-1)%2 == 1
	}
	s.whole = all[:len(all)-len(p)]
	return s, ok
}
