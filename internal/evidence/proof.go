package evidence

import (
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/mod/sumdb/tlog"
)

// Proof shows that an entry is one of those that a checkpoint is of. Whoever has it needs neither the log nor this program:
// start with the leaf, and at each step hash a byte 1 and the two hashes, Hash on its Side; the result is the root.
type Proof struct {
	Seq  uint64 `json:"seq"`
	Size uint64 `json:"size"` // of the checkpoint
	Leaf string `json:"leaf"` // SHA-256 of a byte 0 and the entry's line, newline included; hex as all hashes here
	Path []Step `json:"path"`
	Root string `json:"root"`
}

// Step is one level up the tree.
type Step struct {
	Side string `json:"side"` // of Hash: left or right
	Hash string `json:"hash"`
}

// Prove proves that the line of entry seq is in the checkpoint, which is of the log in dir. It uses the stored tree, and walks
// the log where that is missing or damaged. The proof is checked before it is returned.
func Prove(dir string, c Checkpoint, seq uint64, line []byte) (Proof, error) {
	if seq == 0 || seq > c.Size {
		return Proof{}, fmt.Errorf("entry %d is not among the %d entries of the checkpoint", seq, c.Size)
	}
	leaf := tlog.RecordHash(line)
	n, size := int64(seq-1), int64(c.Size)
	path, err := proveStored(dir, n, size)
	if err == nil {
		err = tlog.CheckRecord(path, size, c.Root, n, leaf)
	}
	if err != nil {
		if path, err = tlog.ProveRecord(size, n, logHashes{dir, c.Size}); err != nil {
			return Proof{}, fmt.Errorf("proving entry %d: %w", seq, err)
		}
		if err := tlog.CheckRecord(path, size, c.Root, n, leaf); err != nil {
			return Proof{}, fmt.Errorf("entry %d is not what the checkpoint of %d entries says it was, or another before that was changed: %w", seq, c.Size, err)
		}
	}
	p := Proof{Seq: seq, Size: c.Size, Leaf: hex.EncodeToString(leaf[:]), Root: hex.EncodeToString(c.Root[:])}
	for i, side := range sides(n, size) {
		p.Path = append(p.Path, Step{Side: side, Hash: hex.EncodeToString(path[i][:])})
	}
	return p, nil
}

func proveStored(dir string, n, size int64) (tlog.RecordProof, error) {
	f, err := os.Open(filepath.Join(dir, treeName))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return tlog.ProveRecord(size, n, tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) { return readHashes(f, indexes) }))
}

// sides says on which side each hash of a proof stands, from the leaf up (RFC 6962, 2.1.1).
func sides(n, size int64) []string {
	var down []string
	for lo, hi := int64(0), size; hi-lo > 1; {
		half := int64(1)
		for half*2 < hi-lo {
			half *= 2
		}
		if n < lo+half {
			down, hi = append(down, "right"), lo+half
		} else {
			down, lo = append(down, "left"), lo+half
		}
	}
	slices.Reverse(down)
	return down
}
