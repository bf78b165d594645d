package store

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"probity/internal/event"
)

func TestAKeptRecordComesBackAsItWasBeforeAndAfterThereIsADictionary(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := NewMemory()
		model := map[event.ID]KeptRecord{}
		for n := range rapid.IntRange(1, 6).Draw(t, "commits") {
			c := &Commit{}
			for range rapid.IntRange(0, 5).Draw(t, "records") {
				id := event.ID{byte(rapid.IntRange(0, 9).Draw(t, "id"))}
				r := KeptRecord{ID: id, Until: int64(rapid.IntRange(1, 9).Draw(t, "until")), Revised: rapid.Bool().Draw(t, "revised")}
				if rapid.IntRange(0, 4).Draw(t, "given") > 0 {
					r.Record = &event.Record{ID: id.String(), NativeID: rapid.String().Draw(t, "native"), Original: rapid.StringN(0, 40_000, -1).Draw(t, "original"), Nth: uint32(n)}
				}
				c.Records = append(c.Records, r)
				if have, ok := model[id]; ok {
					r.Until = max(r.Until, have.Until)
					if !r.Revised {
						r.Record = have.Record
					}
				}
				model[id] = r
			}
			if rapid.Bool().Draw(t, "sweep") {
				c.Forget = int64(rapid.IntRange(1, 9).Draw(t, "forget"))
			}
			if err := m.Commit(c); err != nil {
				t.Fatal(err)
			}
			want := map[event.ID]*event.Record{}
			var all []event.ID
			for id, r := range model {
				if r.Until < c.Forget {
					delete(model, id)
				} else {
					want[id] = r.Record
				}
				all = append(all, id)
			}
			got, err := m.Record(all)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("commit %d (-want +got):\n%s", n, diff)
			}
		}
	})
}

func TestManyRecordsTakeLittleRoom(t *testing.T) {
	m := newMemoryRecords()
	took, text := 0, 0
	for i := range 2000 {
		r := &event.Record{ID: fmt.Sprintf("%032x", i*7919), NativeID: fmt.Sprint(i), Source: "niche", Path: "/var/log/niche/audit.csv", Original: fmt.Sprintf("%d,2026-06-02 14:05:07.000,c%d,LLA-WS-0312,View,Person,NOM-%d", i, i%97, i*31), Fields: map[string]any{"event.dataset": "niche", "event.action": "view", "user.id": fmt.Sprintf("S%05d", i%97)}}
		p, err := m.packed(r)
		if err != nil {
			t.Fatal(err)
		}
		if m.dict != nil {
			took, text = took+cap(p.body), text+len(r.Original)
		}
	}
	if took == 0 || took > 3*text {
		t.Errorf("%d bytes for %d of the original lines alone", took, text)
	}
}
