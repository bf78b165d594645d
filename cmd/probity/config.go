package main

import (
	"fmt"

	"probity/internal/daemon"
	"probity/internal/neutral"
	"probity/internal/strictyaml"
)

type configCommand struct {
	Check  configCheckCommand  `cmd:"" help:"Build all that configurations name, start nothing, and say what is wrong."`
	Schema configSchemaCommand `cmd:"" help:"Print the JSON Schema of the configuration, or of a rule."`
}

type configCheckCommand struct {
	configFlag
	Files  []string `arg:"" optional:"" placeholder:"FILE" help:"Configurations."`
	Output string   `enum:"text,json" default:"text" help:"text or json."`
}

// Run checks all configurations that are named.
func (c *configCheckCommand) Run(e *env) error {
	files := c.Files
	if c.File != "" {
		files = append([]string{c.File}, files...)
	}
	if len(files) == 0 {
		return usageError("which configuration? write probity config check FILE")
	}
	bad := false
	for _, file := range files {
		problems, notes := checkConfig(file)
		bad = bad || len(problems) > 0
		if err := c.print(e, file, problems, notes); err != nil {
			return err
		}
	}
	if bad {
		return errFindings
	}
	return nil
}

func checkConfig(file string) (problems, notes strictyaml.Problems) {
	config, problems := daemon.LoadConfig(file)
	if config == nil {
		return problems, nil
	}
	more, notes := config.Check()
	problems = append(problems, more...)
	problems.Sort()
	return problems, notes
}

func (c *configCheckCommand) print(e *env, file string, problems, notes strictyaml.Problems) error {
	if c.Output == "json" {
		return writeJSON(e.stdout, struct {
			File     string              `json:"file"`
			Problems strictyaml.Problems `json:"problems"`
			Notes    strictyaml.Problems `json:"notes"`
		}{file, list(problems), list(notes)})
	}
	printProblems(e.stdout, problems)
	for _, n := range notes {
		fmt.Fprintln(e.stdout, "note: "+neutral.Terminal(n.String()))
	}
	if len(problems) == 0 {
		fmt.Fprintf(e.stdout, "%s: ok\n", neutral.Terminal(file))
	}
	return nil
}

type configSchemaCommand struct {
	Rule bool `help:"Of a rule file instead."`
}

// Run prints a schema.
func (c *configSchemaCommand) Run(e *env) error {
	schema := daemon.ConfigSchema
	if c.Rule {
		schema = daemon.RuleSchema
	}
	text, err := schema()
	if err != nil {
		return err
	}
	_, err = e.stdout.Write(text)
	return err
}
