package notify

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/leodido/go-syslog/v4/rfc5424"

	"probity/internal/fsx"
)

// duplex is an end of a connection without a network, so that it lives in a bubble's time. Unlike net.Pipe it can end one side.
type duplex struct {
	*io.PipeReader
	*io.PipeWriter
}

func newDuplex() (a, b *duplex) {
	fromA, toB := io.Pipe()
	fromB, toA := io.Pipe()
	return &duplex{fromA, toA}, &duplex{fromB, toB}
}

func (d *duplex) Close() error                     { d.PipeReader.Close(); return d.PipeWriter.Close() }
func (d *duplex) CloseWrite() error                { return d.PipeWriter.Close() }
func (d *duplex) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (d *duplex) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (d *duplex) SetReadDeadline(time.Time) error  { return nil }
func (d *duplex) SetWriteDeadline(time.Time) error { return nil }

// SetDeadline ends what waits, if the time has passed; nothing here is slow otherwise.
func (d *duplex) SetDeadline(t time.Time) error {
	if !t.IsZero() && t.Before(time.Now()) {
		return d.Close()
	}
	return nil
}

// place is one sink of each kind, the real one but for its network, and what has come there. It can be dead.
type place struct {
	Sink
	dead   atomic.Bool
	came   list // keys, in their order, once each: Alertmanager is told again what lasts
	states bool // only the last revision of what comes together is to be seen
}

var errDead = errors.New("connection refused")

// places are the six kinds.
func places(t *testing.T, dir string) map[string]*place {
	out := map[string]*place{}
	for _, kind := range Types() {
		p := &place{states: kind == "html"}
		switch kind {
		case "webhook":
			p.Sink = webhookTo(t, kind, func(r *http.Request) (int, http.Header, error) {
				if p.dead.Load() {
					return 0, nil, errDead
				}
				p.came.add(key(r))
				return 200, nil, nil
			})
		case "alertmanager":
			m := mustSink(t, Config{Name: kind, Type: kind, URL: "https://am.example"}).(*alertmanager)
			m.client.Transport = remote(func(r *http.Request) (int, http.Header, error) {
				if p.dead.Load() {
					return 0, nil, errDead
				}
				body, err := io.ReadAll(r.Body)
				must(t, err)
				for _, a := range postedIn(t, string(body)) {
					p.once(a.Labels["reference"] + "/" + a.Annotations["revision"])
				}
				return 200, nil, nil
			})
			p.Sink = m
		case "syslog":
			s := mustSink(t, Config{Name: kind, Type: kind, URL: "tcp://127.0.0.1:1"}).(*syslogSink)
			s.connect = p.connector(func(c net.Conn) { p.message(t, c) })
			p.Sink = s
		case "email":
			e := mustSink(t, Config{Name: kind, Type: kind, Server: "127.0.0.1:1", TLS: noTLS, From: "p@force.example", To: map[string]string{"iso": "iso@force.example"}}).(*email)
			e.connect = p.connector(p.letter)
			p.Sink = e
		default: // on this disk
			c := Config{Name: kind, Type: kind, Path: filepath.Join(dir, kind), Dir: filepath.Join(dir, "pages")}
			if kind == "file" {
				c.Dir = ""
			} else {
				c.Path = ""
			}
			p.Sink = mustSinkOn(t, c, &fsx.FS{Fault: func(string, string) error {
				if p.dead.Load() {
					return syscall.ENOSPC
				}
				return nil
			}})
		}
		out[kind] = p
	}
	return out
}

// once notes a key unless it came before.
func (p *place) once(key string) {
	for _, k := range p.came.all() {
		if k == key {
			return
		}
	}
	p.came.add(key)
}

// connector is a network on which serve answers.
func (p *place) connector(serve func(net.Conn)) connector {
	return func(context.Context, string, string) (net.Conn, error) {
		if p.dead.Load() {
			return nil, errDead
		}
		ours, theirs := newDuplex()
		go func() {
			defer theirs.Close()
			serve(theirs)
		}()
		return ours, nil
	}
}

// message reads one of syslog, to the end of the connection.
func (p *place) message(t *testing.T, c net.Conn) {
	text, err := io.ReadAll(c)
	if err != nil {
		return
	}
	_, text, _ = bytes.Cut(text, []byte(" "))
	m, err := rfc5424.NewParser().Parse(text)
	must(t, err)
	p.came.add((*m.(*rfc5424.SyslogMessage).StructuredData)[sdID]["key"])
}

var revisionLine = regexp.MustCompile(`(?m)^` + string(revisionHeader) + `: (\S+)`)

// letter is a mail server of few words.
func (p *place) letter(c net.Conn) {
	say := func(line string) { _, _ = io.WriteString(c, line+"\r\n") }
	say("220 here")
	var text strings.Builder
	in, data := bufio.NewScanner(c), false
	for in.Scan() {
		line := in.Text()
		switch verb, _, _ := strings.Cut(strings.ToUpper(line), " "); {
		case data && line == ".":
			data = false
			if m := revisionLine.FindStringSubmatch(text.String()); m != nil {
				p.came.add(m[1])
			}
			say("250 taken")
		case data:
			text.WriteString(line + "\n")
		case verb == "DATA":
			data = true
			text.Reset()
			say("354 go on")
		case verb == "QUIT":
			say("221 bye")
			return
		default:
			say("250 OK")
		}
	}
}

// all is what has come: of files, what stands in them.
func (p *place) all(t *testing.T, dir string) []string {
	switch p.Name() {
	case "file":
		var keys []string
		for _, a := range linesIn(t, filepath.Join(dir, "file")) {
			keys = append(keys, a.key)
		}
		return keys
	case "html":
		var keys []string
		for _, r := range rowsIn(t, filepath.Join(dir, "pages")) {
			b, _ := json.Marshal(r.Revision)
			keys = append(keys, r.ID+"/"+string(b))
		}
		return keys
	}
	return p.came.all()
}
