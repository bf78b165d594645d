package rule

import (
	"fmt"
	"slices"
	"strings"
	"text/template"
	"text/template/parse"

	"github.com/expr-lang/expr/builtin"

	"probity/internal/event"
)

func builtins() []string { return builtin.Names }

// SummaryNames are what a summary may name besides event fields: actor.person reads «Mara QUILL 4821 (S00042)», times reads
// «once» or «3 times», when reads «at …» or «from … to …», measured what was measured and what is usual, sum what the values
// of value_sum add up to.
var SummaryNames = []string{"actor.id", "actor.person", "actor.name", "count", "times", "first", "last", "when", "rule.title", "measured", "sum"}

// summary checks the template of an alert's sentence: it parses, and every name is one that it will be given.
func (b *builder) summary(c *Compiled) {
	text := b.rule.Alert.Summary
	if strings.TrimSpace(text) == "" {
		b.problem("alert", "an alert without a summary", "write alert: {summary: one plain sentence}")
		return
	}
	t, err := template.New("summary").Option("missingkey=default").Parse(text)
	if err != nil {
		b.problem("alert.summary", "summary: "+err.Error(), "mend the template")
		return
	}
	c.Sentence = t
	for _, name := range summaryFields(t.Root) {
		if slices.Contains(SummaryNames, name) || event.IsNative(name) {
			continue
		}
		if _, ok := b.set.Schema.Field(name); ok {
			continue
		}
		b.problem("alert.summary", fmt.Sprintf("summary names %s, which is no field", name), "use a field of the event, "+strings.Join(SummaryNames, ", "))
	}
}

func summaryFields(n parse.Node) []string {
	var out []string
	switch n := n.(type) {
	case *parse.ListNode:
		if n == nil {
			return nil
		}
		for _, c := range n.Nodes {
			out = append(out, summaryFields(c)...)
		}
	case *parse.ActionNode:
		out = summaryFields(n.Pipe)
	case *parse.PipeNode:
		for _, c := range n.Cmds {
			for _, a := range c.Args {
				out = append(out, summaryFields(a)...)
			}
		}
	case *parse.IfNode:
		out = append(append(summaryFields(n.Pipe), summaryFields(n.List)...), summaryFields(n.ElseList)...)
	case *parse.FieldNode:
		out = []string{strings.Join(n.Ident, ".")}
	}
	return out
}
