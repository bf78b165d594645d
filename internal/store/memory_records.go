package store

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/klauspost/compress/s2"

	"probity/internal/event"
)

// memoryRecords are the kept records of a Memory, packed: as values they take three kilobytes each, and a replay of a large
// force's quarter keeps millions. JSON under S2, with the first records as dictionary, takes a tenth, and no time of the
// garbage collector.
type memoryRecords struct {
	kept   map[event.ID]packedRecord
	sample []byte   // the first records, until they make a dictionary
	dict   *s2.Dict // nil at first
	space  []byte
}

type packedRecord struct {
	until int64
	body  []byte // nil: none was given
	dict  *s2.Dict
}

// dictionaryBytes is what S2 takes at most.
const dictionaryBytes = s2.MaxDictSize

func newMemoryRecords() *memoryRecords {
	return &memoryRecords{kept: map[event.ID]packedRecord{}}
}

// pack packs the records of a commit as they are to be kept. It keeps none of them yet.
func (m *memoryRecords) pack(records []KeptRecord) (map[event.ID]packedRecord, error) {
	out := make(map[event.ID]packedRecord, len(records))
	for _, r := range records {
		have, ok := out[r.ID]
		if !ok {
			have, ok = m.kept[r.ID]
		}
		p := have
		if !ok || r.Revised {
			var err error
			if p, err = m.packed(r.Record); err != nil {
				return nil, err
			}
		}
		if p.until = r.Until; ok {
			p.until = max(r.Until, have.until)
		}
		out[r.ID] = p
	}
	return out, nil
}

func (m *memoryRecords) packed(r *event.Record) (packedRecord, error) {
	if r == nil {
		return packedRecord{}, nil
	}
	text, err := json.Marshal(r)
	if err != nil {
		return packedRecord{}, fmt.Errorf("record %s: %w", r.ID, err)
	}
	if m.dict != nil {
		m.space = m.dict.Encode(m.space[:cap(m.space)], text)
		return packedRecord{body: bytes.Clone(m.space), dict: m.dict}, nil // the encoder's slice is as long as the text
	}
	if m.sample = append(m.sample, text...); len(m.sample) >= dictionaryBytes {
		m.dict, m.sample = s2.MakeDict(m.sample[:dictionaryBytes], nil), nil
	}
	return packedRecord{body: bytes.Clone(s2.Encode(nil, text))}, nil
}

func (m *memoryRecords) record(id event.ID) (r *event.Record, ok bool, err error) {
	p, ok := m.kept[id]
	if !ok || p.body == nil {
		return nil, ok, nil
	}
	var text []byte
	if p.dict != nil {
		text, err = p.dict.Decode(nil, p.body)
	} else {
		text, err = s2.Decode(nil, p.body)
	}
	if err == nil {
		err = json.Unmarshal(text, &r)
	}
	if err != nil {
		return nil, true, fmt.Errorf("unpacking kept record %s: %w", id, err)
	}
	return r, true, nil
}
