package table

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// What Needs says is held against tables of all kinds: a lookup whose need is not met never gives the answer.
func TestALookupNeverAnswersWithoutWhatItNeeds(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var tables []*Table
		for _, name := range Names() {
			if m := drawTable(rt, name); !m.absent {
				tables = append(tables, m.load(rt))
			}
		}
		s := NewSet(london(t), tables...)
		met := func(ways [][]Need) bool {
			return slices.ContainsFunc(ways, func(needs []Need) bool {
				return !slices.ContainsFunc(needs, func(n Need) bool {
					held, ok := s.Held(n.Table)
					return !ok || held.Meets(n) != ""
				})
			})
		}
		for range 8 {
			h := rapid.IntRange(0, hours).Draw(rt, "hour")
			staff := rapid.SampledFrom([]string{"S0", "S1", "S2", "S5"}).Draw(rt, "staff")
			record := rapid.SampledFrom([]string{"r0", "r1", "r2", "p0"}).Draw(rt, "record")
			for _, call := range []string{
				"person(" + staff + ").surname", "known_person(" + staff + ")", "has_account(" + staff + ",niche)", "is_person(" + record + "," + staff + ")",
				"is_staff(" + record + ")", "staff_of(" + record + ")", "same_surname(" + record + "," + staff + ")", "same_address(" + record + "," + staff + ")",
				"namesakes(" + record + ")", "associated(" + staff + "," + record + ")", "relationship(" + staff + "," + record + ")",
				"registered_to(QQ00 ABC," + staff + ")", "assigned(" + staff + ",p0)", "linked(" + record + ",p0)", "party_to(" + staff + ",p0)", "assigned_to_record(" + staff + "," + record + ")",
				"sensitive(" + record + ")", "sensitive_label(" + record + ")", "role_allowed(" + record + ", media)", "honeytoken(" + record + ")",
				"duty(" + staff + ")", fmt.Sprintf("on_duty(%s, %d)", staff, 3600), fmt.Sprintf("assignment_over(%s, %s, %d)", staff, record, 3600),
			} {
				name, _, _ := strings.Cut(call, "(")
				_, column, _ := strings.Cut(call, ").")
				yes, no := needs(name, column)
				got := ask(t, s, call, hourText(h))
				if strings.HasPrefix(got, "unknown") {
					continue
				}
				if want := yes; got == "false" {
					if want = no; !met(want) {
						rt.Fatalf("%s in hour %d is false without %+v", call, h, want)
					}
				} else if !met(want) {
					rt.Fatalf("%s in hour %d is %s without %+v", call, h, got, want)
				}
			}
		}
	})
}

func TestEveryLookupOfTablesSaysWhatItNeedsOfThem(t *testing.T) {
	for _, l := range Lookups() {
		if len(l.Tables) == 0 {
			continue
		}
		column := ""
		if l.Columns != nil {
			column = "role"
		}
		yes, no := needs(l.Name, column)
		var named []string
		for _, n := range slices.Concat(slices.Concat(yes, no)...) {
			named = append(named, n.Table)
			for _, c := range slices.Concat(n.Columns, n.Either) {
				if !slices.Contains(ColumnsOf(n.Table), c) {
					t.Errorf("%s needs a column %s, which %s has not", l.Name, c, n.Table)
				}
			}
		}
		slices.Sort(named)
		want := slices.Clone(l.Tables)
		slices.Sort(want)
		if diff := cmp.Diff(want, slices.Compact(named)); diff != "" {
			t.Errorf("%s: tables that it reads (-) and says to need (+):\n%s", l.Name, diff)
		}
	}
}

func TestWhatATableHoldsAndWhatANeedMisses(t *testing.T) {
	s := NewSet(nil, tableOf(t, Nominals, Config{}, "r1,Evans,Alun,,A1", "r2,Jones,,,"), tableOf(t, Honeytokens, Config{}))
	held, ok := s.Held(Nominals)
	if diff := cmp.Diff(Held{Rows: 2, Filled: map[string]int{"record_ref": 2, "surname": 2, "forenames": 1, "address_id": 1}}, held); diff != "" || !ok {
		t.Error(diff)
	}
	bait, _ := s.Held(Honeytokens)
	for _, c := range []struct {
		held Held
		need Need
		want string
	}{
		{held, Need{Rows: true, Columns: []string{"surname", "forenames"}}, ""},
		{held, Need{Rows: true, Columns: []string{"surname", "dob"}}, "has no dob in any row"},
		{held, Need{Rows: true, Either: []string{"dob", "surname"}}, ""},
		{held, Need{Either: []string{"dob"}}, "has neither dob in any row"},
		{held, Need{Complete: true}, "is not said to be complete (miss: no)"},
		{bait, Need{Rows: true}, "has no rows"},
		{bait, Need{Complete: true, Columns: []string{"planted_on"}}, ""},
	} {
		if got := c.held.Meets(c.need); got != c.want {
			t.Errorf("%+v: %q, want %q", c.need, got, c.want)
		}
	}
	if _, ok := s.Held(Roster); ok {
		t.Error("a table that is not there is held")
	}
}
