package layers

import (
	"fmt"
	"go/ast"
	"go/token"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// judging are the packages whose result must be a function of events, rules and tables.
var judging = []string{"event", "alert", "decode", "rule", "window", "table", "engine", "route"}

// ban keeps imports out of packages.
type ban struct {
	path   string   // an import path; those below it are meant, too
	in     []string // packages that may not import it; nil: all
	except []string // the only ones that may, if in is nil
	spare  []string // files that may
	why    string
}

var bans = []ban{
	{path: "modernc.org/sqlite", except: []string{"store"},
		why: "store is the one commit point: whoever else opens the database can commit half of an effect"},
	{path: "database/sql", except: []string{"store"},
		why: "store is the one commit point: whoever else opens the database can commit half of an effect"},
	{path: "github.com/nxadm/tail", except: []string{"source"},
		why: "the library that follows files stays behind source's small interface, so that it can be replaced"},
	{path: "github.com/alecthomas/kong", except: []string{"cmd/probity"},
		why: "the command tree is cmd/probity's; everything else can be embedded in a test"},
	{path: "encoding/csv", except: []string{"decode", "table", "sim", "dipcheck"}, // dipcheck writes cells of neutral.CSVCell
		why: "nothing else that Probity writes is opened as a spreadsheet, where a value that begins with = is a formula; whoever adds that makes such values harmless in package neutral first"},
	{path: "go.uber.org/zap", in: append([]string{"evidence", "store", "strictyaml", "fsx", "evaluate"}, judging...),
		why: "it returns errors and does not log: a log line there could name a person, and would be written once an event"},
	{path: "github.com/prometheus", in: append([]string{"evidence", "store", "strictyaml", "fsx", "evaluate"}, judging...),
		why: "counts are returned and counted by pipeline: labels are decided in one place, where no name can become one"},
	{path: "os", in: judging, spare: []string{"internal/table/load.go"},
		why: "the same events must give the same alerts on any machine; files are read by source, daemon and (once a load) table.Load"},
	{path: "net", in: judging,
		why: "the same events must give the same alerts on any machine, so nothing may be asked of another"},
	{path: "math/rand", in: judging, why: "replay must give the alerts that the daemon gave"},
	{path: "crypto/rand", in: judging, why: "replay must give the alerts that the daemon gave"},
}

func (b ban) forbids(f file, path string) bool {
	if path != b.path && !strings.HasPrefix(path, b.path+"/") {
		return false
	}
	if b.in == nil {
		return !slices.Contains(b.except, f.pkg)
	}
	return slices.Contains(b.in, f.pkg) && !slices.Contains(b.spare, f.path)
}

func TestPackagesImportOnlyWhatTheirPromiseAllows(t *testing.T) {
	s := parse(t, "../..")
	for _, f := range s.files {
		for i, path := range f.imports {
			for _, b := range bans {
				if b.forbids(f, path) {
					t.Errorf("%s: %s may not import %s: %s", s.place(f.tree.Imports[i]), f.pkg, path, b.why)
				}
			}
		}
	}
}

// wallClock are the functions of package time that read the clock or wait for it.
var wallClock = []string{"Now", "Since", "Until", "After", "AfterFunc", "Sleep", "Tick", "NewTimer", "NewTicker"}

// clockReads lists where a file reads the clock.
func (s *sources) clockReads(f file) (places []string) {
	name := ""
	for _, spec := range f.tree.Imports {
		if p, _ := strconv.Unquote(spec.Path.Value); p == "time" {
			name = "time"
			if spec.Name != nil {
				name = spec.Name.Name
			}
		}
	}
	if name == "." {
		return []string{fmt.Sprintf("%s: a dot import of time hides who reads the clock", f.path)}
	}
	ast.Inspect(f.tree, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok || name == "" {
			return true
		}
		if x, ok := sel.X.(*ast.Ident); ok && x.Name == name && slices.Contains(wallClock, sel.Sel.Name) {
			places = append(places, fmt.Sprintf("%s: time.%s", s.place(sel), sel.Sel.Name))
		}
		return true
	})
	return places
}

func TestJudgingReadsNoClock(t *testing.T) {
	s := parse(t, "../..")
	for _, f := range s.files {
		if !slices.Contains(judging, f.pkg) {
			continue
		}
		for _, place := range s.clockReads(f) {
			t.Errorf("%s in %s: alerts are a function of event times, so that replay gives them again years later; pass the time in", place, f.pkg)
		}
	}
}

func TestEveryBreachOfAPromiseIsSeen(t *testing.T) {
	s := parseText(t, "internal/engine/x.go", `package engine
import ("net/http"; clock "time"; "os")
var a, b = clock.Now(), clock.Hour
func f() { defer clock.Sleep(b); http.Get(""); os.Exit(1) }`)
	f := s.files[0]
	if got, want := fmt.Sprint(s.clockReads(f)), "[internal/engine/x.go:3:12: time.Now internal/engine/x.go:4:18: time.Sleep]"; got != want {
		t.Errorf("clock reads %s, want %s", got, want)
	}
	var banned []string
	for _, path := range f.imports {
		for _, b := range bans {
			if b.forbids(f, path) {
				banned = append(banned, path)
			}
		}
	}
	if want := []string{"net/http", "os"}; !slices.Equal(banned, want) {
		t.Errorf("banned imports %v, want %v", banned, want)
	}
	loads := file{path: "internal/table/load.go", pkg: "table"}
	for _, b := range bans {
		if b.path == "os" && b.forbids(loads, "os") {
			t.Error("table.Load may not read its file")
		}
		if b.path == "database/sql" && !b.forbids(file{pkg: "daemon"}, "database/sql") {
			t.Error("daemon may open the database")
		}
	}
}

func parseText(t *testing.T, path, text string) *sources {
	t.Helper()
	s := &sources{set: token.NewFileSet()}
	if err := s.add(path, []byte(text)); err != nil {
		t.Fatal(err)
	}
	return s
}
