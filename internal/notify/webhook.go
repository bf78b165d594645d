package notify

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"probity/internal/alert"
	"probity/internal/fsx"
)

const (
	defaultTimeout     = 10 * time.Second
	maxRetryAfter      = time.Hour // a receiver that asks for a year is mistaken
	maxResponseBytes   = 64 << 10  // read so that the connection can be used again, and thrown away: it may quote the alert
	maxResponseHeaders = 64 << 10
	leastHMACKeyBytes  = 16
)

// webhook posts each revision as it is.
type webhook struct {
	name    string
	url     string
	timeout time.Duration
	header  http.Header // sent with every request
	hmacKey []byte      // nil: unsigned
	client  *http.Client
}

func webhookKind() kind {
	return kind{
		keys:  []string{"url", "timeout", "hmac_key_file", "headers", "header_files", "ca_file", "cert_file", "key_file"},
		check: checkWebhook,
		build: newWebhook,
	}
}

func newWebhook(c Config, _ *fsx.FS) (Sink, error) {
	w := &webhook{name: c.Name, url: c.URL, timeout: c.Timeout.Std(), header: http.Header{}}
	if w.timeout == 0 {
		w.timeout = defaultTimeout
	}
	if c.HMACKeyFile != "" {
		key, err := secret("hmac_key_file", c.HMACKeyFile)
		if err != nil {
			return nil, err
		}
		if len(key) < leastHMACKeyBytes {
			return nil, fmt.Errorf("hmac_key_file: %d bytes; it needs at least %d random ones", len(key), leastHMACKeyBytes)
		}
		w.hmacKey = key
	}
	for name, value := range c.Headers {
		w.header.Set(name, value)
	}
	for name, file := range c.HeaderFiles {
		value, err := secret("header_files: "+name, file)
		if err != nil {
			return nil, err
		}
		if !validHeaderValue(string(value)) {
			return nil, fmt.Errorf("header_files: %s: %s has characters that a header cannot have", name, file)
		}
		w.header.Set(name, string(value))
	}
	transport, err := newTransport(c)
	if err != nil {
		return nil, err
	}
	w.client = &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return w, nil
}

// Name implements Sink.
func (w *webhook) Name() string { return w.name }

// CloseIdleConnections lets go of what a pause does not need.
func (w *webhook) CloseIdleConnections() { w.client.CloseIdleConnections() }

// Deliver posts the first of the batch only, so that each is recorded before the next goes out, and a kill repeats one.
func (w *webhook) Deliver(ctx context.Context, mark int64, batch []alert.Delivery) (int, int64, error) {
	if err := w.post(ctx, batch[0]); err != nil {
		return 0, mark, err
	}
	return 1, mark, nil
}

func (w *webhook) post(ctx context.Context, d alert.Delivery) error {
	ctx, cancel := context.WithTimeout(ctx, w.timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url, bytes.NewReader(d.Body))
	if err != nil {
		return failure(Down, "building the request: %w", withoutURL(err))
	}
	for name, values := range w.header {
		req.Header[name] = values
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "probity")
	// net/http takes this header as leave to repeat a request whose reused connection was closed before any answer: the
	// same bytes under the same key, which is what we would do.
	req.Header.Set("Idempotency-Key", d.Key())
	if d.Folded > 0 {
		req.Header.Set("X-Probity-Folded", strconv.Itoa(d.Folded))
	}
	if d.Reopened {
		req.Header.Set("X-Probity-Reopened", "true")
	}
	if w.hmacKey != nil {
		req.Header.Set("X-Probity-Signature", "sha256="+sign(w.hmacKey, d.Body))
	}
	resp, err := w.client.Do(req)
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

func sign(key, body []byte) string {
	mac := hmac.New(sha256.New, key)
	mac.Write(body)
	return hex.EncodeToString(mac.Sum(nil))
}

// withoutURL takes the address off an error of net/http: its path or query may be a secret of the receiver's.
func withoutURL(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}
