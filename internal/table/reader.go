package table

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"probity/internal/strictyaml"
)

// maxProblems is how many problems of one file are told.
const maxProblems = 20

// reader reads one file into its table.
type reader struct {
	table    *Table
	rest     string // what is not read yet
	line     int    // lines before rest
	problems strictyaml.Problems
	more     bool           // there were more than maxProblems
	from     []int          // by column of the layout: its index in the file
	keys     map[string]int // where the first column is a key: its line
}

// problem notes what is wrong at a place. It must not quote a cell that could name somebody.
func (r *reader) problem(line, column int, what, do string) {
	if len(r.problems) == maxProblems {
		r.more = true
		r.problems = append(r.problems, strictyaml.Problem{File: r.table.file, Line: line, Column: column, What: "more problems from here on", Do: "mend those above first"})
	}
	if !r.more {
		r.problems = append(r.problems, strictyaml.Problem{File: r.table.file, Line: line, Column: column, What: what, Do: do})
	}
}

// readHeader reads the comment lines at the top and the sidecar.
func (r *reader) readHeader(sidecar []byte) {
	if !utf8.ValidString(r.rest) {
		r.problem(firstInvalidLine(r.rest), 1, "not UTF-8", "export the table as UTF-8")
		return
	}
	found := false
	for strings.HasPrefix(r.rest, "#") {
		line, rest, _ := strings.Cut(r.rest, "\n")
		r.rest, r.line = rest, r.line+1
		if !strings.Contains(line, "exported_at") {
			continue
		}
		if found {
			r.problem(r.line, 1, "a second line with exported_at", "keep one")
			return
		}
		found = r.take(r.line, line)
	}
	if sidecar != nil && len(r.problems) == 0 {
		inFile, had := r.table.header, found
		found = r.takeSidecar(string(sidecar))
		if had && found && inFile != r.table.header {
			r.problem(1, 1, "the first line and the sidecar file differ", "let both say the same, or keep one")
		}
	}
	if len(r.problems) > 0 {
		return
	}
	if !found {
		r.problem(1, 1, "no exported_at", "begin the file with a line such as "+headerExample+"; the file's own time is never used")
	} else if r.table.layout.dated && !r.table.header.covers {
		r.problem(max(r.line, 1), 1, "no covers: a table with dated rows must say which event times it covers", "add covers=FROM/TO after exported_at")
	}
}

func firstInvalidLine(s string) int {
	n := 1
	for line := range strings.Lines(s) {
		if !utf8.ValidString(line) {
			return n
		}
		n++
	}
	return n
}

func (r *reader) take(line int, text string) bool {
	h, err := parseHeader(text)
	if err != nil {
		r.problem(line, 1, err.Error(), "write it like "+headerExample)
		return false
	}
	r.table.header = h
	return true
}

func (r *reader) takeSidecar(text string) bool {
	h, err := parseHeader(text)
	if err != nil {
		r.problems = append(r.problems, strictyaml.Problem{File: r.table.file + ".meta", Line: 1, Column: 1, What: err.Error(), Do: "write it like " + headerExample})
		return false
	}
	r.table.header = h
	return true
}

// readRows reads the CSV.
func (r *reader) readRows() {
	c := csv.NewReader(strings.NewReader(r.rest))
	c.FieldsPerRecord = -1 // counted here, so that all bad rows are told
	c.ReuseRecord = true
	names, err := c.Read()
	if err == io.EOF {
		r.problem(r.line+1, 1, "no header", "write the column names: "+r.columnNames())
		return
	}
	if err != nil {
		r.syntax(err)
		return
	}
	if !r.readNames(r.lineOf(c, 0), names) {
		return
	}
	width := len(names)
	if r.table.layout.unique {
		r.keys = map[string]int{}
	}
	for !r.more {
		cells, err := c.Read()
		if err == io.EOF {
			break
		}
		if err != nil {
			r.syntax(err)
			return
		}
		r.readRow(c, cells, width)
		if r.table.Rows() > maxRows {
			r.problem(r.lineOf(c, 0), 1, fmt.Sprintf("more than %d rows", maxRows), "export fewer")
			return
		}
	}
	if n := r.table.header.rows; n >= 0 && n != r.table.Rows() && len(r.problems) == 0 {
		r.problem(1, 1, fmt.Sprintf("%d rows where the header line says %d; the export may have been cut short", r.table.Rows(), n), "export the table again")
	}
}

