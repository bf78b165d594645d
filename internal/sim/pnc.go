package sim

import (
	"fmt"
	"strconv"
	"strings"
)

// pncEntry is a transaction of the Police National Computer: fixed columns,
// pipes, Latin-1, CRLF.
type pncEntry struct {
	operator   *person
	originator string // at most 53 characters
	code       string // NE, VE, TE, VODS, QUEST, UP
	reason     int
	key        string
	pncID      string // empty when nothing was found
	vrm        string // empty when nothing was found
	hits       int
}

func (e *pncEntry) system() system { return pnc }

func (e *pncEntry) native(p *press) string {
	return e.operator.terminal + "/" + strconv.FormatInt(p.pncSeq[e.operator.terminal], 10)
}

func (e *pncEntry) write(b []byte, p *press, at instant) []byte {
	terminal := e.operator.terminal
	if _, known := p.pncSeq[terminal]; !known {
		p.pncSeq[terminal] = int64(mix(hash(terminal)^p.f.opts.Seed) % 500_000)
	}
	p.pncSeq[terminal]++
	local, _ := p.clock.local(at)
	number := strconv.FormatInt(p.pncSeq[terminal], 10)
	b = appendColumn(b, number, -8)
	y, m, d := local.time().Date()
	b = append(appendPadded(append(appendPadded(b, d, 2), '/'), int(m), 2), '/')
	b = append(appendPadded(b, y, 4), '|')
	b = append(appendClock(b, local), '|')
	result := "NO TRACE"
	if e.hits > 0 {
		result = "TRACE"
	}
	b = appendColumn(b, "99", 4)
	b = appendColumn(b, terminal, 8)
	b = appendColumn(b, e.operator.pncID, 8)
	b = appendColumn(b, e.originator, 53)
	b = appendColumn(b, e.code, 5)
	b = appendColumn(b, strconv.Itoa(e.reason), -2)
	b = appendColumn(b, e.key, 48)
	b = appendColumn(b, e.pncID, 13)
	b = appendColumn(b, e.vrm, 8)
	b = appendColumn(b, strconv.Itoa(e.hits), -4)
	b = appendColumn(b, result, 8)
	return append(b[:len(b)-1], '\r', '\n')
}

// appendColumn pads s to a width, to the left when it is negative, ends it with
// a pipe, and writes Latin-1. What is too long is cut.
func appendColumn(b []byte, s string, width int) []byte {
	n := 0
	for range s {
		n++
	}
	for i := n; i < -width; i++ {
		b = append(b, ' ')
	}
	left := max(width, -width)
	for _, c := range s {
		if left == 0 {
			break
		}
		if c > 0xff || c == '|' {
			c = '?'
		}
		b = append(b, byte(c))
		left--
	}
	for i := n; i < width; i++ {
		b = append(b, ' ')
	}
	return append(b, '|')
}

// originator says for whom, where and why: PC4821 EVANS/A48 CROSS HANDS/ROAD CHECK.
// One in sixty was typed badly.
func originator(r dice, p *person, where, why string) string {
	whole := fmt.Sprintf("%s%d %s/%s/%s", p.rank, p.collar, p.upper, where, why)
	if r.chance(1.0 / 60) {
		switch r.IntN(5) {
		case 0:
			whole = p.upper
		case 1:
			whole = fmt.Sprintf("%s %d/%s", p.rank, p.collar/10, why)
		case 2:
			whole = why
		case 3:
			whole = fmt.Sprintf("%s/%s/%s", p.forenames, where, why)
		default:
			whole = ""
		}
	}
	if letters := []rune(whole); len(letters) > 53 {
		whole = string(letters[:53])
	}
	return whole
}

// nameCheck is an NE transaction: SURNAME/FORENAME:DDMMYYYY:SEX.
func nameCheck(operator *person, r dice, from string, x *nominal) *pncEntry {
	e := &pncEntry{operator: operator, originator: from, code: "NE", reason: r.between(1, 9), pncID: x.pncID}
	e.key = x.upper + "/" + strings.ToUpper(x.forenames) + ":" + x.born.packed() + ":" + string(x.sex)
	if x.pncID != "" {
		e.hits = 1
	}
	return e
}

// vehicleCheck is a VE transaction.
func vehicleCheck(operator *person, r dice, from string, v *vehicle) *pncEntry {
	return &pncEntry{operator: operator, originator: from, code: "VE", reason: r.between(1, 9), key: v.vrm, vrm: v.vrm, hits: 1}
}
