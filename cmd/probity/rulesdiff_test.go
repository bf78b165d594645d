package main

import (
	"os"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/goccy/go-yaml"
)

// TestTheExampleWorkflowRunsCommandsThatExist parses every step that calls probity with the command tree itself.
func TestTheExampleWorkflowRunsCommandsThatExist(t *testing.T) {
	const file = "../../deploy/workflows/rules.yml"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var workflow struct {
		Jobs map[string]struct {
			Steps []struct{ Run string }
		}
	}
	if err := yaml.Unmarshal(text, &workflow); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	ran := map[string]bool{}
	for name, job := range workflow.Jobs {
		for _, step := range job.Steps {
			command, found := strings.CutPrefix(step.Run, "probity ")
			if !found {
				continue
			}
			command, _, _ = strings.Cut(command, ">")
			parser, err := kong.New(&cli{}, kong.Name("probity"))
			if err != nil {
				t.Fatal(err)
			}
			ctx, err := parser.Parse(strings.Fields(command))
			if err != nil {
				t.Errorf("%s: job %s: probity %s: %v", file, name, command, err)
				continue
			}
			path, _, _ := strings.Cut(ctx.Command(), " <")
			ran[path] = true
		}
	}
	for _, path := range []string{"rules check", "rules test", "rules diff"} {
		if !ran[path] {
			t.Errorf("%s: no step runs probity %s; these do: %v", file, path, ran)
		}
	}
}
