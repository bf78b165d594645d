package source

import (
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
)

const (
	headBytes   = 1024 // of a file's start in its identity
	beforeBytes = 256  // before the offset in its identity
)

// inode tells files of one host apart while they exist, and, where the file system keeps the time of birth, afterwards too.
type inode struct {
	Dev  uint64 `json:"dev"`
	Ino  uint64 `json:"ino"`
	Born int64  `json:"born,omitempty"` // Unix ns; 0 where it is not kept
}

// facts are what the file system says of a file now.
type facts struct {
	inode
	size, mtime int64 // bytes; Unix ns
	mode        fs.FileMode
}

// digest is a hash of a known number of bytes.
type digest struct {
	N   int    `json:"n"`
	Sum string `json:"sha256,omitempty"`
}

func digestOf(b []byte) digest {
	if len(b) == 0 {
		return digest{}
	}
	sum := sha256.Sum256(b)
	return digest{N: len(b), Sum: hex.EncodeToString(sum[:])}
}

// place is an offset in one file, with what it takes to recognise that file again.
type place struct {
	Path   string `json:"path"`
	File   inode  `json:"file"`
	Head   digest `json:"head"`
	Offset int64  `json:"offset"` // in a compressed file, of the uncompressed bytes
	Before digest `json:"before"`
	MTime  int64  `json:"mtime"` // Unix ns
}

// bare says that nothing of the content was known, so that only the inode can tell.
func (p place) bare() bool { return p.Head.N == 0 && p.Before.N == 0 }

// lastBytes is the tail of a and b together, at most beforeBytes long, in memory of its own.
func lastBytes(a, b []byte) []byte {
	if len(b) >= beforeBytes {
		return append(make([]byte, 0, beforeBytes), b[len(b)-beforeBytes:]...)
	}
	if keep := beforeBytes - len(b); len(a) > keep {
		a = a[len(a)-keep:]
	}
	return append(append(make([]byte, 0, beforeBytes), a...), b...)
}
