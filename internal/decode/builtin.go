package decode

import (
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"strings"
)

//go:embed formats/*.yaml
var formatFiles embed.FS

// BuiltinNames lists the formats that come with Probity, sorted.
func BuiltinNames() []string {
	files, err := fs.Glob(formatFiles, "formats/*.yaml")
	if err != nil {
		panic("decode: embedded formats: " + err.Error()) // the pattern is constant
	}
	for i, file := range files {
		files[i] = strings.TrimSuffix(strings.TrimPrefix(file, "formats/"), ".yaml")
	}
	slices.Sort(files) // by name, not by file name
	return files
}

// BuiltinSource returns the YAML of a format that comes with Probity, nil if there is none of that name.
func BuiltinSource(name string) []byte {
	src, err := formatFiles.ReadFile("formats/" + name + ".yaml")
	if err != nil {
		return nil
	}
	return src
}

// Builtin returns a format that comes with Probity.
func Builtin(name string) (*Format, bool) {
	src := BuiltinSource(name)
	if src == nil {
		return nil, false
	}
	f, problems := ParseFormat("builtin:"+name, src)
	if len(problems) > 0 {
		panic(fmt.Sprintf("decode: embedded format %s: %v", name, problems)) // a test reads them all
	}
	return f, true
}
