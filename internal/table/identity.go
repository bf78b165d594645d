package table

import (
	"strings"
	"time"
)

// identity is by what a record's nominal and a member of staff are told to be one person.
type identity struct {
	surname  string // folded
	forename string // the first, folded
	born     birthday
}

// birthday is a date as the number yyyymmdd, 0 if the cell is empty.
type birthday int32

const (
	unreadable birthday = -1

	dobFault  = "dob is not a date; it is read as unknown"
	dobRemedy = "write it as 1990-05-17"
)

func newIdentity(surname, forenames, dob string) identity {
	first, _, _ := strings.Cut(forenames, " ")
	return identity{surname: surname, forename: first, born: parseBirthday(dob)}
}

func parseBirthday(cell string) birthday {
	if cell == "" {
		return 0
	}
	for _, layout := range []string{time.DateOnly, "02/01/2006"} {
		if t, err := time.Parse(layout, cell); err == nil && t.Year() > 0 {
			return birthday(t.Year()*10000 + int(t.Month())*100 + t.Day())
		}
	}
	return unreadable
}

// same reports whether two identities are one person's: all three parts agree. A part that differs decides, whatever the
// others lack.
func (a *identity) same(b *identity) verdict {
	return sameText(a.surname, b.surname).and(sameText(a.forename, b.forename)).and(a.born.same(b.born))
}

func (d birthday) same(e birthday) verdict {
	switch {
	case d == 0 || e == 0:
		return unknownField
	case d == unreadable || e == unreadable:
		return unknownTable
	}
	return known(d == e)
}

func sameText(a, b string) verdict {
	if a == "" || b == "" {
		return unknownField
	}
	return known(a == b)
}
