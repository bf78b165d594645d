package engine

import (
	"encoding/binary"

	"probity/internal/alert"
	"probity/internal/rule"
)

// groupKeys sets m.keys to the encoded keys of the event for the rule, several where a field is a list; false if one of the
// fields is unknown.
func (m *Matcher) groupKeys(r *rule.Compiled) bool {
	m.keys = append(m.keys[:0], nil)
	for _, g := range r.GroupBy {
		v, ok := m.eval.Value(g.Term)
		if !ok {
			return false
		}
		values := v.List()
		if !g.List {
			values = []string{v.Text()}
		}
		var next [][]byte
		for _, k := range m.keys {
			for _, s := range values {
				part := binary.AppendUvarint(append([]byte(nil), k...), uint64(len(s)))
				next = append(next, append(part, s...))
			}
		}
		m.keys = next
	}
	return true
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
		b = append(binary.AppendUvarint(b, uint64(len(p.Value))), p.Value...)
	}
	return string(b)
}
