package route

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"probity/internal/alert"
)

func table(t *testing.T, roles map[string]Role, targets ...Target) *Table {
	t.Helper()
	out, flaws := New(roles, targets)
	if len(flaws) > 0 {
		t.Fatal(flaws)
	}
	return out
}

func about(severity alert.Severity, managers string, persons ...string) alert.Case {
	c := alert.Case{ID: "a", Rule: "r", Had: []alert.Severity{severity}, Revision: 1, Concerned: alert.Concerned{Persons: persons}}
	if managers != "" {
		c.Managers = []string{managers}
	}
	return c
}

// three is a force with an ISO and a second role that stand in for each other.
func three(t *testing.T) *Table {
	return table(t, map[string]Role{
		"iso":    {Users: []string{"alice"}, Staff: []string{"S1"}, Alternate: "second"},
		"second": {Users: []string{"bob"}, Groups: []string{"psd"}, Staff: []string{"S2"}, Alternate: "iso"},
		"soc":    {Groups: []string{"soc"}}, "auditor": {Users: []string{"1004"}},
	},
		Target{Sink: "iso", For: []string{"iso"}, Severities: []alert.Severity{alert.High, alert.Critical}},
		Target{Sink: "digest", For: []string{"iso"}, Severities: []alert.Severity{alert.Medium}},
		Target{Sink: "second", For: []string{"second"}, Severities: []alert.Severity{alert.Critical}},
		Target{Sink: "both", For: []string{"iso", "second"}, Severities: []alert.Severity{alert.Critical}},
		Target{Sink: "soc", For: []string{"soc"}})
}

func TestAnAlertGoesToItsRolesOrToTheirAlternates(t *testing.T) {
	rising := about(alert.Critical, "", "S9")
	rising.Had = []alert.Severity{alert.Medium, alert.Critical}
	redacted := about(alert.High, "")
	redacted.Redacted = true
	for name, c := range map[string]struct {
		of       alert.Case
		want     string
		stranded bool
	}{
		"medium goes to the digest":                                     {of: about(alert.Medium, "", "S9"), want: "digest soc"},
		"high goes to the ISO":                                          {of: about(alert.High, "", "S9"), want: "iso soc"},
		"critical goes to both":                                         {of: about(alert.Critical, "", "S9"), want: "iso second both soc"},
		"low goes to nobody but the SOC's counts":                       {of: about(alert.Low, "", "S9"), want: "soc"},
		"who got a revision gets those that follow":                     {of: rising, want: "iso digest second both soc"},
		"about nobody":                                                  {of: about(alert.High, ""), want: "iso soc"},
		"about the ISO, at a severity that the alternate does not take": {of: about(alert.High, "", "S1"), want: "second"},
		"about the ISO, in other letters":                               {of: about(alert.High, "", "s1"), want: "second"},
		"about somebody whom the ISO manages":                           {of: about(alert.Medium, "S1", "S9"), want: "second"},
		"about the ISO, at a severity that the alternate gets anyway":   {of: about(alert.Critical, "", "S1"), want: "second"},
		"about the second, which stays with the ISO":                    {of: about(alert.Critical, "", "S2"), want: "iso"},
		"about the second, at a severity that only the ISO gets anyway": {of: about(alert.High, "", "S2"), want: "iso"},
		"about both": {of: about(alert.Critical, "S2", "S1"), stranded: true},
		"low, about both: nobody would have got it":                      {of: about(alert.Low, "S2", "S1")},
		"redacted: nobody can tell whom it is about, so it is about all": {of: redacted, stranded: true},
	} {
		sinks, stranded := three(t).To(c.of)
		if got := strings.Join(sinks, " "); got != c.want || stranded != c.stranded {
			t.Errorf("%s: %q %v, want %q %v", name, got, stranded, c.want, c.stranded)
		}
	}
}

func TestWhoHasARoleThatIsInConflictSeesNothingByAnother(t *testing.T) {
	r := three(t)
	aboutISO, aboutOther := about(alert.High, "", "S1"), about(alert.High, "", "S9")
	closed := aboutISO
	closed.Closings = 1
	for name, c := range map[string]struct {
		user, groups        []string
		roles               string
		sees, counts, after bool // the alert about the ISO; after: counts it once it was closed
	}{
		"ISO":                     {user: []string{"alice", "1001"}, roles: "iso", after: true},
		"ISO who audits as well":  {user: []string{"alice", "1004"}, roles: "auditor iso", after: true},
		"ISO in the second group": {user: []string{"alice"}, groups: []string{"psd"}, roles: "iso second", after: true},
		"second":                  {groups: []string{"staff", "psd"}, roles: "second", sees: true, counts: true, after: true},
		"auditor by number":       {user: []string{"dave", "1004"}, roles: "auditor", sees: true, counts: true, after: true},
		"SOC":                     {groups: []string{"soc"}, roles: "soc", after: true},
		"nobody":                  {user: []string{"eve", ""}, groups: []string{""}, after: true},
	} {
		roles := r.Of(c.user, c.groups)
		if got := strings.Join(roles, " "); got != c.roles {
			t.Errorf("%s: roles %q", name, got)
		}
		if r.Sees(roles, aboutISO.Concerned) != c.sees || r.IsCounted(roles, aboutISO) != c.counts || r.IsCounted(roles, closed) != c.after {
			t.Errorf("%s: sees %v, counts %v, after %v", name, r.Sees(roles, aboutISO.Concerned), r.IsCounted(roles, aboutISO), r.IsCounted(roles, closed))
		}
		if may := r.May(roles, Read); r.Sees(roles, aboutOther.Concerned) != may {
			t.Errorf("%s: sees the other %v", name, !may)
		}
	}
	if !r.May([]string{"iso"}, Triage) || r.May([]string{"auditor"}, Triage) || r.May([]string{"soc"}, Read) || !r.May([]string{"soc"}, Counts) || r.May(nil, Counts) {
		t.Error("rights")
	}
	if !r.Withheld(aboutISO) || r.Withheld(closed) || r.Withheld(aboutOther) {
		t.Error("withheld")
	}
}

