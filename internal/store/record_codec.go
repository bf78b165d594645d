package store

import (
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/klauspost/compress/zstd"

	"probity/internal/event"
)

const maxRecordBytes = 64 << 20 // of JSON: a start must not be made to unpack without end

// dictionary1 is what every record's JSON is compressed against: records of the simulated force in the built-in formats, what
// is most frequent last. It is part of the format and never changes; a better one gets another number, and stands beside it.
//
//go:embed dictionaries/1.jsonl
var dictionary1 []byte

// dictionaryNumber stands in each frame.
const dictionaryNumber = 1

// told stands for what the row or the record's own bytes tell: the id, and the hash of the bytes.
const told = "="

// recordCodec packs records as zstd of their JSON.
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

func (c *recordCodec) encode(r *event.Record, id event.ID) ([]byte, error) {
	if r == nil {
		return []byte{}, nil
	}
	lean := *r
	if lean.ID == id.String() {
		lean.ID = told
	}
	if sum, err := sumOf(r); err == nil && lean.SHA256 == sum {
		lean.SHA256 = told
	}
	p, err := json.Marshal(&lean)
	if err != nil {
		return nil, fmt.Errorf("record %s: %w", r.ID, err)
	}
	return c.enc.EncodeAll(p, nil), nil
}

// encodeAll packs n records on all cores.
func (c *recordCodec) encodeAll(n int, of func(i int) (*event.Record, event.ID)) ([][]byte, error) {
	out, errs := make([][]byte, n), make([]error, n)
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), 1+n/encodeAtOnce) {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				r, id := of(i)
				out[i], errs[i] = c.encode(r, id)
			}
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// encodeAtOnce is how many records are worth another goroutine.
const encodeAtOnce = 32

// sumOf is the hash of a record's bytes, as the record tells it.
func sumOf(r *event.Record) (string, error) {
	b, err := r.Bytes()
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:]), nil
}

func (c *recordCodec) decode(p []byte, id event.ID) (*event.Record, error) {
	if len(p) == 0 {
		return nil, nil // none was given
	}
	text, err := c.dec.DecodeAll(p, nil)
	if err != nil {
		return nil, fmt.Errorf("unpacking a kept record: %w", err)
	}
	var r event.Record
	if err := json.Unmarshal(text, &r); err != nil {
		return nil, fmt.Errorf("reading a kept record: %w", err)
	}
	if r.ID == told {
		r.ID = id.String()
	}
	if r.SHA256 == told {
		if r.SHA256, err = sumOf(&r); err != nil {
			return nil, fmt.Errorf("reading a kept record's bytes: %w", err)
		}
	}
	return &r, nil
}

func (c *recordCodec) close() {
	c.enc.Close()
	c.dec.Close()
}
