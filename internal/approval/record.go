package approval

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"time"
)

// recordName is the file that leads from a signature to the files beside and below it.
const recordName = "REVISION"

const (
	recordFormat   = 1
	maxRecordBytes = 64 << 20
	maxFiles       = 10_000
)

// record is REVISION; see the package comment.
type record struct {
	Format     int               `json:"format"`
	Repository string            `json:"repository"`
	Ref        string            `json:"ref"`
	Tag        string            `json:"tag,omitempty"` // id of the signed tag; "": the commit is what is signed
	Commit     string            `json:"commit"`
	Objects    map[string][]byte `json:"objects"`
}

// Revision is a revision that somebody who may has signed.
type Revision struct {
	Commit string
	Signer string // as the list of signers calls them, or the fingerprint of an OpenPGP key
	At     time.Time
	files  map[string]string // path to id, with slashes
}

// readRecord reads REVISION in a folder.
func readRecord(dir string) (*record, error) {
	name := filepath.Join(dir, recordName)
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if info.Size() > maxRecordBytes {
		return nil, fmt.Errorf("%s has %d bytes, which no revision needs", name, info.Size())
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	var r record
	if err := json.Unmarshal(text, &r); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if r.Format != recordFormat {
		return nil, fmt.Errorf("%s has format %d; this program knows format %d", name, r.Format, recordFormat)
	}
	return &r, nil
}

// verify walks from the signature to the ids of the files, and believes nothing on the way.
func (r *record) verify(ctx context.Context, by Signers) (Revision, error) {
	commit, err := r.object(r.Commit, "commit")
	if err != nil {
		return Revision{}, err
	}
	made := readCommit(commit)
	signed, stamp := made, "committer"
	if r.Tag != "" {
		tag, err := r.object(r.Tag, "tag")
		if err != nil {
			return Revision{}, err
		}
		signed, stamp = readTag(tag), "tagger"
		// of the payload alone: what stands behind it nobody has signed
		if h := headersOf(signed.payload); h["type"] != "commit" || h["object"] != r.Commit {
			return Revision{}, fmt.Errorf("tag %s is not of commit %s", r.Tag, r.Commit)
		}
	}
	if signed.signature == nil {
		return Revision{}, fmt.Errorf("%w: neither the tag nor the commit %s bears a signature", ErrUnsigned, r.Commit)
	}
	at, err := when(headersOf(signed.payload)[stamp])
	if err != nil {
		return Revision{}, fmt.Errorf("commit %s: %w", r.Commit, err)
	}
	signer, err := by.verify(ctx, signed, at)
	if err != nil {
		return Revision{}, err
	}
	out := Revision{Commit: r.Commit, Signer: signer, At: at, files: map[string]string{}}
	return out, r.walk(made.headers["tree"], "", out.files)
}

// object returns an object whose bytes have the id that leads to it.
func (r *record) object(id, kind string) ([]byte, error) {
	raw, ok := r.Objects[id]
	if !ok || objectID(id, kind, raw) != id {
		return nil, fmt.Errorf("%s: the %s %s is missing, or its bytes are others", recordName, kind, id)
	}
	return raw, nil
}

const maxDepth = 20

func (r *record) walk(tree, below string, files map[string]string) error {
	raw, err := r.object(tree, "tree")
	if err != nil {
		return err
	}
	entries, err := readTree(raw, len(tree)/2)
	if err != nil {
		return fmt.Errorf("tree %s: %w", tree, err)
	}
	for _, e := range entries {
		name := path.Join(below, e.name)
		switch {
		case e.isTree() && len(name) < 4096 && depth(name) < maxDepth:
			if err := r.walk(e.id, name, files); err != nil {
				return err
			}
		case e.isFile() && len(files) < maxFiles:
			files[name] = e.id
		default:
			return fmt.Errorf("%s is a link or a submodule, or there is too much: a repository of rules holds files, at most %d", name, maxFiles)
		}
	}
	return nil
}

func depth(name string) (n int) {
	for _, c := range name {
		if c == '/' {
			n++
		}
	}
	return n
}

// ErrUnsigned is wrapped by errors about what bears no signature, or none of those who may sign.
var ErrUnsigned = errors.New("not signed")
