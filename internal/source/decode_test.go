package source

import (
	"testing"

	"probity/internal/decode"
	"probity/internal/event"
)

func TestAQuotedRecordOfTheRealFramerSpansRotationAndRestart(t *testing.T) {
	format, ok := decode.Builtin("niche")
	if !ok {
		t.Fatal("no built-in format niche")
	}
	schema, err := event.NewSchema()
	if err != nil {
		t.Fatal(err)
	}
	dec, err := decode.New(decode.Options{Source: "s", Format: format, Schema: schema})
	if err != nil {
		t.Fatal(err)
	}
	r := newRig(t, Options{Follow: true, Framer: dec.NewFramer}, "niche.csv")
	r.write("niche.csv", "AuditID,AuditTime,Reason\n1,2026-03-02 14:05:17.123,one\n2,2026-03-02 14:05:18.123,\"two\n")
	r.open()
	r.live()
	r.open()
	r.write("niche.csv", "lines\"\n3,2026-03-02 14:05:19.123,three\n")
	r.rename("niche.csv", "niche-2026-03-02.csv")
	r.pack("niche-2026-03-02.csv", ".gz")
	r.write("niche.csv", "AuditID,AuditTime,Reason\n4,2026-03-03 14:05:17.123,four\n")
	r.drain()
	r.want(t, []string{
		"1,2026-03-02 14:05:17.123,one",
		"2,2026-03-02 14:05:18.123,\"two\nlines\"",
		"3,2026-03-02 14:05:19.123,three",
		"4,2026-03-03 14:05:17.123,four",
	})
}
