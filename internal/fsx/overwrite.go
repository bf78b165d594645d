package fsx

import (
	"errors"
	"fmt"
	"os"
)

// Overwrite writes p over the bytes at off, in place and durably: for what must be destroyed, where WriteFile would leave the
// old bytes in free blocks. The file does not grow. A kill in the middle leaves old and new bytes; the caller writes again.
func (f *FS) Overwrite(path string, off int64, p []byte) (err error) {
	if err := f.Point(OpOpen, path); err != nil {
		return err
	}
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if off < 0 || off+int64(len(p)) > info.Size() {
		return fmt.Errorf("overwriting %d bytes at %d of %s: it has only %d", len(p), off, path, info.Size())
	}
	if _, err := file.Seek(off, 0); err != nil {
		return err
	}
	if err := f.write(file, path, p); err != nil {
		return fmt.Errorf("overwriting %d bytes at %d of %s: %w", len(p), off, path, err)
	}
	return f.sync(file, path)
}
