package notify

import (
	"context"
	"crypto/tls"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"probity/internal/alert"
	"probity/internal/fsx"
	"probity/internal/strictyaml"
)

func writeFile(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestAPostCarriesKeySignatureAndHeaders(t *testing.T) {
	r := newReceiver(t)
	s := mustSink(t, Config{
		Name: "s", Type: "webhook", URL: r.server.URL + "/in?x=1",
		HMACKeyFile: writeFile(t, "key", "0123456789abcdef0123456789abcdef\n"),
		Headers:     map[string]string{"x-force": "99"},
		HeaderFiles: map[string]string{"Authorization": writeFile(t, "token", "Bearer t0ken\r\n")},
	})
	d := alert.Delivery{AlertID: "abc", Revision: 3, Body: []byte(`{"id":"abc","revision":3}`)}
	if _, _, err := s.Deliver(t.Context(), 0, []alert.Delivery{d}); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, name := range []string{"Content-Type", "User-Agent", "Idempotency-Key", "X-Probity-Signature", "X-Force", "Authorization"} {
		got[name] = r.header.Get(name)
	}
	want := map[string]string{
		"Content-Type": "application/json", "User-Agent": "probity", "Idempotency-Key": "abc/3", "X-Force": "99", "Authorization": "Bearer t0ken",
		// printf '{"id":"abc","revision":3}' | openssl dgst -sha256 -hmac 0123456789abcdef0123456789abcdef
		"X-Probity-Signature": "sha256=90b1edebb8c840db76a968c9fe2e38c974dc255226d251da5138981d6ab29adc",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("headers (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(arrivalsOf(d), r.all(), cmp.AllowUnexported(arrival{})); diff != "" {
		t.Errorf("arrivals (-want +got):\n%s", diff)
	}
}

func TestEachAnswerHasItsExtent(t *testing.T) {
	const arrived = Extent(-1)
	for code, want := range map[int]Extent{
		200: arrived, 201: arrived, 202: arrived, 204: arrived, 299: arrived,
		301: Down, 302: Down, 307: Down, 308: Down,
		400: Refused, 409: Refused, 413: Refused, 422: Refused,
		401: Down, 403: Down, 404: Down, 407: Down, 408: Down, 429: Down, 502: Down, 503: Down, 504: Down,
		500: Stuck, 501: Stuck, 507: Stuck,
		600: Stuck,
	} {
		r := newReceiver(t)
		elsewhere := newReceiver(t)
		r.answer = func(_ int, w http.ResponseWriter, _ *http.Request) bool {
			w.Header().Set("Location", elsewhere.server.URL)
			w.WriteHeader(code)
			_, _ = w.Write([]byte("PC 9001 Name"))
			return true
		}
		s := mustSink(t, Config{Name: "s", Type: "webhook", URL: r.server.URL})
		done, _, err := s.Deliver(t.Context(), 0, []alert.Delivery{a1})
		got := arrived
		if f, ok := errors.AsType[*Failure](err); ok {
			got = f.Extent
			if strings.Contains(err.Error(), "9001") || strings.Contains(err.Error(), elsewhere.server.URL) {
				t.Errorf("%d: the error repeats what the receiver wrote: %v", code, err)
			}
		}
		if got != want || (done == 1) != (want == arrived) {
			t.Errorf("%d: extent %d, want %d; done %d, error %v", code, got, want, done, err)
		}
		if len(elsewhere.all()) > 0 {
			t.Errorf("%d: the redirect was followed", code)
		}
	}
}

func TestRetryAfterIsReadInBothFormsAndBounded(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for header, want := range map[string]time.Duration{
		"": 0, "soon": 0, "-5": 0, "0": 0, "1.5": 0,
		"120": 2 * time.Minute, "99999": time.Hour, "99999999999999999999": 0,
		"Sun, 01 Mar 2026 12:00:30 GMT": 30 * time.Second,
		"Sun, 01 Mar 2026 11:00:00 GMT": 0,
		"Mon, 01 Mar 2027 12:00:00 GMT": time.Hour,
	} {
		if got := retryAfter(header, now); got != want {
			t.Errorf("%q: %v, want %v", header, got, want)
		}
	}
	r := newReceiver(t)
	r.answer = func(_ int, w http.ResponseWriter, _ *http.Request) bool {
		w.Header().Set("Retry-After", "7")
		w.WriteHeader(http.StatusTooManyRequests)
		return true
	}
	_, _, err := mustSink(t, Config{Name: "s", Type: "webhook", URL: r.server.URL}).Deliver(t.Context(), 0, []alert.Delivery{a1})
	if f, ok := errors.AsType[*Failure](err); !ok || f.RetryAfter != 7*time.Second || f.Extent != Down {
		t.Errorf("failure %+v", err)
	}
}

func hijack(t *testing.T, w http.ResponseWriter, first string) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		t.Error(err)
		return
	}
	_, _ = conn.Write([]byte(first))
	conn.Close()
}

