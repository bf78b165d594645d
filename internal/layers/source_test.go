package layers

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "probity"

// file is one Go file that is not a test.
type file struct {
	path    string // from the module's root
	pkg     string // import path below the module, without internal/: engine, cmd/probity
	tree    *ast.File
	imports []string
}

// sources are the files, with where each of their lines is.
type sources struct {
	set   *token.FileSet
	files []file
}

func (s *sources) place(n ast.Node) string { return s.set.Position(n.Pos()).String() }

// parse reads every Go file of the module below root, except tests: tests may import what they compare with. Files are
// parsed, not built, so that the order is also held for other systems and while a package does not compile.
func parse(t *testing.T, root string) *sources {
	t.Helper()
	s := &sources{set: token.NewFileSet()}
	err := fs.WalkDir(os.DirFS(root), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if name := d.Name(); path != "." && (strings.HasPrefix(name, ".") || name == "testdata") {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		src, err := os.ReadFile(filepath.Join(root, path))
		if err != nil {
			return err
		}
		return s.add(path, src)
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(s.files) == 0 {
		t.Fatalf("no Go files below %s", root)
	}
	return s
}

func (s *sources) add(path string, src []byte) error {
	tree, err := parser.ParseFile(s.set, path, src, parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	f := file{path: path, pkg: strings.TrimPrefix(filepath.ToSlash(filepath.Dir(path)), "internal/"), tree: tree}
	for _, spec := range tree.Imports {
		name, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return err
		}
		f.imports = append(f.imports, name)
	}
	s.files = append(s.files, f)
	return nil
}

// packages are those that have files, sorted.
func (s *sources) packages() []string {
	var out []string
	for _, f := range s.files {
		out = append(out, f.pkg)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// ours returns the package below the module that an import path names.
func ours(path string) (string, bool) {
	rest, ok := strings.CutPrefix(path, module+"/")
	return strings.TrimPrefix(rest, "internal/"), ok
}
