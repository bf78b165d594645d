package table

import (
	"strings"
	"time"

	"probity/internal/event"
)

// sensitive is the records that only some roles have business with.
type sensitive struct {
	scope
	at     byPlace   // of a record, in labels
	labels [][]label // of one record
}

type label struct {
	expires int64
	text    string
	roles   []string // folded
}

func newSensitive(t *Table, at keys, sc scope, zone *time.Location) *sensitive {
	x := &sensitive{scope: sc}
	for i := range t.Rows() {
		c := t.row(i) // record_ref, label, allowed_roles, expires
		l := label{expires: endOf(c[3], zone), text: c[1]}
		for role := range strings.SplitSeq(c[2], ";") {
			if role = strings.TrimSpace(role); role != "" {
				l.roles = append(l.roles, role)
			}
		}
		n := x.at.of(at[0][i])
		if n < 0 {
			n = int32(len(x.labels))
			x.at.put(at[0][i], n)
			x.labels = append(x.labels, nil)
		}
		x.labels[n] = append(x.labels[n], l)
	}
	return x
}

// of returns the labels of a record, expired ones among them; found is yes if one is in force.
func (x *sensitive) of(record event.Place, at int64) (labels []label, found verdict) {
	if x == nil || !x.answers(at) {
		return nil, unknownTable
	}
	if n := x.at.of(record); n >= 0 {
		labels = x.labels[n]
	}
	for i := range labels {
		if labels[i].inForce(at) {
			return labels, yes
		}
	}
	return nil, x.miss()
}

func (l *label) inForce(at int64) bool { return span{always, l.expires}.holds(at) }

// allows reports whether a role, given folded, is among the allowed ones. A cell left empty says neither.
func (l *label) allows(role []byte) verdict {
	if len(l.roles) == 0 {
		return unknownField
	}
	for _, r := range l.roles {
		if r == string(role) {
			return yes
		}
	}
	return no
}

func (s *Set) isSensitive(q query) verdict {
	_, found := s.sensitive.of(q.first, q.at)
	return found
}

// sensitiveLabel is the first label in force, in the order of the file, that has a text.
func (s *Set) sensitiveLabel(q query) (event.Value, event.Unknown) {
	labels, found := s.sensitive.of(q.first, q.at)
	for i := range labels {
		if l := &labels[i]; l.inForce(q.at) && l.text != "" {
			return event.StringValue(l.text), event.Known
		}
	}
	return event.Value{}, found.why()
}

// roleAllowed is yes for every role on a record that is not sensitive, and where any label in force names the role.
func (s *Set) roleAllowed(q query) verdict {
	labels, found := s.sensitive.of(q.first, q.at)
	if found != yes {
		return found.not()
	}
	var buf [keyBytes]byte
	role := fold(buf[:0], q.args[1].Str)
	is := no
	for i := range labels {
		if labels[i].inForce(q.at) {
			is = is.or(labels[i].allows(role))
		}
	}
	return is
}

// honeytokens is records that are nobody's business: bait.
type honeytokens struct {
	scope
	at      byPlace // of a record, in planted
	planted []int64 // when first
}

func newHoneytokens(t *Table, at keys, sc scope, zone *time.Location) *honeytokens {
	h := &honeytokens{scope: sc}
	for i := range t.Rows() {
		c := t.row(i) // record_ref, planted_on
		on := beginOf(c[1], zone)
		if n := h.at.of(at[0][i]); n >= 0 {
			h.planted[n] = min(h.planted[n], on)
			continue
		}
		h.at.put(at[0][i], int32(len(h.planted)))
		h.planted = append(h.planted, on)
	}
	return h
}

func (s *Set) honeytoken(q query) verdict {
	h := s.honeytokens
	if h == nil || !h.answers(q.at) {
		return unknownTable
	}
	if n := h.at.of(q.first); n >= 0 && h.planted[n] <= q.at {
		return yes
	}
	return h.miss()
}
