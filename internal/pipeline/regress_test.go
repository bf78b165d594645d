package pipeline

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"probity/internal/alert"
	"probity/internal/decode"
	"probity/internal/store"
)

// One night both exports come: the account is resolved, and what waited for the other table is decided. The alert that both
// change is told once; two bodies under one revision stopped the daemon for good.
func TestAReloadThatResolvesAndDecidesTellsAnAlertOnce(t *testing.T) {
	tables := t.TempDir()
	write := func(name, text string) {
		must(t, os.WriteFile(filepath.Join(tables, name+".csv"), []byte(text), 0o600))
	}
	sensitive := "record_ref,label,allowed_roles,expires\nr,public figure,vetting,\n"
	write("sensitive", "# exported_at=2026-03-02T10:00:30Z covers=2026-02-01T00:00:00Z/2026-03-02T10:00:30Z\n"+sensitive)
	rules := oneRule("listed_record", "when: sensitive(object.id)")
	st, _, got := runScript(t, rules, tables, []string{line("10:00:00", "r"), line("10:01:00", "r")})
	if diff := cmp.Diff([]string{"listed_record 1 (revision 1)"}, got); diff != "" {
		t.Fatal(diff)
	}
	write("sensitive", "# exported_at=2026-03-03T00:00:00Z covers=2026-02-01T00:00:00Z/2026-03-03T00:00:00Z\n"+sensitive)
	write("people", "# exported_at=2026-03-03T00:00:00Z\nstaff_id,accounts,surname,forenames,dob,collar,role,team,station,address_id,postcode,employment,status,start_date,end_date,vetting_expiry,manager_id\n"+
		"S00042,plain:c1,Quill,Mara,1990-01-01,4821,cid,T,LLA,A1,QX1 1AA,officer,active,2020-01-01,,,\n")
	scripted(t, st, rules, tables)
	var texts []string
	must(t, st.EachAlert(func(a *alert.Alert) error {
		texts = append(texts, a.Group[0].Value+" "+string(a.Status)+" "+strings.Repeat("|", a.Count))
		return nil
	}))
	want := map[string]bool{"S00042 open ||": true, "plain:c1 withdrawn ": true}
	for _, text := range texts {
		if !want[text] {
			t.Errorf("unexpected %q", text)
		}
		delete(want, text)
	}
	if len(want) > 0 {
		t.Error("missing", want)
	}
}

// Three lines from the future are a mistake, however often it is made: they make nothing late and forget nothing.
func TestManyLinesFromTheFutureForgetNothing(t *testing.T) {
	rules := oneRule("thrice", "when: object.id == \"secret\"\ncorrelation: {type: event_count, timespan: 10m, condition: {gte: 3}}")
	future := "ts=2099-01-01T00:00:00Z user=c9 verb=view object=f"
	_, _, got := runScript(t, rules, "",
		[]string{line("10:00:00", "secret"), line("10:00:01", "secret")},
		[]string{future, future, future, future},
		[]string{line("10:00:02", "secret")})
	if diff := cmp.Diff([]string{"thrice 3 (revision 1)"}, got); diff != "" {
		t.Error(diff)
	}
}

// A stream that appears behind what was forgotten adds to the alert that was told; it does not replace it.
func TestAnAlertDoesNotShrinkWhenAnOlderStreamAppears(t *testing.T) {
	rules := oneRule("each", `when: event.dataset == "plain" and object.id == "secret"`)
	st := store.NewMemory()
	for _, chunks := range [][][]string{
		{{line("10:00:00", "secret"), line("10:00:01", "secret")}, {line("15:00:00", "a"), line("15:00:01", "b"), line("15:00:02", "c")}, {line("15:00:03", "d")}},
		{{line("10:30:00", "secret")}},
	} {
		p, _ := scripted(t, st, rules, "", chunks...)
		must(t, p.Run(context.Background()))
	}
	if diff := cmp.Diff([]string{"each 3 (revision 2)"}, alertTexts(t, st)); diff != "" {
		t.Error(diff)
	}
}

// failing is a store whose reads fail once.
type failing struct {
	*store.Memory
	fail bool
}

func (f *failing) Revision(id string) (int, error) {
	if f.fail {
		f.fail = false
		return 0, os.ErrDeadlineExceeded
	}
	return f.Memory.Revision(id)
}

// A store that cannot be read ends the loop before anything is committed; the next start raises the alert.
func TestAStoreThatCannotBeReadLosesNoAlert(t *testing.T) {
	st := &failing{Memory: store.NewMemory(), fail: true}
	run := func() error {
		p, _ := scripted(t, st, oneRule("each", `when: object.id == "secret"`), "", []string{line("10:00:00", "secret")})
		return p.Run(context.Background())
	}
	if err := run(); err == nil {
		t.Fatal("the loop went on past a store that it could not read")
	}
	must(t, run())
	if diff := cmp.Diff([]string{"each 1 (revision 1)"}, alertTexts(t, st.Memory)); diff != "" {
		t.Error(diff)
	}
}

// A mapping that names a column which the log does not have makes the source half blind: it says so.
func TestAColumnThatTheFormatReadsInVainIsTold(t *testing.T) {
	w := newWorld(t, broadRules)
	src := strings.Replace(string(decode.BuiltinSource("niche")), "user.name: UserID", "user.name: UserIDD", 1)
	format, problems := decode.ParseFormat("niche.yaml", []byte(src))
	must(t, problems.Err())
	var err error
	w.formats["niche"], err = decode.New(decode.Options{Source: "niche", Format: format, Schema: w.gen.Rules.Schema})
	must(t, err)
	st, reg := store.NewMemory(), prometheus.NewRegistry()
	p, err := New(Options{Sources: w.sources(t, filepath.Join(w.dir, "logs"), systems, false, st), Store: st, Identity: w.identity, Generation: w.gen, Registerer: reg})
	must(t, err)
	must(t, p.Run(context.Background()))
	must(t, testutil.GatherAndCompare(reg, strings.NewReader(`
# HELP probity_source_columns_absent Columns that the format reads and the log does not have.
# TYPE probity_source_columns_absent gauge
probity_source_columns_absent{source="niche"} 1
`), "probity_source_columns_absent"))
}
