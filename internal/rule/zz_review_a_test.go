package rule

import (
	"testing"
	"time"

	"probity/internal/event"
)

func zzVerdict(t *testing.T, src string, params map[string]any, subjects ...string) (string, string) {
	t.Helper()
	schema := testSchema(t)
	set := NewSet(schema)
	c, err := set.Compile(src, params)
	if err != nil {
		return "ERR " + err.Error(), ""
	}
	ev := anEvent(schema)
	ev.Slots[event.FieldSubjects] = event.ListValue(subjects)
	ev.Slots[event.FieldQueryCount] = event.IntValue(3)
	ev.Slots[event.FieldObjectID] = event.StringValue("5m")
	e := set.NewEval()
	e.Begin(ev)
	want := ""
	if params == nil {
		w, err := plainExpr(src, e)
		want = verdictOf(w).String()
		if err != nil {
			want = "ERR " + err.Error()
		}
	}
	got := e.Verdict(c).String()
	if e.LastError != nil { got += " " + e.LastError.Error() }
	return got, want
}

func TestZZPlain(t *testing.T) {
	for _, src := range []string{
		`any(subject.ids, any(["a","b"], # == "a"))`,
		`any(subject.ids, none(["a"], # == "a"))`,
		`any(subject.ids, count(["a","a"], # == "a") == 2)`,
		`any(subject.ids, len(filter(subject.ids, # == "p1")) == 1)`,
		`all(subject.ids, any(subject.ids, # == "p1"))`,
		`any(subject.ids, #index == 1)`,
		`any(subject.ids, len(map(subject.ids, #index)) == 2)`,
		`any(subject.ids, reduce(subject.ids, #acc + len(#), 0) == 4)`,
		`1 < query.count < 5`,
		`1 < abs(query.count - 2) < 5`,
		`1 < query.count + 0 < 5`,
		`query.count in 1..5`,
		`query.count not in 1..2`,
		`not (query.count in [1, 2])`,
		`query.count in [3.0]`,
		`query.count / 2 == 1.5`,
		`query.count % 2 == 1`,
		`-query.count ** 2 == -9`,
		`(-query.count) ** 2 == 9`,
		`2 ** (query.count - 1) == 4.0`,
		`7.0 / query.count > 2`,
		`(1 < query.count) == (query.count < 5)`,
		`((1 < query.count) == (query.count < 5)) == true`,
		`(query.count - (2 - 1)) - (1 - 2) == 3`,
		`(query.count > 1 ? "a" : "b") + "c" == "ac"`,
		`(query.count > 1 ? [1,2] : [3,4])[1] == 2`,
		`(query.count > 1 ? "abc" : "xyz")[0:1] == "a"`,
		`len(query.count > 1 ? "abc" : "x") == 3`,
		`(if query.count > 1 { 2 } else { 3 }) == 2`,
		"user.name + \"\\u00a0\\x00\\U000e0001\\u2028\\a\\\"\\\\\" == \"c4821\\u00a0\\x00\\U000e0001\\u2028\\a\\\"\\\\\"",
		`user.name matches "^c[0-9]+$"`,
		`user.name matches ("^c" + "[0-9]+$")`,
		`user.name matches user.name`,
		`user.name not matches "x"`,
		`user.name not in ["a","b"]`,
		`not (user.name contains "x")`,
		`user.name not contains "x"`,
		`event.time.Hour() == 14`,
		`event.time.Weekday().String() == "Monday"`,
		`event.time.In(timezone("Europe/London")).Hour() == 14`,
		`event.time > date("2026-01-01")`,
		`event.time - date("2026-01-01") > duration("24h")`,
		`(event.time - date("2026-01-01")).Hours() > 24`,
		`user.name | upper() == "C4821"`,
		`user.name[0:1] == "c"`,
		`user.name[-1:] == "1"`,
		`"S1" == user.id and (true or false)`,
		`(user.id == "S1") != (user.name == "zz")`,
		`user.id < user.name`,
		`!(user.id == "S1" || user.name == "x") == false`,
		`not (not (user.id == "S1"))`,
		`not not (user.id == "S1")`,
		`(not (user.id == "S1")) == false`,
		`max(query.count, 2) == 3`,
		`query.count * 9223372036854775807 < 0 or true`,
		`1 / (query.count - 3) > 5`,
		`query.count % (query.count - 3) == 0`,
		`let x = 1; x == 1`,
		`len(filter(1..10, # > query.count)) == 7`,
		`all(1..3, # <= query.count)`,
		`sum(map([1,2], # * query.count)) == 9`,
		`query.count == 3 ? true : 1 % 0 == 1`,
		`$env["t_0"] == "x"`,
		`t_0 == "x"`,
		`has_term`,
		`"a" in subject.ids`,
		`subject.ids[0] == "p1"`,
		`subject.ids == ["p1","p2"]`,
		`len(subject.ids) == 2 and subject.ids[5] == "x"`,
		`get(subject.ids, 0) == "p1"`,
		`(user.name ?? "x") == "y"`,
		`fields["t_1"] == "x"`,
		`string(event.time) != ""`,
		`toJSON(subject.ids) == "x"`,
		`query.count in (query.count > 1 ? 1..3 : 4..5)`,
		`query.count in (query.count > 1 ? 1 : 2)..5`,
		`count(groupBy(subject.ids, #)) == 2 or true`,
	} {
		got, want := zzVerdict(t, src, nil, "p1", "p2")
		flag := "   "
		if got != want { flag = "DIF" }
		t.Logf("%s %-60s got %-30.200s want %.100s", flag, src, got, want)
	}
}

func TestZZDurationParam(t *testing.T) {
	got, _ := zzVerdict(t, `object.id in codes`, map[string]any{"codes": []any{"5m", "zz"}}, "p1")
	t.Log("in [5m zz] over 5m:", got)
	got, _ = zzVerdict(t, `object.id not in codes`, map[string]any{"codes": []any{"5m", "zz"}}, "p1")
	t.Log("not in [5m zz] over 5m:", got)
}

func TestZZLocal(t *testing.T) {
	old := time.Local
	defer func() { time.Local = old }()
	src := `event.time.Local().Hour() == 14`
	time.Local = time.UTC
	a, _ := zzVerdict(t, src, nil)
	time.Local = time.FixedZone("X", 5*3600)
	b, _ := zzVerdict(t, src, nil)
	t.Log(a, b)
	for _, s := range []string{`string(event.time.Local()) == ""`, `event.time == date("2026-03-02 14:05:17", "2006-01-02 15:04:05", "Local")`} {
		a, _ = zzVerdict(t, s, nil)
		t.Log(s, a)
	}
}
