package notify

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"probity/internal/alert"
	"probity/internal/fsx"
	"probity/internal/strictyaml"
)

// Config is one entry under sinks: in the configuration.
type Config struct {
	Name string `json:"name"`
	Type string `json:"type"` // one of Types

	For        []string         `json:"for"`        // roles; package route decides by these two what the sink gets
	Severities []alert.Severity `json:"severities"` // none: all

	Ceiling string `json:"ceiling"` // all: what is marked higher is refused for ever; no ceiling if left out

	Path   string `json:"path"`   // file: the JSON lines
	Format string `json:"format"` // file, webhook: json or ocsf; syslog: cef, too; json if left out

	Dir      string `json:"dir"`      // html: the folder of pages
	Group    string `json:"group"`    // html: that alone can read them; the daemon's own if left out
	Template string `json:"template"` // html: redefines parts of the page; webhook: the body, in place of a format
	Zone     string `json:"zone"`     // html, email: of local times; the configuration's zone if left out

	Server       string            `json:"server"`        // email: host or host:port; 587, 465 with implicit TLS
	TLS          string            `json:"tls"`           // email: starttls (required), implicit, or none to this machine; starttls if left out
	User         string            `json:"user"`          // email: signs in as this
	PasswordFile string            `json:"password_file"` // email: of user
	From         string            `json:"from"`          // email: the sender's address
	To           map[string]string `json:"to"`            // email: role to address; each gets every mail
	Names        bool              `json:"names"`         // email: the body names persons, subjects never do; alertmanager: the summary names them
	Pages        string            `json:"pages"`         // email, alertmanager: what stands before REFERENCE.html in the address of a page
	DigestAt     string            `json:"digest_at"`     // email: hh:mm in zone, when the day's lesser alerts go in one mail
	Digest       []alert.Severity  `json:"digest"`        // email: the severities that wait for it; low and medium if left out
	TextTemplate string            `json:"text_template"` // email: redefines subject and text
	HTMLTemplate string            `json:"html_template"` // email: redefines the HTML

	URL         string              `json:"url"`           // webhook, alertmanager: https, or http to this machine; syslog: tls, or tcp to this machine
	Timeout     strictyaml.Duration `json:"timeout"`       // of one attempt; 10s if left out
	HMACKeyFile string              `json:"hmac_key_file"` // webhook: signs the body
	Headers     map[string]string   `json:"headers"`       // webhook, alertmanager: sent with every request; no secrets
	HeaderFiles map[string]string   `json:"header_files"`  // webhook, alertmanager: header to file that holds its value
	CAFile      string              `json:"ca_file"`       // PEM; the only authorities trusted
	CertFile    string              `json:"cert_file"`     // PEM; shown to the receiver
	KeyFile     string              `json:"key_file"`      // PEM; the certificate's key

	URLs         []string            `json:"urls"`          // alertmanager: its instances, in place of url
	Resend       strictyaml.Duration `json:"resend"`        // alertmanager: what lasts is told again so often; 1m if left out
	ResolveAfter strictyaml.Duration `json:"resolve_after"` // alertmanager: an alert ends so long after its period, or its arrival; 1h if left out
	Runbook      string              `json:"runbook"`       // alertmanager: address of a page, with {rule} and {reference}
	Annotations  map[string]string   `json:"annotations"`   // alertmanager: further ones, or in the place of summary; templates over what a mail may hold

	MaxBytes int    `json:"max_bytes"` // syslog: of a message; 8192 if left out
	Confirm  string `json:"confirm"`   // syslog: close, or none for a receiver that never ends a connection
}

// Flaw is what is wrong with one key of a Config. The daemon adds file, line and column.
type Flaw struct{ Key, What, Do string }

func (f Flaw) Error() string {
	s := f.Key + ": " + f.What
	if f.Do != "" {
		s += "; " + f.Do
	}
	return s
}

// kind is a type of sink.
type kind struct {
	keys  []string // of Config that it reads, beside name and type
	check func(Config) []Flaw
	build func(Config, *fsx.FS) (Sink, error)
}

