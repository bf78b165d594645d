package daemon

import (
	"os"
	"path/filepath"
	"time"

	"probity/internal/notify"
	"probity/internal/route"
	"probity/internal/strictyaml"
	"probity/internal/table"
)

// Config is the configuration. The json tags are the keys of its YAML.
type Config struct {
	StateDir        string                  `json:"state_dir,omitempty" jsonschema:"folder of positions, windows, alerts, outbox and evidence; STATE_DIRECTORY unless said"`
	IdentityKeyFile string                  `json:"identity_key_file,omitempty" jsonschema:"at least 32 random bytes, kept secret and kept for ever: alert ids are an HMAC under them"`
	Marking         string                  `json:"marking,omitempty" jsonschema:"government security classification on every alert; OFFICIAL-SENSITIVE unless said"`
	Zone            string                  `json:"zone,omitempty" jsonschema:"time zone of local times in tables and of local_hour(); Europe/London unless said"`
	Sources         []Source                `json:"sources" jsonschema:"the logs to follow"`
	Formats         map[string]string       `json:"formats,omitempty" jsonschema:"further formats: name to YAML file"`
	Tables          map[string]table.Config `json:"tables,omitempty" jsonschema:"lookup tables by name; all optional"`
	Rules           Rules                   `json:"rules,omitempty" jsonschema:"the rules in force"`
	Sinks           []notify.Config         `json:"sinks,omitempty" jsonschema:"where alerts go"`
	Roles           map[string]route.Role   `json:"roles,omitempty" jsonschema:"who alerts are for: role to its members"`
	Triage          Triage                  `json:"triage,omitempty" jsonschema:"the socket that probity alerts asks"`
	Budget          Budget                  `json:"budget,omitempty" jsonschema:"how many alerts can be read"`
	Evidence        Evidence                `json:"evidence,omitempty" jsonschema:"signed checkpoints of the evidence log, and their witnesses"`
	Retention       Retention               `json:"retention,omitempty" jsonschema:"how long is kept what holds persons; everything for ever unless said"`
	Web             Web                     `json:"web,omitempty" jsonschema:"metrics, health and reload"`
	Pipeline        Pipeline                `json:"pipeline,omitempty" jsonschema:"how the work is cut; no alert depends on it"`
	Log             Log                     `json:"log,omitempty" jsonschema:"the daemon's own log on standard error"`

	// Stdin names the source that reads standard input in place of what is configured for it. It is a flag, not a key.
	Stdin string `json:"-"`

	file   string // "" if it was built in code
	doc    *strictyaml.Doc
	frozen string // what a reload may not change, as it was read
	src    []byte
}

// Source is one system's log.
type Source struct {
	Name           string              `json:"name" jsonschema:"label of its metrics and part of its records' identity; do not rename"`
	Format         any                 `json:"format" jsonschema:"a built-in format, a name under formats, file:PATH, or the mapping itself"`
	Dataset        string              `json:"dataset,omitempty" jsonschema:"event.dataset; the format's unless said"`
	Paths          []string            `json:"paths,omitempty" jsonschema:"files, globs or directories; rotated siblings are found by themselves"`
	Listen         *Listen             `json:"listen,omitempty" jsonschema:"instead of paths: receive records and follow the spool that they are kept in; stdin, or syslog"`
	Spool          Spool               `json:"spool,omitempty" jsonschema:"of what listen receives"`
	Lateness       strictyaml.Duration `json:"lateness,omitempty" jsonschema:"how much later than its neighbours an event may arrive; 5m, for dataset m365 2h, unless said"`
	Repeats        strictyaml.Duration `json:"repeats,omitempty" jsonschema:"how long after the first it may repeat a record; 0, for dataset m365 168h, unless said"`
	WholeFiles     bool                `json:"whole_files,omitempty" jsonschema:"each file is complete when it appears and ends: a drop folder"`
	Fields         map[string]string   `json:"fields,omitempty" jsonschema:"native fields that rules use with a type: name to string, int, bool, time or list"`
	MaxRecordBytes int                 `json:"max_record_bytes,omitempty" jsonschema:"a longer record is rejected; 1048576 unless said"`
}

// Rules says where the rules are.
type Rules struct {
	Builtin bool     `json:"builtin,omitempty" jsonschema:"the rules that come with this program"`
	Paths   []string `json:"paths,omitempty" jsonschema:"rule files, globs, or directories with all below them"`

	AllowedSigners string `json:"allowed_signers,omitempty" jsonschema:"who must have signed what paths lead to, as probity rules fetch leaves it there: ALLOWED SIGNERS of ssh-keygen; what is not signed is judged by all the same, and is told by the rule monitoring_config_unapproved"`
	Keyring        string `json:"keyring,omitempty" jsonschema:"the same for OpenPGP signatures: a keyring that gpgv reads"`
}

// Triage is how questions about alerts are asked: on a socket, if there are roles, and at an address, if one is named.
type Triage struct {
	Socket string `json:"socket,omitempty" jsonschema:"path of a Unix socket; probity.sock in the state folder unless said, where root and the daemon's own user alone can reach it"`

	Listen       string `json:"listen,omitempty" jsonschema:"host:port for callers on other machines, by TLS with certificates of their own alone; none unless said"`
	CertFile     string `json:"cert_file,omitempty" jsonschema:"PEM; the daemon's certificate for listen, read anew for each connection"`
	KeyFile      string `json:"key_file,omitempty" jsonschema:"PEM; its key"`
	ClientCAFile string `json:"client_ca_file,omitempty" jsonschema:"PEM; the only authorities that certify callers"`
}

