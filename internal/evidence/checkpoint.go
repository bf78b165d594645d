package evidence

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	checkpointsDir     = "checkpoints"
	checkpointExt      = ".checkpoint"
	checkpointSchema   = "probity.checkpoint/1"
	maxCheckpointBytes = 1 << 20 // of one; package note refuses longer ones, too
	maxWitnessBytes    = 1 << 30
)

// Checkpoint says which entries a log had: a statement that can be signed, kept elsewhere, and held against the log later.
type Checkpoint struct {
	Origin string    // name of the log, and of its key
	Size   uint64    // entries
	Root   tlog.Hash // of the Merkle tree over their lines
	Note   []byte    // as it was signed: text, empty line, signatures
	From   string    // where it was read: file, or file and line
}

// text is what is signed: a C2SP tlog-checkpoint without extension lines.
func (c *Checkpoint) text() string {
	return fmt.Sprintf("%s\n%d\n%s\n", c.Origin, c.Size, c.Root)
}

// ParseCheckpoint reads a signed note. It checks no signature.
func ParseCheckpoint(signed []byte) (Checkpoint, error) {
	if len(signed) > maxCheckpointBytes {
		return Checkpoint{}, fmt.Errorf("%d bytes; a checkpoint has at most %d", len(signed), maxCheckpointBytes)
	}
	_, err := note.Open(signed, note.VerifierList())
	var unverified *note.UnverifiedNoteError
	if !errors.As(err, &unverified) {
		return Checkpoint{}, fmt.Errorf("no signed note: %w", err)
	}
	text := unverified.Note.Text
	lines := strings.Split(text, "\n")
	if len(lines) != 4 || lines[3] != "" {
		return Checkpoint{}, errors.New("a checkpoint has three lines: origin, number of entries, root hash")
	}
	size, err := strconv.ParseUint(lines[1], 10, 64)
	if err != nil || size > math.MaxInt64 {
		return Checkpoint{}, fmt.Errorf("%q is no number of entries", lines[1])
	}
	root, err := base64.StdEncoding.DecodeString(lines[2])
	if err != nil || len(root) != tlog.HashSize {
		return Checkpoint{}, fmt.Errorf("%q is no root hash", lines[2])
	}
	for _, s := range unverified.Note.UnverifiedSigs { // package note passes over bits that carry nothing
		if _, err := base64.StdEncoding.Strict().DecodeString(s.Base64); err != nil {
			return Checkpoint{}, errors.New("a signature is not written in the form in which signatures are written")
		}
	}
	c := Checkpoint{Origin: lines[0], Size: size, Root: tlog.Hash(root), Note: bytes.Clone(signed)}
	if err := checkOrigin(c.Origin); err != nil {
		return Checkpoint{}, err
	}
	if c.text() != text {
		return Checkpoint{}, errors.New("it is not written in the form in which checkpoints are written")
	}
	return c, nil
}

// Verify checks that v's key signed the checkpoint.
func (c *Checkpoint) Verify(v note.Verifier) error {
	if c.Origin != v.Name() {
		return fmt.Errorf("it is of the log %s, the key of %s", c.Origin, v.Name())
	}
	signed, err := note.Open(c.Note, note.VerifierList(v))
	var invalid *note.InvalidSignatureError
	switch {
	case errors.As(err, &invalid):
		return errors.New("the signature is not of this text: the checkpoint was changed")
	case err != nil:
		return errors.New("this key did not sign it")
	case signed.Text != c.text():
		return errors.New("what is signed is another text")
	}
	return nil
}

// witnessed is the JSON form in which checkpoints go to witnesses, one a line.
type witnessed struct {
	Schema     string `json:"schema"`
	Origin     string `json:"origin"`
	Size       uint64 `json:"size"`
	Checkpoint string `json:"checkpoint"`
}

// JSON is the form for a sink: one object, the note inside it.
func (c *Checkpoint) JSON() []byte {
	b, err := json.Marshal(witnessed{checkpointSchema, c.Origin, c.Size, string(c.Note)})
	if err != nil {
		panic(err) // texts and numbers
	}
	return b
}

// ReadCheckpoints reads the checkpoints at path: a signed note, the lines of a witness's file, or a folder of notes.
func ReadCheckpoints(path string) ([]Checkpoint, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return checkpointsIn(path)
	}
	if info.Size() > maxWitnessBytes {
		return nil, fmt.Errorf("%s: %d bytes; at most %d are read: take its last lines", path, info.Size(), maxWitnessBytes)
	}
	p, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	list, err := parseCheckpoints(p)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	for i := range list {
		list[i].From = path + list[i].From
	}
	return list, nil
}

// parseCheckpoints reads a note, or JSON lines. From is "" or the line.
func parseCheckpoints(p []byte) ([]Checkpoint, error) {
	if !bytes.HasPrefix(p, []byte("{")) {
		c, err := ParseCheckpoint(p)
		return []Checkpoint{c}, err
	}
	var list []Checkpoint
	number := 0
	for line := range bytes.Lines(p) {
		number++
		if !bytes.HasSuffix(line, []byte("\n")) && number > 1 {
			break // being written
		}
		c, err := parseWitnessed(line)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
		c.From = fmt.Sprintf(" line %d", number)
		list = append(list, c)
	}
	return list, nil
}

func parseWitnessed(line []byte) (Checkpoint, error) {
	var w witnessed
	if err := json.Unmarshal(line, &w); err != nil {
		return Checkpoint{}, fmt.Errorf("no checkpoint: %w", err)
	}
	if w.Schema != checkpointSchema {
		return Checkpoint{}, fmt.Errorf("schema %q; this program reads %s", w.Schema, checkpointSchema)
	}
	c, err := ParseCheckpoint([]byte(w.Checkpoint))
	if err == nil && (c.Size != w.Size || c.Origin != w.Origin) {
		err = errors.New("origin and size are not those of the checkpoint inside")
	}
	return c, err
}

// checkpointPath is the file of a checkpoint beside the log, so named that the newest sorts last.
func checkpointPath(dir string, size uint64) string {
	return filepath.Join(dir, checkpointsDir, fmt.Sprintf("%012d%s", size, checkpointExt))
}

// CheckpointsDir is where the log in dir keeps its own checkpoints.
func CheckpointsDir(dir string) string { return filepath.Join(dir, checkpointsDir) }

// checkpointFiles lists the notes in a folder, the smallest size first. A folder that is not there has none.
func checkpointFiles(folder string) ([]string, error) {
	files, err := os.ReadDir(folder)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var list []string
	for _, f := range files {
		digits, ok := strings.CutSuffix(f.Name(), checkpointExt)
		if n, err := strconv.ParseUint(digits, 10, 64); ok && err == nil && fmt.Sprintf("%012d", n) == digits {
			list = append(list, filepath.Join(folder, f.Name()))
		}
	}
	slices.SortFunc(list, func(a, b string) int {
		if len(a) != len(b) {
			return len(a) - len(b)
		}
		return strings.Compare(a, b)
	})
	return list, nil
}

func checkpointsIn(folder string) ([]Checkpoint, error) {
	files, err := checkpointFiles(folder)
	if err != nil {
		return nil, err
	}
	var all []Checkpoint
	for _, file := range files {
		list, err := ReadCheckpoints(file)
		if err != nil {
			return nil, err
		}
		all = append(all, list...)
	}
	return all, nil
}
