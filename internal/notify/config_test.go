package notify

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"probity/internal/strictyaml"
)

func TestAConfigReadsFromYAML(t *testing.T) {
	var got struct {
		Sinks []Config `json:"sinks"`
	}
	_, problems := strictyaml.Decode("probity.yaml", []byte(`
sinks:
  - {name: alerts, type: file, path: /var/lib/probity/alerts.jsonl}
  - name: soc
    type: webhook
    url: https://soc.example/in
    timeout: 5s
    hmac_key_file: /etc/probity/soc.key
    headers: {X-Force: "99"}
    header_files: {Authorization: /etc/probity/soc.token}
    ca_file: /etc/probity/ca.pem
    cert_file: /etc/probity/soc.crt
    key_file: /etc/probity/soc.crt.key
`), &got)
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	want := []Config{
		{Name: "alerts", Type: "file", Path: "/var/lib/probity/alerts.jsonl"},
		{
			Name: "soc", Type: "webhook", URL: "https://soc.example/in", Timeout: strictyaml.Duration(5 * time.Second),
			HMACKeyFile: "/etc/probity/soc.key", Headers: map[string]string{"X-Force": "99"},
			HeaderFiles: map[string]string{"Authorization": "/etc/probity/soc.token"},
			CAFile:      "/etc/probity/ca.pem", CertFile: "/etc/probity/soc.crt", KeyFile: "/etc/probity/soc.crt.key",
		},
	}
	if diff := cmp.Diff(want, got.Sinks); diff != "" {
		t.Errorf("sinks (-want +got):\n%s", diff)
	}
	for _, c := range got.Sinks {
		if flaws := c.Check(); len(flaws) > 0 {
			t.Errorf("%s: %v", c.Name, flaws)
		}
	}
}

func TestEveryFlawIsNamedWithItsKey(t *testing.T) {
	file := func(c Config) Config { c.Name, c.Type = "s", "file"; return c }
	hook := func(c Config) Config { c.Name, c.Type = "s", "webhook"; return c }
	am := func(c Config) Config { c.Name, c.Type = "s", "alertmanager"; return c }
	log := func(c Config) Config { c.Name, c.Type = "s", "syslog"; return c }
	for name, c := range map[string]struct {
		config Config
		want   []string // keys
	}{
		"nothing":                    {Config{}, []string{"name", "type"}},
		"a name with blanks":         {Config{Name: "the soc", Type: "file", Path: "/x"}, []string{"name"}},
		"an unknown type":            {Config{Name: "s", Type: "fax"}, []string{"type"}},
		"a file without path":        {file(Config{}), []string{"path"}},
		"a relative path":            {file(Config{Path: "alerts.jsonl"}), []string{"path"}},
		"keys of another type":       {file(Config{Path: "/x", URL: "https://x", Timeout: 1}), []string{"url", "timeout"}},
		"a webhook without url":      {hook(Config{}), []string{"url"}},
		"no URL":                     {hook(Config{URL: "https://[::1"}), []string{"url"}},
		"no web address":             {hook(Config{URL: "ftp://soc.example"}), []string{"url"}},
		"no host":                    {hook(Config{URL: "https:///in"}), []string{"url"}},
		"a password in the URL":      {hook(Config{URL: "https://u:p@soc.example"}), []string{"url"}},
		"in the clear":               {hook(Config{URL: "http://soc.example"}), []string{"url"}},
		"in the clear to itself":     {hook(Config{URL: "http://127.0.0.1:9"}), nil},
		"to itself by name":          {hook(Config{URL: "http://localhost:9/x"}), nil},
		"to itself, IPv6":            {hook(Config{URL: "http://[::1]:9/x"}), nil},
		"a host named like loopback": {hook(Config{URL: "http://127.0.0.1.example/x"}), []string{"url"}},
		"headers": {
			hook(Config{URL: "https://x", Headers: map[string]string{"A B": "1", "authorization": "t", "content-type": "x", "X-Fine": "1", "X-New": "a\nb"}}),
			[]string{"headers.A B", "headers.X-New", "headers.authorization", "headers.content-type"},
		},
		"header files":              {hook(Config{URL: "https://x", HeaderFiles: map[string]string{"Idempotency-Key": "/x", "X-Api-Key": "/x"}}), []string{"header_files.Idempotency-Key"}},
		"a format of another sink":  {hook(Config{URL: "https://x", Format: "cef"}), []string{"format"}},
		"a file's format":           {file(Config{Path: "/x", Format: "ocsf"}), nil},
		"an alertmanager":           {am(Config{URLs: []string{"https://a", "http://127.0.0.1:9093/am"}, Runbook: "https://wiki/{rule}", Names: true}), nil},
		"an alertmanager nowhere":   {am(Config{}), []string{"url"}},
		"two ways to say where":     {am(Config{URL: "https://a", URLs: []string{"https://b", "http://c"}}), []string{"url", "urls.1"}},
		"haste":                     {am(Config{URL: "https://a", Resend: strictyaml.Duration(time.Second), ResolveAfter: -1}), []string{"resend", "resolve_after"}},
		"a runbook that is no page": {am(Config{URL: "https://a", Runbook: "wiki/{rule}"}), []string{"runbook"}},
		"a runbook of a person":     {am(Config{URL: "https://a", Runbook: "https://wiki/{person}"}), []string{"runbook"}},
		"alertmanager headers":      {am(Config{URL: "https://a", Headers: map[string]string{"Authorization": "x"}}), []string{"headers.Authorization"}},
		"a syslog":                  {log(Config{URL: "tls://siem.example:6514", Format: "cef", MaxBytes: 65536, Confirm: "none"}), nil},
		"a syslog nowhere":          {log(Config{}), []string{"url"}},
		"a syslog without port":     {log(Config{URL: "tls://siem.example"}), []string{"url"}},
		"a syslog with a path":      {log(Config{URL: "tls://siem.example:6514/x"}), []string{"url"}},
		"a syslog by UDP":           {log(Config{URL: "udp://127.0.0.1:514"}), []string{"url"}},
		"a syslog in the clear":     {log(Config{URL: "tcp://siem.example:514"}), []string{"url"}},
		"a syslog to itself":        {log(Config{URL: "tcp://127.0.0.1:514"}), nil},
		"certificates for nothing":  {log(Config{URL: "tcp://127.0.0.1:514", CAFile: "/x"}), []string{"url"}},
		"too short a message":       {log(Config{URL: "tcp://127.0.0.1:514", MaxBytes: 480, Confirm: "ack", Format: "xml", KeyFile: "/x"}), []string{"url", "max_bytes", "confirm", "format", "cert_file"}},
		"half of a key pair":        {hook(Config{URL: "https://x", CertFile: "/x"}), []string{"cert_file"}},
		"the other half of it":      {hook(Config{URL: "https://x", KeyFile: "/x"}), []string{"cert_file"}},
	} {
		var got []string
		for _, f := range c.config.Check() {
			got = append(got, f.Key)
			if f.What == "" || f.Do == "" {
				t.Errorf("%s: %s does not say what is wrong or what to do", name, f.Key)
			}
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: keys (-want +got):\n%s", name, diff)
		}
	}
}
