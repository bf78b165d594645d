package notify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

const (
	defaultTimeout     = 10 * time.Second
	maxRetryAfter      = time.Hour // a receiver that asks for a year is mistaken
	maxResponseBytes   = 64 << 10  // read so that the connection can be used again, and thrown away: it may quote the alert
	maxResponseHeaders = 64 << 10
)

// poster posts JSON to web servers and judges their answers.
type poster struct {
	timeout time.Duration
	header  http.Header // sent with every request
	client  *http.Client
}

// posterKeys are the keys of Config that newPoster reads.
var posterKeys = []string{"timeout", "headers", "header_files", "ca_file", "cert_file", "key_file"}

func newPoster(c Config) (poster, error) {
	p := poster{timeout: c.Timeout.Std(), header: http.Header{}}
	if p.timeout == 0 {
		p.timeout = defaultTimeout
	}
	for name, value := range c.Headers {
		p.header.Set(name, value)
	}
	for name, file := range c.HeaderFiles {
		value, err := secret("header_files: "+name, file)
		if err != nil {
			return p, err
		}
		if !validHeaderValue(string(value)) {
			return p, fmt.Errorf("header_files: %s: %s has characters that a header cannot have", name, file)
		}
		p.header.Set(name, string(value))
	}
	transport, err := newTransport(c)
	if err != nil {
		return p, err
	}
	p.client = &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return p, nil
}

// CloseIdleConnections lets go of what a pause does not need.
func (p *poster) CloseIdleConnections() { p.client.CloseIdleConnections() }

// post makes one attempt; header comes on top of what the configuration says. Its error is a *Failure.
func (p *poster) post(ctx context.Context, url string, body []byte, header http.Header) error {
	ctx, cancel := context.WithTimeout(ctx, p.timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return failure(Down, "building the request: %w", withoutURL(err))
	}
	for _, h := range []http.Header{p.header, header} {
		for name, values := range h {
			req.Header[name] = values
		}
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "probity")
	resp, err := p.client.Do(req)
	if err != nil {
		return failure(Down, "no answer: %w", withoutURL(err))
	}
	defer resp.Body.Close()
	// The status has arrived, and with it the decision: an error in the body changes nothing.
	_, _ = io.CopyN(io.Discard, resp.Body, maxResponseBytes)
	return judge(resp)
}

// judge says what an answer means. Its errors hold the status code alone: texts and bodies come from outside.
func judge(resp *http.Response) error {
	code := resp.StatusCode
	switch {
	case code >= 200 && code <= 299:
		return nil
	case code >= 300 && code <= 399:
		return failure(Down, "HTTP %d: a redirect, which is not followed; set url to the new address", code)
	case code == http.StatusRequestTimeout, code == http.StatusTooManyRequests,
		code == http.StatusBadGateway, code == http.StatusServiceUnavailable, code == http.StatusGatewayTimeout:
		f := failure(Down, "HTTP %d", code)
		f.RetryAfter = retryAfter(resp.Header.Get("Retry-After"), time.Now())
		return f
	case code == 401, code == 403, code == 404, code == 407:
		// An expired token or a moved receiver says nothing about the alert: refusing would lose the whole queue.
		return failure(Down, "HTTP %d", code)
	case code >= 400 && code <= 499:
		return failure(Refused, "HTTP %d", code)
	case code >= 500:
		return failure(Stuck, "HTTP %d", code)
	}
	return failure(Down, "HTTP %d, which is no answer to a POST", code)
}

// retryAfter reads the header's two forms, seconds and a date (RFC 9110, 10.2.3). It is 0 if there is none to honour.
func retryAfter(header string, now time.Time) time.Duration {
	var wait time.Duration
	if seconds, err := strconv.ParseUint(header, 10, 31); err == nil {
		wait = time.Duration(seconds) * time.Second
	} else if at, err := http.ParseTime(header); err == nil {
		wait = at.Sub(now)
	}
	return min(max(wait, 0), maxRetryAfter)
}

// withoutURL takes the address off an error of net/http: its path or query may be a secret of the receiver's.
func withoutURL(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}
