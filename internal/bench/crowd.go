package bench

import (
	"fmt"
	"math/rand/v2"
	"time"
)

const (
	staff      = 2000 // people
	ownRecords = 8    // records of the one case that each of them has
	strangers  = 200_000
	perSecond  = 20 // lines of one log, by its own clock
	terminals  = 64 // of the PNC; everybody sits at one
)

// began is the event time of each log's first line.
var began = time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)

// crowd says what happens next in one log.
type crowd struct {
	dice   *rand.Rand
	n      int            // lines so far
	counts [terminals]int // lines of each terminal of the PNC
}

// newCrowd makes the same crowd for the same seed and log.
func newCrowd(seed uint64, log string) *crowd {
	salt := uint64(0)
	for _, c := range []byte(log) {
		salt = salt*257 + uint64(c)
	}
	return &crowd{dice: rand.New(rand.NewPCG(seed, salt))}
}

// act is what somebody did.
type act struct {
	n       int
	at      time.Time
	who     int
	verb    string
	kind    string // of the record
	record  int    // its number
	own     bool   // it belongs to a case of theirs
	refused bool
}

// share is one of several things that happen, with how often in a thousand.
type share struct {
	name string
	of   int
}

func (c *crowd) one(of []share) string {
	at := c.dice.IntN(1000)
	for _, s := range of {
		if at -= s.of; at < 0 {
			return s.name
		}
	}
	return of[0].name
}

func (c *crowd) next(verbs, kinds []share) act {
	a := act{
		n: c.n, at: began.Add(time.Duration(c.n) * time.Second / perSecond), who: c.dice.IntN(staff),
		verb: c.one(verbs), kind: c.one(kinds), own: c.dice.IntN(100) < 98, refused: c.dice.IntN(1000) == 0,
	}
	c.n++
	a.record = a.who*ownRecords + c.dice.IntN(ownRecords)
	if !a.own {
		a.record = staff*ownRecords + c.dice.IntN(strangers)
	}
	return a
}

// scatter spreads small numbers over all 32 bits, so that ids begin with anything.
func scatter(n int) uint32 { return uint32(n) * 2654435761 }

func recordID(n int) string { return fmt.Sprintf("%08x-0000-4000-8000-%012x", scatter(n), n) }

// pncID is the same record's id on the PNC, with ! where a real one has its check letter.
func pncID(n int) string { return fmt.Sprintf("2026/%07d!", n) }

// plate is in a pattern that is not issued.
func plate(n int) string {
	return fmt.Sprintf("QQ%02d %c%c%c", n%100, 'A'+n/100%26, 'A'+n/2600%26, 'A'+n/67600%26)
}

func staffID(who int) string { return fmt.Sprintf("S%05d", who) }

func account(who int) string { return fmt.Sprintf("c%04d", who) }

func operator(who int) string { return fmt.Sprintf("DP%04d", who) }

func address(who int) string { return fmt.Sprintf("c%04d@example.police.uk", who) }

// caseOf is the one case that somebody has.
func caseOf(who int) string { return fmt.Sprintf("5326/%07d", who) }
