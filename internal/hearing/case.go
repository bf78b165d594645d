package hearing

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"probity/internal/alert"
	"probity/internal/event"
	"probity/internal/evidence"
)

// Case is everything about one alert.
type Case struct {
	ID         string
	At         time.Time // of the export
	Version    string    // of the program
	Revisions  []Revision
	Lines      []Line
	Entries    []Entry // of the evidence log, oldest first
	Verified   evidence.Report
	Checkpoint *evidence.Checkpoint // nil: there is none
	Key        string               // name of the key that its signature was checked with; "" if it was not
	Files      []File               // the rule and its overlay
	Missing    []string             // what is not here and why, a sentence each
}

// Revision is one revision of the alert.
type Revision struct {
	Alert alert.Alert
	Body  []byte // as it was committed
}

// Line is one record that the alert quotes, and where its bytes are now.
type Line struct {
	Record event.Record
	Bytes  []byte
	Now    *Place             // nil: gone
	Kept   *alert.Surrounding // what was preserved of the log around it; nil: nothing
}

// Place is a stretch of a log file as it stands now.
type Place struct {
	Path   string
	Offset int64 // of Text, in the uncompressed bytes
	Text   []byte
}

// Entry is an entry of the evidence log with its proof.
type Entry struct {
	evidence.Stored
	Proof *evidence.Proof // nil: the checkpoint does not have it yet
}

// File is a file of the rule.
type File struct {
	Name  string // in the bundle
	From  string // where it was found
	Bytes []byte
}

// Last is the last revision.
func (c *Case) Last() *alert.Alert { return &c.Revisions[len(c.Revisions)-1].Alert }

// file is a file of the bundle.
type file struct {
	name string
	data []byte
}

// Write writes the bundle as a zip.
func (c *Case) Write(to io.Writer) error {
	if len(c.Revisions) == 0 {
		return fmt.Errorf("alert %s has no revision", c.ID)
	}
	files, err := c.files()
	if err != nil {
		return fmt.Errorf("bundle of alert %s: %w", c.ID, err)
	}
	var manifest bytes.Buffer
	for _, f := range files {
		fmt.Fprintf(&manifest, "%s  %s\n", sum(f.data), f.name)
	}
	z := zip.NewWriter(to)
	for _, f := range append(files, file{"MANIFEST", manifest.Bytes()}) {
		h := &zip.FileHeader{Name: f.name, Method: zip.Deflate, Modified: c.At}
		h.SetMode(0o600) // it names persons
		w, err := z.CreateHeader(h)
		if err != nil {
			return err
		}
		if _, err := w.Write(f.data); err != nil {
			return err
		}
	}
	return z.Close()
}

func sum(p []byte) string {
	s := sha256.Sum256(p)
	return hex.EncodeToString(s[:])
}

// files are all but the manifest.
func (c *Case) files() ([]file, error) {
	var out []file
	for _, r := range c.Revisions {
		out = append(out, file{revisionFile(r.Alert.Revision), r.Body})
	}
	lines, err := c.lineFiles()
	if err != nil {
		return nil, err
	}
	out = append(out, lines...)
	proofs, err := c.evidenceFiles()
	if err != nil {
		return nil, err
	}
	out = append(out, proofs...)
	for _, f := range c.Files {
		out = append(out, file{f.Name, f.Bytes})
	}
	tables, err := json.MarshalIndent(append([]alert.Table{}, c.Last().Tables...), "", "  ")
	if err != nil {
		return nil, err
	}
	out = append(out, file{"tables.json", append(tables, '\n')})
	text, page, err := c.reports()
	return append(out, file{"report.txt", text}, file{"report.html", page}), err
}

func revisionFile(n int) string { return fmt.Sprintf("revisions/%d.json", n) }

// lineEntry is an element of lines.json.
type lineEntry struct {
	ID           string `json:"id"`
	Source       string `json:"source"`
	NativeID     string `json:"native_id,omitempty"`
	Path         string `json:"log.file.path"`
	Offset       int64  `json:"log.offset"`
	Bytes        int    `json:"bytes"`
	SHA256       string `json:"sha256"`
	File         string `json:"file"`
	Gone         bool   `json:"gone"` // from the log
	NowPath      string `json:"now.path,omitempty"`
	NowOffset    int64  `json:"now.offset"`
	Surroundings string `json:"surroundings,omitempty"`
}

func (c *Case) lineFiles() ([]file, error) {
	var out []file
	list := []lineEntry{}
	for i, l := range c.Lines {
		e := lineEntry{ID: l.Record.ID, Source: l.Record.Source, NativeID: l.Record.NativeID, Path: l.Record.Path, Offset: l.Record.Offset,
			Bytes: len(l.Bytes), SHA256: l.Record.SHA256, File: recordFile(i), Gone: l.Now == nil}
		out = append(out, file{e.File, l.Bytes})
		if l.Now != nil {
			e.NowPath, e.NowOffset, e.Surroundings = l.Now.Path, l.Now.Offset, fmt.Sprintf("lines/%03d.surroundings", i+1)
			out = append(out, file{e.Surroundings, l.Now.Text})
		}
		list = append(list, e)
	}
	b, err := json.MarshalIndent(list, "", "  ")
	return append(out, file{"lines.json", append(b, '\n')}), err
}

func recordFile(i int) string { return fmt.Sprintf("lines/%03d.record", i+1) }

func (c *Case) evidenceFiles() ([]file, error) {
	var entries, bodies bytes.Buffer
	proofs := []*evidence.Proof{}
	for _, e := range c.Entries {
		entries.Write(e.Line)
		bodies.Write(e.BodyLine)
		proofs = append(proofs, e.Proof)
	}
	p, err := json.MarshalIndent(proofs, "", "  ")
	out := []file{
		{"evidence/entries.jsonl", entries.Bytes()}, {"evidence/bodies.jsonl", bodies.Bytes()},
		{"evidence/proofs.json", append(p, '\n')}, {"evidence/prove.sh", []byte(proveScript)},
	}
	if c.Checkpoint != nil {
		out = append(out, file{"evidence/checkpoint", c.Checkpoint.Note})
	}
	return out, err
}
