package event

import (
	"fmt"
	"testing"
)

func BenchmarkIdentity(b *testing.B) {
	e := Event{NativeID: "123/4", Origin: Origin{Source: "niche"}, Slots: make([]Value, NumBase)}
	for i := range 20 {
		e.Native = append(e.Native, Pair{fmt.Sprintf("COLUMN_%c", 'A'+i*7%20), fmt.Sprint("text of it ", i)})
	}
	for b.Loop() {
		e.Identity()
	}
}
