package fsx

import (
	"fmt"
	"path/filepath"

	"github.com/google/renameio/v2"
)

// Symlink makes path a symbolic link to target, in one step and durably, in place of a link that may be there: who follows it
// sees the old target or the new one.
func (f *FS) Symlink(target, path string) error {
	if err := f.Point(OpRename, path); err != nil {
		return err
	}
	if err := renameio.Symlink(target, path); err != nil {
		return fmt.Errorf("linking %s: %w", path, err)
	}
	return f.syncDir(filepath.Dir(path))
}
