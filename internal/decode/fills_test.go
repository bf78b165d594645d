package decode

import "testing"

func TestAFormatSaysWhichFieldsItFills(t *testing.T) {
	for _, c := range []struct {
		format, field string
		want          bool
	}{
		{"pnc", "event.time", true}, {"pnc", "event.dataset", true}, {"pnc", "requestor.name", true}, {"pnc", "requestor.id", true},
		{"pnc", "event.outcome", false}, {"pnc", "purpose.ref", false}, {"pnc", "event.sequence", true}, {"pnc", "event.sequence_scope", true},
		{"crime", "event.sequence", false}, {"niche", "requestor.id", false}, {"niche", "user.id", true}, {"storm", "subject.ids", false},
		{"pnc", "fields.Originator", true}, {"pnc", "fields.Nothing", false}, {"m365", "fields.Anything", true}, {"niche", "fields.Anything", true},
	} {
		f, ok := Builtin(c.format)
		if !ok {
			t.Fatal(c.format)
		}
		if got := f.Fills(c.field); got != c.want {
			t.Errorf("%s fills %s: %v", c.format, c.field, got)
		}
	}
}

func TestAFormatSaysNoOnlyOfValuesThatItWritesOut(t *testing.T) {
	for _, c := range []struct {
		format, field string
		values        []string
		want          bool
	}{
		{"pnc", "object.type", []string{"vehicle"}, true}, {"pnc", "object.type", []string{"crime"}, false}, {"pnc", "object.type", []string{"crime", "person"}, true},
		{"crime", "object.type", []string{"person"}, false}, {"crime", "object.type", []string{"crime"}, true},
		{"crime", "event.action", []string{"whatever"}, true}, // its verbs are the log's
		{"m365", "event.action", []string{"whatever"}, true}, {"crime", "operation", []string{"combination"}, false},
		{"crime", "event.outcome", []string{"unknown"}, true}, {"crime", "event.outcome", []string{"maybe"}, false},
		{"pnc", "requestor.name", []string{"4821"}, true}, {"pnc", "no.such", []string{"x"}, true},
	} {
		f, ok := Builtin(c.format)
		if !ok {
			t.Fatal(c.format)
		}
		if got := f.Gives(c.field, c.values); got != c.want {
			t.Errorf("%s gives %s one of %v: %v", c.format, c.field, c.values, got)
		}
	}
}
