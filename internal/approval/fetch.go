package approval

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"probity/internal/fsx"
)

// FetchOptions say what is fetched, and who must have signed it.
type FetchOptions struct {
	Repository string // whatever git fetches from
	Ref        string // a tag, a branch, or a pattern of tags with a *: the newest by version
	Into       string // the folder; see the package comment
	Signers    Signers
	AllowOlder bool                   // also take what does not come after what is current
	Judge      func(dir string) error // the checks and tests of the rules in a folder; an error refuses them
	FS         *fsx.FS
}

// Fetched is what came of it.
type Fetched struct {
	Revision
	Ref     string
	Dir     string // of the revision
	Changed bool   // it was not current before
}

// Fetch makes the newest signed revision the current one, if its rules pass. Whatever fails leaves the current one as it was.
func Fetch(ctx context.Context, o FetchOptions) (f Fetched, err error) {
	if o.FS == nil {
		o.FS = &fsx.FS{}
	}
	if o.Into, err = filepath.Abs(o.Into); err != nil {
		return f, err
	}
	if err := o.Signers.Check(); err != nil {
		return f, err
	}
	if err := o.FS.MkdirAll(filepath.Join(o.Into, "revisions"), 0o755); err != nil {
		return f, err
	}
	lock, err := o.FS.Lock(filepath.Join(o.Into, "lock"))
	if err != nil {
		return f, fmt.Errorf("another fetch is at work: %w", err)
	}
	defer func() { err = errors.Join(err, lock.Release()) }()
	g := git{dir: filepath.Join(o.Into, "repo.git")}
	r, err := g.fetch(ctx, o.Repository, o.Ref)
	if err != nil {
		return f, fmt.Errorf("fetching %s of %s: %w", o.Ref, o.Repository, err)
	}
	f.Ref = r.Ref
	if f.Revision, err = r.verify(ctx, o.Signers); err != nil {
		return f, fmt.Errorf("%s of %s: %w", r.Ref, o.Repository, err)
	}
	was := o.current(ctx)
	if f.Dir, err = filepath.EvalSymlinks(o.link()); err == nil && was.intact && was.revision.Commit == f.Commit {
		return f, nil
	}
	f.Changed = true
	if was.revision.Commit != "" && !o.AllowOlder {
		if err := g.follows(ctx, was.revision.Commit, f.Commit); err != nil {
			return f, err
		}
	}
	if f.Dir, err = o.checkOut(ctx, g, r, f.Revision); err != nil {
		return f, err
	}
	if err := o.FS.Symlink(filepath.Join("revisions", filepath.Base(f.Dir)), o.link()); err != nil {
		return f, fmt.Errorf("making revision %s current: %w", f.Commit, err)
	}
	return f, o.prune(f.Dir, was.dir)
}

func (o *FetchOptions) link() string { return filepath.Join(o.Into, "current") }

// standing is the revision that is current.
type standing struct {
	dir      string
	revision Revision
	intact   bool // its files are as they were signed
}

// current looks at what is current. What cannot be read or is not signed any more is as good as nothing: it is replaced.
func (o *FetchOptions) current(ctx context.Context) (s standing) {
	dir, err := filepath.EvalSymlinks(o.link())
	if err != nil {
		return s
	}
	s.dir = dir
	r, err := readRecord(dir)
	if err != nil {
		return s
	}
	if s.revision, err = r.verify(ctx, o.Signers); err != nil {
		s.revision.Commit = ""
		return s
	}
	s.intact = true
	for name, id := range s.revision.files {
		data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
		s.intact = s.intact && err == nil && objectID(id, "blob", data) == id
	}
	_ = filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() || path == filepath.Join(dir, recordName) {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if _, signed := s.revision.files[filepath.ToSlash(rel)]; !signed {
			s.intact = false
		}
		return err
	})
	return s
}

// maxBlobBytes is more than any rule, table or document in a repository of rules needs.
const maxBlobBytes = 16 << 20

// checkOut writes the files of a revision into a folder of their own, has them judged there, and gives the folder its name.
func (o *FetchOptions) checkOut(ctx context.Context, g git, r *record, v Revision) (dir string, err error) {
	revisions := filepath.Join(o.Into, "revisions")
	tmp, err := os.MkdirTemp(revisions, ".writing-*")
	if err != nil {
		return "", err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(tmp))
		}
	}()
	if err := os.Chmod(tmp, 0o755); err != nil {
		return "", err
	}
	if _, taken := v.files[recordName]; taken {
		return "", fmt.Errorf("the repository holds a file %s, which is the name of the record of what was signed: rename it", recordName)
	}
	for name, id := range v.files {
		data, err := g.object(ctx, "blob", id)
		if err == nil && (len(data) > maxBlobBytes || objectID(id, "blob", data) != id) {
			err = errors.New("too long, or not the bytes of its id")
		}
		if err != nil {
			return "", fmt.Errorf("%s: %w", name, err)
		}
		path := filepath.Join(tmp, filepath.FromSlash(name))
		if err := o.FS.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return "", err
		}
		if err := o.FS.WriteFile(path, data, 0o644); err != nil {
			return "", err
		}
	}
	text, err := json.Marshal(r)
	if err != nil {
		return "", err
	}
	if err := o.FS.WriteFile(filepath.Join(tmp, recordName), append(text, '\n'), 0o644); err != nil {
		return "", err
	}
	if err := o.Judge(tmp); err != nil {
		return "", fmt.Errorf("revision %s is signed, and is not taken: %w", v.Commit, err)
	}
	dir = filepath.Join(revisions, v.Commit)
	for n := 2; ; n++ { // the folder of that name was changed by hand, or is current
		if _, err := os.Lstat(dir); errors.Is(err, os.ErrNotExist) {
			return dir, o.FS.Rename(tmp, dir)
		}
		dir = filepath.Join(revisions, fmt.Sprintf("%s.%d", v.Commit, n))
	}
}

// prune removes all revisions but the two.
func (o *FetchOptions) prune(keep ...string) error {
	revisions := filepath.Join(o.Into, "revisions")
	entries, err := os.ReadDir(revisions)
	if err != nil {
		return err
	}
	var errs []error
	for _, e := range entries {
		stays := false
		for _, k := range keep {
			stays = stays || filepath.Base(k) == e.Name()
		}
		if !stays {
			errs = append(errs, os.RemoveAll(filepath.Join(revisions, e.Name())))
		}
	}
	return errors.Join(errs...)
}
