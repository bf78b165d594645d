package decode

import (
	"maps"
	"slices"
	"strings"
)

// Vocabulary lists the values that a format is known to give a field, sorted: those that its map writes out, and those that
// it makes of native values which it names anywhere (Verb: View under operation is event.action: view, too). The log may
// hold more; what is not listed is something that nobody has written down. open is true where the map takes over the words
// of a system whose vocabulary is not ours (otherwise: hyphens), so that the list is only a part.
func (f *Format) Vocabulary(field string) (values []string, open bool) {
	natives := map[string][]string{} // native field → values that the map names
	for _, s := range f.Map {
		s.nativeValues(natives)
	}
	known := map[string]bool{}
	f.Map[field].vocabulary(natives, known)
	return slices.Sorted(maps.Keys(known)), f.Map[field].open()
}

func (s Spec) open() bool {
	return s.As == "hyphens" || s.Otherwise == "hyphens" || s.Pattern != "" && s.Values == nil || slices.ContainsFunc(s.First, Spec.open)
}

func (s Spec) nativeValues(into map[string][]string) {
	for _, name := range s.From {
		into[name] = append(into[name], slices.Collect(maps.Keys(s.Values))...)
	}
	for name, values := range s.When {
		into[name] = append(into[name], values...)
	}
	for _, alternative := range s.First {
		alternative.nativeValues(into)
	}
}

func (s Spec) vocabulary(natives map[string][]string, known map[string]bool) {
	if s.Const != nil {
		known[*s.Const] = true
	}
	if s.Default != "" {
		known[s.Default] = true
	}
	for _, alternative := range s.First {
		alternative.vocabulary(natives, known)
	}
	for _, v := range s.Values {
		known[v] = true
	}
	for _, name := range s.From {
		for _, native := range natives[name] {
			if v := s.of(native); v != "" {
				known[v] = true
			}
		}
	}
}

// of is what the spec makes of one native value; patterns are not looked into.
func (s Spec) of(native string) string {
	fold := func(how string) string {
		switch how {
		case "lower":
			return strings.ToLower(native)
		case "hyphens":
			return hyphens(native)
		case "missing":
			return ""
		}
		return native
	}
	switch {
	case s.Pattern != "" || s.Default != "":
		return ""
	case s.Values == nil:
		return fold(s.As)
	case s.As != "":
		native = fold(s.As)
	}
	if v, ok := s.Values[native]; ok {
		return v
	}
	return fold(s.Otherwise)
}