func TestWhatIsWrongWithRolesIsSaidWithItsPlace(t *testing.T) {
	sinks := []Target{{Sink: "a", For: []string{"iso"}}, {Sink: "b", For: []string{"second"}}}
	for name, c := range map[string]struct {
		roles   map[string]Role
		targets []Target
		want    string // key: what
	}{
		"nothing at all":       {},
		"a sink for nobody":    {roles: map[string]Role{"iso": {}}, targets: []Target{{Sink: "a"}}, want: "sinks.0: roles are configured, and sink a does not say for whom it is"},
		"an unknown role":      {roles: map[string]Role{"iso": {}}, targets: []Target{{Sink: "a", For: []string{"iso", "boss"}}}, want: "sinks.0.for.1: there is no role boss"},
		"for, and no roles":    {targets: []Target{{Sink: "a", For: []string{"iso"}}}, want: "sinks.0.for.0: there is no role iso"},
		"no rights":            {roles: map[string]Role{"boss": {}}, want: `roles.boss.rights: role boss has the rights ""`},
		"wrong rights":         {roles: map[string]Role{"iso": {Rights: "all"}}, want: `roles.iso.rights: role iso has the rights "all"`},
		"a wrong name":         {roles: map[string]Role{"ISO": {Rights: Read}}, want: `roles.ISO: "ISO" is no name for a role`},
		"staff, no alternate":  {roles: map[string]Role{"iso": {Staff: []string{"S1"}}}, want: "roles.iso: staff, and no alternate: nobody would get an alert about them"},
		"its own alternate":    {roles: map[string]Role{"iso": {Alternate: "iso"}}, want: "roles.iso.alternate: a role cannot be its own alternate"},
		"an unknown alternate": {roles: map[string]Role{"iso": {Alternate: "boss"}}, want: "roles.iso.alternate: there is no role boss"},
		"an alternate of counts": {roles: map[string]Role{"iso": {Alternate: "soc"}, "soc": {}},
			want: "roles.iso.alternate: role soc may see counts only, and could do nothing about an alert"},
		"an alternate whose only sink is shared": {roles: map[string]Role{"iso": {Alternate: "second"}, "second": {}}, targets: []Target{{Sink: "a", For: []string{"iso", "second"}}},
			want: "roles.iso.alternate: no sink is for second and not for iso as well"},
		"a space":  {roles: map[string]Role{"iso": {Staff: []string{"S1 "}, Alternate: "second"}, "second": {}}, targets: sinks, want: "roles.iso.staff: an entry that is empty or has spaces around it"},
		"in order": {roles: map[string]Role{"iso": {Users: []string{"alice"}, Staff: []string{"S1"}, Alternate: "second"}, "second": {}}, targets: sinks},
	} {
		var got []string
		_, flaws := New(c.roles, c.targets)
		for _, f := range flaws {
			got = append(got, f.Key+": "+f.What)
		}
		if diff := cmp.Diff(strings.Fields(c.want), strings.Fields(strings.Join(got, " | ")), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestSinksOfAProgramThatEmbedsTheDaemonGetEverything(t *testing.T) {
	r := three(t)
	if got, _ := r.Also("printer").To(about(alert.Low, "", "S1")); !slices.Equal(got, []string{"printer"}) {
		t.Errorf("%q", got)
	}
	if got, _ := r.To(about(alert.Low, "", "S1")); len(got) != 0 {
		t.Errorf("the table itself has changed: %q", got)
	}
}

// TestNobodyInConflictIsToldAndNothingIsLost draws roles, sinks and alerts, and holds the promises by brute force.
func TestNobodyInConflictIsToldAndNothingIsLost(t *testing.T) {
	names := []string{"iso", "second", "third", "soc"}
	rapid.Check(t, func(rt *rapid.T) {
		roles := map[string]Role{}
		for i, name := range names {
			r := Role{Rights: Triage, Staff: rapid.SampledFrom([][]string{nil, {fmt.Sprint("S", i)}, {fmt.Sprint("S", i), "S1"}}).Draw(rt, "staff of "+name)}
			if name == "soc" {
				r.Rights = Counts
			}
			r.Alternate = rapid.SampledFrom(slices.DeleteFunc([]string{"iso", "second", "third"}, func(o string) bool { return o == name })).Draw(rt, "alternate of "+name)
			roles[name] = r
		}
		var targets []Target
		for i := range rapid.IntRange(1, 6).Draw(rt, "sinks") {
			targets = append(targets, Target{Sink: fmt.Sprint("sink", i),
				For:        rapid.SliceOfNDistinct(rapid.SampledFrom(names), 1, 3, rapid.ID[string]).Draw(rt, "for"),
				Severities: rapid.SampledFrom([][]alert.Severity{nil, {alert.High}, {alert.Medium, alert.Critical}}).Draw(rt, "severities")})
		}
		r, flaws := New(roles, targets)
		if len(flaws) > 0 {
			r = &Table{roles: roles, targets: targets} // the promises hold for these, too
		}
		c := about(rapid.SampledFrom(alert.Severities).Draw(rt, "severity"), rapid.SampledFrom([]string{"", "S0", "S2"}).Draw(rt, "manager"),
			rapid.SliceOfN(rapid.SampledFrom([]string{"S0", "S1", "S2", "S3", "S9"}), 0, 3).Draw(rt, "persons")...)
		inConflict := func(role string) bool {
			for _, s := range roles[role].Staff {
				if slices.Contains(c.Persons, s) || slices.Contains(c.Managers, s) {
					return true
				}
			}
			return false
		}
		got, stranded := r.To(c)
		anyConflict, wanted, lost := slices.ContainsFunc(names, inConflict), []string(nil), false
		for _, s := range targets {
			wants := len(s.Severities) == 0 || slices.Contains(s.Severities, c.Severity())
			clear := !slices.ContainsFunc(s.For, inConflict)
			told := slices.Contains(got, s.Sink)
			if told && !clear {
				rt.Errorf("%s is for %v and is told", s.Sink, s.For)
			}
			if told && anyConflict && slices.Equal(s.For, []string{"soc"}) {
				rt.Errorf("%s, which everybody reads, is told", s.Sink)
			}
			if wants && clear && !slices.Equal(s.For, []string{"soc"}) && !told {
				rt.Errorf("%s is for it and is not told", s.Sink)
			}
			if wants {
				wanted = append(wanted, s.Sink)
				lost = lost || !clear && slices.ContainsFunc(s.For, func(n string) bool { return n != "soc" })
			}
		}
		if !anyConflict && !slices.Equal(got, wanted) {
			rt.Errorf("no conflict: %v, want %v", got, wanted)
		}
		if stranded != (lost && len(got) == 0) {
			rt.Errorf("told %v, stranded %v", got, stranded)
		}
		for _, s := range targets { // whoever stands in is told, if any sink of theirs may be
			for _, role := range s.For {
				if wants := len(s.Severities) == 0 || slices.Contains(s.Severities, c.Severity()); !wants || !inConflict(role) {
					continue
				}
				next := role
				for range names {
					if next = roles[next].Alternate; !inConflict(next) {
						break
					}
				}
				if inConflict(next) {
					continue
				}
				may := func(o Target) bool { return slices.Contains(o.For, next) && !slices.ContainsFunc(o.For, inConflict) }
				if slices.ContainsFunc(targets, may) && !slices.ContainsFunc(targets, func(o Target) bool { return may(o) && slices.Contains(got, o.Sink) }) {
					rt.Errorf("%s stands in for %s and is not told", next, role)
				}
			}
		}
	})
}

func TestBesideAnAlertNobodyIsToldOfOneThatHeMayNotSee(t *testing.T) {
	table, flaws := New(map[string]Role{
		"iso": {Staff: []string{"S1"}, Alternate: "second"}, "second": {}, "soc": {},
	}, []Target{{Sink: "iso", For: []string{"iso"}}, {Sink: "both", For: []string{"iso", "second"}}, {Sink: "second", For: []string{"second"}}, {Sink: "soc", For: []string{"soc"}}})
	if len(flaws) > 0 {
		t.Fatal(flaws)
	}
	about := alert.Case{Concerned: alert.Concerned{Persons: []string{"s1"}}}
	closed := about
	closed.Closings = 1
	for _, c := range []struct {
		of   alert.Case
		want string
	}{{alert.Case{}, "iso both second soc"}, {about, "second"}, {closed, "second soc"}, {alert.Case{Concerned: alert.Concerned{Redacted: true}}, "second"}} {
		var got []string
		for _, sink := range []string{"iso", "both", "second", "soc", "nowhere"} {
			if table.Tells(sink, c.of) {
				got = append(got, sink)
			}
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%+v: %q, want %q", c.of, got, c.want)
		}
	}
}
