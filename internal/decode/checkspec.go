package decode

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"probity/internal/event"
)

// spec checks where a field's text comes from.
func (c *checker) spec(path string, s Spec, kind event.Kind) {
	ways := 0
	for _, used := range []bool{len(s.From) > 0, s.Const != nil, len(s.First) > 0} {
		if used {
			ways++
		}
	}
	if ways != 1 {
		c.problem(path, "exactly one of from, const and first says where the text comes from", "write one of them")
	}
	if len(s.From) == 0 && (s.Pattern != "" || s.As != "" || s.Split != "" || s.Values != nil || s.Otherwise != "" || s.Default != "") {
		c.problem(path, "pattern, as, split, values, otherwise and default rewrite what from gives", "put them beside a from")
	}
	c.names(path+".from", s.From)
	for _, name := range s.From {
		if namesBody(name) && !c.f.AllowMessageBodies {
			c.problem(path+".from", fmt.Sprintf("%s is the body of a message, which is never ingested", name),
				"remove it, or write allow_message_bodies: true if a decision to read messages has been made and recorded")
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.When)) {
		c.names(path+".when."+name, []string{name})
		if len(s.When[name]) == 0 {
			c.problem(path+".when."+name, "a guard without values never holds", "list the values")
		}
	}
	c.rewriting(path, s, kind)
	if s.Const != nil {
		c.constant(path+".const", *s.Const, kind)
	}
	for i, alternative := range s.First {
		c.spec(path+".first."+strconv.Itoa(i), alternative, kind)
	}
}

// rewriting checks what happens to the text.
func (c *checker) rewriting(path string, s Spec, kind event.Kind) {
	if s.Pattern != "" {
		if re, err := regexp.Compile(s.Pattern); err != nil {
			c.problem(path+".pattern", err.Error(), "write it as RE2")
		} else if re.SubexpIndex("value") < 0 {
			c.problem(path+".pattern", "no group named value", "write (?P<value>…) around what the field gets")
		}
	}
	c.oneOf(path+".as", s.As, foldings)
	c.oneOf(path+".otherwise", s.Otherwise, otherwise)
	if s.Otherwise != "" && s.Default != "" {
		c.problem(path+".default", "both otherwise and default", "write one of them")
	}
	if (s.Otherwise != "" || s.Default != "") && s.Values == nil {
		c.problem(path, "otherwise and default are for texts that values lacks, and there are no values", "use as, or add values:")
	}
	if s.Split != "" && kind != event.List {
		c.problem(path+".split", "the field is a "+kind.String()+", not a list", "remove split")
	}
	for _, native := range slices.Sorted(maps.Keys(s.Values)) {
		if text := s.Values[native]; text != "" {
			c.constant(path+".values."+native, text, kind)
		}
	}
	if s.Default != "" {
		c.constant(path+".default", s.Default, kind)
	}
}

// constant checks that a text that the format itself gives is of the field's kind.
func (c *checker) constant(path, text string, kind event.Kind) {
	ok := text != ""
	switch kind {
	case event.Int:
		_, err := strconv.ParseInt(text, 10, 64)
		ok = err == nil
	case event.Bool:
		_, ok = readBool(text)
	}
	if !ok {
		c.problem(path, fmt.Sprintf("%q where a value of type %s is needed", text, kind), "")
	}
}

// namesBody reports whether a native name or path is that of a message's body. Police logs speak of body-worn video too.
func namesBody(name string) bool {
	for segment := range strings.FieldsFuncSeq(name, func(r rune) bool { return r == '.' || r == '[' || r == '=' || r == ']' }) {
		lower := strings.ToLower(segment)
		if lower == "body" || strings.HasSuffix(segment, "Body") ||
			strings.HasPrefix(lower, "body") && !strings.HasPrefix(lower, "bodyworn") && !strings.HasPrefix(lower, "body-worn") && !strings.HasPrefix(lower, "body_worn") {
			return true
		}
	}
	return false
}

func separatorOf(s string) byte {
	if s == "" {
		return ','
	}
	return s[0]
}
