package source

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// generation is one file of a chain.
type generation struct {
	facts
	path    string
	archive string // "", ".gz" or ".zst"
	age     age
}

// age orders the generations of a chain.
type age struct {
	rank   rank
	date   string // digits, most significant first
	number int
}

type rank int // oldest first

const (
	dated rank = iota
	numbered
	packed // name.log.gz: just put away
	current
)

// olderFirst sorts dates upwards and numbers downwards: name.log.2 is older than name.log.1.
func olderFirst(a, b age) int {
	switch {
	case a.rank != b.rank:
		return int(a.rank - b.rank)
	case a.date != b.date:
		return strings.Compare(a.date, b.date)
	case a.rank == numbered:
		return b.number - a.number
	}
	return a.number - b.number
}

const datePattern = `((?:19|20)\d\d(-?)(?:0[1-9]|1[0-2])(-?)(?:0[1-9]|[12]\d|3[01])(?:[-_T]?\d\d(?:[-_:h.]?\d\d(?:[-_:m.]?\d\d(?:\.\d{3})?)?)?)?|1\d{9})`

var (
	trailingNumber = regexp.MustCompile(`^(.+)\.(\d{1,4})$`)
	trailingDate   = regexp.MustCompile(`^(.+)[-._]` + datePattern + `(?:\.(\d{1,4}))?$`)
	middleDate     = regexp.MustCompile(`^(.+)[-._]` + datePattern + `(?:\.(\d{1,4}))?(\.[A-Za-z][A-Za-z0-9]*)$`)
	middleNumber   = regexp.MustCompile(`^(.+)\.(\d{1,3})(\.[A-Za-z][A-Za-z0-9]*)$`)
)

// form is how the name of a rotated file was derived; not every form is proof of rotation (see belongs).
type form int

const (
	notRotated form = iota
	byNumber
	byDate
	byMiddleNumber
	byPacking
)

// rotated splits a file name of a generation into the name of its base and its age.
func rotated(name string) (base string, old age, how form) {
	plain, archive := unpacked(name)
	if m := trailingDate.FindStringSubmatch(plain); m != nil {
		return m[1], age{rank: dated, date: digits(m[2]), number: number(m[5])}, byDate
	}
	if m := middleDate.FindStringSubmatch(plain); m != nil {
		return m[1] + m[6], age{rank: dated, date: digits(m[2]), number: number(m[5])}, byDate
	}
	if m := trailingNumber.FindStringSubmatch(plain); m != nil {
		return m[1], age{rank: numbered, number: number(m[2])}, byNumber
	}
	if m := middleNumber.FindStringSubmatch(plain); m != nil {
		return m[1] + m[3], age{rank: numbered, number: number(m[2])}, byMiddleNumber
	}
	if archive != "" {
		return plain, age{rank: packed}, byPacking
	}
	return name, age{rank: current}, notRotated
}

// unpacked is the name without the ending of a compressed file, and that ending.
func unpacked(name string) (plain, archive string) {
	for _, ending := range [...]string{".gz", ".zst"} {
		if plain, ok := strings.CutSuffix(name, ending); ok && plain != "" {
			return plain, ending
		}
	}
	return name, ""
}

func number(s string) int {
	n, _ := strconv.Atoi(s) // at most four digits, or absent
	return n
}

func digits(date string) string {
	if len(date) == 10 && date[0] == '1' {
		seconds, _ := strconv.ParseInt(date, 10, 64)
		return time.Unix(seconds, 0).UTC().Format("20060102150405")
	}
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, date)
}

// siblings lists the generations of base, oldest first. foreign says of a path that it is the base of another chain.
//
// A rotation under way renames file after file, and a directory read meanwhile can show one twice or not at all; a missed
// generation would be lost. So the list is read until two readings agree.
func siblings(base string, foreign func(string) bool) ([]generation, error) {
	last, err := readSiblings(base, foreign)
	for range 10 {
		if err != nil {
			return nil, err
		}
		again, err2 := readSiblings(base, foreign)
		if slices.EqualFunc(last, again, func(a, b generation) bool { return a.path == b.path && a.inode == b.inode }) {
			return again, err2
		}
		last, err = again, err2
	}
	return nil, errUnsettled
}

func readSiblings(base string, foreign func(string) bool) ([]generation, error) {
	dir, name := filepath.Split(base)
	if dir == "" {
		dir = "."
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		if os.IsNotExist(err) {
			return nil, nil
		}
		return nil, err
	}
	var paths []string
	stem := strings.TrimSuffix(name, filepath.Ext(name)) // with which every form begins
	for _, entry := range entries {
		if !strings.HasPrefix(entry.Name(), stem) {
			continue
		}
		path := filepath.Join(dir, entry.Name())
		if of, _, how := rotated(entry.Name()); entry.Name() == name || (how != notRotated && of == name && !foreign(path)) {
			paths = append(paths, path)
		}
	}
	return generationsOf(base, paths)
}

// generationsOf orders files of one chain; files that have vanished meanwhile are left out.
func generationsOf(base string, paths []string) ([]generation, error) {
	var list []generation
	for _, path := range paths {
		st, err := factsOfPath(path)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		if err != nil || st.mode != 0 {
			continue
		}
		g := generation{facts: st, path: path, age: age{rank: current}}
		_, g.archive = unpacked(path)
		if filepath.Base(path) != filepath.Base(base) {
			_, g.age, _ = rotated(filepath.Base(path))
		}
		list = append(list, g)
	}
	slices.SortFunc(list, func(a, b generation) int {
		if c := olderFirst(a.age, b.age); c != 0 {
			return c
		}
		if c := len(a.archive) - len(b.archive); c != 0 {
			return c
		}
		return strings.Compare(a.path, b.path)
	})
	list = slices.CompactFunc(list, func(a, b generation) bool { // the plain file hides its compressed copy
		return olderFirst(a.age, b.age) == 0 && a.archive != b.archive
	})
	return list, nil
}
