package store

import (
	"archive/tar"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/klauspost/compress/zstd"
)

const (
	archiveExt     = ".tar.zst"
	archiveVersion = 1
	manifestName   = "MANIFEST.json"
	maxManifest    = 64 << 20
)

// Manifest is the first file of an archive: what the archive is a copy of, and the other files in their order.
type Manifest struct {
	Archive     int            `json:"archive"` // version of the archive's own format
	Version     int            `json:"version"` // format version of the state folder in it
	Commit      uint64         `json:"commit"`
	CommittedAt time.Time      `json:"committed_at"`
	Generation  string         `json:"generation,omitempty"`
	Program     string         `json:"program,omitempty"` // version of what made it
	Files       []ArchivedFile `json:"files"`
}

// ArchivedFile is a file of an archive.
type ArchivedFile struct {
	Name   string `json:"name"` // path in the state folder, with slashes
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// archived is a file, or the committed beginning of one, on its way into an archive.
type archived struct {
	ArchivedFile
	file *os.File
}

func (a *archived) reader() io.Reader { return io.NewSectionReader(a.file, 0, a.Size) }

// sumUp fills SHA256.
func (a *archived) sumUp() error {
	h := sha256.New()
	if err := copyExactly(h, a.reader(), a.Size); err != nil {
		return fmt.Errorf("reading %s: %w", a.Name, err)
	}
	a.SHA256 = hex.EncodeToString(h.Sum(nil))
	return nil
}

func copyExactly(to io.Writer, from io.Reader, size int64) error {
	n, err := io.Copy(to, from)
	if err == nil && n != size {
		err = fmt.Errorf("%d bytes instead of %d: %w", n, size, io.ErrUnexpectedEOF)
	}
	return err
}

// errChanged: a file was changed while it was read; reading it again may help.
var errChanged = errors.New("it was changed while it was read")

// writeArchive writes the manifest and the files.
func writeArchive(to io.Writer, m *Manifest, files []*archived) error {
	z, err := zstd.NewWriter(to)
	if err != nil {
		return err
	}
	t := tar.NewWriter(z)
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	entry := func(name string, size int64) *tar.Header {
		return &tar.Header{Name: name, Size: size, Mode: 0o600, ModTime: m.CommittedAt, Typeflag: tar.TypeReg, Format: tar.FormatPAX}
	}
	if err := t.WriteHeader(entry(manifestName, int64(len(text))+1)); err != nil {
		return err
	}
	if _, err := t.Write(append(text, '\n')); err != nil {
		return err
	}
	for _, a := range files {
		if err := t.WriteHeader(entry(a.Name, a.Size)); err != nil {
			return err
		}
		h := sha256.New()
		if err := copyExactly(io.MultiWriter(t, h), a.reader(), a.Size); err != nil {
			return fmt.Errorf("copying %s: %w", a.Name, err)
		}
		if hex.EncodeToString(h.Sum(nil)) != a.SHA256 {
			return fmt.Errorf("copying %s: %w", a.Name, errChanged)
		}
	}
	return errors.Join(t.Close(), z.Close())
}

// archiveReader reads an archive, checking it against its manifest.
type archiveReader struct {
	Manifest
	z *zstd.Decoder
	t *tar.Reader
}

func openArchive(from io.Reader) (*archiveReader, error) {
	z, err := zstd.NewReader(from, zstd.WithDecoderConcurrency(1))
	if err != nil {
		return nil, err
	}
	a := &archiveReader{z: z, t: tar.NewReader(z)}
	if err := a.readManifest(); err != nil {
		z.Close()
		return nil, err
	}
	return a, nil
}

func (a *archiveReader) readManifest() error {
	h, err := a.t.Next()
	if err != nil || h.Name != manifestName || h.Size > maxManifest {
		return fmt.Errorf("it does not begin with a %s: this is no archive of `probity state export`, or a damaged one", manifestName)
	}
	if err := json.NewDecoder(a.t).Decode(&a.Manifest); err != nil {
		return fmt.Errorf("reading its %s: %w", manifestName, err)
	}
	if a.Archive != archiveVersion {
		return fmt.Errorf("it has archive version %d; this program knows version %d: use the program that made it, or a newer one", a.Archive, archiveVersion)
	}
	if a.Version < 1 || a.Version > schemaVersion {
		return fmt.Errorf("the state in it has format version %d; this program knows the versions up to %d: use the program that made it, or a newer one", a.Version, schemaVersion)
	}
	return nil
}

// each calls fn with every file in the order of the manifest. fn reads it whole.
func (a *archiveReader) each(fn func(f ArchivedFile, content io.Reader) error) error {
	seen := map[string]bool{manifestName: true}
	for _, f := range a.Files {
		if !filepath.IsLocal(f.Name) || f.Name != filepath.ToSlash(filepath.Clean(f.Name)) || f.Name == lockName || seen[f.Name] {
			return fmt.Errorf("its manifest names a file %q: it was not made by `probity state export`", f.Name)
		}
		seen[f.Name] = true
		h, err := a.t.Next()
		if err != nil {
			return fmt.Errorf("it ends before %s, or is damaged there: %w", f.Name, err)
		}
		if h.Name != f.Name || h.Size != f.Size || h.Typeflag != tar.TypeReg {
			return fmt.Errorf("%s stands where its manifest has %s", h.Name, f.Name)
		}
		sum := sha256.New()
		if err := fn(f, io.TeeReader(a.t, sum)); err != nil {
			return fmt.Errorf("unpacking %s: %w", f.Name, err)
		}
		if hex.EncodeToString(sum.Sum(nil)) != f.SHA256 {
			return fmt.Errorf("%s in it is not what its manifest says: the archive was changed or is damaged; take another copy of it", f.Name)
		}
	}
	if _, err := a.t.Next(); !errors.Is(err, io.EOF) {
		return errors.New("it holds more than its manifest says, or is damaged at its end")
	}
	_, err := io.Copy(io.Discard, a.z) // the frame's own checksum comes last
	return err
}

func (a *archiveReader) close() { a.z.Close() }

// copyFile copies a file that nobody is writing.
func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}
