package sim

import (
	"bytes"
	"encoding/csv"
	"regexp"
	"strings"
	"testing"
	"time"
)

// world is what the tables say, as an investigator would join them.
type world struct {
	account  map[string]map[string]string // people by niche login
	collar   map[string]map[string]string
	subject  map[string]map[string]string // nominals by record_ref
	identity map[string]string            // staff_id by surname, forenames, dob
	declared map[string]bool              // staff_id and record_ref
	secret   map[string]string            // allowed roles by record_ref
	bait     map[string]bool
	purposes map[string][]string // by record_ref
	assigned map[string][2]string
	keeper   map[string]string
}

func join(t *testing.T, f *Force) *world {
	w := &world{
		map[string]map[string]string{}, map[string]map[string]string{}, map[string]map[string]string{}, map[string]string{}, map[string]bool{},
		map[string]string{}, map[string]bool{}, map[string][]string{}, map[string][2]string{}, map[string]string{},
	}
	for _, r := range rowsOf(t, f, "people.csv") {
		w.account["c"+r["collar"]], w.collar[r["collar"]] = r, r
		w.identity[r["surname"]+r["forenames"]+r["dob"]] = r["staff_id"]
	}
	for _, r := range rowsOf(t, f, "nominals.csv") {
		w.subject[r["record_ref"]] = r
	}
	for _, r := range rowsOf(t, f, "associations.csv") {
		w.declared[r["staff_id"]+r["record_ref"]] = true
	}
	for _, r := range rowsOf(t, f, "sensitive.csv") {
		w.secret[r["record_ref"]] = r["allowed_roles"]
	}
	for _, r := range rowsOf(t, f, "honeytokens.csv") {
		w.bait[r["record_ref"]] = true
	}
	for _, r := range rowsOf(t, f, "links.csv") {
		w.purposes[r["record_ref"]] = append(w.purposes[r["record_ref"]], r["purpose_ref"])
	}
	for _, r := range rowsOf(t, f, "assignments.csv") {
		w.assigned[r["purpose_ref"]+r["staff_id"]] = [2]string{r["from"], r["to"]}
	}
	for _, r := range rowsOf(t, f, "vehicles.csv") {
		w.keeper[r["vrm"]] = r["staff_id"]
	}
	return w
}

// works says whether the person is assigned at the moment to anything that the
// record belongs to.
func (w *world) works(person map[string]string, ref string, at time.Time) bool {
	for _, purpose := range w.purposes[ref] {
		if a, ok := w.assigned[purpose+person["staff_id"]]; ok {
			stamp := at.UTC().Format(time.RFC3339)
			if a[0] <= stamp && stamp <= a[1] {
				return true
			}
		}
	}
	return false
}

// private is why the person should not touch the record, empty if nothing speaks
// against it.
func (w *world) private(person map[string]string, ref string) string {
	x := w.subject[ref]
	switch who := person["staff_id"]; {
	case w.bait[ref]:
		return "honeytoken"
	case x == nil:
		return ""
	case w.identity[x["surname"]+x["forenames"]+x["dob"]] == who:
		return "self"
	case x["address_id"] == person["address_id"]:
		return "household"
	case w.declared[who+ref]:
		return "declared associate"
	}
	return ""
}

// legit is a force big enough that chance would find each misuse.
var legit = Options{Seed: 21, Staff: 300, Days: 21, NoMisuse: true}

func TestLegitimateWorkInNicheCommitsNoMisuse(t *testing.T) {
	f := force(t, legit)
	w := join(t, f)
	rows, err := csv.NewReader(bytes.NewReader(logs(f)["niche.csv"])).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	prints, denied, colleagues, secrets := map[string]int{}, map[string]int{}, 0, 0
	for _, r := range rows[1:] {
		at, _ := time.ParseInLocation("2006-01-02 15:04:05.000", r[1], f.cal.uk)
		who, verb, kind, ref := w.account[r[2]], r[7], r[8], r[9]
		if s := who["status"]; s == statusSuspense || s == statusLeave || s == statusLeft && r[1][:10] > who["end_date"] {
			t.Fatalf("%s at work: %q", s, r)
		}
		day := r[2] + r[1][:10]
		if verb == "Print" && who["role"] != filePrep {
			prints[day]++
		}
		if r[13] == "Y" {
			denied[day]++
		}
		if prints[day] > 25 || denied[day] > 4 {
			t.Fatalf("%d prints, %d refusals in a day: %q", prints[day], denied[day], r)
		}
		if verb == "Delete" && who["role"] != records || verb == "AclChange" && ref == r[2] {
			t.Fatalf("not for this role: %q", r)
		}
		if kind != "Person" || ref == "" {
			continue
		}
		if why := w.private(who, ref); why != "" {
			t.Fatalf("%s: %q", why, r)
		}
		x := w.subject[ref]
		trusted := strings.Contains(w.secret[f.famousCase], who["role"])
		if w.identity[x["surname"]+x["forenames"]+x["dob"]] != "" {
			if colleagues++; !trusted && !w.works(who, ref, at) {
				t.Fatalf("colleague without assignment: %q", r)
			}
		}
		if roles, ok := w.secret[ref]; ok {
			if secrets++; !strings.Contains(roles, who["role"]) && !w.works(who, ref, at) {
				t.Fatalf("famous without assignment: %q", r)
			}
		}
	}
	if colleagues == 0 || secrets == 0 {
		t.Errorf("%d views of colleagues, %d of the famous: no near misses", colleagues, secrets)
	}
}

var requester = regexp.MustCompile(`^(?:PC|DC|DS|PS|INSP|CS)(\d+) `)

func TestLegitimateWorkOnThePNCCommitsNoMisuse(t *testing.T) {
	f := force(t, legit)
	w := join(t, f)
	asked, theirs := 0, 0
	for l := range f.Lines() {
		if l.System != "pnc" {
			continue
		}
		c := strings.Split(latin1(l.Bytes), "|")
		for i := range c {
			c[i] = strings.TrimSpace(c[i])
		}
		actors := []map[string]string{w.collar[c[5][2:]]}
		if m := requester.FindStringSubmatch(c[6]); m != nil {
			asked++
			if actors = append(actors, w.collar[m[1]]); actors[1] == nil {
				t.Fatalf("nobody has that collar number: %q", c)
			}
		}
		if w.keeper[c[11]] != "" {
			theirs++
		}
		for _, who := range actors {
			if why := w.private(who, c[10]); why != "" {
				t.Fatalf("%s: %q", why, c)
			}
			if k := w.keeper[c[11]]; k != "" && k == who["staff_id"] {
				t.Fatalf("own vehicle: %q", c)
			}
		}
	}
	if asked == 0 || theirs == 0 {
		t.Errorf("%d with a requester, %d of a colleague's vehicle: no near misses", asked, theirs)
	}
}
