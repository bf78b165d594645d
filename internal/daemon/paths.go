package daemon

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"probity/internal/notify"
)

// credentialPrefix begins the path of a secret that systemd hands over.
const credentialPrefix = "credential:"

// identityCredential is the name under which systemd hands over the identity key.
const identityCredential = "identity_key"

// resolve applies the environment and makes every path absolute, seen from folder.
func (c *Config) resolve(folder string) {
	override(&c.StateDir, "PROBITY_STATE_DIR")
	override(&c.IdentityKeyFile, "PROBITY_IDENTITY_KEY_FILE")
	if c.StateDir == "" { // systemd may name several, the first is ours
		c.StateDir, _, _ = strings.Cut(os.Getenv("STATE_DIRECTORY"), ":")
	}
	if c.IdentityKeyFile == "" && os.Getenv("CREDENTIALS_DIRECTORY") != "" {
		c.IdentityKeyFile = credentialPrefix + identityCredential
	}
	if c.Evidence.SigningKeyFile == "" && os.Getenv("CREDENTIALS_DIRECTORY") != "" {
		if _, err := os.Stat(absolute(folder, credentialPrefix+evidenceCredential)); err == nil { // it need not be there
			c.Evidence.SigningKeyFile = credentialPrefix + evidenceCredential
		}
	}
	for _, path := range c.paths() {
		*path = absolute(folder, *path)
	}
	for _, s := range slices.Concat(c.Sinks, c.Evidence.Witness) {
		for name, file := range s.HeaderFiles {
			s.HeaderFiles[name] = absolute(folder, file)
		}
	}
	for i := range c.Sources {
		all(folder, c.Sources[i].Paths)
		if name, ok := c.Sources[i].Format.(string); ok {
			if file, ok := strings.CutPrefix(name, filePrefix); ok {
				c.Sources[i].Format = filePrefix + absolute(folder, file)
			}
		}
	}
	all(folder, c.Rules.Paths)
	c.Rules.AllowedSigners, c.Rules.Keyring = absolute(folder, c.Rules.AllowedSigners), absolute(folder, c.Rules.Keyring)
	for name, file := range c.Formats {
		c.Formats[name] = absolute(folder, file)
	}
	for name, t := range c.Tables {
		t.Path = absolute(folder, t.Path)
		c.Tables[name] = t
	}
}

// paths are the single paths of the configuration.
func (c *Config) paths() []*string {
	out := []*string{&c.StateDir, &c.IdentityKeyFile, &c.Evidence.SigningKeyFile, &c.Triage.Socket,
		&c.Triage.CertFile, &c.Triage.KeyFile, &c.Triage.ClientCAFile}
	for _, list := range [][]notify.Config{c.Sinks, c.Evidence.Witness} {
		for i := range list {
			s := &list[i]
			out = append(out, &s.Path, &s.HMACKeyFile, &s.CAFile, &s.CertFile, &s.KeyFile,
				&s.Dir, &s.Template, &s.TextTemplate, &s.HTMLTemplate, &s.PasswordFile)
		}
	}
	for i := range c.Sources {
		if l := c.Sources[i].Listen; l != nil {
			out = append(out, &l.CAFile, &l.CertFile, &l.KeyFile)
		}
	}
	return append(out, &c.Web.ConfigFile, &c.Web.AdminSocket)
}

func override(v *string, name string) {
	if s := os.Getenv(name); s != "" {
		*v = s
	}
}

func all(folder string, paths []string) {
	for i := range paths {
		paths[i] = absolute(folder, paths[i])
	}
}

func absolute(folder, path string) string {
	if name, ok := strings.CutPrefix(path, credentialPrefix); ok {
		if os.Getenv("CREDENTIALS_DIRECTORY") == "" {
			return path // whoever cannot open it says its name as it was written
		}
		return filepath.Join(os.Getenv("CREDENTIALS_DIRECTORY"), name)
	}
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(folder, path)
}

// freeze returns all that a reload may not change, in a form that can be compared.
func (c *Config) freeze() string {
	fixed := *c
	fixed.Rules, fixed.Tables, fixed.Marking, fixed.Log = Rules{}, nil, "", Log{}
	b, err := json.Marshal(&fixed)
	if err != nil {
		panic(err) // texts, numbers and free YAML
	}
	return string(b)
}

// cause is an error without the operation and path that a message says already.
func cause(err error) string {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err.Error()
	}
	return err.Error()
}
