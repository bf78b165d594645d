package daemon

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"
	"go.uber.org/zap"

	"probity/internal/approval"
)

const (
	settleFor   = 250 * time.Millisecond // files must be the same at two looks so far apart: an export may be half written
	settleLooks = 40                     // looks for that, before the files are read as they are
	lookAgain   = 30 * time.Second       // without any event, for file systems that have none
)

// watch reloads when the files of the generation have changed. It does what it can: if directories cannot be watched, it
// looks every half minute.
func (d *Daemon) watch(ctx context.Context) {
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		d.Logger.Warn("cannot watch rules and tables, looking every half minute", zap.Error(err))
		watcher = &fsnotify.Watcher{Events: make(chan fsnotify.Event), Errors: make(chan error)}
	} else {
		defer watcher.Close() //nolint:errcheck // nothing was written
	}
	look := time.NewTimer(0) // the files may have changed since they were read
	defer look.Stop()
	soon := false // an event has set the timer
	for {
		if err == nil {
			d.watchFolders(watcher)
		}
		select {
		case <-ctx.Done():
			return
		case <-watcher.Events:
			if !soon {
				soon = true
				look.Reset(settleFor)
			}
			continue
		case err := <-watcher.Errors:
			d.Logger.Warn("watching rules and tables", zap.Error(err))
			continue
		case <-look.C:
		}
		soon = false
		if d.settled(ctx) && d.changed() {
			_ = d.Reload() // it tells of its own failure
		}
		look.Reset(lookAgain)
	}
}

// watchFolders watches the folders of all files: a file that is replaced by rename is a new file.
func (d *Daemon) watchFolders(w *fsnotify.Watcher) {
	have := w.WatchList()
	for _, folder := range d.wanted.Load().folders() {
		if !slices.Contains(have, folder) {
			_ = w.Add(folder) // one that is not there yet is found by looking
		}
	}
}

// settled waits until the files stay the same for a moment. It is false if ctx ended.
func (d *Daemon) settled(ctx context.Context) bool {
	before := d.wanted.Load().fingerprint()
	for range settleLooks {
		if !d.differs(before) {
			return true
		}
		select {
		case <-ctx.Done():
			return false
		case <-time.After(settleFor):
		}
		now := d.wanted.Load().fingerprint()
		if now == before {
			return true
		}
		before = now
	}
	return true
}

// changed reports whether the files differ from those that were read last.
func (d *Daemon) changed() bool { return d.differs(d.wanted.Load().fingerprint()) }

func (d *Daemon) differs(fingerprint string) bool {
	d.reloading.Lock()
	defer d.reloading.Unlock()
	return fingerprint != d.seen
}

// fingerprint says of the files of a generation, and of the configuration itself, which they are: name, size, time, inode.
func (c *Config) fingerprint() string {
	var b strings.Builder
	for _, name := range c.files() {
		info, err := os.Stat(name)
		if err != nil {
			fmt.Fprintf(&b, "%s missing\n", name)
			continue
		}
		fmt.Fprintf(&b, "%s %d %d %d\n", name, info.Size(), info.ModTime().UnixNano(), inode(info))
	}
	return b.String()
}

// files are the files that a generation is read from.
func (c *Config) files() []string {
	var out []string
	if c.file != "" {
		out = append(out, c.file)
	}
	for _, name := range slices.Sorted(maps.Keys(c.Tables)) {
		out = append(out, c.Tables[name].Path, c.Tables[name].Path+".meta")
	}
	for _, path := range c.Rules.Paths {
		names, err := ruleNames(path)
		if err != nil {
			names = []string{path}
		}
		out = append(out, names...)
		if len(names) > 0 && !c.Rules.signers().None() {
			out = append(out, approval.RecordOf(names[0]))
		}
	}
	for _, file := range []string{c.Rules.AllowedSigners, c.Rules.Keyring} {
		if file != "" {
			out = append(out, file)
		}
	}
	return out
}

// folders are the folders that these files, and new ones among them, stand in.
func (c *Config) folders() []string {
	seen := map[string]bool{}
	for _, file := range c.files() {
		seen[filepath.Dir(file)] = true
	}
	for _, path := range c.Rules.Paths {
		roots, _ := filepath.Glob(path) // a bad glob is a problem of its own
		for _, root := range roots {
			_ = filepath.WalkDir(root, func(path string, e os.DirEntry, err error) error {
				if err == nil && e.IsDir() {
					seen[path] = true
				}
				return nil
			})
		}
		seen[filepath.Dir(path)] = true
		for at := path; at != filepath.Dir(at); at = filepath.Dir(at) { // a link on the way may be replaced
			if info, err := os.Lstat(at); err == nil && info.Mode().Type() == os.ModeSymlink {
				seen[filepath.Dir(at)] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(seen))
}
