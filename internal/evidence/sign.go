package evidence

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"probity/internal/fsx"
)

const (
	treeName       = "tree.hashes"
	treeFlushBytes = 1 << 20
)

// Checkpoints signs what a log holds, again and again as it grows. It is for one goroutine, beside the one that appends: it
// reads committed lines only.
type Checkpoints struct {
	fs     *fsx.FS
	dir    string
	signer *Signer
	tree   *fsx.Appender // hashes of the Merkle tree, valid for the first last.Size entries
	at     cursor        // behind entry last.Size
	last   Checkpoint    // Size 0 before the first
}

// OpenCheckpoints goes on after the newest checkpoint in dir. It refuses, as *fsx.Damage, a log that no longer holds what was
// signed. A tree that is missing or damaged is built anew from the log.
func OpenCheckpoints(fs *fsx.FS, dir string, signer *Signer, head Head) (_ *Checkpoints, err error) {
	c := &Checkpoints{fs: fs, dir: dir, signer: signer, at: newCursor(dir)}
	if err := fs.MkdirAll(CheckpointsDir(dir), 0o700); err != nil {
		return nil, err
	}
	if c.last, err = newestCheckpoint(dir); err != nil {
		return nil, err
	}
	if c.last.Size > head.Seq {
		return nil, signedDamage(c.last, fmt.Sprintf("it is of %d entries, and the log has %d: entries that were signed are gone", c.last.Size, head.Seq))
	}
	if c.tree, err = fs.OpenAppend(filepath.Join(dir, treeName), 0o600); err != nil {
		return nil, err
	}
	if err := c.restore(); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

func newestCheckpoint(dir string) (Checkpoint, error) {
	files, err := checkpointFiles(CheckpointsDir(dir))
	if err != nil || len(files) == 0 {
		return Checkpoint{}, err
	}
	file := files[len(files)-1]
	list, err := ReadCheckpoints(file)
	if err != nil {
		return Checkpoint{}, &fsx.Damage{File: file, What: err.Error(),
			Do: "Keep a copy of the file and remove it: the one before it, and those that witnesses hold, remain; a new one is signed at the next start"}
	}
	if last := list[len(list)-1]; checkpointPath(dir, last.Size) == file {
		return last, nil
	}
	return Checkpoint{}, signedDamage(Checkpoint{From: file}, "its name is not that of the number of entries in it")
}

func signedDamage(c Checkpoint, what string) error {
	return &fsx.Damage{File: c.From, What: what, Do: "`probity evidence verify --checkpoint` says which entries are not those that were signed. " +
		"If this state was restored from a backup, say so in your records and move the folder checkpoints to a safe place: signing then begins anew"}
}

// restore makes tree and cursor those of the last checkpoint.
func (c *Checkpoints) restore() error {
	// A checkpoint of another key, or of nobody's, says nothing that the stored tree could be held against.
	ours := c.last.Size > 0 && c.last.Verify(c.signer.verifier) == nil
	if c.last.Size > 0 && !ours && c.last.Origin == c.signer.Name() && signedBy(c.last, c.signer) {
		return signedDamage(c.last, "the signature is not of this text: the checkpoint was changed")
	}
	if ours && c.treeStands() {
		at, err := cursorAt(c.dir, c.last.Size)
		c.at = at
		return err
	}
	return c.rebuild()
}

// signedBy says whether the checkpoint claims to be signed by this very key.
func signedBy(c Checkpoint, s *Signer) bool {
	_, err := note.Open(c.Note, note.VerifierList(s.verifier))
	var invalid *note.InvalidSignatureError
	return err == nil || errors.As(err, &invalid)
}

// treeStands cuts the tree to the last checkpoint and says whether it has that checkpoint's root. Then every hash that a
// later root depends on is right; the others are only for proofs, which are checked when they are made.
func (c *Checkpoints) treeStands() bool {
	if err := c.tree.Truncate(treeBytes(c.last.Size)); err != nil {
		return false
	}
	root, err := tlog.TreeHash(int64(c.last.Size), c)
	return err == nil && (c.last.Size == 0 || root == c.last.Root)
}

func treeBytes(size uint64) int64 { return tlog.StoredHashCount(int64(size)) * tlog.HashSize }

// rebuild computes the tree from the log.
func (c *Checkpoints) rebuild() error {
	if err := c.tree.Truncate(0); err != nil {
		return err
	}
	var f frontier
	at := newCursor(c.dir)
	if err := c.extend(&f, &at, c.last.Size); err != nil {
		return err
	}
	root, err := f.root()
	if err != nil {
		return err
	}
	if c.last.Size > 0 && root != c.last.Root {
		return signedDamage(c.last, fmt.Sprintf("the first %d entries of the log are not those that were signed", c.last.Size))
	}
	c.at = at
	return nil
}

// extend adds the lines after the cursor, up to entry upTo, to frontier and tree.
func (c *Checkpoints) extend(f *frontier, at *cursor, upTo uint64) error {
	var buf bytes.Buffer
	flush := func() error {
		defer buf.Reset()
		return c.tree.Append(buf.Bytes())
	}
	err := at.advance(upTo, func(line []byte) error {
		hashes, err := f.add(line)
		if err != nil {
			return err
		}
		for i := range hashes {
			buf.Write(hashes[i][:])
		}
		if buf.Len() >= treeFlushBytes {
			return flush()
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := flush(); err != nil {
		return err
	}
	return c.tree.Sync()
}

// frontier reads the frontier of the last checkpoint's tree.
func (c *Checkpoints) frontier() (*frontier, error) {
	f := &frontier{size: int64(c.last.Size)}
	var indexes []int64
	for level := 0; f.size>>level > 0; level++ {
		indexes = append(indexes, tlog.StoredHashIndex(level, f.size>>level-1))
	}
	hashes, err := c.ReadHashes(indexes)
	copy(f.last[:], hashes)
	return f, err
}

// ReadHashes implements tlog.HashReader over the stored tree.
func (c *Checkpoints) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	return readHashes(c.tree, indexes)
}

func readHashes(tree io.ReaderAt, indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		if _, err := tree.ReadAt(out[i][:], index*tlog.HashSize); err != nil {
			return nil, fmt.Errorf("reading hash %d of %s: %w", index, treeName, err)
		}
	}
	return out, nil
}

// Last is the newest checkpoint; its Size is 0 before the first.
func (c *Checkpoints) Last() Checkpoint { return c.last }

// Sign makes the log up to head, which is committed, the newest checkpoint. If it is already, made is false. An error leaves
// the checkpoint before in place, and the call can be repeated.
func (c *Checkpoints) Sign(head Head) (newest Checkpoint, made bool, err error) {
	if head.Seq == c.last.Size {
		return c.last, false, nil
	}
	if head.Seq < c.last.Size {
		return c.last, false, signedDamage(c.last, fmt.Sprintf("it is of %d entries, and the log has %d", c.last.Size, head.Seq))
	}
	if !c.treeStands() { // bytes of an attempt that failed are cut, and a disk may have turned a bit since
		if err := c.rebuild(); err != nil {
			return c.last, false, err
		}
	}
	f, err := c.frontier()
	if err != nil {
		return c.last, false, err
	}
	at := c.at
	if err := c.extend(f, &at, head.Seq); err != nil {
		return c.last, false, fmt.Errorf("hashing entries %d to %d of the evidence: %w", c.last.Size+1, head.Seq, err)
	}
	if at.hash != head.Hash {
		return c.last, false, damage(linksPath(c.dir, at.segment), fmt.Sprintf("byte %d", at.offset),
			fmt.Sprintf("entry %d before it is not the one that was committed (hash %.16s…)", head.Seq, head.Hash))
	}
	next := Checkpoint{Origin: c.signer.Name(), Size: head.Seq, From: checkpointPath(c.dir, head.Seq)}
	if next.Root, err = f.root(); err != nil {
		return c.last, false, err
	}
	if next.Note, err = note.Sign(&note.Note{Text: next.text()}, c.signer); err != nil {
		return c.last, false, fmt.Errorf("signing a checkpoint of %d entries: %w", next.Size, err)
	}
	if err := c.fs.WriteFile(next.From, next.Note, 0o600); err != nil {
		return c.last, false, err
	}
	c.last, c.at = next, at
	return next, true, nil
}

// Close closes the tree.
func (c *Checkpoints) Close() error {
	if c.tree == nil {
		return nil
	}
	return c.tree.Close()
}
