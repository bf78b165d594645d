package alert

import (
	"slices"
	"strings"
)

// Concerned are those who must not be told of an alert as if it were about somebody else. They are gathered from all
// revisions: a withdrawal names nobody any more, and is still about the same person.
type Concerned struct {
	Persons  []string `json:"persons,omitempty"`  // staff ids, or dataset:account where no person is known
	Managers []string `json:"managers,omitempty"` // staff ids of their line managers
	Main     string   `json:"main,omitempty"`     // the one whom the alert is about, "" if there is none or are several
	Redacted bool     `json:"redacted,omitempty"` // it is not known any more
}

// Concerned says whom this revision is about: its person, whoever acted in the records that it quotes, and whoever its group
// key names. Somebody who only acted in a record that is not quoted is not among them.
func (a *Alert) Concerned() Concerned {
	var c Concerned
	if a.Person != nil {
		c.Main = a.Person.ID
		c.Persons = add(c.Persons, a.Person.ID)
		c.Managers = add(c.Managers, a.Person.ManagerID)
	}
	for _, g := range a.Group {
		switch g.Field {
		case "actor.id", "user.id", "requestor.id":
			c.Main = g.Value
		}
		c.Persons = add(c.Persons, g.Value)
	}
	for _, field := range []string{"user.id", "requestor.id"} {
		a.quotedTexts(field, func(id string) { c.Persons = add(c.Persons, id) })
	}
	slices.Sort(c.Persons)
	return c
}

// add appends a text to a list that does not have it, unless it is "".
func add(list []string, text string) []string {
	if text == "" || slices.Contains(list, text) {
		return list
	}
	return append(list, text)
}

// Join adds what another revision says.
func (c Concerned) Join(other Concerned) Concerned {
	union := func(a, b []string) []string {
		all := slices.Concat(a, b)
		slices.Sort(all)
		return slices.Compact(all)
	}
	out := Concerned{Persons: union(c.Persons, other.Persons), Managers: union(c.Managers, other.Managers), Main: other.Main, Redacted: c.Redacted || other.Redacted}
	if out.Main == "" {
		out.Main = c.Main
	}
	return out
}

// About says whether it is about one of these persons, or about somebody whom one of them manages. Of what was redacted it
// says yes: nobody can tell any more.
func (c Concerned) About(staff []string) bool {
	if len(staff) == 0 {
		return false
	}
	return c.Redacted || slices.ContainsFunc(staff, func(id string) bool {
		same := func(other string) bool { return strings.EqualFold(id, other) } // people write s00042 into a configuration
		return slices.ContainsFunc(c.Persons, same) || slices.ContainsFunc(c.Managers, same)
	})
}
