package store

import (
	"encoding/json"
	"fmt"

	"github.com/klauspost/compress/zstd"

	"probity/internal/event"
)

const maxRecordBytes = 64 << 20 // of JSON: a start must not be made to unpack without end

// recordCodec packs records as zstd of their JSON.
type recordCodec struct {
	enc *zstd.Encoder
	dec *zstd.Decoder
}

func newRecordCodec() (*recordCodec, error) {
	// The row has a checksum; the frame needs none.
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(false), zstd.WithLowerEncoderMem(true))
	if err != nil {
		return nil, err
	}
	dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(4), zstd.WithDecoderMaxMemory(maxRecordBytes))
	if err != nil {
		return nil, err
	}
	return &recordCodec{enc: enc, dec: dec}, nil
}

func (c *recordCodec) encode(r *event.Record) ([]byte, error) {
	if r == nil {
		return []byte{}, nil
	}
	p, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("record %s: %w", r.ID, err)
	}
	return c.enc.EncodeAll(p, nil), nil
}

func (c *recordCodec) decode(p []byte) (*event.Record, error) {
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
	return &r, nil
}

func (c *recordCodec) close() {
	c.enc.Close()
	c.dec.Close()
}
