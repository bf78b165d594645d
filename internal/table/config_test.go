package table

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"probity/internal/strictyaml"
)

func TestConfigSaysWhatIsWrongAndWhere(t *testing.T) {
	var got struct {
		Tables map[string]Config `json:"tables"`
	}
	doc, problems := strictyaml.Decode("probity.yaml", []byte(`tables:
  people: {path: people.csv, miss: "no", max_age: 3d}
  links: {miss: maybe}
  poeple: {path: people.csv}
`), &got)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if diff := cmp.Diff(Config{Path: "people.csv", Miss: MissNo, MaxAge: strictyaml.Duration(72 * time.Hour)}, got.Tables[People]); diff != "" {
		t.Error(diff)
	}
	for _, name := range []string{"people", "links", "poeple"} {
		problems = append(problems, got.Tables[name].Check(name, doc, "tables."+name)...)
	}
	problems.Sort()
	want := strictyaml.Problems{
		{File: "probity.yaml", Line: 3, Column: 10, What: "a table without a path", Do: "write path: and the CSV file that the export writes"},
		{File: "probity.yaml", Line: 3, Column: 17, What: `miss is "maybe"`, Do: "write no if the table is a complete list, else unknown"},
		{File: "probity.yaml", Line: 4, Column: 11, What: `unknown table "poeple"`, Do: knownTables()},
	}
	if diff := cmp.Diff(want, problems); diff != "" {
		t.Error(diff)
	}
}

func TestWhatAMissMeansUnlessConfigured(t *testing.T) {
	for _, name := range Names() {
		l, _ := layoutOf(name)
		want := map[string]string{Assignments: MissNo, Links: MissNo, Sensitive: MissNo, Honeytokens: MissNo}[name]
		if want == "" {
			want = MissUnknown
		}
		if got := (Config{}).withDefaults(l); got != (Config{Miss: want, MaxAge: defaultMaxAge}) {
			t.Errorf("%s: %+v", name, got)
		}
	}
}
