package trial

import (
	"strings"

	"probity/internal/daemon"
	"probity/internal/evaluate"
	"probity/internal/table"
)

// staff are the people of a force. Without a people table there are none, and neither rates nor comparisons.
type staff struct {
	people   []evaluate.Person
	employed int
}

func readStaff(c *daemon.Config) (*staff, error) {
	config, ok := c.Tables[table.People]
	if !ok {
		return &staff{}, nil
	}
	t, err := table.Load(table.People, config)
	if err != nil {
		return nil, err
	}
	subjects, err := subjectSurnames(c)
	if err != nil {
		return nil, err
	}
	bearers := evaluate.Bearers(t.Column("surname"), subjects)
	ids, stations, roles, statuses := t.Column("staff_id"), t.Column("station"), t.Column("role"), t.Column("status")
	out := &staff{}
	for i := range t.Rows() {
		if !strings.EqualFold(strings.TrimSpace(statuses[i]), "left") {
			out.employed++
		}
		out.people = append(out.people, evaluate.Person{ID: ids[i], Station: stations[i], Role: roles[i], Bearers: bearers[i]})
	}
	return out, nil
}

// subjectSurnames are of the nominals. One who has several records is one subject.
func subjectSurnames(c *daemon.Config) ([]string, error) {
	config, ok := c.Tables[table.Nominals]
	if !ok {
		return nil, nil
	}
	t, err := table.Load(table.Nominals, config)
	if err != nil {
		return nil, err
	}
	type subject struct{ surname, forenames, born, address string }
	surnames, forenames, born, address := t.Column("surname"), t.Column("forenames"), t.Column("dob"), t.Column("address_id")
	seen := map[subject]bool{}
	var out []string
	for i := range t.Rows() {
		s := subject{surnames[i], forenames[i], born[i], address[i]}
		if !seen[s] {
			seen[s], out = true, append(out, s.surname)
		}
	}
	return out, nil
}
