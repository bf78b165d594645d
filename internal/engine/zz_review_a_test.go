package engine

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"probity/internal/event"
	"probity/internal/rule"
)

type zzPeople struct{ acc, collar map[string]string }

func (a zzPeople) Resolve(dataset, account string, _ int64) (string, bool) {
	id, ok := a.acc[dataset+":"+account]
	return id, ok
}
func (a zzPeople) ResolveRequestor(dataset, token string, at int64) (string, bool) {
	if id, ok := a.Resolve(dataset, token, at); ok {
		return id, ok
	}
	id, ok := a.collar[token]
	return id, ok
}

func zzGen(t *testing.T, p people, body string) *Generation {
	t.Helper()
	set, problems := rule.Load(testSchema(nil), []rule.File{{Name: "r", Data: []byte(prose + "id: the_rule\n" + body)}})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return NewGeneration(GenerationOptions{Rules: set, People: p})
}

var zzN int

func zzEvent(g *Generation, at time.Duration, user string, restricted bool) *event.Event {
	ev := &event.Event{}
	ev.Reset(g.Rules.Schema)
	ev.Slots[event.FieldTime] = event.TimeValue(start.Add(at).UnixNano())
	ev.Slots[event.FieldDataset] = event.StringValue("pnc")
	ev.Slots[event.FieldAction] = event.StringValue("view")
	ev.Slots[event.FieldUserName] = event.StringValue(user)
	ev.Slots[event.FieldObjectRestricted] = event.BoolValue(restricted)
	zzN++
	ev.NativeID = fmt.Sprint(zzN)
	ev.Native = []event.Pair{{Name: "ID", Text: ev.NativeID}}
	return ev
}

func zzApply(st *State, g *Generation, evs ...*event.Event) []Draft {
	m := g.NewMatcher(nil)
	var ms []Match
	for _, e := range evs {
		ms = m.Match(e, ms)
	}
	var out []Draft
	for i := range st.Shards() {
		var mine []Match
		for _, x := range ms {
			if st.Shard(x.Rule, x.Key) == i {
				mine = append(mine, x)
			}
		}
		b := st.Apply(i, mine, []int64{Never})
		out = append(out, b.Drafts...)
	}
	return out
}

func zzShow(ds []Draft) string {
	var out []string
	for _, d := range ds {
		a := d.Alert
		out = append(out, fmt.Sprintf("%v %s count=%d period=%s..%s facts=%v gen=%.4s", a.Group, a.Status, a.Count, a.Period.Start.Format(time.RFC3339), a.Period.End.Format(time.RFC3339), a.Facts, a.Generation))
	}
	return strings.Join(out, "\n   ")
}

const zzRule = `when: event.action == "view"
correlation: {type: event_count, timespan: 1h, condition: {gte: %d}}
alert: {summary: x, period: %s}
%s`

func TestZZThreshold(t *testing.T) {
	p := zzPeople{acc: map[string]string{"pnc:c1": "p1"}}
	g1, g2 := zzGen(t, p, fmt.Sprintf(zzRule, 5, "24h", "")), zzGen(t, p, fmt.Sprintf(zzRule, 3, "24h", ""))
	st := NewState(g1, 1)
	zzApply(st, g1, zzEvent(g1, 0, "c1", false), zzEvent(g1, time.Minute, "c1", false), zzEvent(g1, 2*time.Minute, "c1", false))
	st, _ = st.Adopt(g2, Never)
	t.Log("threshold 5→3, fourth event:", zzShow(zzApply(st, g2, zzEvent(g2, 3*time.Minute, "c1", false))))
}

func TestZZPeriod(t *testing.T) {
	p := zzPeople{acc: map[string]string{"pnc:c1": "p1"}}
	g1, g2 := zzGen(t, p, fmt.Sprintf(zzRule, 2, "24h", "")), zzGen(t, p, fmt.Sprintf(zzRule, 2, "1h", ""))
	st := NewState(g1, 1)
	t.Log(zzShow(zzApply(st, g1, zzEvent(g1, 0, "c1", false), zzEvent(g1, time.Minute, "c1", false))))
	st, _ = st.Adopt(g2, Never)
	t.Log("period 24h→1h, third event:", zzShow(zzApply(st, g2, zzEvent(g2, 3*time.Minute, "c1", false))))
	// and with an account resolved later
	p2 := zzPeople{acc: map[string]string{"pnc:c1": "p1", "pnc:c2": "p2"}}
	g3 := zzGen(t, p2, fmt.Sprintf(zzRule, 2, "1h", ""))
	st = NewState(g1, 1)
	t.Log(zzShow(zzApply(st, g1, zzEvent(g1, 0, "c2", false), zzEvent(g1, time.Minute, "c2", false))))
	_, b := st.Adopt(g3, Never)
	t.Log("period 24h→1h and c2 resolved:", zzShow(b.Drafts))
}

