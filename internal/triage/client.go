package triage

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"syscall"
	"time"
)

// Client asks a daemon.
type Client struct {
	socket string // "" if it asks server
	server string
	http   *http.Client
}

// askWithin bounds a question and its answer.
const askWithin = time.Minute

// NewClient returns a client of the daemon that listens on a socket. It connects when it is asked something.
func NewClient(socket string) *Client {
	var d net.Dialer
	return &Client{socket: socket, server: "http://probity", http: &http.Client{Timeout: askWithin, Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext:       func(ctx context.Context, _, _ string) (net.Conn, error) { return d.DialContext(ctx, "unix", socket) },
	}}}
}

// List asks for alerts.
func (c *Client) List(ctx context.Context, q Query) (l Listing, err error) {
	return l, c.ask(ctx, http.MethodGet, "/v1/alerts?"+q.values().Encode(), nil, &l)
}

// Show asks for one alert; that is recorded.
func (c *Client) Show(ctx context.Context, id string) (s Shown, err error) {
	return s, c.ask(ctx, http.MethodGet, "/v1/alerts/"+url.PathEscape(id), nil, &s)
}

// Close closes an alert; that is recorded.
func (c *Client) Close(ctx context.Context, id string, r Request) (x Closed, err error) {
	if err := r.check(); err != nil {
		return x, err
	}
	return x, c.ask(ctx, http.MethodPost, "/v1/alerts/"+url.PathEscape(id)+"/close", r, &x)
}

// Stats asks for what closings say about rules.
func (c *Client) Stats(ctx context.Context, since time.Time) (s Stats, err error) {
	q := Query{Since: since}
	return s, c.ask(ctx, http.MethodGet, "/v1/stats?"+q.values().Encode(), nil, &s)
}

func (c *Client) ask(ctx context.Context, method, path string, question, answer any) error {
	var body io.Reader
	if question != nil {
		b, err := json.Marshal(question)
		if err != nil {
			return err
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.server+path, body)
	if err != nil {
		return err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return c.unreachable(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return said(resp)
	}
	if err := json.NewDecoder(resp.Body).Decode(answer); err != nil {
		return fmt.Errorf("reading the daemon's answer: %w", err)
	}
	return nil
}

// said is the daemon's refusal.
func said(resp *http.Response) error {
	var f struct{ Error string }
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxRequestBytes)).Decode(&f); err != nil || f.Error == "" {
		return fmt.Errorf("the daemon answers HTTP %d", resp.StatusCode)
	}
	return errors.New(f.Error)
}

func (c *Client) unreachable(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err
	}
	switch {
	case c.socket == "":
		return fmt.Errorf("asking the daemon at %s: %w", c.server, err)
	case errors.Is(err, os.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("no daemon listens on %s: is it running, and is that its socket? (triage.socket in its configuration)", c.socket)
	case errors.Is(err, os.ErrPermission):
		return fmt.Errorf("%s is in a folder that you may not enter: set triage.socket to a path that those with a role can reach", c.socket)
	}
	return fmt.Errorf("asking the daemon: %w", err)
}