func TestAReceiverThatHangsIsGivenUpAfterTheTimeout(t *testing.T) {
	r := newReceiver(t)
	r.answer = func(_ int, _ http.ResponseWriter, req *http.Request) bool {
		<-req.Context().Done()
		return true
	}
	s := mustSink(t, Config{Name: "s", Type: "webhook", URL: r.server.URL + "/secret-path", Timeout: strictyaml.Duration(50 * time.Millisecond)})
	began := time.Now()
	_, _, err := s.Deliver(t.Context(), 0, []alert.Delivery{a1})
	if f, ok := errors.AsType[*Failure](err); !ok || f.Extent != Down || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
	if strings.Contains(err.Error(), "secret-path") {
		t.Errorf("the error holds the address: %v", err)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("took %v", took)
	}
}

func TestAResetBeforeTheStatusIsDownAndOneAfterItIsAnArrival(t *testing.T) {
	for name, c := range map[string]struct {
		first string
		done  int
	}{
		"no byte":             {"", 0},
		"half a status":       {"HTTP/1.1 20", 0},
		"half of the headers": {"HTTP/1.1 200 OK\r\nContent-", 0},
		"half of the body":    {"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhal", 1},
		"garbage":             {"SSH-2.0-OpenSSH\r\n", 0},
	} {
		t.Run(name, func(t *testing.T) {
			r := newReceiver(t)
			r.answer = func(_ int, w http.ResponseWriter, _ *http.Request) bool { hijack(t, w, c.first); return true }
			done, _, err := mustSink(t, Config{Name: "s", Type: "webhook", URL: r.server.URL}).Deliver(t.Context(), 0, []alert.Delivery{a1})
			f, _ := errors.AsType[*Failure](err)
			if done != c.done || (c.done == 0) != (f != nil && f.Extent == Down) {
				t.Errorf("done %d, error %v", done, err)
			}
		})
	}
}

func TestAnEndlessResponseIsNotReadToItsEnd(t *testing.T) {
	r := newReceiver(t)
	r.answer = func(_ int, w http.ResponseWriter, req *http.Request) bool {
		chunk := make([]byte, 32<<10)
		for req.Context().Err() == nil {
			if _, err := w.Write(chunk); err != nil {
				break
			}
		}
		return true
	}
	s := mustSink(t, Config{Name: "s", Type: "webhook", URL: r.server.URL, Timeout: strictyaml.Duration(5 * time.Second)})
	began := time.Now()
	done, _, err := s.Deliver(t.Context(), 0, []alert.Delivery{a1})
	if took := time.Since(began); done != 1 || err != nil || took > 4*time.Second {
		t.Errorf("done %d, error %v after %v", done, err, took)
	}
}

func TestTLSIsCheckedAgainstTheConfiguredAuthorityAndOldVersionsAreRefused(t *testing.T) {
	serve := func(maxVersion uint16) (*httptest.Server, string) {
		srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) }))
		srv.TLS = &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: maxVersion}
		srv.Config.ErrorLog = log.New(io.Discard, "", 0)
		srv.StartTLS()
		t.Cleanup(srv.Close)
		return srv, writeFile(t, "ca.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: srv.Certificate().Raw})))
	}
	current, ca := serve(tls.VersionTLS13)
	old, oldCA := serve(tls.VersionTLS11)
	for name, c := range map[string]struct {
		url, ca string
		done    int
	}{
		"trusted":              {current.URL, ca, 1},
		"of another authority": {current.URL, "", 0},
		"TLS 1.1, if trusted":  {old.URL, oldCA, 0},
	} {
		done, _, err := mustSink(t, Config{Name: "s", Type: "webhook", URL: c.url, CAFile: c.ca}).Deliver(t.Context(), 0, []alert.Delivery{a1})
		if done != c.done || (err == nil) != (c.done == 1) {
			t.Errorf("%s: done %d, error %v", name, done, err)
		}
	}
}

func TestSecretsAreReadWhenTheSinkIsBuilt(t *testing.T) {
	ok := writeFile(t, "key", strings.Repeat("k", 32))
	for name, c := range map[string]struct {
		config Config
		want   string
	}{
		"no key file":    {Config{HMACKeyFile: ok + "x"}, "hmac_key_file: open"},
		"an empty key":   {Config{HMACKeyFile: writeFile(t, "key", "\n")}, "is empty"},
		"a short key":    {Config{HMACKeyFile: writeFile(t, "key", "short")}, "5 bytes; it needs at least 16"},
		"no token file":  {Config{HeaderFiles: map[string]string{"Authorization": ok + "x"}}, "header_files: Authorization: open"},
		"a bad header":   {Config{HeaderFiles: map[string]string{"Authorization": writeFile(t, "token", "a\nb")}}, "characters that a header cannot have"},
		"no authority":   {Config{CAFile: ok}, "no certificate in PEM"},
		"no certificate": {Config{CertFile: ok, KeyFile: ok}, "cert_file, key_file:"},
	} {
		c.config.Name, c.config.Type, c.config.URL = "s", "webhook", "https://soc.example/in"
		if _, err := NewSink(c.config, &fsx.FS{}); err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "short\n") {
			t.Errorf("%s: error %v, want %q in it", name, err, c.want)
		}
	}
}
