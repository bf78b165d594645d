package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/cespare/xxhash/v2"
)

// The frame of the window log; doc.go describes it.
const (
	frameMagic    = "PWL1"        // states as a commit changed them
	snapshotMagic = "PWS1"        // states of a shard as they were at the end of the file before
	frameHead     = 4 + 4 + 8 + 8 // magic, payload bytes, commit, checksum
	targetFrame   = 4 << 20       // a frame ends at the first state that takes it beyond
	maxFrameBytes = 1 << 30
)

var (
	errTorn  = errors.New("the file ends inside a frame")
	errMagic = errors.New("no frame begins here")
	errSum   = errors.New("the frame's checksum does not fit")
	errState = errors.New("the frame's states do not fit into it")
)

// appendFrame appends the frame of one commit's payload to dst.
func appendFrame(dst []byte, magic string, commit uint64, payload []byte) []byte {
	start := len(dst)
	dst = append(dst, magic...)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(payload)))
	dst = binary.LittleEndian.AppendUint64(dst, commit)
	dst = binary.LittleEndian.AppendUint64(dst, frameSum(dst[start:start+16], payload))
	return append(dst, payload...)
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
	dst = binary.AppendUvarint(dst, uint64(len(w.State))+1)
	return append(dst, w.State...)
}

func appendText(dst []byte, s string) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(s)))
	return append(dst, s...)
}

// encodeFrames returns the frames of one commit: at least one, so that the log shows every commit's number.
func encodeFrames(dst []byte, commit uint64, states []WindowState) ([]byte, error) {
	var payload []byte
	for i := range states {
		payload = appendState(payload, &states[i])
		if len(payload) > maxFrameBytes {
			return nil, fmt.Errorf("a window state of %d bytes; a frame holds at most %d", len(states[i].State), maxFrameBytes)
		}
		if len(payload) >= targetFrame {
			dst = appendFrame(dst, frameMagic, commit, payload)
			payload = payload[:0]
		}
	}
	if len(payload) > 0 || len(states) == 0 {
		dst = appendFrame(dst, frameMagic, commit, payload)
	}
	return dst, nil
}

// frame is one frame as read.
type frame struct {
	offset   int64 // of its first byte in the file
	snapshot bool  // of a shard, not the changes of a commit
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
	if magic != frameMagic && magic != snapshotMagic {
		return frame{}, errMagic
	}
	n := int64(binary.LittleEndian.Uint32(r.head[4:]))
	if n > maxFrameBytes || n > r.end-r.at-frameHead {
		return frame{}, errTorn
	}
	if int64(cap(r.buf)) < n {
		r.buf = make([]byte, n)
	}
	f := frame{offset: r.at, snapshot: magic == snapshotMagic, commit: binary.LittleEndian.Uint64(r.head[8:]), payload: r.buf[:n]}
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
	name             []byte // feed and key as they are encoded: no other state has these bytes
	whole            []byte // all of it as it is encoded
}

// eachState calls fn for every state of a payload with its offset in the payload.
func eachState(payload []byte, fn func(offset int, s savedState) error) error {
	for at := 0; at < len(payload); {
		s, n, ok := cutState(payload[at:])
		if !ok {
			return errState
		}
		if err := fn(at, s); err != nil {
			return err
		}
		at += n
	}
	return nil
}

func cutState(p []byte) (s savedState, n int, ok bool) {
	whole := p
	cut := func(less uint64) []byte {
		length, k := binary.Uvarint(p)
		if k <= 0 || length < less || length-less > uint64(len(p)-k) {
			ok = false
			return nil
		}
		b := p[k : k+int(length-less)]
		p = p[k+int(length-less):]
		return b
	}
	ok = true
	s.feed = cut(0)
	if ok {
		s.key = cut(0)
	}
	if !ok || len(p) == 0 {
		return s, 0, false
	}
	s.name = whole[:len(whole)-len(p)]
	if p[0] == 0 {
		p = p[1:]
	} else {
		s.state = cut(1)
	}
	n = len(whole) - len(p)
	s.whole = whole[:n]
	return s, n, ok
}
