package daemon

import (
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"probity/internal/decode"
	"probity/internal/listen"
	"probity/internal/strictyaml"
)

// Listen says what a source receives instead of following files.
type Listen struct {
	Stdin           bool                `json:"stdin,omitempty" jsonschema:"standard input; the short form is: listen: stdin"`
	Syslog          Addresses           `json:"syslog,omitempty" jsonschema:"udp://HOST:PORT, tcp://… (either framing) or tls://…, one or several; to this machine alone unless a host is said"`
	CAFile          string              `json:"ca_file,omitempty" jsonschema:"tls: PEM; the only authorities whose client certificates are accepted"`
	CertFile        string              `json:"cert_file,omitempty" jsonschema:"tls: PEM; shown to the senders"`
	KeyFile         string              `json:"key_file,omitempty" jsonschema:"tls: PEM; the certificate's key"`
	AllowedSubjects []string            `json:"allowed_subjects,omitempty" jsonschema:"tls: the clients accepted, by common name, DNS name or whole subject; all with a certificate unless said"`
	MaxConnections  int                 `json:"max_connections,omitempty" jsonschema:"at once; one more is closed; 64 unless said"`
	IdleTimeout     strictyaml.Duration `json:"idle_timeout,omitempty" jsonschema:"a connection without a message is closed then; 24h unless said, as rsyslog loses a message on a closed one"`
}

// Spool says how much of what is received is kept.
type Spool struct {
	MaxBytes int64               `json:"max_bytes,omitempty" jsonschema:"on disk; when so much waits to be judged, tcp stands still and datagrams are dropped and counted; 1073741824 unless said"`
	Keep     strictyaml.Duration `json:"keep,omitempty" jsonschema:"how long what is judged stays for a replay, while there is room; 168h unless said"`
}

// Addresses are one or several to listen on.
type Addresses []string

// FromScalar reads the short form: one address.
func (a *Addresses) FromScalar(text string) error {
	*a = Addresses{text}
	return nil
}

// FromScalar reads the short form for standard input.
func (l *Listen) FromScalar(text string) error {
	if text != "stdin" {
		return fmt.Errorf("listen: %q is neither stdin nor a mapping; write stdin, or {syslog: udp://127.0.0.1:514}", text)
	}
	l.Stdin = true
	return nil
}

const (
	defaultConnections = 64
	defaultIdleTimeout = strictyaml.Duration(24 * time.Hour)
	defaultSpoolBytes  = 1 << 30
	defaultSpoolKeep   = strictyaml.Duration(168 * time.Hour)
	defaultRecordBytes = 1 << 20 // decode's

	leastSpoolBytes = 16 << 20
	spoolRecords    = 16 // of the largest size that a spool must have room for
)

// recordBytes is how long a record of the source may be.
func (s *Source) recordBytes() int {
	if s.MaxRecordBytes == 0 {
		return defaultRecordBytes
	}
	return s.MaxRecordBytes
}

// spoolDir is the folder of a source's spool.
func (c *Config) spoolDir(s *Source) string { return filepath.Join(c.StateDir, "spool", s.Name) }

// spooled is a source that listens, as it is followed and replayed: by its spool, with every default filled.
func (c *Config) spooled(s *Source) *Source {
	out, l := *s, *s.Listen
	fill(&l.MaxConnections, defaultConnections)
	fill(&l.IdleTimeout, defaultIdleTimeout)
	fill(&out.Spool.MaxBytes, defaultSpoolBytes)
	fill(&out.Spool.Keep, defaultSpoolKeep)
	out.Listen, out.Paths = &l, []string{listen.SpoolPath(c.spoolDir(s))}
	return &out
}

// takeStdin makes the source that Config.Stdin names listen to standard input.
func (p *parts) takeStdin() {
	name := p.config.Stdin
	if name == "" {
		return
	}
	i := slices.IndexFunc(p.config.Sources, func(s Source) bool { return s.Name == name })
	if i < 0 {
		p.problem("sources", fmt.Sprintf("no source named %q for standard input", name), "name one of the configured sources")
		return
	}
	s := &p.config.Sources[i]
	s.Paths, s.WholeFiles, s.Listen = nil, false, &Listen{Stdin: true}
}

