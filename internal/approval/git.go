package approval

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

// git is a bare clone. It is asked to fetch and to show objects, and decides nothing: what it shows is verified.
type git struct{ dir string }

const (
	fetchWithin = 10 * time.Minute
	candidate   = "refs/probity/candidate"
)

// fetch gets what a ref names, and all that lies between a signature and its files.
func (g git) fetch(ctx context.Context, repository, ref string) (*record, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchWithin)
	defer cancel()
	if repository == "" || ref == "" || strings.HasPrefix(repository, "-") || strings.ContainsAny(ref, ": ^~\n") || strings.HasPrefix(ref, "-") {
		return nil, errors.New("name a repository, and a tag, a branch or a pattern of tags")
	}
	if _, err := os.Stat(g.dir); errors.Is(err, os.ErrNotExist) {
		format, err := g.formatOf(ctx, repository)
		if err != nil {
			return nil, err
		}
		if _, err := run(ctx, "init", "--quiet", "--bare", "--object-format="+format, "--", g.dir); err != nil {
			return nil, err
		}
	}
	if strings.Contains(ref, "*") {
		newest, err := g.newest(ctx, repository, ref)
		if err != nil {
			return nil, err
		}
		ref = newest
	}
	if _, err := g.run(ctx, "fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--force", "--", repository, "+"+ref+":"+candidate); err != nil {
		return nil, err
	}
	r := &record{Format: recordFormat, Repository: repository, Ref: ref, Objects: map[string][]byte{}}
	return r, g.gather(ctx, r)
}

// formatOf asks by which hash function the repository names objects.
func (g git) formatOf(ctx context.Context, repository string) (string, error) {
	out, err := run(ctx, "ls-remote", "--", repository)
	if err != nil {
		return "", err
	}
	if id, _, _ := strings.Cut(string(out), "\t"); len(id) == 64 {
		return "sha256", nil
	}
	return "sha1", nil
}

func (g git) newest(ctx context.Context, repository, pattern string) (string, error) {
	out, err := run(ctx, "ls-remote", "--refs", "--sort=-version:refname", "--", repository, "refs/tags/"+strings.TrimPrefix(pattern, "refs/tags/"))
	if err != nil {
		return "", err
	}
	first, _, _ := strings.Cut(string(out), "\n")
	_, ref, ok := strings.Cut(first, "\t")
	if !ok {
		return "", fmt.Errorf("no tag matches %s", pattern)
	}
	return ref, nil
}

// gather puts the objects into the record, from what was fetched to the trees.
func (g git) gather(ctx context.Context, r *record) error {
	ids, err := g.run(ctx, "rev-parse", candidate, candidate+"^{commit}")
	if err != nil {
		return err
	}
	words := strings.Fields(string(ids))
	if len(words) != 2 {
		return errors.New("git does not say what was fetched")
	}
	fetched := words[0]
	r.Commit = words[1]
	if fetched != r.Commit {
		raw, err := g.object(ctx, "tag", fetched)
		if err != nil {
			return err
		}
		if readTag(raw).signature != nil { // else the commit has to be signed
			r.Tag, r.Objects[fetched] = fetched, raw
		}
	}
	commit, err := g.object(ctx, "commit", r.Commit)
	if err != nil {
		return err
	}
	r.Objects[r.Commit] = commit
	return g.trees(ctx, r, headersOf(commit)["tree"], maxDepth)
}

func (g git) trees(ctx context.Context, r *record, id string, deep int) error {
	if _, have := r.Objects[id]; have {
		return nil
	}
	if deep == 0 || len(r.Objects) > maxFiles {
		return errors.New("more folders than a repository of rules has")
	}
	raw, err := g.object(ctx, "tree", id)
	if err != nil {
		return err
	}
	r.Objects[id] = raw
	entries, err := readTree(raw, len(id)/2)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.isTree() {
			if err := g.trees(ctx, r, e.id, deep-1); err != nil {
				return err
			}
		}
	}
	return nil
}

func (g git) object(ctx context.Context, kind, id string) ([]byte, error) {
	return g.run(ctx, "cat-file", kind, id)
}

// follows says that a commit comes after another: a repository that shows an older signed revision again is not believed.
func (g git) follows(ctx context.Context, was, now string) error {
	if was == now {
		return nil
	}
	_, err := g.run(ctx, "merge-base", "--is-ancestor", was, now)
	if err != nil {
		return fmt.Errorf("%s does not come after %s, which is current: to go back, sign a revert, or say --allow-older", now, was)
	}
	return nil
}

// run asks git about the clone. Its configuration belongs to whoever fetches; the daemon never looks at it.
func (g git) run(ctx context.Context, args ...string) ([]byte, error) {
	return run(ctx, append([]string{"--git-dir=" + g.dir}, args...)...)
}

func run(ctx context.Context, args ...string) ([]byte, error) {
	fixed := []string{"-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", "-c", "protocol.ext.allow=never", "-c", "fetch.fsckObjects=true", "-c", "gc.auto=0"}
	cmd := exec.CommandContext(ctx, "git", append(fixed, args...)...)
	cmd.Env = append(os.Environ(), "GIT_TERMINAL_PROMPT=0", "LC_ALL=C")
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("git: %w: %s", err, strings.TrimSpace(stderr.String()))
	}
	return stdout.Bytes(), nil
}
