package store

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"probity/internal/fsx"
)

const (
	tallyBytes = 8 + 8 + 4   // hash, time, n
	tallySpan  = int64(60e9) // ns of event time that a row of tallies covers, so that what is past goes row by row
	tallyLimit = 1 << 16     // tallies a row
)

// putTallies stores the tallies of a commit, a row for each stream and minute of event time.
func (s *Store) putTallies(tallies []Tally, next *head) error {
	type minute struct {
		stream string
		number int64
	}
	rows := map[minute][]byte{}
	var order []minute
	for _, t := range tallies {
		m := minute{t.Stream, t.Time / tallySpan}
		if rows[m] == nil {
			order = append(order, m)
		}
		rows[m] = appendTally(rows[m], t)
	}
	for _, m := range order {
		part := int64(0)
		for p := range slices.Chunk(rows[m], tallyLimit*tallyBytes) {
			next.rows.tallies++
			until := tallyUntil(m.number)
			if err := s.db.add(tallyTable, []byte(m.stream), until, int64(next.commit), part, p); err != nil {
				return err
			}
			part++
		}
	}
	return nil
}

// tallyUntil is above every time of the minute, also before 1970.
func tallyUntil(minute int64) int64 {
	if minute >= math.MaxInt64/tallySpan {
		return math.MaxInt64
	}
	return (minute + 1) * tallySpan
}

func appendTally(p []byte, t Tally) []byte {
	p = binary.LittleEndian.AppendUint64(p, t.Hash)
	p = binary.LittleEndian.AppendUint64(p, uint64(t.Time))
	return binary.LittleEndian.AppendUint32(p, t.N)
}

// EachTally calls fn for the tallies of a stream. Those of one hash come in the order in which they were committed, the last
// of which counts; some that may be dropped can be among them.
func (s *Store) EachTally(stream string, fn func(Tally) error) error {
	return s.db.each(tallyTable, "WHERE stream = ? ORDER BY commit_no, until, part", []any{[]byte(stream)}, func(row []any) error {
		return eachTally(s.db.path, stream, bytesOf(row[4]), fn)
	})
}

func eachTally(file, stream string, p []byte, fn func(Tally) error) error {
	for ; len(p) >= tallyBytes; p = p[tallyBytes:] {
		err := fn(Tally{Stream: stream, Hash: binary.LittleEndian.Uint64(p), Time: int64(binary.LittleEndian.Uint64(p[8:])), N: binary.LittleEndian.Uint32(p[16:])})
		if err != nil {
			return err
		}
	}
	if len(p) != 0 {
		return &fsx.Damage{File: file, At: "table tallies", What: fmt.Sprintf("a row ends %d bytes into a tally", len(p)), Do: restore}
	}
	return nil
}
