package table

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"probity/internal/event"
)

const (
	noon     = "2026-03-02 12:00"
	lastYear = "2025-12-31 23:59"
	tooLate  = "2026-03-04T02:00:01Z" // 48 h and a second after the export
)

func TestPersonAnswersEachColumnAsItsKind(t *testing.T) {
	askAll(t, sampleSet(t), []asked{
		{"person(S00042).surname", noon, "Evans"},
		{"person(s00042 ).forenames", noon, "Alun Testun"},
		{"person(S00042).dob", noon, "1988-05-17"},
		{"person(S00042).collar", noon, "4821"},
		{"person(S00042).role", noon, "response"},
		{"person(S00042).manager_id", noon, "S00007"},
		{"person(S00044).status", noon, "suspended"},
		{"person(S00042).start_date", noon, "2012-09-02T23:00:00Z"}, // summer time
		{"person(S00045).end_date", noon, "2026-02-01T00:00:00Z"},
		{"person(S00045).vetting_expiry", noon, "2026-02-01T00:00:00Z"},
		{"person(S00042).end_date", noon, "unknown field"},
		{"person(S00046).dob", noon, "unknown field"},
		{"person().role", noon, "unknown field"},
		{"person(S99999).role", noon, "unknown table"},
		{"person(niche:c4821).role", noon, "unknown table"},
	})
}

func TestPeopleAnswerWithinTheirSpanAndAroundTheExport(t *testing.T) {
	askAll(t, sampleSet(t), []asked{
		{"person(S00042).role", "2026-01-01 00:00", "response"},
		{"person(S00042).role", lastYear, "unknown table"},
		{"person(S00042).role", "2026-03-04T02:00:00Z", "response"}, // after covers, within max_age
		{"person(S00042).role", tooLate, "unknown table"},
		{"person(S00042).status", "2026-02-28T02:00:00Z", "active"},
		{"person(S00042).status", "2026-02-28T01:59:59Z", "unknown field"}, // covered, but the status is that of the export, and of no later one
		{"person(S00042).status", "2026-03-04T02:00:01Z", "unknown table"}, // a newer export may say it
		{"known_person(S00042)", tooLate, "unknown table"},
	})
}

func TestKnownPersonIsFalseOnlyInACompleteList(t *testing.T) {
	row := "S1,,Evans,Alun,1988-05-17,,,,,,,,,,,,"
	askAll(t, NewSet(nil, tableOf(t, People, Config{}, row)), []asked{
		{"known_person(S1)", noon, "true"}, {"known_person(S2)", noon, "unknown table"}, {"known_person( )", noon, "unknown field"},
	})
	askAll(t, NewSet(nil, tableOf(t, People, Config{Miss: MissNo}, row)), []asked{
		{"known_person(S1)", noon, "true"}, {"known_person(S2)", noon, "false"}, {"known_person(niche:c1)", noon, "unknown table"},
		{"person(S2).role", noon, "unknown field"}, {"person(S1).role", noon, "unknown field"},
	})
}

func TestWhatCannotBeReadInPeopleIsUnknownAndAFindingWithoutNames(t *testing.T) {
	s := NewSet(nil, tableOf(t, People, Config{},
		"S1,niche:c1;c2,Evans,Alun,1988-05-17,11,,,,,,,Retired,soon,,,",
		"S2,niche:C1,EVANS,ALUN MOCK,17/05/1988,11,,,,,,,Active,,31.12.2026,,",
		"S3,pnc:c1,Mock,,the 4th,12,,,,,,,,,,,",
		"S4,niche:c1,Mock,Dewi,,11,,,,,,,,,,,"))
	askAll(t, s, []asked{
		{"person(S1).status", noon, "unknown table"}, {"person(S1).start_date", noon, "unknown table"},
		{"person(S2).status", noon, "active"}, {"person(S2).end_date", noon, "unknown table"},
	})
	want := []Finding{
		{"people", "people.csv", "start_date is not a date; it is read as unknown", "write it as 2026-03-02", []int{3}, 1},
		{"people", "people.csv", "status is not a known word; it is read as unknown", "write one of active, suspended, left, leave", []int{3}, 1},
		{"people", "people.csv", "an account without its system; it is left out", "write accounts as niche:c4821;pnc:DP4821", []int{3}, 1},
		{"people", "people.csv", "end_date is not a date; it is read as unknown", "write it as 2026-03-02", []int{4}, 1},
		{"people", "people.csv", "an account that another person has too; it is resolved to nobody", "leave it with the person who has it now", []int{3, 4, 6}, 3},
		{"people", "people.csv", "a collar number that another person has too; it is resolved to nobody", "leave it with the person who has it now", []int{3, 4, 6}, 3},
		{"people", "people.csv", "the surname, first forename and date of birth of another person; staff_of cannot tell them apart", "check that this is not one person twice", []int{3, 4}, 2},
		{"people", "people.csv", dobFault, dobRemedy, []int{5}, 1},
		{"people", "people.csv", "no surname or no forenames; whether a record is about this person is unknown", "fill both", []int{5}, 1},
	}
	if diff := cmp.Diff(want, s.Findings()); diff != "" {
		t.Error(diff)
	}
}

