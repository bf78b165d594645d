package daemon

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"probity/internal/notify"
)

// secretFile is a file that holds a secret, and the key that names it.
type secretFile struct{ key, file string }

// secretFiles are all files with secrets that the configuration names. No secret stands in the configuration itself, and none
// is ever printed: problems and notes speak of files.
func (c *Config) secretFiles() (out []secretFile) {
	add := func(key, file string) {
		if file != "" {
			out = append(out, secretFile{key, file})
		}
	}
	add("identity_key_file", c.IdentityKeyFile)
	add("evidence.signing_key_file", c.Evidence.SigningKeyFile)
	add("web.config_file", c.Web.ConfigFile)
	for i := range c.Sources {
		if l := c.Sources[i].Listen; l != nil {
			add(fmt.Sprintf("sources.%d.listen.key_file", i), l.KeyFile)
		}
	}
	for path, list := range map[string][]notify.Config{"sinks": c.Sinks, witnessPath: c.Evidence.Witness} {
		for i, s := range list {
			at := fmt.Sprintf("%s.%d.", path, i)
			add(at+"hmac_key_file", s.HMACKeyFile)
			add(at+"key_file", s.KeyFile)
			add(at+"password_file", s.PasswordFile)
			for _, name := range slices.Sorted(maps.Keys(s.HeaderFiles)) {
				add(at+"header_files."+name, s.HeaderFiles[name])
			}
		}
	}
	slices.SortFunc(out, func(a, b secretFile) int { return strings.Compare(a.key, b.key) })
	return out
}
