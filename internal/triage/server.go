package triage

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"strings"
	"time"

	"probity/internal/alert"
	"probity/internal/evidence"
	"probity/internal/route"
)

// casebook is where cases, alerts and their closings are; the daemon's store is one.
type casebook interface {
	EachCase(func(alert.Case) error) error
	Case(id string) (alert.Case, bool, error)
	LastAlerts(ids []string) (map[string]*alert.Alert, error)
	EachDisposition(func(alert.Disposition) error) error
	Dispositions(id string) ([]alert.Disposition, error)
	EvidenceEntry(seq uint64) (evidence.Stored, error)
	Around(alert.Case) ([]alert.Surrounding, error)
	CloseAlert(alert.Closing) (before alert.Case, err error)
	Note(kind string, body any) error // into the evidence
}

// Options of a Server.
type Options struct {
	Cases   casebook
	Roles   *route.Table
	PerWeek int                            // the alert budget, for stats
	Closed  func(alert.Case, *alert.Alert) // told of each closing: the case before, and the alert's last revision; may be nil
	Now     func() time.Time               // nil: time.Now
}

// Server answers. Its methods may be called by several goroutines.
type Server struct {
	Options
	identify func(net.Conn) (caller, error)
}

// New returns a Server.
func New(o Options) *Server {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Closed == nil {
		o.Closed = func(alert.Case, *alert.Alert) {}
	}
	return &Server{Options: o, identify: identify}
}

const (
	maxRequestBytes = 64 << 10
	maxHeaderBytes  = 16 << 10
)

type connKey struct{}

// sameOrigin refuses what a web page makes a browser send that holds somebody's certificate.
var sameOrigin = http.NewCrossOriginProtection()

// HTTP returns the server for all listeners; whoever serves with it shuts it down.
func (s *Server) HTTP() *http.Server {
	mux := http.NewServeMux()
	mux.Handle("GET /v1/alerts", s.answer(route.Counts, s.list))
	mux.Handle("GET /v1/alerts/{id}", s.answer(route.Read, s.show))
	mux.Handle("POST /v1/alerts/{id}/close", s.answer(route.Triage, s.close))
	mux.Handle("GET /v1/stats", s.answer(route.Counts, s.stats))
	return &http.Server{
		Handler: sameOrigin.Handler(mux), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: time.Minute, IdleTimeout: 5 * time.Second,
		MaxHeaderBytes: maxHeaderBytes,
		ConnContext:    func(ctx context.Context, c net.Conn) context.Context { return context.WithValue(ctx, connKey{}, c) },
	}
}

// refusal is an error whose text is for the caller.
type refusal struct {
	status int
	text   string
}

func (r *refusal) Error() string { return r.text }

func refuse(status int, text string) error { return &refusal{status, text} }

// notThere is said of every alert that the caller may not know of.
func notThere(id string) error { return refuse(http.StatusNotFound, "no such alert: "+id) }

// answer is the way of every question: who asks, may he, what is the answer.
func (s *Server) answer(right route.Rights, do func(*caller, *http.Request) (any, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxRequestBytes)
		who, err := s.admit(r, right)
		var said any
		if err == nil {
			said, err = do(who, r)
		}
		status := http.StatusOK
		if err != nil {
			status = http.StatusInternalServerError
			if f, ok := errors.AsType[*refusal](err); ok {
				status = f.status
			}
			said = map[string]string{"error": err.Error()}
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		enc := json.NewEncoder(w)
		enc.SetEscapeHTML(false)
		_ = enc.Encode(said) // the caller has gone
	})
}

func (s *Server) admit(r *http.Request, right route.Rights) (*caller, error) {
	conn, _ := r.Context().Value(connKey{}).(net.Conn)
	c, err := s.identify(conn)
	if err != nil {
		return nil, err
	}
	if c.Certificate != "" {
		c.Roles, c.User = s.Roles.Certified(c.Certified, c.User)
	} else {
		c.Roles = s.Roles.Of(c.names(), c.Groups)
	}
	if len(c.Roles) == 0 {
		return nil, refuse(http.StatusForbidden, "user "+c.User+" has no role in Probity; who administers it adds users, groups and certificates under roles: in its configuration")
	}
	if !s.Roles.May(c.Roles, right) {
		return nil, refuse(http.StatusForbidden, "role "+strings.Join(c.Roles, ", ")+" may not ask this; it needs the right "+string(right))
	}
	return &c, nil
}