// Budget is the alert budget.
type Budget struct {
	PerWeek int `json:"per_week,omitempty" jsonschema:"alerts of one rule, or about one person, in seven days; those beyond are marked for a digest, unless they are critical; 0: no bound"`
}

// Retention bounds what is kept. What is destroyed is destroyed on the record, and nothing that is under a legal hold.
type Retention struct {
	Rejects  strictyaml.Duration `json:"rejects,omitempty" jsonschema:"records that could not be decoded, from their coming: 90d"`
	Alerts   strictyaml.Duration `json:"alerts,omitempty" jsonschema:"words, persons and lines of an alert, from its being closed or withdrawn: 2192d; one that nobody has closed stays"`
	Evidence strictyaml.Duration `json:"evidence,omitempty" jsonschema:"who looked for whom, and looked at what; hashes, and all other entries, stay"`
}

// Web is the HTTP listener.
type Web struct {
	ListenAddress   string `json:"listen_address,omitempty" jsonschema:"127.0.0.1:9480 unless said"`
	ConfigFile      string `json:"config_file,omitempty" jsonschema:"TLS, client certificates and logins of the listener, in the form of Prometheus' --web.config.file; read anew with every connection"`
	AdminSocket     string `json:"admin_socket,omitempty" jsonschema:"path of a Unix socket that takes POST /-/reload and /-/dipcheck; admin.sock in the state folder unless said; root and the daemon's own user alone can reach it"`
	AdminOnListener bool   `json:"admin_on_listener,omitempty" jsonschema:"true takes POST /-/reload on listen_address, too: whoever may read metrics there may then reload"`
}

// Pipeline bounds the loop.
type Pipeline struct {
	Batch     int                 `json:"batch,omitempty" jsonschema:"records judged and committed at once, at most; 32768 unless said"`
	Shards    int                 `json:"shards,omitempty" jsonschema:"of the window state; one a core unless said"`
	IdleAfter strictyaml.Duration `json:"idle_after,omitempty" jsonschema:"a source that is quiet so long holds back nobody's memory any more; 15m unless said"`
	Outbox    int                 `json:"outbox_revisions,omitempty" jsonschema:"alert revisions that may wait for one sink; beyond it reading stops, and says so, until the sink has taken some; 1000000 unless said"`
	Memory    int64               `json:"memory_bytes,omitempty" jsonschema:"what windows may take; beyond it the rule that takes most gives up what is oldest, and says so; 1073741824 unless said"`
}

// Log is the daemon's own log.
type Log struct {
	Level  string `json:"level,omitempty" jsonschema:"debug, info, warn or error; info unless said"`
	Format string `json:"format,omitempty" jsonschema:"json or console; json unless said"`
}

const (
	defaultMarking   = "OFFICIAL-SENSITIVE"
	defaultZone      = "Europe/London"
	defaultListen    = "127.0.0.1:9480"
	defaultLateness  = strictyaml.Duration(5 * time.Minute)
	defaultIdleAfter = strictyaml.Duration(15 * time.Minute)
	defaultMemory    = int64(1 << 30)
	defaultOutbox    = 1_000_000 // some kilobytes each: it fills before the disk does

	// Microsoft publishes records up to 90 minutes late and repeats them; the management API serves seven days.
	m365Dataset  = "m365"
	m365Lateness = strictyaml.Duration(2 * time.Hour)
	m365Repeats  = strictyaml.Duration(168 * time.Hour)
)

// LoadConfig reads a configuration file and makes its paths absolute. The problems are those of its form; see Check.
func LoadConfig(file string) (*Config, strictyaml.Problems) {
	src, err := os.ReadFile(file)
	if err != nil {
		return nil, strictyaml.Problems{{File: file, What: "cannot read the configuration: " + cause(err), Do: "give its path with --config.file"}}
	}
	return parseConfig(file, src)
}

func parseConfig(file string, src []byte) (*Config, strictyaml.Problems) {
	c := &Config{file: file, src: src}
	doc, problems := strictyaml.Decode(file, src, c)
	if doc.Unread() { // whatever else seems to be missing would only hide what is wrong
		return nil, problems
	}
	c.doc = doc
	folder, err := filepath.Abs(filepath.Dir(file))
	if err != nil {
		return nil, strictyaml.Problems{{File: file, What: "cannot tell its folder: " + err.Error()}}
	}
	c.resolve(folder)
	c.frozen = c.freeze()
	return c, problems
}

// setDefaults fills what was left out. It may be called again.
func (c *Config) setDefaults() {
	fill(&c.Marking, defaultMarking)
	fill(&c.Zone, defaultZone)
	fill(&c.Web.ListenAddress, defaultListen)
	if len(c.Roles) > 0 && c.StateDir != "" {
		fill(&c.Triage.Socket, filepath.Join(c.StateDir, socketName))
	}
	fill(&c.Pipeline.IdleAfter, defaultIdleAfter)
	fill(&c.Pipeline.Memory, defaultMemory)
	fill(&c.Pipeline.Outbox, defaultOutbox)
}

func fill[T comparable](v *T, unless T) {
	var zero T
	if *v == zero {
		*v = unless
	}
}

// problem is a problem with the value at path of the file.
func (c *Config) problem(path, what, do string) strictyaml.Problem {
	if c.doc == nil {
		return strictyaml.Problem{File: "configuration", What: path + ": " + what, Do: do}
	}
	return c.doc.Problem(path, what, do)
}
