//go:build !linux

package source

import (
	"errors"
	"os"
	"syscall"
)

func factsOfPath(path string) (facts, error) { return portable(os.Stat(path)) }

func factsOfFile(f *os.File) (facts, error) { return portable(f.Stat()) }

func portable(fi os.FileInfo, err error) (facts, error) {
	if err != nil {
		return facts{}, err
	}
	out := facts{size: fi.Size(), mtime: fi.ModTime().UnixNano(), mode: fi.Mode().Type()}
	if st, ok := fi.Sys().(*syscall.Stat_t); ok {
		out.inode = inode{Dev: uint64(st.Dev), Ino: uint64(st.Ino)}
	}
	return out, nil
}

func nobodyWrites(*os.File) bool { return false }

// pathOf has no safe answer without /proc, so that files have no tail there.
func pathOf(*os.File, int) (string, *os.File, error) { return "", nil, errors.ErrUnsupported }
