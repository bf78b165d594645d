package page

import (
	"fmt"
	"html/template"
	"net/url"
	"strings"
	"time"

	"probity/internal/alert"
)

// Notice is what a mail tells of one revision.
type Notice struct {
	Marking, Reference, Status, Severity, Rule, Title string
	Revision, Count                                   int
	Withdrawn                                         bool
	Page                                              string       // where its page is; "" if nobody said
	Href                                              template.URL // the same, if it can be followed
	View                                              *View        // nil: the mail may hold no names
}

// Digest is what one mail tells of many revisions.
type Digest struct {
	Marking string // the highest of them
	Alerts  int
	Persons []Person
}

// Person is one of a digest's persons, or a key if no person is known, with the alerts about them.
type Person struct {
	Name    string // "Person 1" where names may not stand
	Notices []Notice
}

// Letter says what mails hold.
type Letter struct {
	Pages string // what stands before REFERENCE.html in the address of a page; may be empty
	Names bool
	Zone  *time.Location
}

// Notice makes the notice of a revision, whose JSON is body.
func (l *Letter) Notice(a *alert.Alert, body []byte) Notice {
	n := Notice{
		Marking: marking(a), Reference: show(a.ID), Status: show(string(a.Status)), Severity: show(string(a.Rule.Severity)), Rule: show(a.Rule.ID),
		Title: show(a.Rule.Title), Revision: a.Revision, Count: a.Count, Withdrawn: a.Status == alert.Withdrawn,
	}
	if l.Pages != "" {
		n.Page = show(l.Pages + url.PathEscape(a.ID) + ".html")
		if strings.HasPrefix(n.Page, "https://") || strings.HasPrefix(n.Page, "file://") {
			n.Href = template.URL(n.Page) // pages is the force's own configuration, and the rest is escaped
		}
	}
	if l.Names {
		n.View = Of(a, body, l.Zone)
	}
	return n
}

// Digest groups revisions by person, or else by group key, and of an alert's revisions tells the last.
func (l *Letter) Digest(alerts []*alert.Alert, bodies [][]byte, highest string) Digest {
	d := Digest{Marking: marking(&alert.Alert{Marking: highest})}
	last := map[string]int{}
	for i, a := range alerts {
		last[a.ID] = i
	}
	place := map[string]int{}
	for i, a := range alerts {
		if last[a.ID] != i {
			continue
		}
		key, name := subject(a)
		k, ok := place[key]
		if !ok {
			k = len(d.Persons)
			place[key] = k
			if !l.Names {
				name = fmt.Sprintf("Person %d", k+1)
			}
			d.Persons = append(d.Persons, Person{Name: name})
		}
		d.Persons[k].Notices = append(d.Persons[k].Notices, l.Notice(a, bodies[i]))
		d.Alerts++
	}
	return d
}

// subject says whom or what an alert is about: a key to group by, and words.
func subject(a *alert.Alert) (key, words string) {
	if a.Person != nil {
		return "person\x00" + a.Person.ID, show(a.Person.String())
	}
	var parts []string
	key = "key"
	for _, g := range a.Group {
		key += "\x00" + g.Field + "\x00" + g.Value
		parts = append(parts, show(g.Field+" "+g.Value))
	}
	if len(parts) == 0 {
		return key, "nobody in particular"
	}
	return key, strings.Join(parts, ", ")
}
