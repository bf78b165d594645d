package notify

import (
	"bytes"
	"errors"
	"fmt"
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
	Type string `json:"type"` // file or webhook

	For        []string         `json:"for"`        // roles; package route decides by these two what the sink gets
	Severities []alert.Severity `json:"severities"` // none: all

	Path string `json:"path"` // file: the JSON lines

	URL         string              `json:"url"`           // webhook: https, or http to this machine
	Timeout     strictyaml.Duration `json:"timeout"`       // webhook: of one attempt; 10s if left out
	HMACKeyFile string              `json:"hmac_key_file"` // webhook: signs the body
	Headers     map[string]string   `json:"headers"`       // webhook: sent with every request; no secrets
	HeaderFiles map[string]string   `json:"header_files"`  // webhook: header to file that holds its value
	CAFile      string              `json:"ca_file"`       // webhook: PEM; the only authorities trusted
	CertFile    string              `json:"cert_file"`     // webhook: PEM; shown to the receiver
	KeyFile     string              `json:"key_file"`      // webhook: PEM; the certificate's key
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
	}
	return kind{}, false
}

const kinds = "file or webhook"

var sinkName = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,62}$`)

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
		if !slices.Contains([]string{"name", "type", "for", "severities"}, f.Key) && !slices.Contains(k.keys, f.Key) && !v.FieldByIndex(f.Index).IsZero() {
			flaws = append(flaws, Flaw{f.Key, "a " + c.Type + " sink has no such key", "it takes " + strings.Join(k.keys, ", ")})
		}
	}
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
	return sink, nil
}

// secret reads a secret's file, without the line ending that editors add.
func secret(key, path string) ([]byte, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", key, err)
	}
	b = bytes.TrimRight(b, "\r\n")
	if len(b) == 0 {
		return nil, fmt.Errorf("%s: %s is empty", key, path)
	}
	return b, nil
}
