package store

import (
	"cmp"
	"slices"

	"probity/internal/event"
)

// Many records that come together and may go together lie in one row, a pack: a row of its own costs a record six times what it
// costs in a pack, in time and, with names of its own, three times the bytes. A record that an alert holds gets its own row, which
// outlives its place in the pack, and is what the alert's next revision reads.
const (
	packAtLeast = 16
	packAtMost  = 128     // to read one record, all of its pack are unpacked
	packBytes   = 1 << 20 // before compression, at most; a record of more gets a row of its own

	maxPackBytes = 2 * packBytes // and with what is written of each record beside it
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
		ids := make(map[event.ID]bool, len(here))
		for _, k := range here {
			ids[k.ID] = true
		}
		args := []any{int64(c.level), c.bucket, here[len(here)-1].Time, here[0].Time}
		err := s.db.eachOften(packTable, where, args, func(row []any) error {
			p, err := packRowOf(row)
			if err != nil || !p.mayHold(ids) {
				return err
			}
			o, err := s.unpacked.of(packKey{row[0].(int64), row[1].(int64), row[2].(int64), row[3].(int64)}, func() (*opened, error) {
				return s.records.open(p)
			})
			if err != nil {
				return err
			}
			for i, k := range o.keys {
				if !ids[k.ID] {
					continue
				}
				if _, ok := slices.BinarySearchFunc(here, k, RecordKey.compare); !ok {
					continue // another time
				}
				r, err := o.record(i)
				if err != nil {
					return err
				}
				fn(k, row[6].(int64), r)
			}
			return nil
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
