package ruletest

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"probity/internal/rule"
)

// What follows looks at exceptions: each is a hole in the monitoring, so it has an end, and nobody makes one for themselves.

func (r *ruleLint) lintExceptions() {
	for i := range r.Exceptions {
		e, path := &r.Exceptions[i], fmt.Sprintf("exceptions.%d", i)
		ends := e.Exception.Expires.Time
		switch {
		case !r.today().Before(ends):
			r.add("PRB032", path+".expires", fmt.Sprintf("the exception has expired on %s: it suppresses nothing that happened since", day(ends)), "remove it, or have it approved anew")
		case ends.After(r.today().AddDate(1, 0, 0)):
			r.add("PRB033", path+".expires", fmt.Sprintf("the exception holds until %s, for more than a year", day(ends)), "let it end within a year, so that somebody looks at it again; what is permanent belongs into params and when")
		}
		r.lintReach(path, e.Cond)
		r.lintApprover(path, e)
		r.lintAuthor(path, e)
	}
}

// lintReach compares an exception with the condition that it is an exception of.
func (r *ruleLint) lintReach(path string, x *rule.Cond) {
	switch always, never := r.relation(x, false); {
	case never:
		r.add("PRB034", path+".when", "the condition excludes this: the exception suppresses nothing", "remove it, or mend one of the two")
	case always:
		r.add("PRB035", path+".when", "the exception holds of every match: the rule never alerts", "narrow it, or disable the rule by an overlay that says so")
	}
}

// persons are the terms by which a condition singles people out; roles stand for who holds them.
var persons = []string{"actor.id", "actor.name", "user.id", "user.name", "requestor.id", "requestor.name", "object.owner", "person(actor.id).role", "person(actor.id).collar"}

func (r *ruleLint) lintApprover(path string, e *rule.CompiledException) {
	if field, ok := r.covers(e.Cond, names(e.ApprovedBy)); ok {
		r.add("PRB030", path+".approved_by", "the exception covers who approved it, by "+field, "have it approved by somebody whom it does not cover")
	}
}

func (r *ruleLint) lintAuthor(path string, e *rule.CompiledException) {
	if r.Author == nil {
		return
	}
	p := r.places.Problem(path, "", "")
	var author []string
	for _, name := range r.Author(p.File, p.Line) {
		author = append(author, names(name)...)
	}
	if field, ok := r.covers(e.Cond, author); ok {
		r.add("PRB031", path+".when", "the exception covers who wrote it, by "+field, "have somebody else write it")
	}
}

// covers reports whether a condition that singles people out can hold of somebody with one of the names, and by what.
func (r *ruleLint) covers(c *rule.Cond, names []string) (field string, ok bool) {
	if len(names) == 0 {
		return "", false
	}
	for _, field := range persons {
		if r.logic.Admits(c, field, names...) {
			return strings.Replace(field, "person(actor.id).", "actor.", 1), true
		}
	}
	return "", false
}

var between = regexp.MustCompile(`[\s,;()<>/]+`)

// names are the ways in which rules may write somebody who is written as text: whole, as a role with hyphens, and each word
// that may be an id or an account.
func names(text string) []string {
	whole := strings.TrimSpace(text)
	words := slices.DeleteFunc(between.Split(whole, -1), func(w string) bool { return w == "" })
	out := []string{whole, strings.ToLower(whole), strings.ToLower(strings.Join(words, "-"))}
	for _, w := range words {
		out = append(out, w, strings.ToLower(w), strings.ToUpper(w))
	}
	slices.Sort(out[1:])
	return slices.DeleteFunc(slices.Compact(out), func(n string) bool { return n == "" })
}
