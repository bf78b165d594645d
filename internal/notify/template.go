package notify

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"text/template"
	"time"

	"probity/internal/alert"
	"probity/internal/page"
)

// jsonTemplate is a force's own body of a webhook: a text/template over the alert, whose values are written by json.
type jsonTemplate struct{ t *template.Template }

var templateFunctions = template.FuncMap{"json": func(v any) (string, error) {
	b, err := json.Marshal(v)
	return string(b), err
}}

// newJSONTemplate reads a template and tries it. One that writes a value without json is found here: the samples hold what
// somebody could write into a log.
func newJSONTemplate(f page.File) (*jsonTemplate, error) {
	t, err := template.New(f.Name).Funcs(templateFunctions).Option("missingkey=error").Parse(f.Text)
	if err != nil {
		return nil, fmt.Errorf("template: %w", err)
	}
	j := &jsonTemplate{t}
	for _, a := range page.Samples() {
		if _, err := j.body(a); err != nil {
			return nil, fmt.Errorf("template %s: %w", f.Name, err)
		}
	}
	return j, nil
}

var errNoJSON = errors.New("what it writes is no JSON; write each value as {{json .Summary}}, without quotation marks")

// body is the same for one revision at every attempt.
func (j *jsonTemplate) body(a *alert.Alert) ([]byte, error) {
	var b bytes.Buffer
	if err := j.t.Execute(&b, a); err != nil {
		return nil, err
	}
	if !json.Valid(b.Bytes()) {
		return nil, errNoJSON
	}
	return b.Bytes(), nil
}

// annotations are a force's own texts for Alertmanager, over what a mail may hold (page.Notice): no names unless the sink has
// them.
type annotations struct {
	t      map[string]*template.Template
	letter page.Letter
}

var annotationName = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*$`) // as Alertmanager has it

func checkAnnotations(c Config) (flaws []Flaw) {
	for _, name := range slices.Sorted(maps.Keys(c.Annotations)) {
		if !annotationName.MatchString(name) {
			flaws = append(flaws, Flaw{"annotations." + name, "is no name of an annotation", "use letters, digits and _, beginning with a letter"})
			continue
		}
		if _, err := newAnnotations(c); err != nil {
			return append(flaws, Flaw{"annotations", err.Error(), "write it as {{.Rule}}: {{.Count}} events, see {{.Page}}"})
		}
	}
	return flaws
}

func newAnnotations(c Config) (*annotations, error) {
	a := &annotations{t: map[string]*template.Template{}, letter: page.Letter{Pages: c.Pages, Names: c.Names, Zone: time.UTC}}
	for _, name := range slices.Sorted(maps.Keys(c.Annotations)) {
		t, err := template.New(name).Parse(c.Annotations[name])
		if err != nil {
			return nil, err
		}
		a.t[name] = t
	}
	for _, s := range page.Samples() {
		if _, err := a.of(page.Item{Alert: s}); err != nil {
			return nil, err
		}
	}
	return a, nil
}

func (a *annotations) of(item page.Item) (map[string]string, error) {
	notice, out := a.letter.Notice(item), map[string]string{}
	for name, t := range a.t {
		var b strings.Builder
		if err := t.Execute(&b, notice); err != nil {
			return nil, err
		}
		out[name] = b.String()
	}
	return out, nil
}
