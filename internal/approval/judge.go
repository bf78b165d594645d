package approval

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// What is to be said of the rules that are read.
const (
	Approved  = "approved"  // every file is as somebody who may has signed it
	Unsigned  = "unsigned"  // they come with no signature of those who may
	Altered   = "altered"   // they come with one, and are not what was signed
	Older     = "older"     // signed, and before those that were in force
	Unchecked = "unchecked" // nobody is named any more who would have to sign
)

// Verdict is what is to be said of a set of rule files.
type Verdict struct {
	Status string
	Commit string // approved: what was signed; several, with blanks between, if the paths lead to several
	Signer string // by whom
	At     time.Time
	Why    string // not approved: in words, with the file
}

// File is a rule file as it was read.
type File struct {
	Name string
	Data []byte
}

// Judge says whether the rule files below the paths are signed ones, all of them. Files that no path leads to are not looked at.
// An error means that it cannot be said.
func Judge(ctx context.Context, by Signers, paths []string, files []File) (Verdict, error) {
	if err := by.Check(); err != nil {
		return Verdict{}, err
	}
	v := Verdict{Status: Approved}
	roots := map[string]Revision{}
	var order []string
	for _, f := range files {
		root, ok := rootOf(f.Name)
		if !ok {
			return Verdict{Status: Unsigned, Why: fmt.Sprintf("%s: no %s stands beside or above it", f.Name, recordName)}, nil
		}
		if _, have := roots[root]; !have {
			revision, refused, err := judgeRoot(ctx, by, root)
			if err != nil || refused.Status != "" {
				return refused, err
			}
			roots[root] = revision
			order = append(order, root)
		}
	}
	for _, root := range order {
		r := roots[root]
		if why := r.differs(root, paths, files); why != "" {
			return Verdict{Status: Altered, Why: why}, nil
		}
		v.Commit, v.Signer = joined(v.Commit, r.Commit), joined(v.Signer, r.Signer)
		if r.At.After(v.At) {
			v.At = r.At
		}
	}
	if len(order) == 0 {
		return Verdict{Status: Unsigned, Why: "no rule file below the paths"}, nil
	}
	return v, nil
}

func joined(list, more string) string {
	switch {
	case list == "":
		return more
	case slices.Contains(strings.Fields(list), more):
		return list
	}
	return list + " " + more
}

// judgeRoot reads and verifies the record of a folder. A verdict with a status says that it is none to go on with.
func judgeRoot(ctx context.Context, by Signers, root string) (Revision, Verdict, error) {
	r, err := readRecord(root)
	if err != nil {
		return Revision{}, Verdict{Status: Altered, Why: err.Error()}, nil
	}
	revision, err := r.verify(ctx, by)
	switch {
	case errors.Is(err, ErrUnsigned):
		return Revision{}, Verdict{Status: Unsigned, Why: fmt.Sprintf("%s: %v", root, err)}, nil
	case err != nil && ctx.Err() == nil && !isMissing(err):
		return Revision{}, Verdict{Status: Altered, Why: fmt.Sprintf("%s: %v", root, err)}, nil
	case err != nil:
		return Revision{}, Verdict{}, err
	}
	return revision, Verdict{}, nil
}

// isMissing says that a program that verifies, or its folder for files, is not there: that is nobody's change of rules.
func isMissing(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, exec.ErrNotFound)
}

// RecordOf is where the record of a rule file stands; "" if there is none.
func RecordOf(file string) string {
	if root, ok := rootOf(file); ok {
		return filepath.Join(root, recordName)
	}
	return ""
}

// rootOf is the nearest folder above a file that has a record.
func rootOf(file string) (string, bool) {
	for dir := filepath.Dir(file); ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, recordName)); err == nil {
			return dir, true
		}
		if dir == filepath.Dir(dir) {
			return "", false
		}
	}
}

// differs says how the files of a root differ from the signed ones; "" if they do not. A rule that is gone is a change, too.
func (r *Revision) differs(root string, paths []string, files []File) string {
	read := map[string]bool{}
	for _, f := range files {
		if at, ok := rootOf(f.Name); !ok || at != root {
			continue
		}
		rel, err := filepath.Rel(root, f.Name)
		if err != nil {
			return err.Error()
		}
		name := filepath.ToSlash(rel)
		id, ok := r.files[name]
		if !ok {
			return f.Name + " is in no signed revision"
		}
		if objectID(id, "blob", f.Data) != id {
			return f.Name + " is not as it was signed"
		}
		read[name] = true
	}
	for name := range r.files {
		if !read[name] && isRule(name) && leadsTo(paths, filepath.Join(root, filepath.FromSlash(name))) {
			return filepath.Join(root, filepath.FromSlash(name)) + " was signed, and is gone"
		}
	}
	return ""
}

// isRule says that a file is read as a rule: hidden ones, and those in hidden folders, are not.
func isRule(name string) bool {
	for part := range strings.SplitSeq(name, "/") {
		if strings.HasPrefix(part, ".") {
			return false
		}
	}
	return strings.HasSuffix(name, ".yaml") || strings.HasSuffix(name, ".yml")
}

// leadsTo says whether one of the paths (files, globs, folders) leads to a file.
func leadsTo(paths []string, file string) bool {
	for at := file; ; at = filepath.Dir(at) {
		for _, p := range paths {
			if ok, _ := filepath.Match(p, at); ok || filepath.Clean(p) == at {
				return true
			}
		}
		if at == filepath.Dir(at) {
			return false
		}
	}
}
