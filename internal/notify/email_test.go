package notify

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"probity/internal/alert"
	"probity/internal/fsx"
	"probity/internal/strictyaml"
)

// fails delivers one revision and returns why that did not work.
func fails(t *testing.T, s Sink, batch ...alert.Delivery) *Failure {
	t.Helper()
	done, _, err := s.Deliver(t.Context(), 0, batch)
	f, ok := errors.AsType[*Failure](err)
	if !ok || done != 0 {
		t.Fatalf("done %d, error %v", done, err)
	}
	for _, name := range []string{"Zzyzxqvist", "iso@", "hunter2"} {
		if strings.Contains(f.Error(), name) {
			t.Errorf("the error tells %q: %v", name, f)
		}
	}
	return f
}

func TestAMailGoesOverTLSToEachRoleAndTellsNoName(t *testing.T) {
	for _, tls := range []string{startTLS, implicitTLS} {
		t.Run(tls, func(t *testing.T) {
			s := needMailServer(t, tls, "probity", "hunter2")
			c := s.config()
			c.User, c.PasswordFile = "probity", filepath.Join(s.dir, "password")
			must(t, os.WriteFile(c.PasswordFile, []byte("hunter2\n"), 0o600))
			c.To["deputy"] = "second@force.example"
			deliver(t, mustSink(t, c), deliveryOf(t, fullAlert("a", 1, alert.Critical, "S00042")))
			got := s.letters(t)
			if len(got) != 1 {
				t.Fatalf("%d mails", len(got))
			}
			m := got[0]
			heads := map[string]string{"Subject": "[OFFICIAL-SENSITIVE] critical: self_lookup, alert a", "From": `"Probity" <probity@force.example>`,
				"To": `"ISO" <iso@force.example>, "deputy" <second@force.example>`, "Message-Id": "<a.1@force.example>", "Importance": "high",
				"Auto-Submitted": "auto-generated", "X-Probity-Revision": "a/1", "Received-For": "iso@force.example second@force.example", "In-Reply-To": ""}
			for name, want := range heads {
				if got := m.head.Get(name); got != want {
					t.Errorf("%s: %q, want %q", name, got, want)
				}
			}
			if over := m.head.Get("Received-Over"); over != "TLS" {
				t.Errorf("it went over %q", over)
			}
			for _, body := range []string{m.text, m.html} {
				if !strings.Contains(body, "https://probity.force.example/alerts/a.html") || strings.Count(body, "OFFICIAL-SENSITIVE") < 2 {
					t.Errorf("no page, or not marked at top and bottom:\n%s", body)
				}
			}
			if strings.Contains(m.raw, "Zzyzxqvist") || strings.Contains(m.raw, "S00042") {
				t.Errorf("it tells a name:\n%s", m.raw)
			}
		})
	}
}

func TestNamesStandInTheBodyIfTheForceWantsThemAndNeverInASubject(t *testing.T) {
	s := needMailServer(t, startTLS)
	c := s.config()
	c.Names, c.DigestAt = true, "07:00"
	c.TextTemplate = filepath.Join(s.dir, "mail.tmpl")
	must(t, os.WriteFile(c.TextTemplate, []byte(`{{define "subject"}}{{.Reference}} {{with .View}}{{.Summary}}{{end}}{{end}}
{{define "digest_subject"}}digest {{range .Persons}}{{.Name}}{{range .Notices}}{{with .View}}{{.Summary}}{{end}}{{end}}{{end}}{{end}}`), 0o600))
	sink := mustSink(t, c)
	deliver(t, sink, deliveryOf(t, fullAlert("a", 1, alert.High, "S1")))
	deliver(t, sink, deliveryOf(t, fullAlert("b", 1, alert.Medium, "S1")))
	var subjects []string
	for _, m := range s.letters(t) {
		subjects = append(subjects, m.subject(t))
		if !strings.Contains(m.text, "Zzyzxqvist looked.") || !strings.Contains(m.html, "Zzyzxqvist looked.") {
			t.Errorf("the body does not say whom it is about:\n%s", m.text)
		}
	}
	if diff := cmp.Diff([]string{"a", "digest Person 1"}, subjects); diff != "" {
		t.Errorf("subjects (-want +got):\n%s", diff)
	}
}

