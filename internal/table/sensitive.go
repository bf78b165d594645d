package table

import (
	"strings"
	"time"

	"probity/internal/event"
)

// sensitive is the records that only some roles have business with.
type sensitive struct {
	scope
	labels map[string][]label // by record_ref
}

type label struct {
	expires int64
	text    string
	roles   []string // folded
}

func newSensitive(t *Table, sc scope, zone *time.Location) *sensitive {
	x := &sensitive{sc, make(map[string][]label, t.Rows())}
	for i := range t.Rows() {
		c := t.row(i) // record_ref, label, allowed_roles, expires
		l := label{expires: endOf(c[3], zone), text: c[1]}
		for role := range strings.SplitSeq(c[2], ";") {
			if role = strings.TrimSpace(role); role != "" {
				l.roles = append(l.roles, role)
			}
		}
		x.labels[c[0]] = append(x.labels[c[0]], l)
	}
	return x
}

// of returns the labels of a record, expired ones among them; found is yes if one is in force.
func (x *sensitive) of(record string, at int64) (labels []label, found verdict) {
	if x == nil || !x.answers(at) {
		return nil, unknownTable
	}
	var buf [keyBytes]byte
	labels = x.labels[string(fold(buf[:0], record))]
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

func (s *Set) isSensitive(args []event.Value, at int64) verdict {
	_, found := s.sensitive.of(args[0].Str, at)
	return found
}

// sensitiveLabel is the first label in force, in the order of the file, that has a text.
func (s *Set) sensitiveLabel(args []event.Value, at int64) (event.Value, event.Unknown) {
	labels, found := s.sensitive.of(args[0].Str, at)
	for i := range labels {
		if l := &labels[i]; l.inForce(at) && l.text != "" {
			return event.StringValue(l.text), event.Known
		}
	}
	return event.Value{}, found.why()
}

// roleAllowed is yes for every role on a record that is not sensitive, and where any label in force names the role.
func (s *Set) roleAllowed(args []event.Value, at int64) verdict {
	labels, found := s.sensitive.of(args[0].Str, at)
	if found != yes {
		return found.not()
	}
	var buf [keyBytes]byte
	role := fold(buf[:0], args[1].Str)
	is := no
	for i := range labels {
		if labels[i].inForce(at) {
			is = is.or(labels[i].allows(role))
		}
	}
	return is
}

// honeytokens is records that are nobody's business: bait.
type honeytokens struct {
	scope
	planted map[string]int64 // by record_ref: when first
}

func newHoneytokens(t *Table, sc scope, zone *time.Location) *honeytokens {
	h := &honeytokens{sc, make(map[string]int64, t.Rows())}
	for i := range t.Rows() {
		c := t.row(i) // record_ref, planted_on
		on := beginOf(c[1], zone)
		if first, ok := h.planted[c[0]]; !ok || on < first {
			h.planted[c[0]] = on
		}
	}
	return h
}

func (s *Set) honeytoken(args []event.Value, at int64) verdict {
	h := s.honeytokens
	if h == nil || !h.answers(at) {
		return unknownTable
	}
	var buf [keyBytes]byte
	if on, ok := h.planted[string(fold(buf[:0], args[0].Str))]; ok && on <= at {
		return yes
	}
	return h.miss()
}
