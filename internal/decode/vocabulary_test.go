package decode

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAFormatsVocabularyIsWhatItsMapNames(t *testing.T) {
	for _, c := range []struct {
		format, field string
		want          []string
	}{
		{"niche", "event.action", []string{"acl-change", "create", "delete", "export", "login", "logout", "print", "search", "update", "view"}},
		{"niche", "event.outcome", []string{"failure", "success"}},
		{"pnc", "event.action", []string{"search", "update"}},
		{"storm", "event.action", []string{"close", "create", "login", "logout", "print", "search", "update", "view"}},
		{"crime", "event.outcome", []string{"failure", "success", "unknown"}},
		{"m365", "event.outcome", []string{"failure", "success", "unknown"}},
	} {
		f, ok := Builtin(c.format)
		if !ok {
			t.Fatalf("no format %s", c.format)
		}
		got, open := f.Vocabulary(c.field)
		if diff := cmp.Diff(c.want, got); diff != "" || open {
			t.Errorf("%s, %s, open %v:\n%s", c.format, c.field, open, diff)
		}
	}
	m365, _ := Builtin("m365")
	if _, open := m365.Vocabulary("event.action"); !open {
		t.Error("Microsoft adds operations as it likes")
	}
}
