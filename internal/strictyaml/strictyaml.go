package strictyaml

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// maxBytes bounds a file: the library's parser has panicked and run long on hostile input.
const maxBytes = 1 << 20

// FromScalar is implemented by types that are written as one scalar, among them structs with a short form.
type FromScalar interface {
	// FromScalar sets the receiver from the scalar's text.
	FromScalar(text string) error
}

// Decode reads one YAML document into the struct that out points to. The problems are in the order of the file; out holds
// what could be read. The Doc is never nil.
func Decode(file string, src []byte, out any) (doc *Doc, problems Problems) {
	doc = &Doc{file: file, places: map[string]place{}, src: string(src)}
	if len(src) > maxBytes {
		return doc, Problems{{File: file, What: fmt.Sprintf("file of %d bytes", len(src)), Do: fmt.Sprintf("keep it under %d", maxBytes)}}
	}
	defer func() {
		if r := recover(); r != nil {
			problems = append(problems, Problem{File: file, Line: 1, Column: 1, What: fmt.Sprintf("the YAML parser gave up: %v", r), Do: "simplify the file"})
		}
	}()
	f, err := parser.ParseBytes(src, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		return doc, Problems{syntaxProblem(file, err)}
	}
	var bodies []ast.Node
	for _, d := range f.Docs {
		if d.Body != nil {
			bodies = append(bodies, d.Body)
		}
	}
	w := walker{doc: doc, fields: map[reflect.Type][]FieldOf{}}
	switch len(bodies) {
	case 0:
		return doc, Problems{{File: file, Line: 1, Column: 1, What: "the file is empty", Do: "write at least one key"}}
	case 1:
		w.value("", bodies[0], reflect.ValueOf(out).Elem())
	default:
		w.problem(bodies[1], "a second document in one file", "keep one document a file")
	}
	w.problems.Sort()
	return doc, w.problems
}

// syntaxProblem reads the place from the library's message, which begins with "[line:column] ".
func syntaxProblem(file string, err error) Problem {
	p := Problem{File: file, Line: 1, Column: 1, What: "not valid YAML", Do: "mend the syntax"}
	msg, _, _ := strings.Cut(err.Error(), "\n")
	if rest, ok := strings.CutPrefix(msg, "["); ok {
		if at, text, ok := strings.Cut(rest, "] "); ok {
			msg = text
			line, column, _ := strings.Cut(at, ":")
			if n, err := strconv.Atoi(line); err == nil {
				p.Line = n
			}
			if n, err := strconv.Atoi(column); err == nil {
				p.Column = n
			}
		}
	}
	p.What += ": " + msg
	switch {
	case strings.Contains(msg, "character '\t'"):
		p.Do = "indent with spaces: YAML knows no tabs there"
	case strings.Contains(msg, "value is not allowed in this context"):
		p.Do = "mend the indentation, of this line or the next: the keys of one mapping begin in one column"
	}
	return p
}

type walker struct {
	doc      *Doc
	problems Problems
	fields   map[reflect.Type][]FieldOf // of the structs met so far: a list has many of one type
}

func (w *walker) problem(n ast.Node, what, do string) {
	pos := position(n)
	w.problems = append(w.problems, Problem{File: w.doc.file, Line: pos.Line, Column: pos.Column, What: what, Do: do})
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// value sets v from n.
func (w *walker) value(path string, n ast.Node, v reflect.Value) {
	w.note(path, n)
	switch n := n.(type) {
	case *ast.AnchorNode, *ast.AliasNode, *ast.MergeKeyNode:
		w.problem(n, "anchors and aliases are not read", "write the value out")
		return
	case *ast.TagNode:
		w.problem(n, "YAML tags are not read", "remove the tag")
		return
	case *ast.NullNode:
		return
	}
	if v.Kind() == reflect.Pointer {
		v.Set(reflect.New(v.Type().Elem()))
		v = v.Elem()
	}
	if text, ok := scalarText(n); ok && v.CanAddr() {
		if fs, ok := v.Addr().Interface().(FromScalar); ok {
			if err := fs.FromScalar(text); err != nil {
				w.problem(n, err.Error(), "")
				w.doc.misread++
			}
			return
		}
	}
	switch v.Kind() {
	case reflect.Struct:
		w.mapping(path, n, v, w.structField)
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		w.mapping(path, n, v, w.mapEntry)
	case reflect.Slice:
		w.slice(path, n, v)
	case reflect.Interface:
		if x := w.free(path, n); x != nil {
			v.Set(reflect.ValueOf(x))
		}
	default:
		w.scalar(n, v)
	}
}

func pairs(n ast.Node) ([]*ast.MappingValueNode, bool) {
	switch n := n.(type) {
	case *ast.MappingNode:
		return n.Values, true
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{n}, true
	}
	return nil, false
}

func (w *walker) mapping(path string, n ast.Node, v reflect.Value, entry func(path, key string, kv *ast.MappingValueNode, v reflect.Value)) {
	kvs, ok := pairs(n)
	if !ok {
		w.problem(n, fmt.Sprintf("%s where a mapping of keys is needed", kindOf(n)), "")
		return
	}
	seen := map[string]bool{}
	for _, kv := range kvs {
		key := keyText(kv.Key)
		if seen[key] {
			w.problem(kv.Key, fmt.Sprintf("key %q stands twice", key), "keep one")
			continue
		}
		seen[key] = true
		entry(join(path, key), key, kv, v)
	}
}

func (w *walker) structField(path, key string, kv *ast.MappingValueNode, v reflect.Value) {
	fields, ok := w.fields[v.Type()]
	if !ok {
		fields = Fields(v.Type())
		w.fields[v.Type()] = fields
	}
	for _, f := range fields {
		if f.Key == key {
			w.value(path, kv.Value, v.FieldByIndex(f.Index))
			return
		}
	}
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.Key
	}
	do := "known here: " + strings.Join(names, ", ")
	if near := Nearest(key, names); near != "" {
		do = fmt.Sprintf("did you mean %q?", near)
	}
	w.problem(kv.Key, fmt.Sprintf("unknown key %q", key), do)
}

