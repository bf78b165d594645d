package page

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"html/template"
	"regexp"
	"slices"
	"strings"
	texttemplate "text/template"

	"probity/internal/alert"
)

//go:embed page.html.tmpl
var pageTemplates string

//go:embed index.html.tmpl
var indexTemplates string

//go:embed mail.html.tmpl
var htmlMailTemplates string

//go:embed mail.txt.tmpl
var textMailTemplates string

// File is a force's template file. The zero File is none.
type File struct {
	Name string // for errors
	Text string
}

// Sheet writes pages and the list of them.
type Sheet struct{ templates *template.Template }

// NewSheet reads the templates and tries them.
func NewSheet(own File) (*Sheet, error) {
	t, err := htmlTemplates(own, []string{"page", "style"}, pageTemplates, indexTemplates)
	if err != nil {
		return nil, err
	}
	s := &Sheet{t}
	for _, a := range samples() {
		for _, beside := range []*alert.Background{nil, {}, sampleBackground()} {
			v := Of(a, []byte("{}"), sampleZone)
			v.Tell(beside, a.Concerned(), sampleZone)
			b, err := s.Page(v)
			if err == nil {
				err = fit(b, a.Marking)
			}
			if err != nil {
				return nil, own.fault(err)
			}
		}
	}
	return s, nil
}

// Page writes a page.
func (s *Sheet) Page(v *View) ([]byte, error) { return execute(s.templates, "page", v) }

// Index writes the list of a folder.
func (s *Sheet) Index(x Index) ([]byte, error) { return execute(s.templates, "index", x) }

// Mail writes mails.
type Mail struct {
	text *texttemplate.Template
	html *template.Template
}

// Message is what is written into one mail.
type Message struct{ Subject, Text, HTML string }

