package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// said runs the command in this process.
func said(args ...string) (status int, stdout, stderr string) {
	var out, errs bytes.Buffer
	status = run(args, strings.NewReader(""), &out, &errs)
	return status, out.String(), errs.String()
}

// TestEvidenceFromTheKeyToTheHearing goes the whole way with the built daemon: key, checkpoints, a witness, verification, a
// redaction, a bundle, a removed tail.
func TestEvidenceFromTheKeyToTheHearing(t *testing.T) {
	t.Parallel()
	f := newForce(t)
	keyFile := f.path("made.key")
	status, public, _ := said("evidence", "keygen", "--origin", "evidence.example.police.uk", "--out", keyFile)
	private, err := os.ReadFile(keyFile)
	if err != nil || status != 0 || !strings.HasPrefix(public, "evidence.example.police.uk+") || strings.Contains(public, "PRIVATE") || !strings.HasPrefix(string(private), "PRIVATE+KEY+") {
		t.Fatalf("keygen: %d %q %v", status, public, err)
	}
	if info, err := os.Stat(keyFile); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info, err)
	}
	if status, _, _ := said("evidence", "keygen", "--origin", "o", "--out", keyFile); status != exitFailure {
		t.Errorf("a key is written over: %d", status)
	}
	if status, _, _ := said("evidence", "keygen", "--origin", "a b", "--out", keyFile+"2"); status != exitUsage {
		t.Errorf("a bad origin: %d", status)
	}
	f.write("evidence.key", string(private))
	f.write("evidence.pub", public)

	f.append(f.lines...)
	p := f.start("run", "-c", "probity.yaml")
	f.awaitAll(p, f.replayed())
	config := f.path("probity.yaml")
	redact := []string{"evidence", "redact", "-c", config, "--reason", "court order", "--approved-by", "DPO", "--seq"}
	if status, _, stderr := said(append(redact, "3")...); status != exitFailure || !strings.Contains(stderr, "stop it first") {
		t.Errorf("redacting beside the daemon: %d %s", status, stderr)
	}
	id := anAlert(t, f)
	if status, _, stderr := said("evidence", "export", "-c", config, "--alert", id, "--out", f.path("running.zip")); status != 0 {
		t.Errorf("exporting beside the daemon: %d %s", status, stderr)
	}
	if status, _, stderr := said("evidence", "export", "-c", config, "--alert", id, "--out", f.path("running.zip")); status != exitFailure || !strings.Contains(stderr, "running.zip is there already and a bundle is never written over; name another file") {
		t.Errorf("exporting over a bundle: %d %s", status, stderr)
	}
	if status, _, stderr := said("evidence", "export", "-c", config, "--alert", id, "--out", f.path("state")); status != exitFailure || !strings.Contains(stderr, "state is a folder; name a file in it") {
		t.Errorf("exporting to a folder: %d %s", status, stderr)
	}
	p.terminate(t, 12*time.Second)

	dir, witness, pub := f.path("state/evidence"), f.path("witness.jsonl"), f.path("evidence.pub")
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"alone":               {[]string{dir}, "signature was not checked"},
		"with its own":        {[]string{dir, "--key", strings.TrimSpace(public)}, "lie beside the log"},
		"with a witness":      {[]string{dir, "--key", pub, "--checkpoint", witness}, "signed by evidence.example.police.uk"},
		"in JSON":             {[]string{dir, "--key", pub, "--checkpoint", witness, "--output", "json"}, `"matches":true`},
		"with several":        {[]string{dir, "--checkpoint", witness, "--checkpoint", filepath.Join(dir, "checkpoints")}, "checkpoints are of this chain"},
		"without checkpoints": {[]string{copyWithout(t, dir, "checkpoints")}, "cannot be excluded"},
	} {
		if status, stdout, stderr := said(append([]string{"evidence", "verify"}, c.args...)...); status != 0 || !strings.Contains(stdout, c.want) {
			t.Errorf("%s: %d %s %s", name, status, stdout, stderr)
		}
	}
	for _, bad := range [][]string{{dir, "--key", "nonsense+x"}, {dir, "--key", "/nowhere"}, {dir, "--checkpoint", "/nowhere"}, {dir, "--checkpoint", t.TempDir()}} {
		if status, _, _ := said(append([]string{"evidence", "verify"}, bad...)...); status != exitFailure {
			t.Errorf("%v: %d", bad, status)
		}
	}
	checkBundle(t, f, id, pub)

	seq := entryOf(t, dir, id)
	if status, _, stderr := said(append(redact, seq)...); status != exitFailure || !strings.Contains(stderr, "is open, and nothing has been redacted: close it first") {
		t.Errorf("of an open alert: %d %s", status, stderr)
	}
	if status, stdout, stderr := said(append(redact, seq, "--open")...); status != 0 || !strings.Contains(stdout, "destroyed: the alert's revision in the database") {
		t.Errorf("redact: %d %s %s", status, stdout, stderr)
	}
	if status, _, _ := said(append(redact, seq, "--open")...); status != exitFailure {
		t.Errorf("redacted twice: %d", status)
	}
	if status, _, _ := said("evidence", "redact", "-c", config, "--reason", " ", "--approved-by", "DPO", "--seq", "1"); status != exitUsage {
		t.Errorf("without a reason: %d", status)
	}
	if status, stdout, _ := said("evidence", "verify", dir, "--key", pub, "--checkpoint", witness); status != 0 || !strings.Contains(stdout, "1 redacted") {
		t.Errorf("after a redaction: %d %s", status, stdout)
	}
	if status, stdout, stderr := said("evidence", "export", "-c", config, "--alert", id, "--out", f.path("redacted.zip")); status != 0 || !strings.Contains(stdout, "it was redacted") {
		t.Errorf("exporting what is redacted: %d %s %s", status, stdout, stderr)
	}
	if status, _, stderr := said("replay", "-c", config, "--journal", "--out", f.path("repeated.jsonl")); status != 0 || !strings.Contains(stderr, "no alert differs") {
		t.Errorf("repeating the run: %d %s", status, stderr)
	}
	p = f.start("run", "-c", "probity.yaml") // goes on, and signs the redaction too
	if !eventually(func() bool { return p.listen() != "" }) {
		t.Fatalf("it does not run any more:\n%s", p.log())
	}
	p.terminate(t, 12*time.Second)

	cutLastLine(t, filepath.Join(dir, "000001.log"))
	cutLastLine(t, filepath.Join(dir, "bodies/000001.jsonl"))
	if status, stdout, _ := said("evidence", "verify", dir, "--key", pub, "--checkpoint", witness); status != exitFailure || !strings.Contains(stdout, "the last 1 were removed") {
		t.Errorf("a removed tail: %d %s", status, stdout)
	}
}

