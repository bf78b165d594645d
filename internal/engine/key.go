package engine

import (
	"encoding/binary"

	"probity/internal/alert"
	"probity/internal/rule"
)

// grouped is the encoded keys that an event has for one list of group_by fields and one actor. Rules share such lists, so the
// keys are made once an event.
type grouped struct {
	epoch uint64
	known bool // none of the fields is unknown
	keys  []string
}

// roles is how many actors an event can be judged for.
const roles = int(rule.Requestor) + 1

// groupKeys returns the encoded keys of the event for the rule and the actor who is judged, several where a field is a list;
// false if one of the fields is unknown. They are good until the next event.
func (m *Matcher) groupKeys(r *rule.Compiled, role rule.Role) ([]string, bool) {
	g := &m.groups[roles*r.Grouping+int(role)]
	if g.epoch != m.epoch {
		g.keys, g.known = m.encodeKeys(r.GroupBy, g.keys[:0])
		g.epoch = m.epoch
	}
	return g.keys, g.known
}

// encodeKeys appends the keys of the event for a list of fields.
func (m *Matcher) encodeKeys(fields []rule.GroupField, keys []string) ([]string, bool) {
	key := m.texts.buffer[:0]
	for i, f := range fields {
		v, ok := m.eval.Value(f.Term)
		if !ok {
			return keys, false
		}
		if f.List {
			return m.fanOut(fields[i:], string(key), keys)
		}
		key = appendPart(key, v.Text())
	}
	m.texts.buffer = key
	return append(keys, m.texts.text(key)), true
}

// fanOut appends the keys that begin with what is encoded and go on with fields of which some are lists: one for each combination.
func (m *Matcher) fanOut(fields []rule.GroupField, begun string, keys []string) ([]string, bool) {
	if len(fields) == 0 {
		return append(keys, begun), true
	}
	v, ok := m.eval.Value(fields[0].Term)
	if !ok {
		return keys, false
	}
	if !fields[0].List {
		return m.fanOut(fields[1:], string(appendPart([]byte(begun), v.Text())), keys)
	}
	for _, text := range v.List() {
		if keys, ok = m.fanOut(fields[1:], string(appendPart([]byte(begun), text)), keys); !ok {
			return keys, false
		}
	}
	return keys, true
}

// appendPart appends one field's text to a key, behind its length.
func appendPart(key []byte, text string) []byte {
	return append(binary.AppendUvarint(key, uint64(len(text))), text...)
}

// KeyParts reads an encoded group key.
func KeyParts(r *rule.Compiled, key string) []alert.KeyPart {
	parts := make([]alert.KeyPart, 0, len(r.GroupBy))
	b := []byte(key)
	for _, g := range r.GroupBy {
		n, k := binary.Uvarint(b)
		if k <= 0 || n > uint64(len(b)-k) {
			break // the key was encoded for another group_by: its feed would differ
		}
		parts = append(parts, alert.KeyPart{Field: g.Name, Value: string(b[k : k+int(n)])})
		b = b[k+int(n):]
	}
	return parts
}

func encodeKey(parts []alert.KeyPart) string {
	var b []byte
	for _, p := range parts {
		b = appendPart(b, p.Value)
	}
	return string(b)
}
