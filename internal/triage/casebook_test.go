package triage

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"probity/internal/alert"
	"probity/internal/evidence"
	"probity/internal/route"
)

// net/http closes a connection half a second after it has refused a body: longer than goleak waits.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("net/http.(*conn).closeWriteAndWait"))
}

// book keeps cases in memory; the store's own are asked in package daemon.
type book struct {
	mu           sync.Mutex
	cases        map[string]alert.Case
	dispositions []alert.Disposition
	entries      []string // kind and body
	bodies       [][]byte
	around       map[string][]alert.Surrounding
	full         bool // nothing can be recorded
	now          time.Time
}

func (b *book) EachCase(fn func(alert.Case) error) error {
	for _, c := range b.cases {
		if err := fn(c); err != nil {
			return err
		}
	}
	return nil
}

func (b *book) Case(id string) (alert.Case, bool, error) {
	c, ok := b.cases[id]
	return c, ok, nil
}

func (b *book) LastAlerts(ids []string) (map[string]*alert.Alert, error) {
	out := map[string]*alert.Alert{}
	for _, id := range ids {
		if c, ok := b.cases[id]; ok {
			out[id] = &alert.Alert{ID: id, Revision: c.Revision, Count: 3, Marking: "OFFICIAL-SENSITIVE", Summary: "S9 was refused 3 times", Status: alert.Open,
				Rule: alert.Rule{ID: c.Rule, Version: 1, Severity: c.Severity(), Title: "Refused"}}
		}
	}
	return out, nil
}

func (b *book) EachDisposition(fn func(alert.Disposition) error) error {
	for _, d := range b.dispositions {
		if err := fn(d); err != nil {
			return err
		}
	}
	return nil
}

func (b *book) Dispositions(id string) (list []alert.Disposition, err error) {
	for _, d := range b.dispositions {
		if d.AlertID == id {
			list = append(list, d)
		}
	}
	return list, nil
}

func (b *book) EvidenceEntry(seq uint64) (evidence.Stored, error) {
	return evidence.Stored{Seq: seq, Body: b.bodies[seq-1]}, nil
}

func (b *book) Note(kind string, body any) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.full {
		return errors.New("no space left on device")
	}
	text, err := json.Marshal(body)
	b.entries, b.bodies = append(b.entries, kind+" "+string(text)), append(b.bodies, text)
	return err
}

func (b *book) Around(c alert.Case) ([]alert.Surrounding, error) { return b.around[c.ID], nil }

func (b *book) CloseAlert(x alert.Closing) (alert.Case, error) {
	c := b.cases[x.ID]
	if x.Revision != 0 && x.Revision < c.Revision {
		return c, fmt.Errorf("revision %d: %w", x.Revision, alert.ErrRevised)
	}
	if err := b.Note("disposition", x); err != nil {
		return c, err
	}
	after := c
	after.Closings, after.ClosedRevision = c.Closings+1, c.Revision
	b.cases[x.ID] = after
	b.dispositions = append(b.dispositions, alert.Disposition{AlertID: x.ID, N: after.Closings, Rule: c.Rule, Severity: c.Severity(), Outcome: x.Outcome,
		Revision: c.Revision, At: b.now, By: x.By, Evidence: uint64(len(b.bodies))})
	return c, nil
}

var monday = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// case1 is an alert about a person that came some hours after Monday, 09:00.
func case1(id, rule, person string, severity alert.Severity, hours int) alert.Case {
	return alert.Case{ID: id, Rule: rule, Had: []alert.Severity{severity}, Status: alert.Open, Revision: 2, OpenedAt: monday.Add(time.Duration(hours) * time.Hour),
		Concerned: alert.Concerned{Persons: []string{person}, Main: person}}
}

func someCases() map[string]alert.Case {
	out := map[string]alert.Case{}
	withdrawn := case1("w", "denied", "S9", alert.High, 4)
	withdrawn.Status = alert.Withdrawn
	folded := case1("f", "denied", "S9", alert.High, 5)
	folded.Folded = 4
	for _, c := range []alert.Case{
		case1("a", "denied", "S9", alert.High, 0), case1("b", "denied", "S8", alert.High, 1), case1("c", "bait", "S9", alert.Critical, 2),
		case1("mine", "denied", "S1", alert.High, 3), withdrawn, folded,
	} {
		out[c.ID] = c
	}
	return out
}

// serve answers on a socket as to a user with these roles, and as to whoever really asks if there are none.
func serve(t *testing.T, b *book, roles map[string]route.Role, user string) (*Client, *Server) {
	t.Helper()
	r, flaws := route.New(roles, nil)
	if len(flaws) > 0 {
		t.Fatal(flaws)
	}
	s := New(Options{Cases: b, Roles: r, PerWeek: 3, Now: func() time.Time { return b.now }})
	if user != "" {
		s.identify = func(net.Conn) (caller, error) { return caller{UID: new(uint32(1001)), User: user}, nil }
	}
	path := filepath.Join(shortDir(t), "s")
	l, err := Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	server := s.HTTP()
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	t.Cleanup(func() {
		if err := server.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
		if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	})
	return NewClient(path), s
}

// shortDir is a folder whose path leaves room for that of a socket.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "p")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func force() map[string]route.Role {
	return map[string]route.Role{
		"iso": {Users: []string{"alice"}, Staff: []string{"S1"}, Alternate: "second"}, "second": {Users: []string{"bob"}},
		"soc": {Users: []string{"carol"}}, "auditor": {Users: []string{"dave"}},
	}
}
