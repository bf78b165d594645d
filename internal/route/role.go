package route

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"probity/internal/alert"
)

// Rights say what somebody with a role may ask.
type Rights string

// The rights, each with those that follow it.
const (
	Triage Rights = "triage" // show and close alerts
	Read   Rights = "read"   // show them
	Counts Rights = "counts" // be told how many there are
)

// Role is one entry under roles: in the configuration.
type Role struct {
	Users        []string `json:"users,omitempty" jsonschema:"users of this machine who have the role; names or numbers"`
	Groups       []string `json:"groups,omitempty" jsonschema:"groups of this machine whose members have the role; names or numbers"`
	Certificates []string `json:"certificates,omitempty" jsonschema:"client certificates whose holders have the role, by what they name: email:, dns:, uri: or subject: and that name; for triage.listen"`
	Rights       Rights   `json:"rights,omitempty" jsonschema:"triage, read or counts; for iso and second triage, for auditor read, for soc counts unless said"`
	Staff        []string `json:"staff,omitempty" jsonschema:"staff ids of those who fill the role; alerts about them, or about those whom they manage, go to the alternate"`
	Alternate    string   `json:"alternate,omitempty" jsonschema:"the role that gets what this one may not see"`
}

// usual are the rights of roles that go by these names.
var usual = map[string]Rights{"iso": Triage, "second": Triage, "auditor": Read, "soc": Counts}

// Target is a sink: for whom it is, and which severities it gets.
type Target struct {
	Sink       string
	For        []string         // roles; none: everybody, as far as no role is configured
	Severities []alert.Severity // none: all
}

// Flaw is what is wrong with one key of the roles. Key is as in roles.iso.alternate, or sinks.0.for.
type Flaw struct{ Key, What, Do string }

// Table is who is told what. The zero Table tells everybody everything.
type Table struct {
	roles   map[string]Role
	targets []Target
}

