package decode

import (
	"fmt"
	"strings"
	"testing"

	"probity/internal/event"
)

// A member's name is written out with those around it: one line of 55 KB came to more than 64 MiB, and to a thousand times that
// of a megabyte.
func TestJSONWhoseNamesGrowWithoutBoundIsRejectedWhole(t *testing.T) {
	nested := func(name, members int) string {
		var b strings.Builder
		fmt.Fprintf(&b, `{"CreationTime":"2026-03-02T08:00:00","Operation":"FileAccessed","%s":{`, strings.Repeat("n", name))
		for i := range members {
			fmt.Fprintf(&b, `"%d":1,`, i)
		}
		return strings.TrimSuffix(b.String(), ",") + "}}"
	}
	format, _ := Builtin("m365")
	schema, err := event.NewSchema()
	if err != nil {
		t.Fatal(err)
	}
	d, err := New(Options{Source: "s", Format: format, Schema: schema, Dataset: "m365"})
	if err != nil {
		t.Fatal(err)
	}
	w := d.NewWorker()
	for _, c := range []struct {
		line   string
		reject string
	}{
		{nested(20, 1000), ""},
		{nested(27_000, 2), ""},
		{nested(27_000, 2_500), ReasonTooLong},
		{nested(500_000, 40_000), ReasonTooLong},
	} {
		var ev event.Event
		err := w.Decode(Record{Data: []byte(c.line)}, &ev)
		size := 0
		for _, p := range ev.Native {
			size += len(p.Name) + len(p.Text)
		}
		reject, _ := err.(*Reject)
		if got := ""; reject != nil {
			if got = reject.Reason; got != c.reject {
				t.Errorf("%d bytes: %v", len(c.line), reject)
			}
		} else if c.reject != "" {
			t.Errorf("%d bytes became an event of %d", len(c.line), size)
		}
		if limit := 9*len(c.line) + smallFlat; size > limit {
			t.Errorf("%d bytes took %d before they were rejected", len(c.line), size)
		}
	}
}
