package daemon

import (
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.uber.org/zap"
)

const (
	maxRequestBytes = 4 << 10 // the draw of a dip-check has some hundred bytes, the others none
	maxHeaderBytes  = 16 << 10
	scrapeWithin    = 20 * time.Second
)

// server serves metrics and health. None of it names a person or a record.
func (d *Daemon) server() *http.Server {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(d.Registry, promhttp.HandlerOpts{
		ErrorHandling: promhttp.ContinueOnError, MaxRequestsInFlight: 4, Timeout: scrapeWithin, Registry: d.Registry,
	}))
	mux.HandleFunc("GET /healthz", d.healthz)
	mux.HandleFunc("GET /readyz", d.readyz)
	if d.Config.Web.AdminOnListener {
		mux.HandleFunc("POST /-/reload", d.reloadRequest)
	} else {
		mux.HandleFunc("POST /-/", elsewhere)
	}
	return d.bounded(mux)
}

// adminServer serves what changes something, on the admin socket.
func (d *Daemon) adminServer() *http.Server {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /-/reload", d.reloadRequest)
	mux.HandleFunc("POST /-/dipcheck", d.recordDraw)
	mux.HandleFunc("POST /-/hold", d.recordHold)
	mux.HandleFunc("POST /-/release", d.recordHold)
	return d.bounded(mux)
}

// bounded is a server that lets nobody take its time, its memory or a browser's trust.
func (d *Daemon) bounded(mux http.Handler) *http.Server {
	return &http.Server{
		Handler:           guarded(mux),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      inForceWithin + 10*time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          log.New(serverErrors{d.Logger}, "", 0),
	}
}

// serverErrors logs what the server says of connections. Errors about web.config_file come this way, too, when a handshake
// reads it.
type serverErrors struct{ to *zap.Logger }

func (e serverErrors) Write(p []byte) (int, error) {
	e.to.Warn(withoutSecrets(strings.TrimSpace(string(p))))
	return len(p), nil
}

// guarded refuses what a web page of another origin makes a browser send, bounds bodies, and sets headers that keep a browser
// from making more of an answer than it is.
func guarded(next http.Handler) http.Handler {
	same := http.NewCrossOriginProtection()
	return same.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		if r.ContentLength > maxRequestBytes {
			h.Set("Connection", "close")
			http.Error(w, "no request here has a body", http.StatusRequestEntityTooLarge)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxRequestBytes)
		next.ServeHTTP(w, r)
	}))
}

func elsewhere(w http.ResponseWriter, _ *http.Request) {
	http.Error(w, "this is asked for on the daemon's admin socket; see web.admin_socket and web.admin_on_listener", http.StatusForbidden)
}

func (d *Daemon) reloadRequest(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	if err := d.Reload(); err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		fmt.Fprintf(w, "refused; rules and tables stay as they were\n%s\n", strings.Join(problemLines(err), "\n"))
		return
	}
	fmt.Fprintf(w, "generation %s is in force\n", d.current.Load().Hash)
}

func (d *Daemon) healthz(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	if !d.alive() {
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprintln(w, "the loop does not turn; see the log for commits that fail")
		return
	}
	fmt.Fprintln(w, "ok")
}

func (d *Daemon) readyz(w http.ResponseWriter, _ *http.Request) {
	r := d.readiness()
	w.Header().Set("Content-Type", "application/json")
	if !r.Ready {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	_ = enc.Encode(r) // the client has gone
}