func TestZZFacts(t *testing.T) {
	p := zzPeople{acc: map[string]string{"pnc:c1": "p1"}}
	f1 := "facts: [{say: restricted, when: object.restricted, speaks: for}, {say: looked, when: 'event.action == \"view\"', speaks: against}]\n"
	f2 := "facts: [{say: looked, when: 'event.action == \"view\"', speaks: against}, {say: restricted, when: object.restricted, speaks: for}]\n"
	g1, g2 := zzGen(t, p, fmt.Sprintf(zzRule, 2, "24h", f1)), zzGen(t, p, fmt.Sprintf(zzRule, 2, "24h", f2))
	st := NewState(g1, 1)
	t.Log(zzShow(zzApply(st, g1, zzEvent(g1, 0, "c1", false), zzEvent(g1, time.Minute, "c1", false))))
	st, _ = st.Adopt(g2, Never)
	t.Log("facts reordered:", zzShow(zzApply(st, g2, zzEvent(g2, 3*time.Minute, "c1", false))))
}

func TestZZCollar(t *testing.T) {
	g1 := zzGen(t, zzPeople{}, fmt.Sprintf(zzRule, 2, "24h", ""))
	p2 := zzPeople{collar: map[string]string{"1234": "innocent"}}
	g2 := zzGen(t, p2, fmt.Sprintf(zzRule, 2, "24h", "")+"\n# tables\n")
	st := NewState(g1, 1)
	t.Log(zzShow(zzApply(st, g1, zzEvent(g1, 0, "1234", false), zzEvent(g1, time.Minute, "1234", false))))
	st, b := st.Adopt(g2, Never)
	t.Log("adopt:", zzShow(b.Drafts))
	t.Log("next two events:", zzShow(zzApply(st, g2, zzEvent(g2, 2*time.Minute, "1234", false), zzEvent(g2, 3*time.Minute, "1234", false))))
}

func TestZZShardsRevision(t *testing.T) {
	p1 := zzPeople{acc: map[string]string{"pnc:b": "zed"}}
	p2 := zzPeople{acc: map[string]string{"pnc:b": "zed", "pnc:c1": "zed"}}
	g1, g2 := zzGen(t, p1, fmt.Sprintf(zzRule, 1, "1h", "")), zzGen(t, p2, fmt.Sprintf(zzRule, 1, "1h", "# 2\n"))
	for _, n := range []int{1, 2, 3, 4, 5} {
		st := NewState(g1, n)
		zzApply(st, g1, zzEvent(g1, 0, "b", false), zzEvent(g1, 10*time.Hour, "c1", false))
		_, b := st.Adopt(g2, Never)
		t.Log(n, "shards:", zzShow(b.Drafts))
	}
}

func TestZZSummaryRequestor(t *testing.T) {
	g := zzGen(t, zzPeople{acc: map[string]string{"pnc:op": "OPERATOR", "pnc:rq": "REQUESTOR"}}, `actors: [requestor]
when: event.action == "view"
correlation: {type: event_count, group_by: [object.id], timespan: 1h, condition: {gte: 1}}
alert: {summary: "{{ .actor.id }} ({{ .actor.name }}) looked at {{ .event.time }}"}
`)
	ev := zzEvent(g, 0, "op", false)
	ev.Slots[event.FieldRequestorName] = event.StringValue("rq")
	ev.Slots[event.FieldObjectID] = event.StringValue("rec")
	d := zzApply(NewState(g, 1), g, ev)
	m := g.NewMatcher(nil).Match(ev, nil)
	_ = d[0].Dress([]*event.Record{m[0].Record})
	t.Log(d[0].Alert.Summary)
}
