package evidence

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

const bodiesDir = "bodies"

func linksPath(dir string, n int) string { return filepath.Join(dir, fmt.Sprintf("%06d.log", n)) }

func bodiesPath(dir string, n int) string {
	return filepath.Join(dir, bodiesDir, fmt.Sprintf("%06d.jsonl", n))
}

// segments lists the numbers of the segments in dir, rising, whichever of their two files is there.
func segments(dir string) ([]int, error) {
	links, err := numbered(dir, ".log")
	if err != nil {
		return nil, err
	}
	bodies, err := numbered(filepath.Join(dir, bodiesDir), ".jsonl")
	if err != nil {
		return nil, err
	}
	list := append(links, bodies...)
	slices.Sort(list)
	return slices.Compact(list), nil
}

func numbered(dir, ext string) ([]int, error) {
	files, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var list []int
	for _, f := range files {
		digits, ok := strings.CutSuffix(f.Name(), ext)
		if n, err := strconv.Atoi(digits); ok && err == nil && fmt.Sprintf("%06d", n) == digits {
			list = append(list, n)
		}
	}
	return list, nil
}

// Files are the files that a log up to head consists of, by their path in its folder, and how many bytes of each are part of
// it. Of segments before the current one that is all: they are not listed.
func Files(head Head) map[string]int64 {
	if head.Segment == 0 {
		return nil
	}
	return map[string]int64{linksPath("", head.Segment): head.Size, bodiesPath("", head.Segment): head.BodySize}
}

// Segment is the number of the segment that a file belongs to, by its path in the log's folder; 0 if it is not of the log.
func Segment(name string) int {
	for _, path := range []func(string, int) string{linksPath, bodiesPath} {
		digits := strings.TrimSuffix(filepath.Base(name), filepath.Ext(name))
		if n, err := strconv.Atoi(digits); err == nil && path("", n) == name {
			return n
		}
	}
	return 0
}
