package ruletest

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"probity/internal/neutral"
	"probity/internal/rule"
)

// WriteText writes an explanation for people. Every line is harmless on a terminal.
func (e *Explained) WriteText(to io.Writer) error {
	p := &explainPrinter{to: to}
	p.line(0, "rule %s, version %d: %s (%s)", e.Rule.ID, e.Rule.Version, e.Rule.Title, e.Rule.File)
	p.event(&e.Event)
	p.line(0, "")
	p.index(e)
	for i := range e.Tables {
		t := &e.Tables[i]
		exported := ""
		if t.Version != nil {
			exported = ", exported " + stamp(t.Version.ExportedAt) + ","
		}
		p.line(0, "table %s%s %s", t.Name, exported, t.Answers)
	}
	for i := range e.Roles {
		p.role(&e.Roles[i])
	}
	return p.err
}

// explainPrinter prints indented lines until an error.
type explainPrinter struct {
	to  io.Writer
	err error
}

func (p *explainPrinter) line(indent int, format string, args ...any) {
	if p.err == nil {
		text := strings.Repeat("  ", indent) + neutral.Terminal(fmt.Sprintf(format, args...))
		_, p.err = fmt.Fprintln(p.to, strings.TrimRight(text, " "))
	}
}

func (p *explainPrinter) event(e *EventBrief) {
	place := ""
	if e.Path != "" {
		place = ", " + e.Path
		if e.Line > 0 {
			place += ":" + strconv.Itoa(e.Line)
		}
	}
	if e.NativeID != "" {
		place += ", native id " + e.NativeID
	}
	p.line(0, "event %s of %s at %s%s", e.ID, e.Source, stamp(e.Time), place)
	for _, name := range slices.Sorted(maps.Keys(e.Fields)) {
		p.line(1, "%-20s %s", name, shown(e.Fields[name]))
	}
}

func (p *explainPrinter) index(e *Explained) {
	if e.Meets {
		p.line(0, "index: the rule meets this event")
		return
	}
	p.line(0, "index: the rule does not meet this event")
	for _, f := range e.Index {
		if f.Meets {
			continue
		}
		needs := strings.TrimSuffix(strings.Join(f.Needs, ", "), ", ")
		if len(f.Needs) == 0 {
			needs = "what no event has"
		}
		if f.Value == "" {
			p.line(1, "the rule needs %s to be %s; the record has none", f.Field, needs)
		} else {
			p.line(1, "the rule needs %s to be %s; it is %s", f.Field, needs, f.Value)
		}
	}
}

func (p *explainPrinter) role(r *RoleExplained) {
	p.line(0, "")
	p.line(0, "for the %s: %s, because %s", r.Role, r.Outcome, r.Because)
	if r.Outcome == OutcomeNobody {
		return
	}
	for i := range r.Sides {
		s := &r.Sides[i]
		switch {
		case s.Link:
			p.line(1, "condition of the link, which accounts for what the rule looks for")
		case s.Name != "":
			p.line(1, "condition of step %s", s.Name)
		default:
			p.line(1, "condition")
		}
		p.tree(&s.Condition, 0, false)
	}
	for i := range r.Exceptions {
		p.exception(i, &r.Exceptions[i])
	}
	for i := range r.Facts {
		f := &r.Facts[i]
		p.line(1, "fact: %s (speaks %s)", f.Say, f.Speaks)
		p.tree(&f.Condition, 0, false)
	}
	for _, name := range r.NoKey {
		p.line(1, "%s is unknown, so the event counts for nobody", name)
	}
	for i := range r.Groups {
		p.group(&r.Groups[i], r)
	}
}

func (p *explainPrinter) exception(i int, x *ExceptionExplained) {
	p.line(1, "exception %d: %s", i+1, x.Reason)
	state := "in force until " + stamp(x.Expires)
	if x.Expired {
		state = "expired at " + stamp(x.Expires) + ", before the event: it no longer suppresses"
	}
	p.line(2, "approved by %s; %s", x.ApprovedBy, state)
	p.tree(&x.Condition, 0, x.Expired)
}

// verdictColumn is the width of the verdicts before a tree; one in brackets was not reached.
const verdictColumn = 13

// tree prints a condition: verdict, text, and below it what its terms stood for.
func (p *explainPrinter) tree(x *rule.Explanation, depth int, unreached bool) {
	unreached = unreached || x.Unreached
	verdict := x.Verdict.String()
	if unreached {
		verdict = "(" + verdict + ")"
	}
	text := x.Text
	switch x.Op {
	case "and", "or":
		text = x.Op
	case "element":
		text = "# is " + strconv.Quote(x.Text)
	}
	pad := strings.Repeat("  ", depth)
	p.line(2, "%-*s%s%s", verdictColumn, verdict, pad, text)
	for i := range x.Terms {
		p.term(&x.Terms[i], depth)
	}
	for i := range x.Parts {
		p.tree(&x.Parts[i], depth+1, unreached)
	}
	if x.Left > 0 {
		p.line(2, "%-*s%s  and %d more", verdictColumn, "", pad, x.Left)
	}
}

func (p *explainPrinter) term(t *rule.TermValue, depth int) {
	name := t.Name
	if t.Lookup != nil {
		name = asked(t)
	}
	value := " = " + shown(t.Value)
	if t.Unknown != "" {
		value = " is unknown: " + t.Unknown
	}
	p.line(2, "%-*s%s    · %s%s", verdictColumn, "", strings.Repeat("  ", depth), name, value)
}

// asked writes a lookup as it was made: assigned(actor.id "S00042", purpose.ref unknown).
func asked(t *rule.TermValue) string {
	args := make([]string, len(t.Lookup.Args))
	for i := range t.Lookup.Args {
		a := &t.Lookup.Args[i]
		switch {
		case a.Unknown != "":
			args[i] = a.Name + " unknown"
		case a.Name == shown(a.Value):
			args[i] = a.Name
		case a.Lookup != nil:
			args[i] = asked(a) + " = " + shown(a.Value)
		default:
			args[i] = a.Name + " " + shown(a.Value)
		}
	}
	name := t.Lookup.Name + "(" + strings.Join(args, ", ") + ")"
	if t.Lookup.Column != "" {
		name += "." + t.Lookup.Column
	}
	return name
}

func shown(v any) string {
	switch v := v.(type) {
	case string:
		return strconv.Quote(v)
	case time.Time:
		return stamp(v)
	case []string:
		quoted := make([]string, len(v))
		for i, s := range v {
			quoted[i] = strconv.Quote(s)
		}
		return "[" + strings.Join(quoted, ", ") + "]"
	}
	return fmt.Sprint(v)
}