// NewMail reads the templates and tries them, for a mail that l describes.
func NewMail(text, html File, l Letter) (*Mail, error) {
	h, err := htmlTemplates(html, []string{"html", "style", "digest_html"}, pageTemplates, htmlMailTemplates)
	if err != nil {
		return nil, err
	}
	t, err := texttemplate.New(text.Name).Parse(textMailTemplates)
	if err == nil && text.Text != "" {
		own := texttemplate.New(text.Name)
		if own, err = own.Parse(text.Text); err == nil {
			err = redefines(names(own.Templates()), []string{"subject", "text", "digest_subject", "digest_text"})
		}
		if err == nil {
			t, err = t.Parse(text.Text)
		}
	}
	if err != nil {
		return nil, text.fault(err)
	}
	m := &Mail{text: t, html: h}
	for _, names := range []bool{false, l.Names} {
		l.Names = names
		if err := m.try(text, html, l); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// try writes mails about the samples.
func (m *Mail) try(text, html File, l Letter) error {
	all := samples()
	items := make([]Item, len(all))
	for i, a := range all {
		items[i] = Item{Alert: a}
	}
	items[0].Folded, items[0].Over = 21, alert.OverRule
	withFolded := append(slices.Clone(items[1:]), Item{Alert: foldedSample(), Folded: 22, Over: alert.OverPerson})
	d := l.Digest(withFolded, sampleMarking)
	for i := range len(all) + 1 {
		write, marking := func() (Message, error) { return m.Digest(d) }, d.Marking
		if i < len(all) {
			n := l.Notice(items[i])
			write, marking = func() (Message, error) { return m.Notice(n) }, n.Marking
		}
		msg, err := write()
		var broken *htmlError
		switch {
		case errors.As(err, &broken):
			return html.fault(broken.err)
		case err != nil:
			return text.fault(err)
		case !strings.Contains(msg.Text, marking):
			return text.fault(errors.New("it does not show the marking; write {{.Marking}}"))
		case i == len(all) && !strings.Contains(msg.Text, foldedSample().ID):
			return text.fault(errNotFolded)
		}
		err = fit([]byte(msg.HTML), marking)
		if err == nil && i == len(all) && !strings.Contains(msg.HTML, foldedSample().ID) {
			err = errNotFolded
		}
		if err != nil {
			return html.fault(err)
		}
	}
	return nil
}

// errNotFolded: what a digest does not show is lost to its reader.
var errNotFolded = errors.New("its digest does not show what is beyond the alert budget; write {{range .Folded}}, as the built-in one does")

// htmlError tells which of the two templates of a mail failed.
type htmlError struct{ err error }

func (e *htmlError) Error() string { return e.err.Error() }

// Notice writes the mail about one revision. Its subject never holds names.
func (m *Mail) Notice(n Notice) (Message, error) {
	nameless := n
	nameless.View = nil
	return m.write("subject", nameless, "text", "html", n)
}

// Digest writes the mail about many. Its subject never holds names.
func (m *Mail) Digest(d Digest) (Message, error) {
	subject := Digest{Marking: d.Marking, Alerts: d.Alerts, About: d.About, Persons: nameless(d.Persons), Folded: nameless(d.Folded)}
	return m.write("digest_subject", subject, "digest_text", "digest_html", d)
}

// nameless are persons and their notices without names.
func nameless(persons []Person) (out []Person) {
	for i, p := range persons {
		p.Name, p.Notices = fmt.Sprintf("Person %d", i+1), slices.Clone(p.Notices)
		for k := range p.Notices {
			p.Notices[k].View = nil
		}
		out = append(out, p)
	}
	return out
}

func (m *Mail) write(subject string, nameless any, text, html string, full any) (Message, error) {
	var s, t bytes.Buffer
	if err := m.text.ExecuteTemplate(&s, subject, nameless); err != nil {
		return Message{}, err
	}
	if err := m.text.ExecuteTemplate(&t, text, full); err != nil {
		return Message{}, err
	}
	h, err := execute(m.html, html, full)
	if err != nil {
		return Message{}, &htmlError{err}
	}
	return Message{Subject: strings.TrimSpace(s.String()), Text: t.String(), HTML: string(h)}, nil
}

func execute(t *template.Template, name string, data any) ([]byte, error) {
	var b bytes.Buffer
	if err := t.ExecuteTemplate(&b, name, data); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// htmlTemplates reads the built-in texts, and own over them, which may redefine.
func htmlTemplates(own File, redefinable []string, builtin ...string) (*template.Template, error) {
	t := template.New(own.Name)
	for _, text := range builtin {
		if _, err := t.Parse(text); err != nil {
			return nil, err
		}
	}
	if own.Text == "" {
		return t, nil
	}
	alone, err := template.New(own.Name).Parse(own.Text)
	if err == nil {
		err = redefines(names(alone.Templates()), redefinable)
	}
	if err == nil {
		_, err = t.Parse(own.Text)
	}
	if err != nil {
		return nil, own.fault(err)
	}
	return t, nil
}

func names[T interface{ Name() string }](templates []T) []string {
	var out []string
	for _, t := range templates {
		out = append(out, t.Name())
	}
	return out
}

// redefines holds that a file redefines something: one that does not would be without effect.
func redefines(defined, redefinable []string) error {
	if slices.ContainsFunc(redefinable, func(name string) bool { return slices.Contains(defined, name) }) {
		return nil
	}
	return fmt.Errorf("it changes nothing: {{define}} one of %s", strings.Join(redefinable, ", "))
}

// foreign is what a page must not hold: what runs, or is fetched. Links are neither.
var foreign = regexp.MustCompile(`(?i)<(script|link|iframe|frame|object|embed|img|video|audio|source|form|base)\b|\bsrc(set)?\s*=|@import|url\(`)

// fit says whether a page can be shown to its role.
func fit(html []byte, marking string) error {
	if m := foreign.Find(html); m != nil {
		return fmt.Errorf("it writes %q; a page has no script and fetches nothing", m)
	}
	if marking != "" && !bytes.Contains(html, []byte(template.HTMLEscapeString(marking))) {
		return errors.New("it does not show the marking; write {{.Marking}}")
	}
	return nil
}

// fault says which file is wrong. The built-in templates have no name, and no fault.
func (f File) fault(err error) error {
	if f.Name == "" {
		return err
	}
	return fmt.Errorf("template %s: %w", f.Name, err)
}
