package notify

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strconv"

	"probity/internal/alert"
	"probity/internal/fsx"
)

const leastHMACKeyBytes = 16

// webhook posts each revision, as it is or in another format.
type webhook struct {
	poster
	name    string
	url     string
	form    format
	hmacKey []byte // nil: unsigned
	own     *jsonTemplate
}

func webhookKind() kind {
	return kind{
		keys:  append([]string{"url", "format", "template", "hmac_key_file"}, posterKeys...),
		check: checkWebhook,
		build: newWebhook,
	}
}

func newWebhook(c Config, _ *fsx.FS) (Sink, error) {
	w := &webhook{name: c.Name, url: c.URL, form: formatNamed(c.Format)}
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
	own, err := templateFile("template", c.Template)
	if err != nil {
		return nil, err
	}
	if own.Name != "" {
		if w.own, err = newJSONTemplate(own); err != nil {
			return nil, err
		}
	}
	w.poster, err = newPoster(c)
	return w, err
}

// Name implements Sink.
func (w *webhook) Name() string { return w.name }

// Deliver posts the first of the batch only, so that each is recorded before the next goes out, and a kill repeats one.
func (w *webhook) Deliver(ctx context.Context, mark int64, batch []alert.Delivery) (int, int64, error) {
	d := batch[0]
	body, err := w.body(d)
	if err != nil {
		return 0, mark, err
	}
	header := http.Header{}
	// net/http takes this header as leave to repeat a request whose reused connection was closed before any answer: the
	// same bytes under the same key, which is what we would do.
	header.Set("Idempotency-Key", d.Key())
	if d.Folded > 0 {
		header.Set("X-Probity-Folded", strconv.Itoa(d.Folded))
	}
	if d.Reopened {
		header.Set("X-Probity-Reopened", "true")
	}
	if w.hmacKey != nil {
		header.Set("X-Probity-Signature", "sha256="+sign(w.hmacKey, body))
	}
	if err := w.post(ctx, w.url, body, header); err != nil {
		return 0, mark, err
	}
	return 1, mark, nil
}

// body is what is posted of d.
func (w *webhook) body(d alert.Delivery) ([]byte, error) {
	if w.own == nil {
		return w.form.body(d)
	}
	a, err := revisionIn(d)
	if err != nil {
		return nil, err
	}
	body, err := w.own.body(a)
	if err != nil {
		return nil, failure(Stuck, "the template does not fit this alert: %w", templateError(err))
	}
	return body, nil
}

func sign(key, body []byte) string {
	mac := hmac.New(sha256.New, key)
	mac.Write(body)
	return hex.EncodeToString(mac.Sum(nil))
}
