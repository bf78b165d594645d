package daemon

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"probity/internal/engine"
	"probity/internal/event"
	"probity/internal/fsx"
	"probity/internal/rule"
	"probity/internal/table"
)

// archiveFormat is the version of manifest.
const archiveFormat = 1

// archive keeps what generations were made of; see the package comment.
type archive struct {
	dir string // state_dir/generations
	fs  *fsx.FS
}

func newArchive(stateDir string) archive {
	return archive{dir: filepath.Join(stateDir, "generations"), fs: &fsx.FS{}}
}

// manifest is manifest.json.
type manifest struct {
	Format     int               `json:"format"`
	Generation string            `json:"generation"`
	Program    string            `json:"program"` // the version that put it in force
	Zone       string            `json:"zone"`
	Marking    string            `json:"marking"`
	Rules      []archivedFile    `json:"rules"` // in the order in which they were read
	Tables     []archivedTable   `json:"tables"`
	Fields     []archivedField   `json:"fields"`
	Repeats    map[string]string `json:"repeats"`  // by dataset
	Lateness   map[string]string `json:"lateness"` // by source

	Approval *engine.Approval `json:"approval,omitempty"` // of the rules
}

// archivedFile names a file as it was named then, and its bytes by their hash.
type archivedFile struct {
	Name   string `json:"name"`
	SHA256 string `json:"sha256"`
	Bytes  int    `json:"bytes"`
}

type archivedTable struct {
	Name     string        `json:"name"`
	Settings table.Config  `json:"settings"` // max_age in nanoseconds
	File     archivedFile  `json:"file"`
	Sidecar  *archivedFile `json:"sidecar,omitempty"`
}

type archivedField struct {
	Name string `json:"name"`
	Kind string `json:"kind"`
}

func (a archive) files() string                 { return filepath.Join(a.dir, "files") }
func (a archive) contents(sum string) string    { return filepath.Join(a.files(), sum) }
func (a archive) manifestOf(hash string) string { return filepath.Join(a.dir, hash, "manifest.json") }

// keep makes durable what a generation was made of: the contents that are not there yet, and then the manifest that names them.
func (a archive) keep(hash string, in *ingredients) error {
	if _, err := os.Stat(a.manifestOf(hash)); err == nil {
		return nil
	}
	if err := a.write(hash, in); err != nil {
		return fmt.Errorf("archiving generation %s: %w; without its files it could not be repeated, so it does not come into force", hash, err)
	}
	return nil
}

func (a archive) write(hash string, in *ingredients) error {
	m := manifest{Format: archiveFormat, Generation: hash, Program: Version(), Zone: in.zone, Marking: in.marking, Repeats: texts(in.repeats), Lateness: texts(in.lateness), Approval: in.approval}
	fresh := map[string][]byte{}
	add := func(name string, data []byte) archivedFile {
		sum := sha256.Sum256(data)
		f := archivedFile{Name: name, SHA256: hex.EncodeToString(sum[:]), Bytes: len(data)}
		if info, err := os.Stat(a.contents(f.SHA256)); err != nil || info.Size() != int64(len(data)) {
			fresh[f.SHA256] = data
		}
		return f
	}
	for _, r := range in.rules {
		m.Rules = append(m.Rules, add(r.Name, r.Data))
	}
	for _, t := range in.tables {
		at := archivedTable{Name: t.name, Settings: t.config, File: add(t.config.Path, t.files.Data)}
		if t.files.Sidecar != nil {
			s := add(t.config.Path+".meta", t.files.Sidecar)
			at.Sidecar = &s
		}
		m.Tables = append(m.Tables, at)
	}
	for _, f := range in.fields {
		m.Fields = append(m.Fields, archivedField{f.Name, f.Kind.String()})
	}
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	for _, dir := range []string{a.files(), filepath.Dir(a.manifestOf(hash))} {
		if err := a.fs.MkdirAll(dir, 0o700); err != nil {
			return err
		}
	}
	if err := a.fs.WriteFiles(a.files(), fresh, 0o600); err != nil {
		return err
	}
	return a.fs.WriteFile(a.manifestOf(hash), append(text, '\n'), 0o600)
}

// read returns what a generation was made of.
func (a archive) read(hash string) (*ingredients, error) {
	path := a.manifestOf(hash)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("generation %s is not in the archive %s: it came into force before there was one, or its folder was removed", hash, a.dir)
	} else if err != nil {
		return nil, err
	}
	var m manifest
	if err := json.Unmarshal(text, &m); err != nil {
		return nil, &fsx.Damage{File: path, What: err.Error(), Do: restoreArchive}
	}
	if m.Format != archiveFormat {
		return nil, fmt.Errorf("%s has format %d; this program knows format %d: use the program that wrote it, or a newer one", path, m.Format, archiveFormat)
	}
	in := &ingredients{zone: m.Zone, marking: m.Marking, approval: m.Approval}
	var failed error
	data := func(f archivedFile) []byte {
		b, err := a.content(f)
		failed = errors.Join(failed, err)
		return b
	}
	for _, f := range m.Rules {
		in.rules = append(in.rules, rule.File{Name: f.Name, Data: data(f)})
	}
	for _, t := range m.Tables {
		files := &table.Files{Data: data(t.File)}
		if t.Sidecar != nil {
			files.Sidecar = append([]byte{}, data(*t.Sidecar)...) // an empty one is not none
		}
		in.tables = append(in.tables, madeTable{t.Name, t.Settings, files})
	}
	for _, f := range m.Fields {
		kind, err := event.ParseKind(f.Kind)
		failed = errors.Join(failed, err)
		in.fields = append(in.fields, event.FieldInfo{Name: f.Name, Kind: kind})
	}
	var errs [2]error
	in.repeats, errs[0] = durations(m.Repeats)
	in.lateness, errs[1] = durations(m.Lateness)
	return in, errors.Join(failed, errs[0], errs[1])
}

const restoreArchive = "restore the folder generations of the state folder from a backup"

// content reads bytes and compares them with the hash that they go by.
func (a archive) content(f archivedFile) ([]byte, error) {
	b, err := os.ReadFile(a.contents(f.SHA256))
	if err != nil {
		return nil, fmt.Errorf("reading %s, which was %s: %w", a.contents(f.SHA256), f.Name, err)
	}
	if sum := sha256.Sum256(b); hex.EncodeToString(sum[:]) != f.SHA256 {
		return nil, &fsx.Damage{File: a.contents(f.SHA256), What: "its bytes are not those of " + f.Name + ", by their SHA-256", Do: restoreArchive}
	}
	return b, nil
}

func texts(m map[string]time.Duration) map[string]string {
	out := map[string]string{}
	for k, d := range m {
		out[k] = d.String()
	}
	return out
}

func durations(m map[string]string) (map[string]time.Duration, error) {
	out := map[string]time.Duration{}
	for k, text := range m {
		d, err := time.ParseDuration(text)
		if err != nil {
			return nil, err
		}
		out[k] = d
	}
	return out, nil
}