// anAlert is the id of an alert that was delivered.
func anAlert(t *testing.T, f *force) (id string) {
	t.Helper()
	got, err := f.delivered()
	if err != nil {
		t.Fatal(err)
	}
	for id = range got {
		break
	}
	return id
}

// entryOf is the number of the first entry of kind alert that names the alert.
func entryOf(t *testing.T, dir, id string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, "bodies/000001.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(b) {
		var body struct {
			Seq  json.Number
			Body string
		}
		if err := json.Unmarshal(line, &body); err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(body.Body, `{"id":"`+id) {
			return body.Seq.String()
		}
	}
	t.Fatal("no entry names the alert")
	return ""
}

func checkBundle(t *testing.T, f *force, id, pub string) {
	t.Helper()
	bundle := f.path("bundle.zip")
	status, stdout, stderr := said("evidence", "export", "-c", f.path("probity.yaml"), "--alert", id, "--key", pub, "--out", bundle)
	if status != 0 || !strings.Contains(stdout, "entries of the evidence log") {
		t.Fatalf("export: %d %s %s", status, stdout, stderr)
	}
	if info, err := os.Stat(bundle); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info, err)
	}
	if unzip, err := exec.LookPath("unzip"); err == nil {
		to := t.TempDir()
		check := exec.Command("sh", "-ec", unzip+` -q "$0" && sha256sum -c --quiet MANIFEST && sh evidence/prove.sh`, bundle)
		check.Dir = to
		if out, err := check.CombinedOutput(); err != nil || bytes.Contains(out, []byte("NOT")) {
			t.Errorf("%s %v", out, err)
		}
	}
	for want, args := range map[int][]string{exitFailure: {"--alert", "nobody"}, exitUsage: {"--alert", id, "--surroundings", "-1"}} {
		if status, _, _ := said(append([]string{"evidence", "export", "-c", f.path("probity.yaml")}, args...)...); status != want {
			t.Errorf("%v: %d", args, status)
		}
	}
}

func copyWithout(t *testing.T, dir, name string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "copy")
	if err := os.CopyFS(to, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(to, name)); err != nil {
		t.Fatal(err)
	}
	return to
}

func cutLastLine(t *testing.T, path string) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	cut := bytes.LastIndexByte(bytes.TrimSuffix(b, []byte("\n")), '\n') + 1
	if err := os.WriteFile(path, b[:cut], 0o600); err != nil {
		t.Fatal(err)
	}
}
