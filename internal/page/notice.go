package page

import (
	"fmt"
	"html/template"
	"net/url"
	"slices"
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
	Folded                                            int          // the how manieth of its rule or person in seven days, if that is beyond the alert budget
	Over                                              string       // whose budget: rule, person, rule and person
	Reopened                                          bool         // it was closed, and this is the first revision after that
}

// Item is a revision that a mail tells.
type Item struct {
	Alert    *alert.Alert
	Body     []byte // its JSON
	Folded   int
	Over     string
	Reopened bool
}

// Digest is what one mail tells of many revisions.
type Digest struct {
	Marking string // the highest of them
	Alerts  int
	About   int // different persons, or keys
	Persons []Person

	Folded []Person // those beyond the alert budget, apart from the others
	Over   []string // sentences: how many these are, and whose budget they are beyond
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

// Notice makes the notice of a revision.
func (l *Letter) Notice(of Item) Notice {
	a := of.Alert
	n := Notice{
		Folded: of.Folded, Over: whose(of.Over), Reopened: of.Reopened,
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
		n.View = Of(a, of.Body, l.Zone)
	}
	return n
}

// Digest groups revisions by person, or else by group key, and of an alert's revisions tells the last. What is beyond the alert
// budget stands apart, with whose budget that is.
func (l *Letter) Digest(items []Item, highest string) Digest {
	d := Digest{Marking: marking(&alert.Alert{Marking: highest})}
	last := map[string]int{}
	for i, of := range items {
		last[of.Alert.ID] = i
	}
	numbers, over := map[string]int{}, newOverBudget()
	for i, of := range items {
		if last[of.Alert.ID] != i {
			continue
		}
		key, name := subject(of.Alert)
		if numbers[key] == 0 {
			numbers[key] = len(numbers) + 1
		}
		if !l.Names {
			name = fmt.Sprintf("Person %d", numbers[key])
		}
		to := &d.Persons
		if of.Folded > 0 {
			to = &d.Folded
			over.add(&of, name)
		}
		group(to, name).Notices = append(group(to, name).Notices, l.Notice(of))
		d.Alerts++
	}
	d.About, d.Over = len(numbers), over.sentences()
	return d
}

// group is the person of that name; two of one name are one heading, and stay two by what stands under it.
func group(list *[]Person, name string) *Person {
	i := slices.IndexFunc(*list, func(p Person) bool { return p.Name == name })
	if i < 0 {
		i = len(*list)
		*list = append(*list, Person{Name: name})
	}
	return &(*list)[i]
}

// overBudget counts alerts by whose budget they are beyond.
type overBudget struct {
	order []string
	n     map[string]int
}

func newOverBudget() *overBudget { return &overBudget{n: map[string]int{}} }

func (o *overBudget) add(of *Item, name string) {
	budget := "of rule " + show(of.Alert.Rule.ID)
	switch of.Over {
	case alert.OverPerson:
		budget = "of " + name
	case alert.OverBoth:
		budget += " and of " + name
	case alert.OverRule:
	default: // of a state folder that did not keep whose it was
		budget += " or of " + name
	}
	if o.n[budget]++; o.n[budget] == 1 {
		o.order = append(o.order, budget)
	}
}

func (o *overBudget) sentences() (list []string) {
	for _, of := range o.order {
		list = append(list, fmt.Sprintf("%d %s, beyond the alert budget %s.", o.n[of], plural(o.n[of], "alert"), of))
	}
	return list
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
