package main

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// gitTimeout bounds one question to git, which answers from the working tree alone.
const gitTimeout = 10 * time.Second

// gitAuthor names who wrote a line of a file: name, address and the account that the address begins with; of a line that is
// not committed, who would commit it. Where git does not know, nobody: the check is as good as the history is.
func gitAuthor(ctx context.Context, file string, line int) []string {
	ctx, cancel := context.WithTimeout(ctx, gitTimeout)
	defer cancel()
	git := func(args ...string) string {
		out, err := exec.CommandContext(ctx, "git", append([]string{"-C", filepath.Dir(file)}, args...)...).Output()
		if err != nil {
			return ""
		}
		return strings.TrimSpace(string(out))
	}
	blame := git("blame", "--porcelain", "-L", fmt.Sprintf("%d,%d", line, line), "--", filepath.Base(file))
	if blame == "" {
		return nil
	}
	name, mail := "", ""
	for row := range strings.Lines(blame) {
		row = strings.TrimSuffix(row, "\n")
		if rest, ok := strings.CutPrefix(row, "author "); ok {
			name = rest
		} else if rest, ok := strings.CutPrefix(row, "author-mail "); ok {
			mail = strings.Trim(rest, "<>")
		}
	}
	if strings.HasPrefix(blame, strings.Repeat("0", 40)) {
		name, mail = git("config", "user.name"), git("config", "user.email")
	}
	var out []string
	account, _, _ := strings.Cut(mail, "@")
	for _, n := range []string{name, mail, account} {
		if n != "" {
			out = append(out, n)
		}
	}
	return out
}
