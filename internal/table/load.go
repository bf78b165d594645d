package table

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"probity/internal/strictyaml"
)

const (
	maxFileBytes    = 256 << 20
	maxRows         = 4_000_000
	maxSidecarBytes = 4 << 10
)

// Table is one loaded table. It is immutable.
type Table struct {
	name   string
	file   string
	config Config
	layout layout
	header header
	sum    string
	cells  []string // row by row in the order of layout.columns, folded where the column says so
	lines  []int32  // of each row, from 1
}

// Name returns the table's name.
func (t *Table) Name() string { return t.name }

// Rows returns the number of rows.
func (t *Table) Rows() int { return len(t.lines) }

// Column returns the cells of a column, row by row, folded where the column says so; nil if the table has no such column.
func (t *Table) Column(name string) []string {
	c := slices.IndexFunc(t.layout.columns, func(c column) bool { return c.name == name })
	if c < 0 {
		return nil
	}
	out := make([]string, t.Rows())
	for i := range out {
		out[i] = t.row(i)[c]
	}
	return out
}

// row returns the cells of row i.
func (t *Table) row(i int) []string {
	w := len(t.layout.columns)
	return t.cells[i*w : (i+1)*w : (i+1)*w]
}

// Files are a table's bytes, as they were read once.
type Files struct {
	Data    []byte
	Sidecar []byte // nil: there is none
}

// Load reads the table called name from c.Path. What is wrong with its contents comes as strictyaml.Problems; nothing of a
// table with a problem is used.
func Load(name string, c Config) (*Table, error) {
	f, err := Read(name, c)
	if err != nil {
		return nil, err
	}
	return f.Parse(name, c)
}

// Read reads the files of the table called name.
func Read(name string, c Config) (*Files, error) {
	src, err := readBounded(c.Path, maxFileBytes)
	if err != nil {
		return nil, fmt.Errorf("read table %s: %w", name, err)
	}
	sidecar, err := readBounded(c.Path+".meta", maxSidecarBytes)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read sidecar of table %s: %w", name, err)
	}
	return &Files{Data: src, Sidecar: sidecar}, nil
}

// Parse is Load for files that have been read.
func (f *Files) Parse(name string, c Config) (*Table, error) {
	if n := len(f.Data); n > 0 && f.Data[n-1] != '\n' {
		return nil, fmt.Errorf("load table %s: %w", name, strictyaml.Problems{{File: c.Path, What: "the last line has no end; the export may have been cut short", Do: "write the file under another name and rename it when it is whole"}})
	}
	t, err := parse(name, c, c.Path, f.Data, f.Sidecar)
	if err != nil {
		return nil, fmt.Errorf("load table %s: %w", name, err)
	}
	return t, nil
}

// Parse reads a table from src; file is its name in problems.
func Parse(name string, c Config, file string, src []byte) (*Table, error) {
	return parse(name, c, file, src, nil)
}

func readBounded(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // read only
	b, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(b)) > limit {
		return nil, fmt.Errorf("%s is longer than %d bytes; export fewer columns or rows", path, limit)
	}
	return b, nil
}

func parse(name string, c Config, file string, src, sidecar []byte) (*Table, error) {
	l, ok := layoutOf(name)
	if !ok {
		return nil, strictyaml.Problems{{File: file, What: fmt.Sprintf("unknown table %q", name), Do: knownTables()}}
	}
	if what, do := c.checkMiss(); what != "" {
		return nil, strictyaml.Problems{{File: file, What: what, Do: do}}
	}
	sum := sha256.Sum256(src)
	t := &Table{name: name, file: file, config: c.withDefaults(l), layout: l, sum: hex.EncodeToString(sum[:])}
	r := reader{table: t, rest: strings.TrimPrefix(string(src), "\uFEFF")}
	r.readHeader(sidecar)
	if len(r.problems) == 0 {
		r.readRows()
	}
	if err := r.problems.Err(); err != nil {
		return nil, err
	}
	return t, nil
}
