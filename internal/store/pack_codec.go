package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync"

	"github.com/klauspost/compress/s2"

	"probity/internal/event"
)

// pack packs records in their order, the time of the first one being known. Their ids are not compressed: they are hashes, which
// only cost a compressor time; and who looks for a record sees without unpacking that it is not there.
func (p *packer) pack(records []KeptRecord, which []int) []byte {
	p.plain, p.events = p.plain[:0], p.events[:0]
	p.packed = binary.AppendUvarint(append(p.packed[:0], squeezed), uint64(len(which)))
	at := records[which[0]].Time
	for _, i := range which {
		k := &records[i]
		p.plain = binary.AppendUvarint(p.plain, uint64(k.Time-at)) // in order, so the difference is none below 0, nor too large for uint64
		p.packed = append(p.packed, k.ID[:]...)
		p.events = append(p.events, k.Record)
		at = k.Time
	}
	p.plain = event.AppendAll(p.plain, p.events)
	clear(p.events) // they may go
	return p.squeeze(s2.Encode)
}

// packAll packs the records of each parcel, on all cores.
func (c *recordCodec) packAll(records []KeptRecord, parcels []parcel) {
	onAllCores(len(parcels), 1, func(i int) {
		p := c.packers.Get().(*packer)
		defer c.done(p)
		parcels[i].packed = p.pack(records, parcels[i].records)
	})
}

// packRow is what stands in a pack's row.
type packRow struct {
	first int64 // the time of its first record
	ids   []byte
	data  []byte // compressed
	old   bool   // it is of the first version, with the ids in the data
}

func packRowOf(row []any) (packRow, error) {
	p := packRow{first: row[4].(int64), data: bytesOf(row[7])}
	if len(p.data) == 0 || p.data[0] != squeezed {
		p.old = true
		return p, nil
	}
	r := packReader{rest: p.data[1:]}
	n := r.number()
	if n > packAtMost {
		return p, errPack
	}
	p.ids = r.bytes(n * uint64(len(event.ID{})))
	if p.data = r.rest; r.bad {
		return p, errPack
	}
	return p, nil
}

// mayHold says whether a record with one of the ids may be in it.
func (p *packRow) mayHold(wanted map[event.ID]bool) bool {
	if p.old {
		return true
	}
	for ids := p.ids; len(ids) > 0; ids = ids[len(event.ID{}):] {
		if wanted[event.ID(ids)] {
			return true
		}
	}
	return false
}

// opened is a pack that was unpacked.
type opened struct {
	keys   []RecordKey
	events *event.Pack
	bodies [][]byte // in place of events, in the first version: what event.Unpack reads
	size   int      // bytes, about
}

// record returns a copy of the i-th that owns its memory.
func (o *opened) record(i int) (*event.Kept, error) {
	if o.events == nil {
		return event.Unpack(o.keys[i].ID, o.bodies[i]) // which copies what is of the version before
	}
	return o.events.Event(i, o.keys[i].ID), nil
}

func (c *recordCodec) open(p packRow) (*opened, error) {
	if p.old {
		b, err := c.before.DecodeAll(p.data, nil)
		if err != nil {
			return nil, fmt.Errorf("unpacking kept records: %w", err)
		}
		return openOld(b, p.first)
	}
	b, err := unsqueeze(p.data, maxPackBytes, s2.Decode)
	if err != nil {
		return nil, err
	}
	o := &opened{keys: make([]RecordKey, len(p.ids)/len(event.ID{})), size: len(b)}
	r := packReader{rest: b}
	at := p.first
	for i := range o.keys {
		at += int64(r.number())
		o.keys[i] = RecordKey{at, event.ID(p.ids[i*len(event.ID{}):])}
	}
	if r.bad {
		return nil, errPack
	}
	if o.events, err = event.UnpackAll(len(o.keys), r.rest); err != nil {
		return nil, fmt.Errorf("unpacking kept records: %w", err)
	}
	return o, nil
}

// openOld reads what the first version wrote, whose first record has the time first: their number, then for each the time since
// the one before, the id and the length, then what event.Unpack reads of each.
func openOld(b []byte, first int64) (*opened, error) {
	r := packReader{rest: b}
	n := r.number()
	if n > packAtMost {
		return nil, errPack
	}
	o := &opened{keys: make([]RecordKey, n), bodies: make([][]byte, n), size: len(b)}
	lengths := make([]uint64, n)
	at := first
	for i := range o.keys {
		at += int64(r.number())
		o.keys[i].Time = at
		copy(o.keys[i].ID[:], r.bytes(uint64(len(event.ID{}))))
		lengths[i] = r.number()
	}
	for i := range o.bodies {
		o.bodies[i] = r.bytes(lengths[i])
	}
	if r.bad || len(r.rest) > 0 {
		return nil, errPack
	}
	return o, nil
}

// unpacked are packs that were read lately: the alerts of a batch ask for many records of few of them. A pack never changes.
type unpacked struct {
	mu    sync.Mutex
	packs map[packKey]*opened
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

func (u *unpacked) of(k packKey, open func() (*opened, error)) (*opened, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if o := u.packs[k]; o != nil {
		return o, nil
	}
	o, err := open()
	if err != nil {
		return nil, err
	}
	if u.packs == nil || u.bytes+o.size > maxUnpacked {
		u.packs, u.bytes = map[packKey]*opened{}, 0
	}
	u.packs[k] = o
	u.bytes += o.size
	return o, nil
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
	p, err := packRowOf(row)
	if err != nil {
		return err.Error()
	}
	o, err := codec.open(p)
	if err != nil {
		return err.Error()
	}
	before := RecordKey{Time: first}
	for i, k := range o.keys {
		if k.compare(before) < 0 || k.Time > last {
			wrong = "its records are out of order"
		}
		before = k
		r, err := o.record(i)
		if err == nil {
			_, err = r.Record()
		}
		if err != nil {
			return err.Error()
		}
	}
	if before.Time != last {
		wrong = "its last record has another time"
	}
	return wrong
}
