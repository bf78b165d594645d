package evidence

import (
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

// frontier is the last completed hash of each level of a Merkle tree that grows: all that a further leaf, and the root, are
// computed from. It is 2 KiB whatever the tree's size.
type frontier struct {
	size int64
	last [64]tlog.Hash // by level; of node size>>level − 1, if there is one
}

// ReadHashes implements tlog.HashReader for what lies on the frontier.
func (f *frontier) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		level, n := tlog.SplitStoredHashIndex(index)
		if n != f.size>>level-1 {
			return nil, fmt.Errorf("hash %d of level %d is not on the frontier of a tree of %d", n, level, f.size)
		}
		out[i] = f.last[level]
	}
	return out, nil
}

// add adds a line as the next leaf and returns the hashes that it completes, in the order of their storage.
func (f *frontier) add(line []byte) ([]tlog.Hash, error) {
	hashes, err := tlog.StoredHashes(f.size, line, f)
	if err != nil {
		return nil, err
	}
	f.size++
	copy(f.last[:], hashes)
	return hashes, nil
}

// root is the hash of the whole tree.
func (f *frontier) root() (tlog.Hash, error) { return tlog.TreeHash(f.size, f) }

// logHashes reads any hashes of the tree over the first size entries by one walk along the log, in the memory of the
// frontier and what was asked for. It needs no stored tree, and so does not believe one.
type logHashes struct {
	dir  string
	size uint64
}

// ReadHashes implements tlog.HashReader.
func (h logHashes) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	wanted := make(map[int64]tlog.Hash, len(indexes))
	for _, index := range indexes {
		wanted[index] = tlog.Hash{}
	}
	var f frontier
	at := newCursor(h.dir)
	err := at.advance(h.size, func(line []byte) error {
		index := tlog.StoredHashIndex(0, f.size)
		hashes, err := f.add(line)
		for i, sum := range hashes {
			if _, ok := wanted[index+int64(i)]; ok {
				wanted[index+int64(i)] = sum
			}
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	out := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		if index >= tlog.StoredHashCount(f.size) {
			return nil, fmt.Errorf("hash %d is not in a tree of %d", index, f.size)
		}
		out[i] = wanted[index]
	}
	return out, nil
}