var roleName = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,62}$`)

// New returns the table, or everything that is wrong with it.
func New(roles map[string]Role, targets []Target) (*Table, []Flaw) {
	t := &Table{roles: map[string]Role{}, targets: targets}
	for name, r := range roles {
		if r.Rights == "" {
			r.Rights = usual[name]
		}
		t.roles[name] = r
	}
	var flaws []Flaw
	for _, name := range slices.Sorted(maps.Keys(t.roles)) {
		flaws = append(flaws, t.checkRole(name)...)
	}
	for i := range targets {
		flaws = append(flaws, t.checkTarget(i)...)
	}
	if len(flaws) > 0 {
		return nil, flaws
	}
	return t, nil
}

func (t *Table) checkRole(name string) (flaws []Flaw) {
	r, at := t.roles[name], "roles."+name
	if !roleName.MatchString(name) {
		flaws = append(flaws, Flaw{at, fmt.Sprintf("%q is no name for a role", name), "use small letters, digits, _ and -, beginning with a letter"})
	}
	flaws = append(flaws, checkCertificates(at, r)...)
	if !slices.Contains([]Rights{Triage, Read, Counts}, r.Rights) {
		flaws = append(flaws, Flaw{at + ".rights", fmt.Sprintf("role %s has the rights %q", name, r.Rights), "write triage, read or counts"})
	}
	for _, list := range []struct {
		key string
		of  []string
	}{{"users", r.Users}, {"groups", r.Groups}, {"staff", r.Staff}} {
		if slices.ContainsFunc(list.of, func(s string) bool { return s == "" || s != strings.TrimSpace(s) }) {
			flaws = append(flaws, Flaw{at + "." + list.key, "an entry that is empty or has spaces around it", ""})
		}
	}
	_, known := t.roles[r.Alternate]
	switch {
	case r.Alternate == "" && len(r.Staff) > 0:
		flaws = append(flaws, Flaw{at, "staff, and no alternate: nobody would get an alert about them", "write alternate: and another role"})
	case r.Alternate == "":
	case r.Alternate == name:
		flaws = append(flaws, Flaw{at + ".alternate", "a role cannot be its own alternate", "name another role"})
	case !known:
		flaws = append(flaws, Flaw{at + ".alternate", fmt.Sprintf("there is no role %s", r.Alternate), "write it under roles, or name one of: " + t.names()})
	case t.roles[r.Alternate].Rights == Counts:
		flaws = append(flaws, Flaw{at + ".alternate", fmt.Sprintf("role %s may see counts only, and could do nothing about an alert", r.Alternate), "name a role with the rights triage or read"})
	case len(t.targets) > 0 && !slices.ContainsFunc(t.targets, func(s Target) bool { return slices.Contains(s.For, r.Alternate) && !slices.Contains(s.For, name) }):
		flaws = append(flaws, Flaw{at + ".alternate", fmt.Sprintf("no sink is for %s and not for %s as well", r.Alternate, name), "add one: that is where the alerts go that " + name + " may not see"})
	}
	return flaws
}

func (t *Table) checkTarget(i int) (flaws []Flaw) {
	s, at := t.targets[i], fmt.Sprintf("sinks.%d", i)
	if len(s.For) == 0 && len(t.roles) > 0 {
		flaws = append(flaws, Flaw{at, fmt.Sprintf("roles are configured, and sink %s does not say for whom it is", s.Sink), "write for: [" + strings.Split(t.names(), ", ")[0] + "]"})
	}
	for k, name := range s.For {
		if _, ok := t.roles[name]; !ok {
			flaws = append(flaws, Flaw{fmt.Sprintf("%s.for.%d", at, k), fmt.Sprintf("there is no role %s", name), "write it under roles"})
		}
	}
	return flaws
}

// Also returns the table with sinks that get everything: those that a program which embeds the daemon has added.
func (t *Table) Also(sinks ...string) *Table {
	out := &Table{roles: t.roles, targets: slices.Clone(t.targets)}
	for _, s := range sinks {
		out.targets = append(out.targets, Target{Sink: s})
	}
	return out
}

func (t *Table) names() string { return strings.Join(slices.Sorted(maps.Keys(t.roles)), ", ") }

// Staffed says whether any role lists staff, so that there can be conflicts at all.
func (t *Table) Staffed() bool {
	for _, r := range t.roles {
		if len(r.Staff) > 0 {
			return true
		}
	}
	return false
}

// Of returns the roles of a user, sorted. A user or group is given by name, number, or both.
func (t *Table) Of(user, groups []string) (names []string) {
	any := func(have, in []string) bool {
		return slices.ContainsFunc(have, func(n string) bool { return n != "" && slices.Contains(in, n) })
	}
	for name, r := range t.roles {
		if any(user, r.Users) || any(groups, r.Groups) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// Certified returns the roles of whoever holds a certificate, sorted, and the name of it by which they have them; the other
// one if they have none. names are as a configuration writes them.
func (t *Table) Certified(names []string, other string) (roles []string, name string) {
	name = other
	for role, r := range t.roles {
		i := slices.IndexFunc(names, func(n string) bool { return slices.Contains(r.Certificates, n) })
		if i < 0 {
			continue
		}
		if roles = append(roles, role); len(roles) == 1 || names[i] < name {
			name = names[i]
		}
	}
	slices.Sort(roles)
	return roles, name
}

// certificateName is a name of a certificate, with what kind of name it is: a DNS name is nobody's mail address.
var certificateName = regexp.MustCompile(`^(email|dns|uri|subject):\S.*$`)

func checkCertificates(at string, r Role) (flaws []Flaw) {
	for i, n := range r.Certificates {
		if !certificateName.MatchString(n) {
			flaws = append(flaws, Flaw{fmt.Sprintf("%s.certificates.%d", at, i), fmt.Sprintf("%q is no name of a certificate", n), "write email:, dns:, uri: or subject: and the name, as subject:CN=Mara Quill,O=Force"})
		}
	}
	return flaws
}
