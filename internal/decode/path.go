package decode

import (
	"fmt"
	"strings"

	"github.com/valyala/fastjson"
)

// path is a way into nested JSON: Parameters[Name=ForwardTo].Value. Through an array it goes to every element.
type path []step

// step is one name of a path, with the selector behind it.
type step struct {
	name       string
	key, value string // [key=value]: only elements whose member key has the text value
	selects    bool
}

// parsePath reads a path. A name may hold anything but dots and brackets; a selector's value anything but brackets.
func parsePath(text string) (path, error) {
	var out path
	for rest := text; ; {
		end := strings.IndexAny(rest, ".[")
		if end < 0 {
			end = len(rest)
		}
		s := step{name: rest[:end]}
		rest = rest[end:]
		if s.name == "" {
			return nil, fmt.Errorf("path %q has an empty name", text)
		}
		if strings.HasPrefix(rest, "[") {
			inside, after, ok := strings.Cut(rest[1:], "]")
			key, value, is := strings.Cut(inside, "=")
			if !ok || !is || key == "" {
				return nil, fmt.Errorf("path %q has a selector that is not written [Key=Value]", text)
			}
			s.key, s.value, s.selects = key, value, true
			rest = after
		}
		out = append(out, s)
		if rest == "" {
			return out, nil
		}
		if rest[0] != '.' {
			return nil, fmt.Errorf("path %q goes on with %q where a dot is needed", text, rest)
		}
		rest = rest[1:]
	}
}

// nested reports whether the path says more than a name.
func (p path) nested() bool { return len(p) > 1 || p[0].selects }

// texts appends the texts of the scalars at the path from v.
func (p path) texts(j *jsonParser, v *fastjson.Value, out []string) []string {
	switch v.Type() {
	case fastjson.TypeArray:
		for _, el := range v.GetArray() {
			out = p.texts(j, el, out)
		}
	case fastjson.TypeObject:
		if len(p) == 0 {
			break
		}
		if next := v.Get(p[0].name); next != nil {
			out = p.selected(j, next, out)
		}
	default:
		if len(p) > 0 {
			break
		}
		if text := j.scalar(v); text != "" {
			out = append(out, text)
		}
	}
	return out
}

// selected goes on from the value of the first step, if it has what the step's selector asks for.
func (p path) selected(j *jsonParser, v *fastjson.Value, out []string) []string {
	if !p[0].selects {
		return p[1:].texts(j, v, out)
	}
	if v.Type() == fastjson.TypeArray {
		for _, el := range v.GetArray() {
			out = p.selected(j, el, out)
		}
		return out
	}
	member := v.Get(p[0].key)
	if v.Type() != fastjson.TypeObject || member == nil {
		return out
	}
	switch text := j.scalar(member); {
	case text == p[0].value:
		return p[1:].texts(j, v, out)
	case j.w.natives.raw && illegible(text): // it may be the one
		j.w.unclear = true
	}
	return out
}
