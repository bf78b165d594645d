package daemon

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"regexp"
	"strings"

	"github.com/prometheus/exporter-toolkit/web"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"probity/internal/strictyaml"
)

// serveWeb serves on the listener with the TLS and the logins that web.config_file says. The library reads that file anew with
// every connection and every request, so a renewed certificate or a changed password needs no restart; one that has become
// wrong meanwhile refuses everybody.
func (d *Daemon) serveWeb(server *http.Server) error {
	file := d.Config.Web.ConfigFile
	return web.Serve(d.listener, server, &web.FlagConfig{WebConfigFile: &file}, slog.New(&libraryLog{d.Logger}))
}

func (p *parts) checkWeb() {
	w := &p.config.Web
	if err := web.Validate(w.ConfigFile); err != nil {
		p.problem("web.config_file", fmt.Sprintf("%s: %s", w.ConfigFile, withoutSecrets(err.Error())),
			"write it as for Prometheus' exporters: tls_server_config, basic_auth_users with bcrypt hashes")
	}
	if err := checkSocketPath(w.AdminSocket); err != nil {
		p.problem("web.admin_socket", err.Error(), "choose a shorter path")
	}
}

// webNotes says who can read what the daemon tells, and the secrets that it has.
func (p *parts) webNotes() (notes strictyaml.Problems) {
	w := &p.config.Web
	if w.ConfigFile == "" && !localAddress(w.ListenAddress) {
		notes = append(notes, p.config.problem("web", w.ListenAddress+" tells everybody who can reach it what is watched and what is not, in the clear",
			"write config_file: with TLS and a login, or listen on 127.0.0.1"))
	}
	if w.AdminOnListener && w.ConfigFile == "" {
		notes = append(notes, p.config.problem("web.admin_on_listener", "whoever can reach "+w.ListenAddress+" can make the daemon reload", "write config_file: with a login, or use the admin socket"))
	}
	for _, s := range p.config.secretFiles() {
		if info, err := os.Stat(s.file); err == nil && info.Mode().Perm()&0o007 != 0 {
			notes = append(notes, p.config.problem(s.key, fmt.Sprintf("everybody on this machine can read or change the secret %s (%s)", s.file, info.Mode().Perm()),
				"chmod o-rwx "+s.file))
		}
	}
	return notes
}

// localAddress reports whether only this machine can reach a listen address.
func localAddress(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// quotedByYAML is how the YAML library quotes the value that it could not read.
var quotedByYAML = regexp.MustCompile("`[^`]*`")

// withoutSecrets takes out of an error about web.config_file what may be a password: what YAML could not read, and the first
// letter of what bcrypt would not take.
func withoutSecrets(text string) string {
	if strings.HasPrefix(text, "crypto/bcrypt:") {
		return "a password under basic_auth_users is no bcrypt hash"
	}
	return quotedByYAML.ReplaceAllString(text, "<secret>")
}

// libraryLog hands on what the library logs, from warnings up.
type libraryLog struct{ to *zap.Logger }

func (l *libraryLog) Enabled(_ context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn
}

func (l *libraryLog) Handle(_ context.Context, r slog.Record) error {
	level := zapcore.WarnLevel
	if r.Level >= slog.LevelError {
		level = zapcore.ErrorLevel
	}
	var fields []zap.Field
	r.Attrs(func(a slog.Attr) bool {
		fields = append(fields, zap.String(a.Key, withoutSecrets(a.Value.String())))
		return true
	})
	l.to.Log(level, "web.config_file: "+r.Message, fields...)
	return nil
}

// WithAttrs and WithGroup are not used by the library.
func (l *libraryLog) WithAttrs([]slog.Attr) slog.Handler { return l }
func (l *libraryLog) WithGroup(string) slog.Handler      { return l }
