package source

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap"
)

// Set is the streams of one configured source. It is not safe for concurrent use.
type Set struct {
	opts    Options
	shared  *shared
	chains  map[string]*chain // by base path
	ended   map[string]facts  // whole files that have ended, by path
	left    map[string]left   // where those stood that may be found again: From may be as old as the set
	watch   *watch            // nil: nothing is heard of the folders
	scanned time.Time
}

// left is where a whole file stood when its stream was let go.
type left struct {
	state []byte
	at    time.Time
}

// leftLong is how long that is known of a file that has gone.
const leftLong = 7 * 24 * time.Hour

// Open checks the options. It opens no log file; see Discover.
func Open(o Options) (*Set, error) {
	if err := o.validate(); err != nil {
		return nil, err
	}
	o.Paths = slices.Clone(o.Paths)
	for i, path := range o.Paths {
		o.Paths[i] = filepath.Clean(path)
		if _, err := filepath.Match(path, ""); err != nil {
			return nil, fmt.Errorf("source %s: path %q: %w", o.Name, path, err)
		}
	}
	s := &Set{opts: o, chains: map[string]*chain{}, ended: map[string]facts{}, left: map[string]left{}}
	if o.Follow && !o.deaf {
		watch, err := newWatch(o.Wake, o.Logger.With(zap.String("source", o.Name)))
		if err != nil {
			o.Logger.Warn("cannot watch folders, looking at each file five times a second", zap.String("source", o.Name), zap.Error(err))
		} else {
			s.watch = watch
		}
	}
	s.shared = &shared{
		follow: o.Follow, whole: o.WholeFiles, grace: o.Grace, now: o.now, log: o.Logger, listed: o.listed,
		tails: o.Follow && !o.noTail, watch: s.watch, quietEvery: o.quietEvery,
	}
	return s, nil
}

// Discover gives the streams that have appeared since the last call, sorted by their ids, and never one twice: except a
// whole file that has grown or been replaced after its stream ended. Streams are given also when some path could not be read.
func (s *Set) Discover() ([]Stream, error) {
	now := s.opts.now()
	first := s.scanned.IsZero()
	if !first && !s.scanDue(now) {
		return nil, nil
	}
	s.scanned = now
	s.watch.noNews()
	s.watchParents()
	bases, err := s.scan()
	s.forgetEnded()
	var found []Stream
	for _, base := range bases {
		if s.chains[base] != nil {
			continue
		}
		c, err2 := s.chainOf(base, first)
		if err2 != nil {
			err = errors.Join(err, err2)
			continue
		}
		s.chains[base] = c
		found = append(found, c)
	}
	if len(found) > 0 { // a file that was a generation of one may be the base of another by now
		for _, c := range s.chains {
			c.listing.forget()
		}
	}
	slices.SortFunc(found, func(a, b Stream) int { return cmp.Compare(a.ID(), b.ID()) })
	return found, err
}

func (s *Set) scanDue(now time.Time) bool {
	if !s.opts.Follow {
		return false
	}
	since := now.Sub(s.scanned)
	return since >= rescanEvery || s.watch.anyNews() && since >= lookEvery
}

// chainOf makes the chain of a base. A first one without a committed position begins with the current file.
func (s *Set) chainOf(base string, first bool) (*chain, error) {
	id := streamID(s.opts.Name, base)
	was, ok := s.left[base]
	if !ok {
		was.state = s.opts.From(id)
	}
	delete(s.left, base)
	resume, err := decodeResumePoint(was.state)
	if err != nil {
		return nil, fmt.Errorf("stream %s: %w", id, err)
	}
	list := func() ([]generation, error) { return siblings(base, s.foreign) }
	if s.opts.WholeFiles {
		list = func() ([]generation, error) { return generationsOf(base, []string{base}) }
	}
	c := newChain(s.shared, id, base, list, s.opts.Framer())
	if resume != nil {
		c.resume, c.fresh, c.past, c.history = resume, false, resume.Past, resume.History
		return c, nil
	}
	if present, err := list(); !first || s.opts.Oldest || err == nil && len(present) == 0 {
		c.history = nothingIsHistory
	}
	return c, nil
}

// foreign says that the file is the base of a chain of its own.
func (s *Set) foreign(path string) bool { return s.chains[path] != nil }

