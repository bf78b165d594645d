package notify

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"probity/internal/alert"
	"probity/internal/fsx"
)

func templated(t *testing.T, text string) Config {
	t.Helper()
	path := filepath.Join(t.TempDir(), "own.tmpl")
	must(t, os.WriteFile(path, []byte(text), 0o600))
	return Config{Name: "s", Type: "webhook", URL: "https://soc.example/in", Template: path}
}

func TestAWebhooksBodyIsWrittenByItsTemplateTheSameAtEachAttempt(t *testing.T) {
	c := templated(t, `{"text": {{json .Summary}}, "key": {{json .Key}}, "who": {{if .Person}}{{json .Person.ID}}{{else}}null{{end}}, "events": {{.Count}}}`)
	r := newReceiver(t)
	c.URL, c.HMACKeyFile = r.server.URL, filepath.Join(t.TempDir(), "key")
	must(t, os.WriteFile(c.HMACKeyFile, []byte(strings.Repeat("k", 32)), 0o600))
	s := mustSink(t, c)
	refused := true
	r.answer = func(_ int, w http.ResponseWriter, _ *http.Request) bool {
		if refused {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		return refused
	}
	if _, _, err := s.Deliver(t.Context(), 0, []alert.Delivery{sampled(sample(2))}); err == nil {
		t.Fatal("arrived")
	}
	refused = false
	hand(t, s, sample(2))
	posts := r.all()
	if len(posts) != 2 || posts[0] != posts[1] {
		t.Fatalf("%q", posts)
	}
	var got struct{ Text, Key, Who string }
	if err := json.Unmarshal([]byte(posts[0].body), &got); err != nil || got.Text != sample(2).Summary || got.Key != posts[0].key || got.Who != "S00042" {
		t.Errorf("%+v, %v", got, err)
	}
	if want := "sha256=" + sign([]byte(strings.Repeat("k", 32)), []byte(posts[1].body)); r.header.Get("X-Probity-Signature") != want {
		t.Error("the signature is of something else")
	}
}

func TestATemplateThatCouldWriteNoJSONIsRefusedWhenItIsLoaded(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"a value in quotation marks": {`{"text": "{{.Summary}}"}`, "is no JSON"},
		"no JSON at all":             {`hello`, "is no JSON"},
		"an unknown field":           {`{"x": {{json .Surname}}}`, "Surname"},
		"a person who need not be":   {`{"x": {{json .Person.ID}}}`, "nil pointer"},
		"no template":                {`{"x": {{json .Summary}`, "template"},
	} {
		if _, err := NewSink(templated(t, c.text), &fsx.FS{}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	c := templated(t, `{}`)
	c.Format = "ocsf"
	if flaws := c.Check(); len(flaws) != 1 || flaws[0].Key != "template" {
		t.Errorf("%v", flaws)
	}
}

func TestAnnotationsHoldNoNamesUnlessTheSinkMay(t *testing.T) {
	c := Config{Name: "am", Type: "alertmanager", URL: "https://am.example", Pages: "https://probity.force.example/", Annotations: map[string]string{
		"summary": "{{.Rule}}: {{.Count}} events", "page": "{{.Page}}", "who": "{{with .View}}{{.Summary}}{{end}}"}}
	for _, named := range []bool{false, true} {
		c.Names = named
		m := mustSink(t, c).(*alertmanager)
		got := m.posted(sample(1), sampleAt, sampleAt).Annotations
		if got["summary"] != "restricted-denied-burst: 5 events" || got["page"] != "https://probity.force.example/"+sample(1).ID+".html" {
			t.Errorf("%q", got)
		}
		if found := tellsNames(strings.Join([]string{got["summary"], got["page"], got["who"]}, " ")); (len(found) > 0) != named {
			t.Errorf("names %t: %q", named, got)
		}
	}
	for name, text := range map[string]string{"9x": "x", "x": "{{.View.Summary}}", "y": "{{", "z": "{{.Surname}}"} {
		c := Config{Name: "am", Type: "alertmanager", URL: "https://am.example", Annotations: map[string]string{name: text}}
		if flaws := c.Check(); len(flaws) != 1 {
			t.Errorf("%s: %v", text, flaws)
		}
	}
}
