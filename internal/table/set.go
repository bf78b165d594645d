package table

import (
	"slices"
	"strings"
	"time"
)

// Set is the tables of one generation, indexed. It is immutable and safe for concurrent use.
type Set struct {
	zone         *time.Location
	dates        *dates
	people       *people
	roster       *roster
	vehicles     *vehicles
	associations *associations
	nominals     *nominals
	assignments  *assignments
	links        *links
	sensitive    *sensitive
	honeytokens  *honeytokens
	versions     []Version
	findings     []Finding
	held         map[string]Held // what there is, by table
	index        *index
}

// NewSet indexes tables; zone is that of their local times, nil for UTC. A table that is not given is absent, and every
// lookup that needs it is unknown. Of two tables of one name the later one counts.
func NewSet(zone *time.Location, tables ...*Table) *Set {
	if zone == nil {
		zone = time.UTC
	}
	s := &Set{zone: zone, dates: &dates{text: map[int64]string{}}, held: map[string]Held{}}
	byName := map[string]*Table{}
	for _, t := range tables {
		if t != nil {
			byName[t.name] = t
		}
	}
	var at map[string]keys
	s.index, at = newIndex(byName)
	for _, name := range Names() {
		if t := byName[name]; t != nil {
			s.add(t, at[name])
		}
	}
	slices.SortFunc(s.versions, func(a, b Version) int { return strings.Compare(a.Name, b.Name) })
	return s
}

func (s *Set) add(t *Table, at keys) {
	sc := scopeOf(t, s.zone)
	s.versions = append(s.versions, sc.version(t))
	s.held[t.name] = heldOf(t)
	notes := notes{table: t}
	switch t.name {
	case People:
		s.people = newPeople(t, sc, s.zone, &notes)
	case Roster:
		s.roster = newRoster(t, at, sc, s.zone)
	case Vehicles:
		s.vehicles = newVehicles(t, at, sc)
	case Associations:
		s.associations = newAssociations(t, at, sc, s.zone)
	case Nominals:
		s.nominals = newNominals(t, at, sc, s.people, &notes)
	case Assignments:
		s.assignments = newAssignments(t, at, sc, s.zone)
	case Links:
		s.links = newLinks(t, at, sc, s.zone)
	case Sensitive:
		s.sensitive = newSensitive(t, at, sc, s.zone)
	case Honeytokens:
		s.honeytokens = newHoneytokens(t, at, sc, s.zone)
	}
	notes.claim(sc)
	s.findings = append(s.findings, notes.list()...)
}

// Version says which table is in force. The hash of a generation covers all of it.
type Version struct {
	Name       string    `json:"name"`
	ExportedAt time.Time `json:"exported_at"`
	CoversFrom time.Time `json:"covers_from,omitzero"` // zero if the table does not say
	CoversTo   time.Time `json:"covers_to,omitzero"`   // exclusive
	StaleAt    time.Time `json:"stale_at"`             // exported_at and max_age: from then on the table is too old
	Miss       string    `json:"miss"`
	SHA256     string    `json:"sha256"` // of the file's bytes, hex
	Rows       int       `json:"rows"`
	Counted    bool      `json:"counted"` // the export says rows=, so that a cut copy is noticed
}

// Versions lists the tables in force by name.
func (s *Set) Versions() []Version { return slices.Clone(s.versions) }

// scope is the event times for which a table answers, and what a miss means there.
type scope struct {
	covers   span // as declared; empty if not
	near     span // around the export; empty for dated tables
	complete bool // miss: no
}

func scopeOf(t *Table, zone *time.Location) scope {
	sc := scope{complete: t.config.Miss == MissNo}
	if t.header.covers {
		sc.covers = span{t.header.from.begin(zone), t.header.to.end(zone)}
	}
	if !t.layout.dated {
		sc.near = around(t)
	}
	return sc
}

// around returns the event times within max_age of the export, both ends included.
func around(t *Table) span {
	at, age := t.header.exported.UnixNano(), int64(t.config.MaxAge)
	return span{plus(at, -age), plus(plus(at, age), 1)}
}

func (sc *scope) answers(at int64) bool { return sc.covers.holds(at) || sc.near.holds(at) }

// miss is the verdict on what is not in the table at a time for which it answers.
func (sc *scope) miss() verdict {
	if sc.complete {
		return no
	}
	return unknownTable
}

func (sc *scope) version(t *Table) Version {
	v := Version{
		Name: t.name, ExportedAt: t.header.exported, StaleAt: t.header.exported.Add(t.config.MaxAge.Std()),
		Miss: t.config.Miss, SHA256: t.sum, Rows: t.Rows(), Counted: t.header.rows >= 0,
	}
	if t.header.covers {
		v.CoversFrom, v.CoversTo = instant(sc.covers.from), instant(sc.covers.to)
	}
	return v
}