// S1 lists one account twice, which is no dispute.
func TestResolveFindsTheOnePersonWhoHasTheAccount(t *testing.T) {
	s := NewSet(nil, tableOf(t, People, Config{},
		"S1,niche:c4821; pnc:DP4821;niche:C4821;,,,,4821,,,,,,,,,,,",
		"S2,niche:shared;pnc:4821,,,,77,,,,,,,,,,,",
		"S3,niche:SHARED,,,,55,,,,,,,,,,,",
		"S4,,,,,55,,,,,,,,,,,",
		"S5,pnc:55x,,,,shared,,,,,,,,,,,"))
	type answer struct {
		ID string
		OK bool
	}
	for _, c := range []struct {
		dataset, token    string
		account, reqestor answer
	}{
		{"niche", "c4821", answer{"S1", true}, answer{"S1", true}},
		{"NICHE", " C4821", answer{"S1", true}, answer{"S1", true}},
		{"pnc", "dp4821", answer{"S1", true}, answer{"S1", true}},
		{"storm", "c4821", answer{}, answer{}},
		{"pnc", "4821", answer{"S2", true}, answer{"S2", true}}, // an account before a collar number
		{"niche", "4821", answer{}, answer{"S1", true}},         // a collar number
		{"niche", "shared", answer{}, answer{}},                 // disputed, and not tried as S5's collar number
		{"pnc", "shared", answer{}, answer{"S5", true}},         // no such account here
		{"pnc", "55", answer{}, answer{}},                       // a disputed collar number
		{"pnc", "", answer{}, answer{}},
	} {
		var a, r answer
		for into, v := range map[*answer]event.Value{
			&a: s.Resolve(c.dataset, c.token, at(t, noon)), &r: s.ResolveRequestor(c.dataset, c.token, at(t, noon)),
		} {
			into.ID, into.OK = v.Str, v.Has()
			if v.Has() && v.Place != s.Find(v.Str) {
				t.Errorf("%s %s: place %d, found at %d", c.dataset, c.token, v.Place, s.Find(v.Str))
			}
		}
		if diff := cmp.Diff([]answer{c.account, c.reqestor}, []answer{a, r}); diff != "" {
			t.Errorf("%s %s: %s", c.dataset, c.token, diff)
		}
	}
	if id := s.Resolve("niche", "c4821", at(t, lastYear)); id.Has() {
		t.Errorf("outside its span the table resolves %s", id.Str)
	}
	if id := NewSet(nil).ResolveRequestor("niche", "c4821", at(t, noon)); id.Has() {
		t.Errorf("without a table %s", id.Str)
	}
}

func TestAFindingListsTheFirstLinesAndCountsAll(t *testing.T) {
	var rows, lines = []string{}, []int{}
	for i := range 50 {
		rows = append(rows, fmt.Sprintf("r%d,Mock,Ann,in May,", i))
		if i < maxFindingLines {
			lines = append(lines, i+3)
		}
	}
	s := NewSet(nil, tableOf(t, Nominals, Config{}, rows...))
	want := []Finding{{"nominals", "nominals.csv", dobFault, dobRemedy, lines, 50}}
	if diff := cmp.Diff(want, s.Findings()); diff != "" {
		t.Error(diff)
	}
	s.Findings()[0].Lines[0] = 99
	if diff := cmp.Diff(want, s.Findings()); diff != "" {
		t.Errorf("a caller changed the set: %s", diff)
	}
}

func TestOfTwoTablesOfOneNameTheLaterCounts(t *testing.T) {
	s := NewSet(nil, tableOf(t, Honeytokens, Config{}, "r1,2026-01-01"), nil, tableOf(t, Honeytokens, Config{}, "r2,2026-01-01"))
	askAll(t, s, []asked{{"honeytoken(r1)", noon, "false"}, {"honeytoken(r2)", noon, "true"}})
	if n := len(s.Versions()); n != 1 {
		t.Errorf("%d versions", n)
	}
}

func TestAnAccountIsOneThatNobodyElseClaims(t *testing.T) {
	rows := []string{
		"S1,niche:c1;PNC:dp1;storm:,Evans,Alun,,,,RESPONSE-1,,,,,,,,,S3", "S2,,Hall,Ann,,,,RESPONSE-1,,,,,,,,,S3",
		"S3,crime:c9,Marsh,Ed,,77,,response-1 ,,,,,,,,,", "S4,crime:C9;niche:c4,Jones,Rhys,,,,OTHER,,,,,,,,,",
	}
	askAll(t, NewSet(nil, tableOf(t, People, Config{}, rows...)), []asked{
		{"has_account(S1, niche)", noon, "true"}, {"has_account(s1, pnc)", noon, "true"}, {"has_account(S1, storm)", noon, "unknown table"},
		{"has_account(S2, niche)", noon, "unknown table"}, {"has_account(S3, crime)", noon, "unknown table"}, {"has_account(S9, niche)", noon, "unknown table"},
		{"has_account(niche:c9, niche)", noon, "unknown table"}, {"has_account(S1, )", noon, "unknown field"},
	})
	whole := NewSet(nil, tableOf(t, People, Config{Miss: MissNo}, rows...))
	askAll(t, whole, []asked{
		{"has_account(S1, storm)", noon, "false"}, {"has_account(S2, niche)", noon, "unknown table"}, {"has_account(S3, crime)", noon, "false"},
		{"has_account(S4, crime)", noon, "false"}, {"has_account(S9, niche)", noon, "false"},
	})
	want := []Member{{"S1", "Alun EVANS", "S3"}, {"S2", "Ann HALL", "S3"}, {"S3", "Ed MARSH 77", ""}}
	if diff := cmp.Diff(want, whole.Team("Response-1")); diff != "" {
		t.Error("members of a team (-want +got)\n", diff)
	}
	if diff := cmp.Diff([]string{"OTHER", "RESPONSE-1", "response-1"}, whole.Teams()); diff != "" {
		t.Error("teams (-want +got)\n", diff)
	}
	if got := NewSet(nil).Team("RESPONSE-1"); got != nil {
		t.Error("members without a people table:", got)
	}
}