// forgetEnded lets whole files be discovered again when they have grown, or been replaced or removed, since they ended.
func (s *Set) forgetEnded() {
	for base, c := range s.chains {
		if !c.told || !c.whole || !c.follow {
			continue
		}
		st, err := factsOfPath(base)
		was, known := s.ended[base]
		if !known {
			if was = st; c.gen.path != "" && c.gen.archive == "" {
				was.inode, was.size = c.gen.inode, c.pos
			}
			s.ended[base] = was
		}
		if err != nil || was.inode != st.inode || was.size != st.size {
			s.left[base] = left{c.resumePoint().encode(), s.opts.now()}
			_ = c.Close()
			s.watch.forget(base)
			delete(s.ended, base)
			delete(s.chains, base)
		}
	}
	maps.DeleteFunc(s.left, func(_ string, l left) bool { return s.opts.now().Sub(l.at) > leftLong })
}

// Due is when it is worth asking the streams again, unless Options.Wake says that it is earlier. It asks no file.
func (s *Set) Due() time.Time {
	now := s.opts.now()
	due := s.scanned.Add(rescanEvery)
	for _, c := range s.chains {
		if at, ever := c.dueAt(now); ever && at.Before(due) {
			due = at
		}
	}
	return due
}

// Close closes the streams too.
func (s *Set) Close() error {
	var err error
	for _, c := range s.chains {
		err = errors.Join(err, c.Close())
	}
	return errors.Join(err, s.watch.close())
}

func streamID(name, base string) string { return name + ":" + base }

// scan finds the base paths of all chains that exist now, sorted.
func (s *Set) scan() ([]string, error) {
	literal := map[string]bool{}
	globs := map[string]string{} // what a file was found by
	var failed error
	for _, path := range s.opts.Paths {
		st, err := factsOfPath(path)
		isDir := err == nil && st.mode.IsDir()
		if !isDir && (err == nil || !isGlob(path)) {
			literal[path] = true
			continue
		}
		names, err := namesOf(path, isDir)
		failed = errors.Join(failed, err)
		for _, name := range names {
			if st, err := factsOfPath(name); err == nil && st.mode == 0 && !strings.HasPrefix(filepath.Base(name), ".") {
				globs[name] = path
			}
		}
	}
	return s.bases(literal, globs), failed
}

func isGlob(path string) bool { return strings.ContainsAny(path, `*?[\`) }

// namesOf lists a directory, or what a glob matches; an unreadable directory is an error, which filepath.Glob hides.
func namesOf(path string, isDir bool) ([]string, error) {
	dir := path
	if !isDir {
		if dir = filepath.Dir(path); isGlob(dir) {
			return filepath.Glob(path)
		}
	}
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil // it may come
	}
	var names []string
	for _, entry := range entries {
		matches := isDir
		if !isDir {
			matches, _ = filepath.Match(filepath.Base(path), entry.Name()) // checked in Open
		}
		if matches {
			names = append(names, filepath.Join(dir, entry.Name()))
		}
	}
	return names, err
}

// bases are the literal paths, and of each file found by a glob the base of the chain that it is a generation of.
func (s *Set) bases(literal map[string]bool, globs map[string]string) []string {
	bases := maps.Clone(literal)
	for path, glob := range globs {
		if !literal[path] && !s.opts.WholeFiles && s.chains[path] == nil {
			exists := func(path string) bool { _, globbed := globs[path]; return globbed || literal[path] }
			path = s.baseOf(path, glob, exists)
		}
		bases[path] = true
	}
	return slices.Sorted(maps.Keys(bases))
}

// baseOf is the base of the chain that path is a generation of, path itself if of none.
func (s *Set) baseOf(path, glob string, exists func(string) bool) string {
	name, _, how := rotated(filepath.Base(path))
	if how == notRotated {
		return path
	}
	base := filepath.Join(filepath.Dir(path), name)
	matches, _ := filepath.Match(glob, base)
	switch {
	case exists(base), s.chains[base] != nil:
		return base
	case how == byNumber && (matches || glob == filepath.Dir(base)):
		return base
	case s.opts.From(streamID(s.opts.Name, path)) == nil && s.opts.From(streamID(s.opts.Name, base)) != nil:
		return base
	}
	return path
}

// watchParents watches the folders of the paths, as they come to exist.
func (s *Set) watchParents() {
	for _, path := range s.opts.Paths {
		dir := path
		if st, err := factsOfPath(path); err != nil || !st.mode.IsDir() {
			dir = filepath.Dir(path)
		}
		if !isGlob(dir) {
			s.watch.folder(dir)
		}
	}
}
