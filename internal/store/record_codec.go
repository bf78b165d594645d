package store

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/klauspost/compress/zstd"

	"probity/internal/event"
)

// maxRecordBytes bounds what is unpacked: a start must not be made to unpack without end. A record is of 64 MiB at most (see the
// configuration), and its fields, with their names, of not much more than twice that: see package decode.
const maxRecordBytes = 512 << 20

// dictionary1 is what every kept event is compressed against: events of the simulated force in the built-in formats, what is
// most frequent last. It is part of the format and never changes; a better one gets another number, and stands beside it.
//
//go:embed dictionaries/1.bin
var dictionary1 []byte

// dictionaryNumber stands in each frame.
const dictionaryNumber = 1

// recordCodec packs kept events as zstd of their bytes.
type recordCodec struct {
	enc *zstd.Encoder
	dec *zstd.Decoder
}

func newRecordCodec() (*recordCodec, error) {
	// The row has a checksum; the frame needs none.
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(runtime.GOMAXPROCS(0)), zstd.WithEncoderCRC(false), zstd.WithLowerEncoderMem(true),
		zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithWindowSize(recordWindow), zstd.WithEncoderDictRaw(dictionaryNumber, dictionary1))
	if err != nil {
		return nil, err
	}
	dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(4), zstd.WithDecoderMaxMemory(maxRecordBytes),
		zstd.WithDecoderLowmem(true), zstd.WithDecoderDictRaw(dictionaryNumber, dictionary1))
	if err != nil {
		return nil, err
	}
	return &recordCodec{enc: enc, dec: dec}, nil
}

// recordWindow is how far back a match may lie: the dictionary and a long record.
const recordWindow = 128 << 10

func (c *recordCodec) encode(k *event.Kept) []byte {
	if k == nil {
		return []byte{}
	}
	return c.enc.EncodeAll(k.AppendTo(make([]byte, 0, k.Size())), nil)
}

// encodeAll packs n events, each by itself, on all cores.
func (c *recordCodec) encodeAll(n int, of func(i int) *event.Kept) [][]byte {
	out := make([][]byte, n)
	onAllCores(n, encodeAtOnce, func(i int) { out[i] = c.encode(of(i)) })
	return out
}

// encodeAtOnce is how many events are worth another goroutine.
const encodeAtOnce = 32

// onAllCores does n pieces of work, of which atOnce are worth another goroutine.
func onAllCores(n, atOnce int, do func(i int)) {
	byWorkers(min(runtime.GOMAXPROCS(0), 1+n/atOnce), n, func(_, i int) { do(i) })
}

// byWorkers has so many workers do n pieces of work, each the next one that nobody has begun.
func byWorkers(workers, n int, do func(worker, i int)) {
	var next atomic.Int64
	var wg sync.WaitGroup
	for worker := range workers {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				do(worker, i)
			}
		})
	}
	wg.Wait()
}

// decode reads what encode wrote, and the JSON of a record, which versions 1 and 2 of the folder kept.
func (c *recordCodec) decode(p []byte, id event.ID) (*event.Kept, error) {
	if len(p) == 0 {
		return nil, nil // none was given
	}
	b, err := c.dec.DecodeAll(p, nil)
	if err != nil {
		return nil, fmt.Errorf("unpacking a kept record: %w", err)
	}
	if len(b) == 0 || b[0] != '{' {
		return event.Unpack(id, b)
	}
	var r event.Record
	if err := json.Unmarshal(b, &r); err != nil {
		return nil, fmt.Errorf("reading a kept record: %w", err)
	}
	return r.Keep()
}

func (c *recordCodec) close() {
	c.enc.Close()
	c.dec.Close()
}
