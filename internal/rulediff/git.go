package rulediff

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"probity/internal/rule"
)

// readRevision reads rule files out of a repository, without a checkout: blobs are read by their ids, so no attribute or
// filter of the repository changes a byte.
func readRevision(ctx context.Context, revision string, paths []string) (Side, error) {
	if len(paths) == 0 {
		return Side{}, fmt.Errorf("%s is no folder, and which rules of a revision are meant is not said; write --rules PATH, or rules.paths in the configuration", revision)
	}
	side := Side{Name: revision}
	seen := map[string]bool{}
	for _, p := range paths {
		repo, pattern, err := repository(ctx, p)
		if err != nil {
			return Side{}, fmt.Errorf("%s is no folder, and as a git revision: %w", revision, err)
		}
		commit, err := repo.git(ctx, nil, "rev-parse", "--verify", "--quiet", "--end-of-options", revision+"^{commit}")
		if err != nil {
			return Side{}, fmt.Errorf("%s is neither a folder nor a revision of %s; a shallow clone may lack it (git fetch --unshallow)", revision, repo.top)
		}
		side.Commit = strings.TrimSpace(string(commit))
		files, err := repo.rules(ctx, side.Commit, pattern)
		if err != nil {
			return Side{}, fmt.Errorf("reading %s of %s: %w", pattern, revision, err)
		}
		for _, f := range files {
			if name := filepath.Join(repo.top, f.Name); !seen[name] {
				seen[name] = true
				side.Files = append(side.Files, f)
			}
		}
	}
	return side, nil
}

// repo is a git repository with a working tree.
type repo struct{ top string }

// repository finds the repository that a path belongs to, and the path seen from its top. The path itself need not exist any
// more: a revision may still hold it.
func repository(ctx context.Context, p string) (repo, string, error) {
	abs, err := filepath.Abs(p)
	if err != nil {
		return repo{}, "", err
	}
	dir := existing(abs)
	top, err := repo{top: dir}.git(ctx, nil, "rev-parse", "--show-toplevel")
	if err != nil {
		return repo{}, "", fmt.Errorf("%s lies in no git repository (%w); name where the repository has its rules with --rules", p, err)
	}
	r := repo{top: strings.TrimSuffix(string(top), "\n")}
	below, err := filepath.Rel(dir, abs)
	if err != nil {
		return repo{}, "", err
	}
	if dir, err = filepath.EvalSymlinks(dir); err != nil { // git says the real top
		return repo{}, "", err
	}
	pattern, err := filepath.Rel(r.top, filepath.Join(dir, below))
	return r, filepath.ToSlash(pattern), err
}

// existing is the nearest folder at or above p.
func existing(p string) string {
	for {
		if info, err := os.Stat(p); err == nil && info.IsDir() {
			return p
		}
		p = filepath.Dir(p)
	}
}

// git runs a command that reads.
func (r repo) git(ctx context.Context, stdin io.Reader, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "git", append([]string{"-C", r.top, "--no-optional-locks"}, args...)...)
	cmd.Stdin = stdin
	out, err := cmd.Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		text, _, _ := strings.Cut(strings.TrimSpace(string(exit.Stderr)), "\n")
		err = errors.New("git " + args[0] + ": " + cmp.Or(strings.TrimPrefix(text, "fatal: "), err.Error()))
	}
	return out, err
}

// blob is a file of a commit.
type blob struct{ id, path string }

// rules reads the rule files that a pattern (a file, a glob or a folder, from the top) names in a commit.
func (r repo) rules(ctx context.Context, commit, pattern string) ([]rule.File, error) {
	listing, err := r.git(ctx, nil, "ls-tree", "-r", "-z", "--full-tree", commit)
	if err != nil {
		return nil, err
	}
	var blobs []blob
	for _, entry := range strings.Split(strings.TrimSuffix(string(listing), "\x00"), "\x00") {
		about, name, _ := strings.Cut(entry, "\t")
		fields := strings.Fields(about) // mode, type, id
		if len(fields) == 3 && strings.HasPrefix(fields[0], "100") && named(pattern, name) {
			blobs = append(blobs, blob{id: fields[2], path: name})
		}
	}
	return r.read(ctx, blobs)
}

// named reports whether a pattern names a file as a rule: the file itself, whatever it is called, or a YAML file below a
// folder that is not hidden, as the daemon reads a working tree.
func named(pattern, name string) bool {
	if pattern == "." {
		return isRule(name)
	}
	parts := strings.Split(name, "/")
	depth := strings.Count(pattern, "/") + 1
	if len(parts) < depth {
		return false
	}
	if ok, err := path.Match(pattern, strings.Join(parts[:depth], "/")); err != nil || !ok {
		return false
	}
	return len(parts) == depth || isRule(strings.Join(parts[depth:], "/"))
}

func isRule(below string) bool {
	hidden := slices.ContainsFunc(strings.Split(below, "/"), func(part string) bool { return strings.HasPrefix(part, ".") })
	return !hidden && (strings.HasSuffix(below, ".yaml") || strings.HasSuffix(below, ".yml"))
}

// read reads blobs, all with one process.
func (r repo) read(ctx context.Context, blobs []blob) ([]rule.File, error) {
	var ids strings.Builder
	for _, b := range blobs {
		fmt.Fprintln(&ids, b.id)
	}
	out, err := r.git(ctx, strings.NewReader(ids.String()), "cat-file", "--batch")
	if err != nil {
		return nil, err
	}
	files := make([]rule.File, len(blobs))
	from := bufio.NewReader(bytes.NewReader(out))
	for i, b := range blobs {
		var id, kind string
		var size int
		if _, err := fmt.Fscanf(from, "%s %s %d\n", &id, &kind, &size); err != nil || id != b.id || kind != "blob" {
			return nil, fmt.Errorf("git cat-file: no blob %s for %s", b.id, b.path)
		}
		data := make([]byte, size+1) // with the line feed that ends it
		if _, err := io.ReadFull(from, data); err != nil {
			return nil, fmt.Errorf("git cat-file: %s: %w", b.path, err)
		}
		files[i] = rule.File{Name: b.path, Data: data[:size]}
	}
	return files, nil
}
