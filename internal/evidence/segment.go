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