func (w *walker) mapEntry(path, key string, kv *ast.MappingValueNode, v reflect.Value) {
	el := reflect.New(v.Type().Elem()).Elem()
	w.value(path, kv.Value, el)
	v.SetMapIndex(reflect.ValueOf(key).Convert(v.Type().Key()), el)
}

func (w *walker) slice(path string, n ast.Node, v reflect.Value) {
	seq, ok := n.(*ast.SequenceNode)
	if !ok {
		w.problem(n, fmt.Sprintf("%s where a list is needed", kindOf(n)), "write it as [a, b] or one \"- a\" a line")
		return
	}
	out := reflect.MakeSlice(v.Type(), len(seq.Values), len(seq.Values))
	for i, el := range seq.Values {
		w.value(join(path, strconv.Itoa(i)), el, out.Index(i))
	}
	v.Set(out)
}

func (w *walker) scalar(n ast.Node, v reflect.Value) {
	text, ok := scalarText(n)
	if !ok {
		w.problem(n, fmt.Sprintf("%s where one %s is needed", kindOf(n), v.Kind()), "")
		return
	}
	var err error
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Bool:
		var b bool
		b, err = strconv.ParseBool(text)
		v.SetBool(b)
	case reflect.Int, reflect.Int64, reflect.Int32, reflect.Uint32, reflect.Uint64, reflect.Uint:
		var i int64
		i, err = strconv.ParseInt(text, 0, 64)
		if v.CanInt() && err == nil {
			v.SetInt(i)
		} else if err == nil && i >= 0 {
			v.SetUint(uint64(i))
		} else if err == nil {
			err = fmt.Errorf("negative")
		}
	case reflect.Float64:
		var f float64
		f, err = strconv.ParseFloat(text, 64)
		v.SetFloat(f)
	default:
		panic("strictyaml: no reading for " + v.Type().String())
	}
	if err != nil {
		w.problem(n, fmt.Sprintf("%q where %s is needed", text, map[bool]string{true: "true or false", false: "a number"}[v.Kind() == reflect.Bool]), "")
		w.doc.misread++
	}
}

// free reads a value of no declared type: string, int64, float64, bool, []any or map[string]any.
func (w *walker) free(path string, n ast.Node) any {
	w.note(path, n)
	switch n := n.(type) {
	case *ast.SequenceNode:
		out := make([]any, len(n.Values))
		for i, el := range n.Values {
			out[i] = w.free(join(path, strconv.Itoa(i)), el)
		}
		return out
	case *ast.IntegerNode:
		switch x := n.Value.(type) {
		case int64:
			return x
		case uint64:
			return int64(x)
		}
	case *ast.FloatNode:
		return n.Value
	case *ast.BoolNode:
		return n.Value
	}
	if kvs, ok := pairs(n); ok {
		out := map[string]any{}
		for _, kv := range kvs {
			out[keyText(kv.Key)] = w.free(join(path, keyText(kv.Key)), kv.Value)
		}
		return out
	}
	if text, ok := scalarText(n); ok {
		return text
	}
	return nil
}

// scalarText returns a scalar as it was written, without quotes.
func scalarText(n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return n.Value.Value, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return n.GetToken().Value, true
	}
	return "", false
}

func keyText(k ast.MapKeyNode) string {
	if s, ok := scalarText(k); ok {
		return s
	}
	return k.String()
}

const maxShown = 60 // characters of a value that a problem shows

func kindOf(n ast.Node) string {
	switch n.(type) {
	case *ast.SequenceNode:
		return "a list"
	case *ast.MappingNode, *ast.MappingValueNode:
		return "a mapping"
	}
	if s, ok := scalarText(n); ok {
		if r := []rune(s); len(r) > maxShown {
			return fmt.Sprintf("%q…", string(r[:maxShown]))
		}
		return fmt.Sprintf("%q", s)
	}
	return "a value"
}

// FieldOf is a struct's field and the key that sets it.
type FieldOf struct {
	Key   string
	Index []int
}

// Fields lists the keys of a struct in their order, embedded structs included.
func Fields(t reflect.Type) []FieldOf {
	var out []FieldOf
	for _, f := range reflect.VisibleFields(t) {
		key, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if !f.IsExported() || f.Anonymous || key == "-" || key == "" {
			continue
		}
		out = append(out, FieldOf{key, f.Index})
	}
	return out
}