func kindOf(typ string) (kind, bool) {
	switch typ {
	case "file":
		return fileKind(), true
	case "webhook":
		return webhookKind(), true
	case "html":
		return htmlKind(), true
	case "email":
		return emailKind(), true
	case "alertmanager":
		return alertmanagerKind(), true
	case "syslog":
		return syslogKind(), true
	}
	return kind{}, false
}

// Types of sinks.
func Types() []string {
	return []string{"file", "webhook", "html", "email", "alertmanager", "syslog"}
}

const kinds = "file, webhook, html, email, alertmanager or syslog"

const defaultZone = "Europe/London"

// everySink are keys that each kind takes.
var everySink = []string{"name", "type", "for", "severities", "ceiling"}

var sinkName = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,62}$`)

// WithZone returns c with the zone of the configuration, where it has none of its own and tells local times.
func (c Config) WithZone(zone string) Config {
	if k, ok := kindOf(c.Type); ok && c.Zone == "" && slices.Contains(k.keys, "zone") {
		c.Zone = zone
	}
	return c
}

// Check returns what is wrong with c, as far as it can be seen without touching files or network.
func (c Config) Check() []Flaw {
	var flaws []Flaw
	if !sinkName.MatchString(c.Name) {
		flaws = append(flaws, Flaw{"name", fmt.Sprintf("%q is no name for a sink", c.Name), "use small letters, digits, _ and -, beginning with a letter"})
	}
	k, ok := kindOf(c.Type)
	if !ok {
		return append(flaws, Flaw{"type", fmt.Sprintf("%q is no type of sink", c.Type), "use " + kinds})
	}
	v := reflect.ValueOf(c)
	for _, f := range strictyaml.Fields(v.Type()) {
		if !slices.Contains(everySink, f.Key) && !slices.Contains(k.keys, f.Key) && !v.FieldByIndex(f.Index).IsZero() {
			flaws = append(flaws, Flaw{f.Key, "a " + c.Type + " sink has no such key", "it takes " + strings.Join(k.keys, ", ")})
		}
	}
	flaws = append(flaws, checkCeiling(c.Ceiling)...)
	for i, s := range c.Severities {
		if !slices.Contains(alert.Severities, s) {
			flaws = append(flaws, Flaw{fmt.Sprintf("severities.%d", i), fmt.Sprintf("%q is no severity", s), "write low, medium, high or critical"})
		}
	}
	return append(flaws, k.check(c)...)
}

// NewSink checks c, reads its secrets and builds the sink. It opens no connection and no output file.
func NewSink(c Config, fs *fsx.FS) (Sink, error) {
	if flaws := c.Check(); len(flaws) > 0 {
		errs := make([]error, len(flaws))
		for i, f := range flaws {
			errs[i] = f
		}
		return nil, fmt.Errorf("sink %q: %w", c.Name, errors.Join(errs...))
	}
	k, _ := kindOf(c.Type)
	sink, err := k.build(c, fs)
	if err != nil {
		return nil, fmt.Errorf("sink %q: %w", c.Name, err)
	}
	if c.Ceiling != "" {
		sink = &limited{sink, c.Ceiling}
	}
	return sink, nil
}

// secret reads a secret's file, without the line ending that editors add.
func secret(key, path string) ([]byte, error) {
	b, err := os.ReadFile(path)
	switch name, credential := strings.CutPrefix(path, "credential:"); {
	case err != nil && credential:
		return nil, fmt.Errorf("%s: there is no %s outside of systemd, which hands it over by LoadCredential=%s:FILE; to try it by hand, put the file into a folder and name that in CREDENTIALS_DIRECTORY", key, path, name)
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%s: %w; write the secret into that file, readable by the daemon's user only", key, err)
	case err != nil:
		return nil, fmt.Errorf("%s: %w", key, err)
	}
	b = bytes.TrimRight(b, "\r\n")
	if len(b) == 0 {
		return nil, fmt.Errorf("%s: %s is empty", key, path)
	}
	return b, nil
}
