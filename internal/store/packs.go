package store

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"
	"sync"

	"probity/internal/event"
)

// Many records that come together and may go together lie in one row, a pack: a row of its own costs a record ten times what it
// costs in a pack, in time and, compressed alone, four times the bytes. A record that an alert holds gets its own row, which
// outlives its place in the pack, and is what the alert's next revision reads.
const (
	packAtLeast = 16
	packAtMost  = 64      // to read one record, all of its pack are unpacked
	packBytes   = 1 << 20 // before compression, at most; a record of more gets a row of its own
)

// parcel is what one pack is made of: records of one commit with the same Until, in order of time.
type parcel struct {
	records []int // indices into Commit.Records
	until   int64
	packed  []byte
}

// parcels divides the records of a commit into packs and those that get rows of their own, both in order of time.
func parcels(records []KeptRecord, least int) (packs []parcel, single []int) {
	order := inOrderOfTime(records)
	together := map[int64][]int{} // by Until
	var untils []int64
	for _, i := range order {
		k := &records[i]
		if k.Record == nil || k.Revised || k.Held || k.Record.Size() > packBytes {
			single = append(single, i)
			continue
		}
		if together[k.Until] == nil {
			untils = append(untils, k.Until)
		}
		together[k.Until] = append(together[k.Until], i)
	}
	for _, until := range untils {
		all := together[until]
		if len(all) < least {
			single = append(single, all...)
			continue
		}
		n := (len(all) + packAtMost - 1) / packAtMost
		for i := range n {
			for _, part := range bySize(records, all[i*len(all)/n:(i+1)*len(all)/n]) {
				packs = append(packs, parcel{records: part, until: until})
			}
		}
	}
	slices.SortStableFunc(single, func(a, b int) int { return records[a].key().compare(records[b].key()) })
	return packs, single
}

// bySize cuts what would be one pack where it would hold more than packBytes.
func bySize(records []KeptRecord, which []int) (parts [][]int) {
	begin, bytes := 0, 0
	for n, i := range which {
		size := records[i].Record.Size()
		if bytes+size > packBytes {
			parts, begin, bytes = append(parts, which[begin:n]), n, 0
		}
		bytes += size
	}
	return append(parts, which[begin:])
}

// The place of a pack is the smallest of some spans of event time that holds all of it: whoever looks for a record looks into
// one place of each level.
const (
	packLevels = 7
	levelSpan  = int64(1e9) // ns, of level 0; each level has 16 times that of the one before
	levelShift = 4
)

// everywhere is the level of a pack that no span holds.
const everywhere = packLevels

func bucketAt(level int, at int64) int64 {
	if level == everywhere {
		return 0
	}
	span := levelSpan << (level * levelShift)
	bucket := at / span
	if at%span < 0 {
		bucket-- // before 1970
	}
	return bucket
}

func levelOf(first, last int64) (level int) {
	for level < everywhere && bucketAt(level, first) != bucketAt(level, last) {
		level++
	}
	return level
}

// findLevels notes which levels have packs. One that loses its last is still thought to have some: that costs a look.
func (s *Store) findLevels() error {
	for level := range s.levels {
		err := s.db.each(packTable, "WHERE level = ? LIMIT 1", []any{int64(level)}, func([]any) error {
			s.levels[level].Store(true)
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// putPack adds the row of a pack.
func (s *Store) putPack(c *Commit, p *parcel, part int, next *head) error {
	first, last := c.Records[p.records[0]].Time, c.Records[p.records[len(p.records)-1]].Time
	level := levelOf(first, last)
	next.rows.packs++
	s.levels[level].Store(true)
	return s.db.add(packTable, int64(level), bucketAt(level, first), int64(next.commit), int64(part), first, last, p.until, p.packed)
}

// cell is where packs may lie that hold a record of some time.
type cell struct {
	level  int
	bucket int64
}

// eachPacked calls fn for each copy of these records in packs, as the last commit left them, the oldest first of each level.
func (s *Store) eachPacked(keys []RecordKey, fn func(k RecordKey, until int64, r *event.Kept)) error {
	wanted := map[cell][]RecordKey{}
	var cells []cell
	for _, k := range keys {
		for level := range packLevels + 1 {
			if !s.levels[level].Load() {
				continue
			}
			c := cell{level, bucketAt(level, k.Time)}
			if wanted[c] == nil {
				cells = append(cells, c)
			}
			wanted[c] = append(wanted[c], k)
		}
	}
	const where = "WHERE level = ? AND bucket = ? AND first <= ? AND last >= ? ORDER BY level, bucket, commit_no, part"
	for _, c := range cells {
		here := wanted[c]
		slices.SortFunc(here, RecordKey.compare)
		args := []any{int64(c.level), c.bucket, here[len(here)-1].Time, here[0].Time}
		err := s.db.eachOften(packTable, where, args, func(row []any) error {
			until := row[6].(int64)
			unpacked, err := s.unpacked.of(packKey{row[0].(int64), row[1].(int64), row[2].(int64), row[3].(int64)}, func() ([]byte, error) {
				return s.records.unpack(bytesOf(row[7]))
			})
			if err != nil {
				return err
			}
			return eachInPack(unpacked, row[4].(int64), func(k RecordKey, body []byte) error {
				if _, ok := slices.BinarySearchFunc(here, k, RecordKey.compare); !ok {
					return nil
				}
				r, err := event.Unpack(k.ID, bytes.Clone(body))
				if err == nil {
					fn(k, until, r)
				}
				return err
			})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (k RecordKey) compare(other RecordKey) int {
	return cmp.Or(cmp.Compare(k.Time, other.Time), k.ID.Compare(other.ID))
}

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

var errPack = fmt.Errorf("unpacking kept records: they are not as long as they say")

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
