package engine

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"probity/internal/event"
	"probity/internal/rule"
)

// An event that lacks what the condition asks for may have been a use of the value: what follows is no first use.
func TestAUseThatIsNotKnownToBeOneIsAnAlibi(t *testing.T) {
	g := generationOf(t, accounts{}, nil, []rule.File{{Name: "new", Data: []byte(prose + `id: new_record
when: event.action == "view"
correlation: {type: new_value, field: object.id, timespan: 60s, min_history: 5s}
alert: {summary: "{{ .times }}", period: 1m}
`)}})
	view := func(second int, record, action string) *event.Event {
		f := fields{event.FieldDataset: "niche", event.FieldUserName: "c1", event.FieldObjectID: record}
		if action != "" {
			f[event.FieldAction] = action
		}
		return at(g, second, f)
	}
	for name, c := range map[string]struct {
		action string
		want   []string
	}{
		"known to be another thing": {"print", []string{"new_record niche:c1 1 open"}},
		"not known":                 {"", nil},
	} {
		m, st := g.NewMatcher(nil), NewState(g, 2)
		var matches []Match
		for _, ev := range []*event.Event{view(1, "r1", "view"), view(10, "r2", c.action), view(20, "r2", "view")} {
			matches = m.Match(ev, matches)
		}
		if diff := cmp.Diff(c.want, texts(st.Apply(matches, []int64{1 << 62}, Serially).Drafts)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}