func (p *parts) checkListen(s *Source, at string) {
	l := s.Listen
	if len(s.Paths) > 0 {
		p.problem(at+".paths", "paths, and listen", "a source either follows files or listens: make two of it")
	}
	if s.WholeFiles {
		p.problem(at+".whole_files", "whole files, and listen", "leave it out: what is received never ends")
	}
	p.checkInputs(l, at+".listen")
	p.checkTLS(l, at+".listen")
	if l.MaxConnections < 0 || l.MaxConnections > 1<<16 {
		p.problem(at+".listen.max_connections", fmt.Sprintf("%d connections", l.MaxConnections), "choose 1 to 65536")
	}
	if least := max(leastSpoolBytes, int64(spoolRecords*s.recordBytes())); s.Spool.MaxBytes != 0 && s.Spool.MaxBytes < least {
		p.problem(at+".spool.max_bytes", fmt.Sprintf("a spool of %d bytes", s.Spool.MaxBytes), fmt.Sprintf("choose at least %d, 16 times max_record_bytes", least))
	}
}

// checkInputs checks what is listened to.
func (p *parts) checkInputs(l *Listen, at string) {
	switch {
	case !l.Stdin && len(l.Syslog) == 0:
		p.problem(at, "nothing to listen to", "write listen: stdin, or listen: {syslog: udp://127.0.0.1:514}")
	case l.Stdin && len(l.Syslog) > 0:
		p.problem(at, "standard input and syslog in one source", "make two sources of it")
	}
	for i, text := range l.Syslog {
		a, err := listen.ParseAddress(text)
		if err != nil {
			p.problem(fmt.Sprintf("%s.syslog.%d", at, i), err.Error(), "")
			continue
		}
		if p.listening == nil {
			p.listening = map[listen.Address]bool{}
		}
		key := a
		if key.Scheme == listen.TLS {
			key.Scheme = listen.TCP // the same port
		}
		if p.listening[key] && a.Port != "0" {
			p.problem(fmt.Sprintf("%s.syslog.%d", at, i), a.String()+" is listened on already", "give each its own port")
		}
		p.listening[key] = true
	}
	if l.Stdin {
		if p.stdin {
			p.problem(at, "a second source that reads standard input", "there is one only")
		}
		p.stdin = true
	}
}

// checkTLS checks that certificates are there where they are needed, and nowhere else.
func (p *parts) checkTLS(l *Listen, at string) {
	needed := slices.ContainsFunc(l.addresses(), func(a listen.Address) bool { return a.Scheme == listen.TLS })
	for _, f := range []struct{ key, value string }{{"ca_file", l.CAFile}, {"cert_file", l.CertFile}, {"key_file", l.KeyFile}} {
		switch {
		case needed && f.value == "":
			p.problem(at, "tls without "+f.key, "write "+f.key+": PATH; both sides show certificates")
			needed = false // enough said
		case !needed && f.value != "" && !l.hasTLS():
			p.problem(at+"."+f.key, f.key+", and nothing listens with tls", "write tls:// where it says tcp://, or leave it out")
		}
	}
	if needed {
		if err := l.tls().Check(); err != nil {
			p.problem(at, err.Error(), "")
		}
	}
	if !l.hasTLS() && len(l.AllowedSubjects) > 0 {
		p.problem(at+".allowed_subjects", "allowed_subjects, and nothing listens with tls", "only a certificate proves who sends: write tls://, or leave it out")
	}
}

// addresses are those that are well formed.
func (l *Listen) addresses() []listen.Address {
	var out []listen.Address
	for _, text := range l.Syslog {
		if a, err := listen.ParseAddress(text); err == nil {
			out = append(out, a)
		}
	}
	return out
}

func (l *Listen) hasTLS() bool {
	return slices.ContainsFunc(l.addresses(), func(a listen.Address) bool { return a.Scheme == listen.TLS })
}

func (l *Listen) tls() listen.TLSFiles {
	return listen.TLSFiles{CA: l.CAFile, Cert: l.CertFile, Key: l.KeyFile, Allowed: l.AllowedSubjects}
}

// checkFraming refuses formats whose records a spool would tear.
func (p *parts) checkFraming(s *Source, f *decode.Format, at string) {
	switch {
	case f.Framing == "" || f.Framing == "lines":
	case !s.Listen.Stdin:
		p.problem(at+".format", fmt.Sprintf("format %s is framed as %s, and a syslog message is a line", f.Name, f.Framing), "use a format with framing: lines")
	case f.Framing != "csv":
		p.problem(at+".format", fmt.Sprintf("format %s is framed as %s, which has no end on standard input", f.Name, f.Framing), "use a format with framing: lines or csv")
	}
}

// listenNotes says where anybody can write records.
func (p *parts) listenNotes() (notes strictyaml.Problems) {
	for i := range p.config.Sources {
		l := p.config.Sources[i].Listen
		if l == nil {
			continue
		}
		for _, a := range l.addresses() {
			if a.Scheme != listen.TLS && !a.Local() {
				notes = append(notes, p.config.problem(fmt.Sprintf("sources.%d.listen", i), a.String()+" takes records from anybody who can reach it",
					"use tls, or a firewall: whoever can add records can accuse"))
			}
		}
	}
	return notes
}
