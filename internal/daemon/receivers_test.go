package daemon

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// receivers are the other ends of every kind of sink, for somebody who reads all that comes.
type receivers struct {
	t   *testing.T
	all syncBuffer
}

// web takes what is posted: headers, address and body.
func (r *receivers) web() string {
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) {
		_ = req.Write(&r.all)
		_, _ = io.WriteString(&r.all, "\n")
	}))
	r.t.Cleanup(s.Close)
	return s.URL
}

// accept serves connections until the test ends.
func (r *receivers) accept(serve func(net.Conn)) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		r.t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			serving.Go(func() {
				defer c.Close()
				serve(c)
			})
		}
	})
	r.t.Cleanup(func() {
		l.Close()
		serving.Wait()
	})
	return l.Addr().String()
}

// syslog reads each connection to its end.
func (r *receivers) syslog() string {
	return r.accept(func(c net.Conn) { _, _ = io.Copy(&r.all, c) })
}

// mail takes letters as a server on this machine does.
func (r *receivers) mail() string {
	return r.accept(func(c net.Conn) {
		say := func(line string) { _, _ = io.WriteString(c, line+"\r\n") }
		say("220 here")
		in, data := bufio.NewScanner(c), false
		for in.Scan() {
			line := in.Text()
			_, _ = io.WriteString(&r.all, line+"\n")
			switch verb, _, _ := strings.Cut(strings.ToUpper(line), " "); {
			case data && line == ".":
				data = false
				say("250 taken")
			case data:
			case verb == "DATA":
				data = true
				say("354 go on")
			case verb == "QUIT":
				say("221 bye")
				return
			default:
				say("250 OK")
			}
		}
	})
}

// folder is the text of all files of a folder, and their names.
func (s *site) folder(name string) string {
	s.t.Helper()
	var b strings.Builder
	files, err := filepath.Glob(filepath.Join(s.path(name), "*"))
	if err != nil {
		s.t.Fatal(err)
	}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil && !os.IsNotExist(err) {
			s.t.Fatal(err)
		}
		b.WriteString(f + "\n" + string(text) + "\n")
	}
	return b.String()
}
