package alert

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"probity/internal/event"
)

func TestAnAlertConcernsItsPersonTheirManagerAndWhoeverActedInWhatItQuotes(t *testing.T) {
	acted := func(user, requestor string) event.Record {
		return event.Record{Fields: map[string]any{"user.id": user, "requestor.id": requestor}}
	}
	for name, c := range map[string]struct {
		of   Alert
		want Concerned
	}{
		"nobody":           {want: Concerned{}},
		"a person":         {Alert{Person: &Person{ID: "S2", ManagerID: "S1"}}, Concerned{Persons: []string{"S2"}, Managers: []string{"S1"}, Main: "S2"}},
		"a withdrawn one":  {Alert{Group: []KeyPart{{"actor.id", "S2"}}}, Concerned{Persons: []string{"S2"}, Main: "S2"}},
		"an unknown one":   {Alert{Group: []KeyPart{{"actor.id", "niche:u7"}}}, Concerned{Persons: []string{"niche:u7"}, Main: "niche:u7"}},
		"a crowd":          {Alert{Group: []KeyPart{{"object.id", "r"}}, Evidence: []event.Record{acted("S3", ""), acted("S2", "S4")}}, Concerned{Persons: []string{"S2", "S3", "S4", "r"}}},
		"a typist as well": {Alert{Person: &Person{ID: "S4"}, Evidence: []event.Record{acted("S2", "S4")}}, Concerned{Persons: []string{"S2", "S4"}, Main: "S4"}},
	} {
		if diff := cmp.Diff(c.want, c.of.Concerned()); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestACaseIsClosedUntilAFurtherRevision(t *testing.T) {
	for _, c := range []struct {
		of   Case
		want Status
	}{
		{Case{Status: Open, Revision: 1}, Open},
		{Case{Status: Open, Revision: 2, Closings: 1, ClosedRevision: 2}, Closed},
		{Case{Status: Open, Revision: 3, Closings: 1, ClosedRevision: 2}, Reopened},
		{Case{Status: Withdrawn, Revision: 3, Closings: 1, ClosedRevision: 2}, Withdrawn},
	} {
		if got := c.of.State(); got != c.want {
			t.Errorf("%+v is %s", c.of, got)
		}
	}
	var c Case
	for _, s := range []Severity{High, Low, High, Critical, Medium} {
		c.Have(s)
	}
	if !slices.Equal(c.Had, Severities) || c.Severity() != Critical {
		t.Errorf("%v", c.Had)
	}
}
