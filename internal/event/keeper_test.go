package event

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// The order in which native fields come into an identity is remembered; with names that come twice it follows from the texts.
func TestAKeeperGivesTheIdentityOfTheEvent(t *testing.T) {
	s := keptSchema(t)
	keeper := NewKeeper(s)
	rapid.Check(t, func(t *rapid.T) {
		e := drawEvent(t, s)
		if got := keeper.Keep(e).ID; got != e.Identity() {
			t.Fatalf("%s, want %s", got, e.Identity())
		}
	})
}

// Names come from the log. A log that makes up new ones for each record must not fill the memory.
func TestWhatAKeeperRemembersIsBounded(t *testing.T) {
	s := keptSchema(t)
	keeper := NewKeeper(s)
	e := Event{Slots: make([]Value, s.Len()), NativeID: "1"}
	for n := range 20_000 {
		e.Native = e.Native[:0]
		for i := range 10 {
			e.Native = append(e.Native, Pair{fmt.Sprint("name ", n, " ", i), "text"})
		}
		if keeper.Keep(&e).ID != e.Identity() {
			t.Fatal("the identity is another")
		}
		held := 0
		for _, f := range keeper.forms {
			held += len(f.packed)
		}
		if held > maxRemembered || keeper.remembered > maxRemembered {
			t.Fatalf("%d bytes of names after %d records", held, n)
		}
	}
	e.Native = append(e.Native[:0], Pair{strings.Repeat("n", 2*maxRemembered), strings.Repeat("t", 2*maxScratch)})
	k := keeper.Keep(&e)
	if k.ID != e.Identity() || cap(keeper.content) > maxScratch || cap(keeper.rest) > maxScratch {
		t.Error("a large record's memory is held")
	}
	for _, f := range keeper.forms {
		if len(f.packed) > maxRemembered {
			t.Error("a large record's names are held")
		}
	}
}

func TestKeepingAllocatesWhatIsKeptAndNoMore(t *testing.T) {
	s, e := sample(t)
	keeper := NewKeeper(s)
	if n := testing.AllocsPerRun(100, func() { keeper.Keep(e) }); n > 2 { // the event, and its body
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkKeep(b *testing.B) {
	s, e := sample(b)
	e.Ingested = time.Now().UnixNano()
	keeper := NewKeeper(s)
	b.ReportAllocs()
	for b.Loop() {
		keeper.Keep(e)
	}
}
