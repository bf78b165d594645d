package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync"

	"probity/internal/event"
)

// pack packs records, of which the first has the time first, in their order.
func (c *recordCodec) pack(records []KeptRecord, which []int) []byte {
	const perRecord = len(event.ID{}) + 2*binary.MaxVarintLen64
	size := binary.MaxVarintLen64
	for _, i := range which {
		size += perRecord + records[i].Record.Size()
	}
	b := binary.AppendUvarint(make([]byte, 0, size), uint64(len(which)))
	at := records[which[0]].Time
	for _, i := range which {
		k := &records[i]
		b = binary.AppendUvarint(b, uint64(k.Time-at)) // in order, so the difference is none below 0, nor too large for uint64
		b = append(b, k.ID[:]...)
		b = binary.AppendUvarint(b, uint64(k.Record.Size()))
		at = k.Time
	}
	for _, i := range which {
		b = records[i].Record.AppendTo(b)
	}
	return c.enc.EncodeAll(b, nil)
}

func (c *recordCodec) unpack(p []byte) ([]byte, error) {
	b, err := c.dec.DecodeAll(p, nil)
	if err != nil {
		return nil, fmt.Errorf("unpacking kept records: %w", err)
	}
	return b, nil
}

// unpacked are packs that were read lately: the alerts of a batch ask for many records of few of them. A pack never changes.
type unpacked struct {
	mu    sync.Mutex
	packs map[packKey][]byte
	bytes int
}

func (u *unpacked) forget() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.packs, u.bytes = nil, 0
}

// packKey is the key of a pack's row.
type packKey struct{ level, bucket, commit, part int64 }

// maxUnpacked bounds their bytes; a batch that asks for more begins again.
const maxUnpacked = 16 << 20

func (u *unpacked) of(k packKey, unpack func() ([]byte, error)) ([]byte, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if b, ok := u.packs[k]; ok {
		return b, nil
	}
	b, err := unpack()
	if err != nil {
		return nil, err
	}
	if u.packs == nil || u.bytes+len(b) > maxUnpacked {
		u.packs, u.bytes = map[packKey][]byte{}, 0
	}
	u.packs[k] = b
	u.bytes += len(b)
	return b, nil
}

// eachInPack calls fn for each record of an unpacked pack whose first record has the time first. The bodies are event.Kept's bytes;
// they share the pack's memory.
func eachInPack(b []byte, first int64, fn func(k RecordKey, body []byte) error) error {
	r := packReader{rest: b}
	n := r.number()
	if n > packAtMost {
		return errPack
	}
	keys, lengths := make([]RecordKey, n), make([]uint64, n)
	at := first
	for i := range keys {
		at += int64(r.number())
		keys[i].Time = at
		copy(keys[i].ID[:], r.bytes(uint64(len(keys[i].ID))))
		lengths[i] = r.number()
	}
	for i, k := range keys {
		body := r.bytes(lengths[i])
		if r.bad {
			return errPack
		}
		if err := fn(k, body); err != nil {
			return err
		}
	}
	if r.bad || len(r.rest) > 0 {
		return errPack
	}
	return nil
}

var errPack = errors.New("unpacking kept records: they are not as long as they say")

// packReader reads what pack wrote; bad says that it is something else.
type packReader struct {
	rest []byte
	bad  bool
}

func (r *packReader) number() uint64 {
	n, k := binary.Uvarint(r.rest)
	if k <= 0 {
		r.bad, r.rest = true, nil
		return 0
	}
	r.rest = r.rest[k:]
	return n
}

func (r *packReader) bytes(n uint64) []byte {
	if n > uint64(len(r.rest)) {
		r.bad, r.rest = true, nil
		return nil
	}
	b := r.rest[:n:n]
	r.rest = r.rest[n:]
	return b
}

// checkPack says what is wrong with the row of a pack, "" if nothing is.
func checkPack(codec *recordCodec, row []any, lastCommit uint64) (wrong string) {
	if n := row[2].(int64); n < 1 || uint64(n) > lastCommit {
		return fmt.Sprintf("it is of commit %d; the last is %d", n, lastCommit)
	}
	level, bucket, first, last := row[0].(int64), row[1].(int64), row[4].(int64), row[5].(int64)
	if l := levelOf(first, last); int64(l) != level || bucketAt(l, first) != bucket {
		return "it stands where nobody looks for its times"
	}
	before := RecordKey{Time: first}
	b, err := codec.unpack(bytesOf(row[7]))
	if err != nil {
		return err.Error()
	}
	err = eachInPack(b, first, func(k RecordKey, body []byte) error {
		if k.compare(before) < 0 || k.Time > last {
			wrong = "its records are out of order"
		}
		before = k
		_, err := event.Unpack(k.ID, body)
		return err
	})
	if err != nil {
		return err.Error()
	}
	if before.Time != last {
		wrong = "its last record has another time"
	}
	return wrong
}
