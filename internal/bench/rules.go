package bench

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"probity/internal/rule"
)

// head is what every rule must say.
const head = `id: %s
version: 1
title: Made for measuring
severity: low
description: Made for measuring.
owner: ISO
review_by: 2027-06-01
proportionality: Nobody in these logs is real.
response: None.
alert: {period: 24h, summary: '{{ .actor.id }}'}
when: %s
`

const counted = `correlation: {type: event_count, group_by: [actor.id], timespan: %s, condition: {gte: %d}}
`

// PeerRule is one rule of the comparison, as every program is given it: this action, on a record of this type whose id begins
// so, Limit times or more by one user within Within seconds.
type PeerRule struct {
	Verb, Kind, Prefix string
	Limit, Within      int
}

// PeerRules are the ten.
func PeerRules() []PeerRule {
	out := []PeerRule{
		{Verb: "View", Kind: "Occurrence", Prefix: "3"}, {Verb: "View", Kind: "Occurrence", Prefix: "a"}, {Verb: "View", Kind: "Document", Prefix: "5"},
		{Verb: "View", Kind: "Document", Prefix: "c"}, {Verb: "View", Kind: "Person", Prefix: "1"}, {Verb: "Update", Kind: "Occurrence", Prefix: "7"},
		{Verb: "Update", Kind: "Document", Prefix: "e"}, {Verb: "Search", Kind: "Occurrence", Prefix: "2"}, {Verb: "Print", Kind: "Person", Prefix: "4"},
		{Verb: "Create", Kind: "Document", Prefix: "9"},
	}
	for i := range out {
		out[i].Limit, out[i].Within = 5, 4*60*60
	}
	return out
}

// peerFiles are the ten rules in Probity's language. Verbs and types are in lower case there.
func peerFiles() []rule.File {
	var out []rule.File
	for i, r := range PeerRules() {
		when := fmt.Sprintf(`event.dataset == "niche" and event.action == "%s" and object.type == "%s" and object.id startsWith "%s"`, lower(r.Verb), lower(r.Kind), r.Prefix)
		id := fmt.Sprintf("peer_%d", i)
		out = append(out, rule.File{Name: id + ".yaml", Data: fmt.Appendf(nil, head+counted, id, when, fmt.Sprintf("%ds", r.Within), r.Limit)})
	}
	return out
}

// peerTable is what testdata/peers/run.sh writes the same rules from in other programs' languages: id, action, type, prefix,
// limit, seconds; between tabs.
func peerTable() string {
	var b strings.Builder
	for i, r := range PeerRules() {
		fmt.Fprintf(&b, "peer_%d\t%s\t%s\t%s\t%d\t%d\n", i, r.Verb, r.Kind, r.Prefix, r.Limit, r.Within)
	}
	return b.String()
}

func lower(s string) string { return string(s[0]|0x20) + s[1:] }

// systems are whose records the generated rules judge, with what can be done there, and to what.
var systems = []struct {
	dataset      string
	verbs, kinds []string
}{
	{"niche", []string{"view", "update", "search", "create", "print", "export", "delete"}, []string{"occurrence", "document", "person", "vehicle", "address"}},
	{"pnc", []string{"search", "update"}, []string{"person", "vehicle"}},
	{"m365", []string{"view", "update", "download", "sync-download", "upload", "send", "share", "login"}, []string{"file", "mailbox", "account"}},
	{"storm", []string{"view", "update", "create", "close"}, []string{"incident"}},
	{"crime", []string{"view", "update", "print"}, []string{"crime"}},
}

// generatedFiles are n rules as a force's own would be: each about one thing that is done in one system, with a condition or two of
// its own that few records meet; most of them count by person.
func generatedFiles(n int, seed uint64) []rule.File {
	dice := rand.New(rand.NewPCG(seed, 7))
	one := func(of []string) string { return of[dice.IntN(len(of))] }
	out := make([]rule.File, n)
	for i := range out {
		s := systems[dice.IntN(len(systems))]
		when := fmt.Sprintf(`event.dataset == "%s" and event.action == "%s" and object.type == "%s"`, s.dataset, one(s.verbs), one(s.kinds))
		if dice.IntN(4) == 0 {
			when = fmt.Sprintf(`event.dataset == "%s" and event.action in ["%s", "%s"]`, s.dataset, one(s.verbs), one(s.verbs))
		}
		when += fmt.Sprintf(" and "+one([]string{
			`object.id startsWith "%03x"`, `host.name == "LLA-WS-%04d"`, `user.name in ["c%04d", "nobody"]`, `source.ip == "203.0.113.%d"`, `query.count > 5%04d`,
		}), dice.IntN(2000))
		when += one([]string{
			"", "", ` and not (actor.role in ["intelligence", "vetting"])`, ` and (not has(event.outcome) or event.outcome != "failure")`,
			` and local_hour(event.time) < 6`, ` and not has(purpose.ref)`,
		})
		text := head
		if dice.IntN(5) > 0 {
			text += counted
		}
		id := fmt.Sprintf("generated_%05d", i)
		args := []any{id, when}
		if text != head {
			args = append(args, one([]string{"10m", "1h", "24h"}), 3+dice.IntN(40))
		}
		out[i] = rule.File{Name: id + ".yaml", Data: fmt.Appendf(nil, text, args...)}
	}
	return out
}
