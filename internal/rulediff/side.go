package rulediff

import (
	"context"
	"fmt"
	"os"

	"probity/internal/daemon"
	"probity/internal/rule"
	"probity/internal/strictyaml"
)

// Side is the rules before or after the change.
type Side struct {
	Name   string      // as it was asked for
	Commit string      // that a revision named; "" for a folder
	Files  []rule.File // by their names within the folder or repository
}

// ReadSide reads the rule files of a folder or a git revision. A name that is a folder is a folder: write refs/heads/NAME for
// a branch that is called like one. A revision's rules are those that paths (files, globs or folders of the working tree)
// name in it.
func ReadSide(ctx context.Context, name string, paths []string) (Side, error) {
	if info, err := os.Stat(name); err == nil && info.IsDir() {
		files, err := daemon.RuleFiles(name)
		if err != nil {
			return Side{}, err
		}
		if len(files) == 0 {
			return Side{}, fmt.Errorf("%s: no rule files (*.yaml, *.yml) in this folder", name)
		}
		return Side{Name: name, Files: files}, nil
	}
	return readRevision(ctx, name, paths)
}

// placed says of problems whose rules they are: a file's name alone would not tell the two sides apart.
func (s *Side) placed(problems strictyaml.Problems) strictyaml.Problems {
	if s.Commit != "" {
		for i := range problems {
			problems[i].File = s.Name + ":" + problems[i].File // as git writes it
		}
	}
	return problems
}