func (r *reader) syntax(err error) {
	var p *csv.ParseError
	if !errors.As(err, &p) {
		r.problem(r.line+1, 1, err.Error(), "")
		return
	}
	r.problem(r.line+p.Line, max(p.Column, 1), "not valid CSV: "+p.Err.Error(), fmt.Sprintf("mend the quotes of the row that begins in line %d", r.line+p.StartLine))
}

func (r *reader) lineOf(c *csv.Reader, field int) int {
	line, _ := c.FieldPos(field)
	return r.line + line
}

func (r *reader) columnNames() string {
	var names []string
	for _, c := range r.table.layout.columns {
		names = append(names, c.name)
	}
	return strings.Join(names, ",")
}

// readNames finds the columns by their names.
func (r *reader) readNames(line int, names []string) bool {
	at := map[string]int{}
	for i, n := range names {
		n = foldText(n)
		if _, twice := at[n]; twice && r.table.layout.column(n) >= 0 {
			r.problem(line, 1, fmt.Sprintf("column %s stands twice", n), "keep one")
		}
		at[n] = i
	}
	var missing []string
	for _, c := range r.table.layout.columns {
		i, ok := at[c.name]
		if !ok {
			missing = append(missing, c.name)
		}
		r.from = append(r.from, i)
	}
	if len(missing) > 0 {
		r.problem(line, 1, "the header lacks "+strings.Join(missing, ", "), "the columns are "+r.columnNames()+", in any order; leave cells empty that are not known")
	}
	return len(r.problems) == 0
}

func (r *reader) readRow(c *csv.Reader, cells []string, width int) {
	if len(cells) != width {
		r.problem(r.lineOf(c, 0), 1, fmt.Sprintf("%d cells where the header has %d", len(cells), width), "quote cells that hold a comma")
		return
	}
	start := len(r.table.cells)
	for i, col := range r.table.layout.columns {
		cell, what, do := col.read(strings.TrimSpace(cells[r.from[i]]))
		if what != "" {
			line, column := c.FieldPos(r.from[i])
			r.problem(r.line+line, column, col.name+what, do)
		}
		r.table.cells = append(r.table.cells, cell)
	}
	line := r.lineOf(c, 0)
	r.table.lines = append(r.table.lines, int32(line))
	r.checkRow(line, r.table.cells[start:])
}

// checkRow checks what no cell shows alone.
func (r *reader) checkRow(line int, cells []string) {
	if r.keys != nil && cells[0] != "" {
		k := foldText(cells[0])
		if first, twice := r.keys[k]; twice {
			r.problem(line, 1, fmt.Sprintf("the %s of line %d again", r.table.layout.columns[0].name, first), "keep one row for each")
		}
		r.keys[k] = line
	}
	from, to := r.table.layout.column("from"), r.table.layout.column("to")
	if from < 0 || cells[from] == "" || cells[to] == "" {
		return
	}
	f, errFrom := parseStamp(cells[from])
	t, errTo := parseStamp(cells[to])
	if errFrom == nil && errTo == nil && f.local == t.local && f.begin(time.UTC) > t.end(time.UTC) {
		r.problem(line, 1, "to is before from", "mend the row")
	}
}

// read returns the cell as it is kept, or what is wrong with it after the column's name.
func (c column) read(cell string) (kept, what, do string) {
	if cell == "" {
		switch c.kind {
		case text, folded, begin, end:
			return "", "", ""
		}
		return "", " is empty", "fill it"
	}
	switch c.kind {
	case key, folded:
		return foldText(cell), "", ""
	case plate:
		var buf [keyBytes]byte
		return string(foldPlate(buf[:0], cell)), "", ""
	case staff, staffName:
		if unresolved(cell) {
			return "", " holds a colon", "write the staff id of the people table, not an account"
		}
		if c.kind == staff {
			cell = foldText(cell)
		}
	case begin, end, mustDate, mustEnd:
		if _, err := parseStamp(cell); err != nil {
			return "", " is not a time", "write 2026-03-02, 2026-03-02 14:05 (local) or 2026-03-02T14:05:00Z"
		}
	case dutyWord:
		cell = foldText(cell)
		for _, d := range duties() {
			if d == cell {
				return d, "", "" // the word of the program, not of every row
			}
		}
		return "", " is not a duty", "write one of " + strings.Join(duties(), ", ")
	}
	return cell, "", ""
}