func TestTheMailsOfOneAlertAreOneThread(t *testing.T) {
	s := needMailServer(t, startTLS)
	withdrawn := fullAlert("a", 3, alert.High, "S1")
	withdrawn.Status, withdrawn.Reason = alert.Withdrawn, "Zzyzxqvist was assigned after all"
	deliver(t, mustSink(t, s.config()), deliveryOf(t, fullAlert("a", 1, alert.High, "S1")), deliveryOf(t, fullAlert("a", 2, alert.High, "S1")), deliveryOf(t, withdrawn))
	var got [][4]string
	for _, m := range s.letters(t) {
		got = append(got, [4]string{m.head.Get("Message-Id"), m.head.Get("In-Reply-To"), m.head.Get("References"), m.subject(t)})
	}
	want := [][4]string{
		{"<a.1@force.example>", "", "", "[OFFICIAL-SENSITIVE] high: self_lookup, alert a"},
		{"<a.2@force.example>", "<a.1@force.example>", "<a.1@force.example>", "[OFFICIAL-SENSITIVE] high: self_lookup, alert a, revision 2"},
		{"<a.3@force.example>", "<a.2@force.example>", "<a.1@force.example> <a.2@force.example>", "[OFFICIAL-SENSITIVE] high: self_lookup, alert a WITHDRAWN"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("threads (-want +got):\n%s", diff)
	}
}

func TestWhatAServerAnswersDecidesWhatStops(t *testing.T) {
	s := needMailServer(t, startTLS)
	sink := mustSink(t, s.config())
	d := deliveryOf(t, fullAlert("a", 1, alert.High, "S1"))
	for _, c := range []struct {
		command, reply string
		extent         Extent
	}{
		{"mail", "550 5.7.1 not you, iso@force.example", Down},
		{"rcpt", "550 5.1.1 <iso@force.example> Zzyzxqvist has left", Down},
		{"rcpt", "450 4.2.0 greylisted, iso@force.example", Down},
		{"data", "552 5.3.4 too long, Zzyzxqvist", Refused},
		{"data", "554 5.6.0 iso@force.example does not take this", Refused},
		{"data", "554 5.7.1 our policy, iso@force.example", Down},
		{"data", "451 4.3.0 the scanner choked on Zzyzxqvist", Stuck},
		{"data", "452 4.3.1 no room", Down},
		{"data", "421 4.3.2 going home", Down},
	} {
		s.answers(t, c.command, c.reply)
		if f := fails(t, sink, d); f.Extent != c.extent || !strings.Contains(f.Error(), c.reply[:3]) {
			t.Errorf("%s: extent %d, %v; want %d", c.reply, f.Extent, f, c.extent)
		}
		s.answers(t, c.command, "")
	}
	if got := s.letters(t); len(got) != 0 {
		t.Errorf("%d mails arrived", len(got))
	}
	deliver(t, sink, d)
}

func TestAServerThatCannotBeTrustedGetsNoMail(t *testing.T) {
	s, clear := needMailServer(t, startTLS, "probity", "hunter2"), needMailServer(t, noTLS)
	d := deliveryOf(t, fullAlert("a", 1, alert.High, "S1"))
	wrong := filepath.Join(s.dir, "wrong")
	must(t, os.WriteFile(wrong, []byte("hunter2 "), 0o600))
	other := filepath.Join(t.TempDir(), "other.pem")
	writeCertificate(t, other, filepath.Join(s.dir, "other.key"))
	for name, change := range map[string]func(*Config){
		"a certificate of somebody else's":   func(c *Config) { c.CAFile = other },
		"a server without STARTTLS":          func(c *Config) { c.Server = clear.addr },
		"implicit TLS where there is none":   func(c *Config) { c.TLS = implicitTLS },
		"a wrong password":                   func(c *Config) { c.User, c.PasswordFile = "probity", wrong },
		"no password where one is needed":    func(c *Config) {},
		"a password and no AUTH":             func(c *Config) { c.Server, c.TLS, c.User, c.PasswordFile = clear.addr, noTLS, "probity", wrong },
		"a port where nobody listens at all": func(c *Config) { c.Server = "127.0.0.1:1" },
	} {
		t.Run(name, func(t *testing.T) {
			c := s.config()
			c.Timeout = strictyaml.Duration(2 * time.Second) // aiosmtpd says nothing to the goodbye after a wrong password
			change(&c)
			if f := fails(t, mustSink(t, c), d); f.Extent != Down {
				t.Errorf("extent %d: %v", f.Extent, f)
			}
		})
	}
	if n := len(s.letters(t)) + len(clear.letters(t)); n != 0 {
		t.Errorf("%d mails arrived", n)
	}
}

// A server that accepts and says nothing, as an overloaded one does.
func TestASilentServerIsLeftAfterTheTimeoutOrTheEnd(t *testing.T) {
	silent := listenSilently(t)
	c := Config{Name: "s", Type: "email", Server: silent, From: "probity@force.example", To: map[string]string{"ISO": "iso@force.example"}, Timeout: strictyaml.Duration(50 * time.Millisecond)}
	d := deliveryOf(t, fullAlert("a", 1, alert.High, "S1"))
	if f := fails(t, mustSink(t, c), d); f.Extent != Down {
		t.Errorf("extent %d: %v", f.Extent, f)
	}
	c.Timeout = strictyaml.Duration(time.Hour)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if done, _, err := mustSink(t, c).Deliver(ctx, 0, []alert.Delivery{d}); done != 0 || err == nil {
		t.Errorf("done %d, error %v", done, err)
	}
}

func TestNothingFromALogBecomesAHeaderOrMarkup(t *testing.T) {
	s := needMailServer(t, startTLS)
	c := s.config()
	c.Names = true
	a := fullAlert("a", 1, alert.High, "S1")
	a.Rule.ID = "self\r\nBcc: thief@evil.example\r\n\r\n<script>"
	a.Summary = "he\u202e said <img src=x onerror=alert(1)>\r\n.\r\nMAIL FROM:<thief@evil.example>"
	deliver(t, mustSink(t, c), deliveryOf(t, a))
	got := s.letters(t)
	if len(got) != 1 {
		t.Fatalf("%d mails", len(got))
	}
	if got[0].head.Get("Bcc") != "" || got[0].head.Get("Received-For") != "iso@force.example" {
		t.Errorf("a header was put in:\n%s", got[0].raw)
	}
	if strings.Contains(got[0].html, "<script") || strings.Contains(got[0].html, "<img") || strings.ContainsRune(got[0].text+got[0].html, '\u202e') {
		t.Errorf("markup, or a mark that turns the text:\n%s", got[0].html)
	}
}

func TestTemplatesAreTriedWhenASinkIsBuilt(t *testing.T) {
	bad := filepath.Join(t.TempDir(), "bad.tmpl")
	must(t, os.WriteFile(bad, []byte("{{define \"text\"}}\n{{.Surname}}{{end}}{{define \"html\"}}{{.Surname}}{{end}}{{define \"page\"}}{{.Surname}}{{end}}"), 0o600))
	mail := Config{Name: "s", Type: "email", Server: "mail.example", From: "a@b.example", To: map[string]string{"iso": "iso@b.example"}}
	text, html, sheet := mail, mail, htmlConfig(t.TempDir())
	text.TextTemplate, html.HTMLTemplate, sheet.Template = bad, bad, bad
	for name, c := range map[string]Config{"text": text, "html": html, "page": sheet} {
		if _, err := NewSink(c, &fsx.FS{}); err == nil || !strings.Contains(err.Error(), bad) || !strings.Contains(err.Error(), "Surname") {
			t.Errorf("%s: got %v", name, err)
		}
	}
	sheet.Template = filepath.Join(t.TempDir(), "missing.tmpl")
	if _, err := NewSink(sheet, &fsx.FS{}); err == nil || !strings.Contains(err.Error(), "missing.tmpl") {
		t.Errorf("a missing one: got %v", err)
	}
}
